"""The catalogue: host templates that can be served, those that cannot, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import ValidationError
from ohf_iac.template.coerce import Refused, Unfit, shown, text
from ohf_iac.template.defaults import BODY_SETTINGS, TemplateDefaults
from ohf_iac.template.entry import parse_entry
from ohf_iac.template.user_data import LSF_SCRIPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_iac.template.host_template import HostTemplate

#: entries of a catalogue; each that is refused costs a line of the log and words of an answer
MOST_TEMPLATES: Final = 10_000
_MOST_COMPLAINTS: Final = 100
_LONGEST_NAME: Final = 100  #: characters of an entry's id that are repeated; no usable one has more than 64

__all__ = ["BODY_SETTINGS", "Catalogue", "Refusal", "TemplateDefaults", "files_named", "parse_catalogue"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that cannot be served; `template_id` is its place (`#2`) when it has no usable id."""

    template_id: str
    field: str
    reason: str

    @property
    def message(self) -> str:
        return f"template {self.template_id}: {self.field}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Templates in the order of the file, which Host Factory takes for their preference."""

    templates: tuple[HostTemplate, ...]
    refused: tuple[Refusal, ...]
    warnings: tuple[str, ...]  # each begins with its template, as the messages of refusals do

    @property
    def complaints(self) -> tuple[str, ...]:
        """Why templates are not served: of each one, or of the first hundred and how many more there are."""
        told = tuple(one.message for one in self.refused[:_MOST_COMPLAINTS])
        more = len(self.refused) - len(told)
        return (*told, f"{more} more") if more else told

    def find(self, template_id: str) -> HostTemplate | None:
        """The template of that id; None when it is unknown or refused."""
        return next((one for one in self.templates if one.template_id == template_id), None)

    def refusal(self, template_id: str) -> Refusal | None:
        """Why the template of that id is not served; None when it is, or is unknown."""
        return next((one for one in self.refused if one.template_id == template_id), None)


def files_named(document: object) -> tuple[str, ...]:
    """The files that a catalogue names, as written: scripts, fleet files, LSF's script for entries that name none.

    Entries that make no sense name nothing here; `parse_catalogue` refuses them.
    """
    found: dict[str, None] = {}
    for entry in _entries(document):
        if isinstance(entry, dict):
            for field in ("userDataScript", "ec2FleetConfig"):
                name = entry.get(field)
                if isinstance(name, str) and name.strip():
                    found[name.strip()] = None
            if not (entry.get("userDataScript") or entry.get("launchTemplateId")):
                found[LSF_SCRIPT] = None
    return tuple(found)


def parse_catalogue(document: object, defaults: TemplateDefaults, files: Mapping[str, bytes]) -> Catalogue:
    """The catalogue in `document` (parsed JSON or YAML); `files` holds what `files_named` names.

    Raises ValidationError when the document is no catalogue at all; an entry that cannot be served is refused
    alone.
    """
    templates: dict[str, HostTemplate] = {}
    refused: list[Refusal] = []
    warnings: list[str] = []
    for place, entry in enumerate(_entries(document), start=1):
        try:
            template = _parse(entry, defaults, files, templates)
        except Refused as reason:
            refused.append(Refusal(_name_of(entry, place), reason.field, reason.reason))
            continue
        templates[template.template_id] = template
        warnings.extend(f"template {template.template_id}: {warning}" for warning in template.warnings)
    return Catalogue(tuple(templates.values()), tuple(refused), tuple(warnings))


def _entries(document: object) -> Iterator[object]:
    entries = document.get("templates") if isinstance(document, dict) else document
    if isinstance(entries, dict):
        entries = [entries]
    if not isinstance(entries, list):
        raise ValidationError(
            f'read the catalogue: it must be an object with a list "templates", not {shown(document)}',
            hint='write {"templates": [...]} as in IBM\'s awsprov_templates.json',
        )
    if len(entries) > MOST_TEMPLATES:
        raise ValidationError(
            f"read the catalogue: it has {len(entries)} templates, and at most {MOST_TEMPLATES} are read",
            hint="spread them over several providers",
        )
    return iter(entries)


def _parse(
    entry: object, defaults: TemplateDefaults, files: Mapping[str, bytes], seen: Mapping[str, HostTemplate]
) -> HostTemplate:
    if not isinstance(entry, dict):
        raise Refused("templates", f"an entry must be an object, not {shown(entry)}")
    template = parse_entry(entry, defaults, files)
    if template.template_id in seen:
        raise Refused("templateId", "is used by an earlier template, which alone is served")
    return template


def _name_of(entry: object, place: int) -> str:
    if isinstance(entry, dict):
        written = entry.get("templateId", entry.get("templateID"))
        try:
            name = text(written)
        except Unfit:
            name = ""
        if name:
            return name if len(name) <= _LONGEST_NAME else shown(name)
    return f"#{place}"
