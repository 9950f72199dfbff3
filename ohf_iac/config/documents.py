"""JSON and YAML files of the configuration folder as documents, with errors that name line and column."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from ohf_iac.config.folders import Found


def parsed(found: Found) -> object:
    """The document in a file: YAML by its name, else JSON."""
    text = _text(found)
    if found.path.endswith((".yaml", ".yml")):
        return _yaml(found.path, text)
    return _json(found.path, text)


def parsed_object(found: Found) -> dict[str, Any]:
    """The document in a file that has to hold one JSON object."""
    document = parsed(found)
    if not isinstance(document, dict):
        raise ConfigurationError(
            f"Cannot use {found.path}: expected a JSON object, found {_kind(document)}",
            hint="Start the file with { and end it with }.",
        )
    return document


def _text(found: Found) -> str:
    try:
        return found.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"Cannot read {found.path}: byte {error.start} is not UTF-8", hint="Save the file as UTF-8."
        ) from error


def _json(path: str, text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"Cannot parse {path}: {error.msg} at line {error.lineno}, column {error.colno}",
            hint=f"Check with: python3 -m json.tool {path}",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"Cannot parse {path}: {error}", hint="JSON has no such value.") from error


def _finite(text: str) -> float:
    """A number as JSON has it; one that is too large would be echoed as `Infinity`, which is no JSON."""
    number = float(text)
    return number if math.isfinite(number) else _refuse_constant(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _yaml(path: str, text: str) -> object:
    # a JSON catalogue, IBM's form, must not pay for the import of a YAML parser
    from ohf_iac.config.yaml_text import YamlTextError, parse_yaml

    try:
        return parse_yaml(text)
    except YamlTextError as error:
        raise ConfigurationError(
            f"Cannot parse {path}: {error}", hint="Check quotes, colons and indentation there."
        ) from error


def _kind(document: object) -> str:
    return {list: "an array", str: "a text", bool: "true or false", type(None): "null"}.get(
        type(document), "a number"
    )
