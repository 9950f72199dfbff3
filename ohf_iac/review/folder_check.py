"""Rendered stacks that were committed, held against what the configuration renders now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from ohf_iac.bounded_json import parse_json
from ohf_iac.config.yaml_text import YamlTextError, parse_yaml
from ohf_iac.review.diff.changes import changes_between
from ohf_iac.review.diff.words import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["missing", "differs", "left over"]

#: changes of one file that are told: a check says that it is stale, `ohf diff` what that means
MOST_CHANGES: Final = 8


@dataclass(frozen=True, slots=True)
class Stale:
    """A file of the folder that is not what rendering would write there; of one that differs, what does."""

    file: str
    state: State
    changes: tuple[str, ...] = ()


def stale_files(rendered: Mapping[str, str], committed: Mapping[str, bytes]) -> tuple[Stale, ...]:
    """What is wrong with a folder, by file name.

    `rendered` maps the names of the files that rendering writes to their texts, `committed` those that are there to
    their bytes. A text is compared byte by byte: whoever formats it anew has it checked in anew.
    """
    found = [
        Stale(name, "differs", _changes(name, committed[name], text))
        if name in committed
        else Stale(name, "missing")
        for name, text in rendered.items()
        if committed.get(name) != text.encode("ascii")
    ]
    found += [Stale(name, "left over") for name in committed if name not in rendered]
    return tuple(sorted(found, key=lambda one: one.file))


def _changes(name: str, committed: bytes, text: str) -> tuple[str, ...]:
    """What differs, as lines for people; user data by hash, as in every diff."""
    before = _document(name, committed)
    if before is None:
        return (f"what is committed is no {'JSON' if name.endswith('.json') else 'YAML'} object",)
    changes = changes_between(before, _document(name, text.encode("ascii")) or {})
    if not changes:
        return ("what is committed says the same and is written otherwise",)
    lines = tuple(line_of(one) for one in changes[:MOST_CHANGES])
    more = len(changes) - len(lines)
    return (*lines, f"and {more} more") if more else lines


def _document(name: str, content: bytes) -> dict[str, Any] | None:
    try:
        text = content.decode("utf-8")
        found = parse_json(text) if name.endswith(".json") else parse_yaml(text)
    except (ValueError, YamlTextError):
        return None
    return found if isinstance(found, dict) else None
