"""Secrets that a catalogue would expose: user data and tags are read by whoever may describe a machine. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from ohf_iac.secret_findings import Secret, secrets_in, secrets_in_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ohf_iac.template.host_template import HostTemplate

#: the lint rule that these findings belong to (docs/security.md)
RULE: Final = "OHF-S001"


@dataclass(frozen=True, slots=True)
class Exposure:
    """A secret in what these templates send; `file` as the catalogue names it, "" for a value of the catalogue."""

    templates: tuple[str, ...]
    field: str
    file: str
    secret: Secret

    @property
    def of(self) -> str:
        """The templates in short."""
        more = len(self.templates) - 1
        return self.templates[0] + (f" and {more} more" if more else "")

    @property
    def message(self) -> str:
        """What is wrong, without the secret."""
        if self.file:
            return f"{self.field}: {self.file} {self.secret.told}; whoever may describe the machines can read it"
        told = self.secret.told.removeprefix("line 1 ")
        return f"{self.field} {told}; whoever may describe the machines can read it"


def exposures(templates: Iterable[HostTemplate], files: Mapping[str, bytes]) -> tuple[Exposure, ...]:
    """What looks like a secret in the scripts, variables and tags of these templates, each finding once.

    `files` holds the scripts that the templates name.
    """
    found: dict[tuple[str, str, Secret], list[str]] = {}
    in_script = cache(lambda name: secrets_in_script(files[name]))
    for template in templates:
        script = template.user_data_script
        places = [("userDataScript", script, one) for one in (in_script(script) if script else ())]
        places += [("userData", "", one) for one in _in_pairs(template.user_data)]
        places += [("instanceTags", "", one) for one in _in_pairs(template.tags)]
        for place in dict.fromkeys(places):
            found.setdefault(place, []).append(template.template_id)
    return tuple(Exposure(tuple(names), *place) for place, names in found.items())


def exposes(name: str, value: str) -> bool:
    """Whether a value is a secret by its form, or by the name under which it stands."""
    return any(True for _ in _in_pairs({name: value}))


def _in_pairs(pairs: Mapping[str, str]) -> Iterator[Secret]:
    for name, value in pairs.items():
        quote = '"' if "'" in value else "'"
        for one in secrets_in(f"{name}={quote}{value}{quote}"):
            yield one._replace(line=1, name=one.name or name)
