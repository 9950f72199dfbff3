"""From what drifted back to the catalogue: the field that put it there, and its line. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ohf_iac.review.body_fields import field_behind
from ohf_iac.review.source import field_spot

if TYPE_CHECKING:
    from ohf_iac.review.diff.changes import Change
    from ohf_iac.review.source import Source
    from ohf_iac.template.catalogue import Catalogue

#: members of lists in a place that people read: `Groups[sg-1]`
_MEMBER: Final = re.compile(r"\[[^\]]*\]")


class Origin(NamedTuple):
    """A field of a template, and where its key stands."""

    field: str
    file: str
    line: int


def origin_of(change: Change, template_id: str, catalogue: Catalogue, source: Source) -> Origin | None:
    """The field behind a change; None where there is none, or the template is not in the catalogue any more."""
    template = next((one for one in catalogue.templates if one.template_id == template_id), None)
    entry = source.served.get(template_id)
    if template is None or entry is None:
        return None
    name, *steps = _MEMBER.sub("", change.places[0]).split(".")
    field = field_behind(["Resources", name, "Properties", *steps], template.raw)
    return Origin(field, source.file, field_spot(entry, field).line) if field else None
