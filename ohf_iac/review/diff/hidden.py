"""Values that a diff compares and never prints: user data, and what parameters with NoEcho hold."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

#: what is told in the place of a value that must not be known at all: even its hash would help who guesses
MASK: Final = "****"
#: properties of a parameter that say nothing about its value
_OPEN: Final = frozenset({"Type", "NoEcho", "Description", "ConstraintDescription"})
_SCRIPTS: Final = ("UserData", "AWS::CloudFormation::Init")


class Hidden(NamedTuple):
    """A value by its hash, for comparing, and what is told of it."""

    sha256: str
    told: str


def without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with scripts and the values of NoEcho parameters hidden."""
    found: dict[str, Any] = {name: _scripts_hidden(value) for name, value in body.items()}
    parameters = found.get("Parameters")
    if isinstance(parameters, dict):
        found["Parameters"] = {name: _parameter(one) for name, one in parameters.items()}
    return found


def told_of_script(value: object) -> str:
    """User data by hash and size: of a machine's bytes, or of the text in which parameters still have places."""
    content = script_of(value)
    lines = len(content.splitlines())
    digest = hashlib.sha256(content).hexdigest()
    return f"sha256:{digest}, {lines} line{'' if lines == 1 else 's'}, {len(content)} bytes"


def _scripts_hidden(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: Hidden(_hash(one), told_of_script(one)) if name in _SCRIPTS else _scripts_hidden(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_scripts_hidden(one) for one in value]
    return value


def _parameter(parameter: object) -> object:
    if not isinstance(parameter, dict) or parameter.get("NoEcho") in (None, False, "false"):
        return parameter
    return {name: one if name in _OPEN else Hidden(_hash(one), MASK) for name, one in parameter.items()}


def script_of(value: object) -> bytes:
    """User data as a body has them: the script where it is whole, else a function's text, or JSON of any other."""
    if isinstance(value, dict) and list(value) == ["Fn::Base64"]:
        return _text(value["Fn::Base64"]).encode("utf-8", "surrogatepass")
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):  # no base64, or not ASCII: then it is a text
            return value.encode("utf-8", "surrogatepass")
    return _text(value).encode("utf-8", "surrogatepass")


def _text(value: object) -> str:
    """The text that `Fn::Sub` and `Fn::Join` write out, with places for parameters as they stand."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("Fn::Sub"), str):
        return str(value["Fn::Sub"])
    match value:
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(map(_text, parts))
    return json.dumps(value, sort_keys=True)


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
