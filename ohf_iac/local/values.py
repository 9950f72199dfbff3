"""Documents held against botocore's shapes: strings become the numbers and booleans that the shape has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape

OPEN_ENUM = "InstanceType"  # new types come faster than models; a wrong one shows when it is launched
NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


class Misfit(Exception):  # noqa: N818 - a verdict on a document, turned into AWS's words by whoever asked
    """The document does not fit its shape; the message says where and why, as CloudFormation words it."""


def fitted(shape: Shape, value: Any, where: str = "#") -> Any:
    """A copy of `value` that fits `shape`. Raises Misfit for unknown and missing keys, wrong enums and types."""
    if isinstance(shape, StructureShape):
        return _fitted_structure(shape, value, where)
    if isinstance(shape, ListShape):
        if not isinstance(value, list | tuple):
            raise Misfit(f"{where}: expected type: JSONArray, found: {_found(value)}")
        return [fitted(shape.member, item, f"{where}/{place}") for place, item in enumerate(value)]
    if isinstance(value, Mapping | list | tuple):
        raise Misfit(f"{where}: expected type: String, found: {_found(value)}")
    return _fitted_scalar(shape, value, where)


def _fitted_structure(shape: StructureShape, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise Misfit(f"{where}: expected type: JSONObject, found: {_found(value)}")
    for key in shape.required_members:
        if key not in value:
            raise Misfit(f"{where}: required key [{key}] not found")
    return fitted_members(shape, value, where)


def fitted_members(shape: StructureShape, value: Any, where: str = "#") -> dict[str, Any]:
    """As `fitted`, for a structure that may lack required members at its own level."""
    if not isinstance(value, Mapping):
        raise Misfit(f"{where}: expected type: JSONObject, found: {_found(value)}")
    for key in value:
        if key not in shape.members:
            raise Misfit(f"{where}: extraneous key [{key}] is not permitted")
    return {key: fitted(shape.members[key], item, f"{where}/{key}") for key, item in value.items()}


def _fitted_scalar(shape: Shape, value: Any, where: str) -> Any:
    if shape.type_name == "boolean":
        return _boolean(value, where)
    if shape.type_name in NUMBERS:
        try:
            return NUMBERS[shape.type_name](str(value))
        except ValueError:
            raise Misfit(f"{where}: expected type: Number, found: String") from None
    if shape.type_name == "timestamp":
        return value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(shape, StringShape) and shape.enum and shape.name != OPEN_ENUM and text not in shape.enum:
        raise Misfit(f"{where}: {text} is not a valid enum value")
    return text


def _boolean(value: Any, where: str) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise Misfit(f"{where}: expected type: Boolean, found: String")
    return text == "true"


def _found(value: Any) -> str:
    if isinstance(value, Mapping):
        return "JSONObject"
    return "JSONArray" if isinstance(value, list | tuple) else "String"
