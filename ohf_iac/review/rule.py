"""What a house rule is: a pure question to one template, its body and the configuration. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ohf_iac.review.findings import Level, Related, RuleFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.exposure import Exposure
    from ohf_iac.template.defaults import TemplateDefaults
    from ohf_iac.template.host_template import HostTemplate

#: the launch template's data in a body
MACHINE = "Resources.LaunchTemplate.Properties.LaunchTemplateData"


@dataclass(frozen=True, slots=True)
class Policy:
    """What the configuration says that rules ask for; texts are "" where it says nothing."""

    defaults: TemplateDefaults
    required_tags: tuple[str, ...] = ()
    service_role: str = ""
    assumed_role: str = ""
    bucket: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule is asked about; `script` is the content of the template's script, None without one."""

    template: HostTemplate
    body: Mapping[str, Any]
    size: int  # bytes of the body as it is sent
    policy: Policy
    script: bytes | None
    exposures: tuple[Exposure, ...]

    @property
    def owns_machine(self) -> bool:
        """Whether the body says what a machine is; else a launch template does that is not ours."""
        return "LaunchTemplate" in self.body["Resources"]

    @property
    def has_root_volume(self) -> bool:
        return self.owns_machine and bool(self.template.root_device_name)

    def writes(self, field: str) -> bool:
        """Whether the entry itself says something in this field."""
        return self.template.raw.get(field) not in (None, "", [], {})

    def origin(self, field: str) -> str:
        """Where a value comes from, as the end of a sentence, when that is not the entry."""
        return "" if self.writes(field) else f" (section template of ohf.json, {field})"


class Hit(NamedTuple):
    """What a rule found: the field to look at, what is wrong, where in the body, and a place besides."""

    field: str
    message: str
    place: str = ""
    related: Related | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A house rule. `source` is the page that the claim about AWS rests on, "" where it makes none."""

    id: str
    level: Level
    title: str
    why: str
    fix: str
    source: str
    check: Callable[[Subject], Iterator[Hit]]

    @property
    def doc(self) -> str:
        """The rule's place in the manual."""
        return f"docs/lint.md#{self.id.lower()}"

    @property
    def facts(self) -> RuleFacts:
        return RuleFacts(self.id, self.level, self.title, self.why, self.fix, self.source or self.doc)
