"""drift: stacks held against their templates, side by side, under one deadline.

Detections run at CloudFormation, as long as they take: all of a batch are begun, then followed in turn. What AWS
refuses for the moment (throttling, another detection under way) is asked again until the time is up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ohf_iac.app import calls_of
from ohf_iac.aws import drift
from ohf_iac.drift import DETECTABLE
from ohf_iac.errors import ProviderError
from ohf_iac.review.drift.looking import resources_of
from ohf_iac.review.drift.values import StackDrift

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.drift import Standing
    from ohf_iac.observation import StackSeen

#: detections at once, and seconds between two calls about different stacks
BATCH: Final = 20
PACE: Final = 0.25
#: seconds between two rounds over the stacks whose detection is under way
EVERY: Final = 2.0

_IDLE: Final[Mapping[str, str]] = {
    "review": "its change set was not executed",
    "deleting": "it is being deleted",
    "delete_failed": "its deletion failed",
    "deleted": "it is deleted",
}


@dataclass(slots=True)
class _Open:
    """A stack whose drift is not known yet: its detection, once begun, and why it was not told so far."""

    stack: StackSeen
    detection_id: str = ""
    ended: bool = False
    trouble: str = "its detection did not end"
    failed: str = ""


@dataclass(slots=True)
class Pace:
    """Keeps calls apart once the first ones are made: CloudFormation takes a few a second."""

    app: App
    made: int = 0

    def step(self) -> None:
        self.made += 1
        if self.made > BATCH:
            self.app.sleep(max(0.0, min(PACE, self.app.deadline.left)))


@dataclass(frozen=True, slots=True)
class Look:
    """How stacks are looked at: the door, how often, and the bodies that were read already, by stack id."""

    app: App
    calls: Calls
    every: float = EVERY
    bodies: Mapping[str, str] = field(default_factory=dict)


def drift_of(
    app: App, stacks: Iterable[StackSeen], every: float = EVERY, bodies: Mapping[str, str] | None = None
) -> tuple[StackDrift, ...]:
    """The drift of each stack, in their order. Nothing is changed, and none hinders another.

    One that cannot be read, or whose time is up, says so; ProviderError only where there is no session at all.
    `bodies` are those that were read already, by stack id.
    """
    wanted = tuple(stacks)
    look = Look(app, calls_of(app), every, bodies or {})
    found = {one.stack.stack_id: one for one in drifts(look, wanted)}
    return tuple(found[one.stack_id] for one in wanted)


def drifts(look: Look, stacks: tuple[StackSeen, ...]) -> Iterator[StackDrift]:
    """As `drift_of`, as they become known."""
    pace = Pace(look.app)
    for start in range(0, len(stacks), BATCH):
        waiting = []
        for stack in stacks[start : start + BATCH]:
            if idle := _IDLE.get(stack.phase):
                yield StackDrift(stack, idle=idle)
            else:
                waiting.append(_Open(stack, ended=stack.status not in DETECTABLE))
        yield from _followed(look, pace, waiting)


def _followed(look: Look, pace: Pace, waiting: list[_Open]) -> Iterator[StackDrift]:
    """Go round over the stacks until each is told, or the time is up."""
    while waiting:
        for one in tuple(waiting):
            pace.step()
            told = _next(look, one)
            if told is not None:
                waiting.remove(one)
                yield told
        left = look.app.deadline.left
        if waiting and left <= 0:
            yield from (
                StackDrift(one.stack, unread=f"the time was up: {one.trouble}", late=True) for one in waiting
            )
            return
        if waiting:
            look.app.sleep(min(look.every, left))


def _next(look: Look, one: _Open) -> StackDrift | None:
    """Do what is next for a stack; its drift, once that is known."""
    try:
        if not one.detection_id and not one.ended:
            one.detection_id = drift.begin_detection(look.calls, one.stack.stack_id)
            one.trouble = "its detection did not end" if one.detection_id else "another detection is under way"
        if one.detection_id and not one.ended:
            seen = drift.detection_seen(look.calls, one.detection_id)
            one.ended, one.failed = seen.stage != "coming", seen.reason if seen.stage == "failed" else ""
        return _told(look, one) if one.ended else None
    except ProviderError as error:
        if not error.transient:
            return StackDrift(one.stack, unread=error.message, code=error.code)
        one.trouble = error.message
        return None


def _told(look: Look, one: _Open) -> StackDrift:
    """The drift of a stack whose detection has ended, or that CloudFormation does not take."""
    told: tuple[Standing, ...] = ()
    if one.detection_id:
        told = drift.standings(look.calls, one.stack.stack_id)
    body = look.bodies.get(one.stack.stack_id, "")
    resources = tuple(resources_of(look.calls, one.stack, told, body))
    unseen = any(each.state == "not checked" for each in resources)
    return StackDrift(one.stack, resources, unread=one.failed if unseen else "")
