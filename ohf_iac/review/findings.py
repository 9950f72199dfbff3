"""What a review finds, as one value: lint, verification, drift and diff all speak in it. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Level = Literal["error", "warning", "info"]
#: a level, or `never`: the least grave finding by which a check fails
FailOn = Literal["error", "warning", "info", "never"]

#: levels, gravest first
LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that a finding speaks of, such as the line of a script; `file` as `Finding.file`."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reviewer should know.

    `file` is relative to the configuration folder, with `/`; `line` and `column` count from 1 and are 0 where there
    is no such place. `template` and `field` are the catalogue's, `place` is a path in the rendered body; each is ""
    where the finding has none. `doc` is a page of the manual or an absolute URL, `title` the rule's. `reason` and
    `until` are those of the suppression that holds, "" where none does.
    """

    rule: str
    level: Level
    message: str
    template: str = ""
    field: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    fix: str = ""
    doc: str = ""
    title: str = ""
    place: str = ""
    related: Related | None = None
    reason: str = ""
    until: str = ""

    @property
    def suppressed(self) -> bool:
        return bool(self.reason)

    @property
    def told(self) -> str:
        """The message, behind the field that it is about."""
        return f"{self.field}: {self.message}" if self.field else self.message

    @property
    def where(self) -> str:
        """`file:line:column`, as editors and terminals make links of it."""
        return ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """A rule as reports list it, whether it found anything or not. `doc` as `Finding.doc`."""

    id: str
    level: Level
    title: str
    why: str = ""
    fix: str = ""
    doc: str = ""


def at_or_above(findings: Iterable[Finding], fail_on: FailOn) -> tuple[Finding, ...]:
    """The findings that fail a check: as grave as `fail_on` or graver, and not suppressed."""
    if fail_on == "never":
        return ()
    grave = LEVELS[: LEVELS.index(fail_on) + 1]
    return tuple(one for one in findings if one.level in grave and not one.suppressed)


def fingerprints(findings: Iterable[Finding]) -> Iterator[str]:
    """For each finding what stays as long as it is the same finding: lines, wording, levels and folders may change.

    Of several in one place each has its own.
    """
    seen: Counter[str] = Counter()
    for one in findings:
        file = one.file.rpartition("/")[2]
        script = one.related.file if one.related else ""
        told = f"{one.rule}\n{one.template}\n{one.field}\n{one.place}\n{file}\n{script.rpartition('/')[2]}"
        seen[told] += 1
        yield hashlib.sha256(f"{told}\n{seen[told]}".encode()).hexdigest()[:32]


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings as they are told: by file and line, then by gravity and rule."""
    return tuple(
        sorted(
            findings,
            key=lambda one: (
                *(one.file, one.line, one.column, LEVELS.index(one.level), one.rule, one.template, one.field),
                *(one.place, one.message),
            ),
        )
    )
