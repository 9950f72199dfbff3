"""What a body allows its parameters to be, read from the body itself: the envelope that an approval approves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: words of CloudFormation -> words of the lock
_BOUNDS: Final = {
    "MinValue": "min",
    "MaxValue": "max",
    "AllowedPattern": "pattern",
    "AllowedValues": "values",
    "Default": "default",
}
_IMAGE_KEYS: Final = ("ImageId",)
#: forms in which AWS looks an image up when it is launched, so that what was approved may not be what starts
_FLOATING: Final = ("{{resolve:", "resolve:ssm:")


def envelope_of(body: str) -> dict[str, dict[str, Any]]:
    """Each parameter of a body with its bounds: `min`, `max`, `pattern`, `values`, `default`, as far as stated."""
    parameters: Mapping[str, Mapping[str, Any]] = json.loads(body).get("Parameters", {})
    return {
        name: {ours: declared[theirs] for theirs, ours in _BOUNDS.items() if theirs in declared}
        for name, declared in parameters.items()
    }


def images_of(body: str) -> tuple[str, ...]:
    """Every image that a body names, sorted; one that is no text is given as JSON."""
    found = {value if isinstance(value, str) else json.dumps(value) for value in _images(json.loads(body))}
    return tuple(sorted(found))


def resources_of(body: str) -> dict[str, int]:
    """How many resources of each type a body has."""
    counts: dict[str, int] = {}
    for resource in json.loads(body).get("Resources", {}).values():
        counts[resource["Type"]] = counts.get(resource["Type"], 0) + 1
    return counts


def floating(image: str) -> bool:
    """Whether an image is looked up at each launch (an SSM parameter), so that its approval would bind nothing."""
    return image.startswith(_FLOATING) or not image.startswith("ami-")


def outside(envelope: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, str]) -> tuple[str, ...]:
    """What of a stack's parameters the envelope does not allow, as sentences without a final stop.

    A parameter without a value needs a default. Patterns must match the whole value, as CloudFormation has it.
    """
    found = [f"parameter {name} is not in the approved body" for name in parameters if name not in envelope]
    for name, bounds in envelope.items():
        if name in parameters:
            found += [
                f"parameter {name} is {parameters[name]}, {wrong}" for wrong in _wrong(bounds, parameters[name])
            ]
        elif "default" not in bounds:
            found.append(f"parameter {name} has no value")
    return tuple(found)


def _wrong(bounds: Mapping[str, Any], value: str) -> Iterator[str]:
    for word, low in (("min", True), ("max", False)):
        if word in bounds:
            number, bound = _number(value), float(bounds[word])
            if number is None or (number < bound if low else number > bound):
                yield f"the approved {word}imum is {bounds[word]}"
    if "pattern" in bounds and re.fullmatch(bounds["pattern"], value) is None:
        yield f"which the approved pattern {bounds['pattern']} does not match"
    if "values" in bounds and value not in [str(one) for one in bounds["values"]]:
        yield "which is none of the approved values"


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text) else None


def _images(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _IMAGE_KEYS:
                yield item
            else:
                yield from _images(item)
    elif isinstance(value, list):
        for item in value:
            yield from _images(item)
