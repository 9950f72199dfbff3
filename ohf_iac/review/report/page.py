"""What a report says, in the order in which a reviewer asks: values, without a word of HTML or Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: `good` is the posture by default, `warn` what somebody loosened, "" what is neither
Tone = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so."""

    name: str
    value: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A resource of the stack; `uses` are the resources that it refers to, `condition` "" if it is always made."""

    logical_id: str
    type: str
    why: str
    facts: tuple[Fact, ...] = ()
    uses: tuple[str, ...] = ()
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a parameter may be: the envelope that an approval covers. `given` is a request's value, "" in a body."""

    name: str
    allowed: str
    default: str
    why: str
    given: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """The most that one request can cost, in US dollars an hour; `unpriced` are types that the table lacks."""

    an_hour: str
    how: str
    unpriced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approved:
    """Who approved the body; `state` is one word such as `valid` or `expired`."""

    by: str
    at: str
    ticket: str
    until: str
    state: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding of lint, or of a verification."""

    rule: str
    level: str
    message: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, at a time in ISO 8601, UTC."""

    at: str
    what: str
    of: str
    why: str = ""
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine of a request."""

    machine_id: str
    name: str
    state: str
    type: str
    price: str
    launched: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A report: of a template, or of a request that was made of one (`request_id`)."""

    template_id: str
    digest: str
    size: int
    parts: tuple[Part, ...]
    security: tuple[Fact, ...]
    bounds: tuple[Bound, ...]
    summary: tuple[Fact, ...] = ()
    request_id: str = ""
    cost: Cost | None = None
    approvals: tuple[Approved, ...] = ()
    remarks: tuple[Remark, ...] = ()
    tags: tuple[Fact, ...] = ()
    moments: tuple[Moment, ...] = ()
    machines: tuple[Host, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the page is about."""
        return f"{self.request_id}, a request of {self.template_id}" if self.request_id else self.template_id
