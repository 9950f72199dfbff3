"""JSON and YAML files of the configuration folder as documents, with errors that name line and column."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ohf_iac.bounded_json import LONGEST, OutOfBoundsError, parse_json
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
    if len(found.content) > LONGEST:
        raise _too_large(found.path, f"is longer than {LONGEST} bytes")
    try:
        return found.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"Cannot read {found.path}: byte {error.start} is not UTF-8", hint="Save the file as UTF-8."
        ) from error


def _json(path: str, text: str) -> object:
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"Cannot parse {path}: {error.msg} at line {error.lineno}, column {error.colno}",
            hint=f"Check with: python3 -m json.tool {path}",
        ) from error
    except OutOfBoundsError as error:
        raise _too_large(path, str(error)) from error
    except ValueError as error:
        raise ConfigurationError(f"Cannot parse {path}: {error}", hint="JSON has no such value.") from error


def _too_large(path: str, what: str) -> ConfigurationError:
    return ConfigurationError(f"Cannot use {path}: it {what}", hint="No real configuration is that large.")


def _yaml(path: str, text: str) -> object:
    # a JSON catalogue, IBM's form, must not pay for the import of a YAML parser
    from ohf_iac.config.yaml_text import YamlTextError, parse_yaml

    try:
        return parse_yaml(text)
    except OutOfBoundsError as error:
        raise _too_large(path, str(error)) from error
    except YamlTextError as error:
        raise ConfigurationError(
            f"Cannot parse {path}: {error}", hint="Check quotes, colons and indentation there."
        ) from error


def _kind(document: object) -> str:
    return {list: "an array", str: "a text", bool: "true or false", type(None): "null"}.get(
        type(document), "a number"
    )
