"""What an explanation is made of: links, each with its state and its sources. Values alone."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

#: as it should be; worth a look; still under way; there is nothing; not known
State = Literal["ok", "look", "open", "none", "unknown"]
#: where a fact is known from; `id` is what the id itself tells, `settings` is ohf.json
Origin = Literal["AWS", "memory", "events", "I/O log", "lock", "catalogue", "settings", "id"]
ORIGINS: Final[tuple[Origin, ...]] = get_args(Origin)
Subject = Literal["request", "return", "machine", "template"]


class Gap(NamedTuple):
    """Something that is not known, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Link:
    """One step: a sentence without a final stop, its facts by name, and things of one kind as rows of texts.

    `unknown` is never filled by a guess. All rows of a link have the same keys; `why` is a reason.
    """

    step: str
    state: State
    text: str
    sources: tuple[Origin, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Mapping[str, str], ...] = ()
    unknown: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """The links of one request, or of a template, which has no machines."""

    about: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """What is known of an id. `first` is about the id itself where it is not that of the chains.

    `others` are requests that the id also leads to, and that are not followed here. `gaps` are sources that could
    not be read at all.
    """

    identifier: str
    subject: Subject
    first: tuple[Link, ...] = ()
    chains: tuple[Chain, ...] = ()
    others: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def moment(at: float) -> str:
    """An epoch second as date and time, UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def unknown(step: str, why: str, *sources: Origin) -> Link:
    """A link of which nothing is known."""
    return Link(step, "unknown", f"not known: {why}", sources, unknown=(Gap(step, why),))
