"""YAML as YAML 1.2's core schema reads it, so that a catalogue means the same in YAML and in JSON.

PyYAML follows YAML 1.1, where `10:30` is the number 630, `on` is true and `2024-01-01` a date: a `requestValidity`
would change silently. Here plain scalars are null, true, false, integers, floats, else text.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml


class YamlTextError(Exception):
    """The text is not YAML; the message ends with line and column where they are known."""


class _Loader(yaml.SafeLoader):
    """SafeLoader with its own table of implicit types, and without silently repeated keys."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 -- PyYAML's attribute

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise YamlTextError(f'the key "{key.value}" stands twice{_at(key.start_mark)}')
            seen.add(key.value)
        return node


def _whole(loader: _Loader, node: yaml.ScalarNode) -> int:
    return int(str(loader.construct_scalar(node)))


for _tag, _pattern, _first in (
    ("null", r"(?:~|null|Null|NULL|)\Z", ["~", "n", "N", ""]),
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", list("tTfF")),
    ("int", r"[-+]?[0-9]+\Z", list("-+0123456789")),
    ("merge", r"<<\Z", ["<"]),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)


def parse_yaml(text: str) -> object:
    """The one document in a YAML text, as JSON would have it; raises YamlTextError."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 -- derived from SafeLoader
        return json.loads(json.dumps(document, allow_nan=False))
    except yaml.MarkedYAMLError as error:
        raise YamlTextError(f"{error.problem or error.context}{_at(error.problem_mark)}") from error
    except yaml.YAMLError as error:
        raise YamlTextError(" ".join(str(error).split())) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise YamlTextError(f"JSON has no such value: {error}") from error


def _at(mark: yaml.Mark | None) -> str:
    return f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
