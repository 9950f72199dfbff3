"""The index of a folder of rendered stacks: each template's file, and the digest that a review approves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ohf_iac.render.body import RENDERER_ABI
from ohf_iac.template.defaults import BODY_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.defaults import TemplateDefaults

INDEX = "index.json"


def file_name(template_id: str) -> str:
    """The file that holds a template's indented body."""
    return f"{template_id}.json"


def render_index(rendered: Iterable[RenderedStack], defaults: TemplateDefaults) -> dict[str, Any]:
    """The document `index.json`: settings that reached the bodies; per template file, digest, kind and bytes."""
    return {
        "schema": "ohf/index/v1",
        "rendererAbi": RENDERER_ABI,
        "settings": body_settings(defaults),
        "templates": {
            one.template_id: {
                "file": file_name(one.template_id),
                "sha256": one.digest,
                "kind": one.kind,
                "bytes": len(one.body),
            }
            for one in rendered
        },
    }


def index_text(index: dict[str, Any]) -> str:
    """The index as it is written: indented, sorted and ASCII alone, as the bodies beside it."""
    return json.dumps(index, sort_keys=True, indent=2) + "\n"


def body_settings(defaults: TemplateDefaults) -> dict[str, Any]:
    """The settings that reach a body, under their names in `ohf.json`."""
    values = {name: getattr(defaults, snake(name)) for name in BODY_SETTINGS}
    return {name: dict(value) if name == "tags" else value for name, value in values.items()}


def snake(name: str) -> str:
    """A setting's name in `ohf.json` as the attribute of `TemplateDefaults`."""
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
