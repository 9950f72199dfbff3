"""One more entry in the text of a catalogue; every other character stays as it is.

Whatever is written is parsed again before anybody may have it: a text whose meaning is not exactly the old one and
the new entry at the end is refused.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.config.documents import parsed
from ohf_iac.config.folders import Found
from ohf_iac.errors import BusinessRuleError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_ITEM: Final = re.compile(r"^( *)- ", re.MULTILINE)


def is_yaml(path: str) -> bool:
    """Whether a catalogue of this name is YAML; else it is JSON."""
    return path.endswith((".yaml", ".yml"))


def entry_text(path: str, entry: Mapping[str, Any]) -> str:
    """An entry as it stands in the catalogue at `path`, JSON or YAML, without indentation."""
    if is_yaml(path):
        import yaml  # few catalogues are YAML

        text: str = yaml.safe_dump(dict(entry), sort_keys=False, width=10_000, allow_unicode=_is_printable(entry))
        return text
    lines = [f"  {json.dumps(name)}: {_json(value)}" for name, value in entry.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _is_printable(value: object) -> bool:
    """Whether a value can stand in a file as it is: what turns the way text runs would mislead its readers."""
    if isinstance(value, str):
        return value.isprintable()
    if isinstance(value, dict):
        return all(map(_is_printable, (*value, *value.values())))
    return not isinstance(value, list) or all(map(_is_printable, value))


def with_entry(found: Found, entry: Mapping[str, Any]) -> str:
    """The catalogue's text with the entry after all others.

    BusinessRuleError when an entry of that name is there; ConfigurationError when the text is of a form that cannot
    be added to without writing it anew, which would lose comments and layout.
    """
    document = parsed(found)
    entries = document.get("templates") if isinstance(document, dict) else document
    if not isinstance(entries, list):
        raise _by_hand(found.path, "it has no list of templates")
    name = entry["templateId"]
    if any(isinstance(one, dict) and name in (one.get("templateId"), one.get("templateID")) for one in entries):
        raise BusinessRuleError(
            f"add {name} to {found.path}: it has a template of that name", hint="give another with --template-id"
        )
    text = found.content.decode("utf-8")
    if is_yaml(found.path):
        added = _yaml_with(text, found.path, entry)
    else:
        added = _json_with(text, found.path, entry, bool(entries))
    if not _says(Found(found.path, added.encode()), document, [*entries, dict(entry)]):
        raise _by_hand(found.path, "its form is not one that can be added to")
    return added


def _says(found: Found, old: object, entries: list[Any]) -> bool:
    """Whether a text is the old document with these entries."""
    try:
        new = parsed(found)
    except ConfigurationError:
        return False
    return new == ({**old, "templates": entries} if isinstance(old, dict) else entries)


def _by_hand(path: str, cause: str) -> ConfigurationError:
    return ConfigurationError(
        f"Cannot add to {path}: {cause}", hint="Run it without --write, and add the entry that it prints by hand."
    )


def _json(value: object) -> str:
    """A value as a catalogue has it: attributes one to a line, everything else on one line."""
    if isinstance(value, dict) and any(isinstance(one, list) for one in value.values()):
        rows = [f"    {json.dumps(name)}: {_plain_json(one)}" for name, one in value.items()]
        return "{\n" + ",\n".join(rows) + "\n  }"
    return _plain_json(value)


def _plain_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=not _is_printable(value))


def _json_with(text: str, path: str, entry: Mapping[str, Any], follows: bool) -> str:
    """The entry before the bracket that ends the list, in the list's own indentation."""
    end = _end_of_list(text)
    line = text[text.rfind("\n", 0, end) + 1 : end]
    indent = line[: len(line) - len(line.lstrip())]
    inner = "".join(f"{indent}  {one}\n" for one in entry_text(path, entry).splitlines())
    return f"{text[:end].rstrip()}{',' if follows else ''}\n{inner}{indent}{text[end:]}"


def _end_of_list(text: str) -> int:
    """Where the bracket stands that ends the list of templates: the last `]` at the list's own depth."""
    depth, end, lists = 0, -1, 1 if text.lstrip("\ufeff \t\r\n").startswith("{") else 0
    key = ""
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
            if mark == "]" and depth == lists and key == '"templates"' * lists:
                end = token.start()
        elif depth == lists == 1:
            key = mark
    return end


def _yaml_with(text: str, path: str, entry: Mapping[str, Any]) -> str:
    """The entry at the end of the text, as an item of a block list that ends there."""
    indent = " " * min((len(found.group(1)) for found in _ITEM.finditer(text)), default=0)
    first, *rest = entry_text(path, entry).splitlines()
    lines = [f"{indent}- {first}", *(f"{indent}  {line}" for line in rest)]
    return text.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"
