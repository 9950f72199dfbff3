"""Places in a body in a reviewer's words: `LaunchTemplate.MetadataOptions.HttpTokens`, `parameter Owner.Type`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.review.diff.leaves import Item
from ohf_iac.review.diff.told import told

if TYPE_CHECKING:
    from ohf_iac.review.diff.leaves import Path

#: properties that hold all others of their resource
_WRAPPERS: Final = ("LaunchTemplateData", "SpotFleetRequestConfigData")
#: a fleet's configuration for the launch template beside it, of which there is one
_OWN: Final[list[str | Item]] = ["LaunchTemplateConfigs", Item("${LaunchTemplate}")]
_SECTIONS: Final = {"Parameters": "parameter", "Outputs": "output", "Conditions": "condition"}


def place_of(path: Path) -> str:
    """A place as text. Attributes of a resource beside its properties stand behind a colon."""
    section, *rest = path
    if section == "Resources" and rest:
        return _in_resource(rest)
    if section in _SECTIONS and rest:
        return f"{_SECTIONS[str(section)]} {_joined(rest)}"
    return _joined(list(path))


def place_in(root: Path, path: Path) -> str:
    """The place of a leaf within the part that it belongs to."""
    whole = str(root[1]) if len(root) == 2 and root[0] == "Resources" else place_of(root)
    return place_of(path).removeprefix(whole).lstrip(".:")


def _in_resource(rest: list[str | Item]) -> str:
    name, *steps = rest
    if not steps:
        return f"resource {name}"
    attribute, *inner = steps
    if attribute != "Properties":
        return f"{name}:{_joined(steps)}"
    if inner[:1] and inner[0] in _WRAPPERS:
        inner = inner[1:]
    if inner[:2] == _OWN and len(inner) > 2:
        inner = inner[2:]
    return _joined([name, *inner])


def _joined(steps: list[str | Item]) -> str:
    if steps[-1] == "Value" and steps[-3:-2] == ["Tags"]:  # a tag is its value
        steps = steps[:-1]
    text = ""
    for step in steps:
        text += f"[{told(step.key, '')}]" if isinstance(step, Item) else f".{step}" if text else step
    return text
