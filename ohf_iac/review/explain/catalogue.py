"""What the configuration says of a template now: its place in the catalogue, and the body that it gives."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ohf_iac.errors import OhfError
from ohf_iac.render import render
from ohf_iac.review.body_fields import field_behind
from ohf_iac.review.lint_input import default_base, lintable
from ohf_iac.review.source import field_spot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.config import Settings
    from ohf_iac.review.lint import Lintable
    from ohf_iac.review.places import Step
    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.host_template import HostTemplate


@dataclass(frozen=True, slots=True)
class Written:
    """A template as it is written now. `line` is 0 where there is none, and `why` then tells why.

    `rendered` is None where it gives no body; `problem` then tells why. `fields` are those of the entry that reach
    the body, each with its line, or with "" where a script or ohf.json says it.
    """

    file: str = ""
    line: int = 0
    why: str = ""
    template: HostTemplate | None = None
    rendered: RenderedStack | None = None
    problem: str = ""
    fields: tuple[tuple[str, int], ...] = ()


def written(settings: Settings, template_id: str) -> Written:
    """The template's place and body; whatever is wrong with the configuration is told and not raised."""
    try:
        what = lintable(settings, default_base(settings.conf_dir, os.getcwd()))
    except OhfError as error:
        return Written(why=error.message, problem=error.message)
    template = next((one for one in what.catalogue.templates if one.template_id == template_id), None)
    if template is None:
        return _not_served(what, template_id)
    entry = what.source.served[template_id]
    try:
        rendered = render(template, settings.template.defaults, what.files)
    except OhfError as error:
        return Written(what.source.file, entry.line, template=template, problem=error.message)
    reached = dict.fromkeys(field_behind(path, template.raw) for path in _paths(json.loads(rendered.body)))
    fields = sorted((name, field_spot(entry, name).line) for name in reached if template.raw.get(name) is not None)
    line = field_spot(entry, "templateId").line
    return Written(what.source.file, line, template=template, rendered=rendered, fields=tuple(fields))


def _not_served(what: Lintable, template_id: str) -> Written:
    for refusal, spot in zip(what.catalogue.refused, what.source.refused, strict=True):
        if refusal.template_id == template_id:
            why = f"the catalogue's entry is refused now: {refusal.field}: {refusal.reason}"
            return Written(what.source.file, spot.line, why=why, problem=why)
    why = f"{what.source.file} holds no template {template_id} now"
    return Written(what.source.file, why=why, problem=why)


def _paths(value: Any, above: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The paths of everything in a body that is no object or list."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _paths(one, (*above, key))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _paths(one, (*above, place))
    else:
        yield above
