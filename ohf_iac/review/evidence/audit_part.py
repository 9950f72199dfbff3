"""The audit lines of one request, and the stretch of the file that shows their place in the chain. Pure.

A line holds the hash of the one before it, so what lies between two lines of a request is needed to show that
nothing was put in or taken out between them. The last line's hash is what `ohf verify --audit --head` looks for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.review.audit_chain import Chain, chain_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: lines before the first one of a request that may be needed: those without the lock may follow any of 64
_BEFORE: Final = 64
#: bytes of a stretch that go into a pack
LONGEST: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AuditPart:
    """`own` are the request's lines, as they stand in the file; `stretch` all from the first of them to the last.

    `stretch` begins some lines earlier where the first ones follow those. `chain` is that of the stretch, `returns`
    are the ids of the returns that its machines were given back by.
    """

    own: tuple[bytes, ...]
    stretch: tuple[bytes, ...]
    chain: Chain
    returns: frozenset[str]

    @property
    def too_long(self) -> bool:
        return sum(len(one) + 1 for one in self.stretch) > LONGEST


def audit_part(files: Iterable[tuple[str, bytes]], request_id: str, machines: Iterable[str]) -> AuditPart | None:
    """The part of the audit files, oldest first, that is about a request; None where no line is.

    `machines` are the ids of its machines, by which lines of returns are known.
    """
    lines = [line for _, content in files for line in lines_of(content)]
    about = Ids(request_id, machines)
    known = [(number, told) for number, line in enumerate(lines) if (told := _told(line))]
    for _, told in known:
        about.learn(told)
    numbers = [number for number, told in known if about.names(told)]
    if not numbers:
        return None
    first, last = numbers[0], numbers[-1]
    stretch = _sound(lines, first, last)
    return AuditPart(
        tuple(lines[one] for one in numbers), tuple(stretch), _chain(stretch), frozenset(about.returns)
    )


class Ids:
    """By what a line is known as a request's: its id, its machines, and the returns that gave those back."""

    def __init__(self, request_id: str, machines: Iterable[str]) -> None:
        self.request_id = request_id
        self.machines = set(machines)
        self.returns: set[str] = set()

    def learn(self, told: Mapping[str, Any]) -> None:
        """Take in what a line says: of a request's own lines which machines it has, of theirs which returns."""
        machine, back = told.get("machine_id"), told.get("return_id")
        if told.get("request_id") == self.request_id and isinstance(machine, str):
            self.machines.add(machine)
        if isinstance(back, str) and back and machine in self.machines:
            self.returns.add(back)

    def names(self, told: Mapping[str, Any]) -> bool:
        """Whether a line is about the request, one of its machines, or a whole return that has some."""
        if told.get("request_id") == self.request_id:
            return True
        machine = told.get("machine_id")
        return machine in self.machines if machine else told.get("return_id") in self.returns


def own_lines(stretch: Sequence[bytes], own: Iterable[bytes], request_id: str) -> bool:
    """Whether `own` are lines of the stretch, in its order, and none that names the request is left out."""
    wanted = list(own)
    place = iter(stretch)
    in_order = all(line in place for line in wanted)
    missing = [
        line
        for line in stretch
        if line not in wanted and (told := _told(line)) and told.get("request_id") == request_id
    ]
    return in_order and not missing


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a file, without their ends."""
    return content.split(b"\n")[:-1] if content.endswith(b"\n") else content.split(b"\n") if content else []


def joined(lines: Iterable[bytes]) -> bytes:
    """Lines as a file has them."""
    return b"".join(line + b"\n" for line in lines)


def _sound(lines: Sequence[bytes], first: int, last: int) -> Sequence[bytes]:
    """From the first line to the last, or from a little earlier where only that makes a chain."""
    stretch = lines[first : last + 1]
    if _chain(stretch).breaks:
        earlier = lines[max(0, first - _BEFORE) : last + 1]
        return stretch if _chain(earlier).breaks else earlier
    return stretch


def _chain(lines: Iterable[bytes]) -> Chain:
    return chain_of([("audit", joined(lines))])


def _told(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
