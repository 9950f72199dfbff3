"""The machines of one request, sorted by what they mean for it, and counted in the units it asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohf_iac.machine import by_launch, create_result, reported
from ohf_iac.request import RETURN_TAG_PREFIX, TAG_SETTLED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.machine import Instance, Machine
    from ohf_iac.request import Request, Verdict


@dataclass(frozen=True, slots=True)
class Tally:
    """Instances of a request: usable, still starting, dead, handed back. `delivered` counts units, the returned
    ones included: a machine that was handed back was delivered, and the request must not wait for it."""

    good: tuple[Instance, ...]
    executing: tuple[Instance, ...]
    failed: tuple[tuple[Instance, str], ...]
    returned: tuple[Instance, ...]
    delivered: int
    expected: int

    @property
    def live(self) -> tuple[Instance, ...]:
        return self.good + self.executing

    def machines(self, *, with_failed: bool) -> tuple[Machine, ...]:
        """All that is to be reported; the failed ones only where they matter."""
        rows = [reported(one, "succeed") for one in self.good]
        rows += [reported(one, "executing") for one in self.executing]
        if with_failed:
            rows += [reported(one, "fail", why) for one, why in self.failed]
        return tuple(rows)


def short_verdict(counts: Tally, partial: Verdict, *, faded: bool = False) -> Verdict:
    """The verdict on too few machines (design §5): `partial` where only capacity is missing. `faded` says that a
    machine that failed is not shown any more."""
    if counts.failed or faded or not (counts.good or counts.returned):
        return "complete_with_error"
    return partial


def is_returned(instance: Instance) -> bool:
    """Whether a return of ours asked for the end of this instance."""
    return any(key.startswith(RETURN_TAG_PREFIX) for key in instance.tags)


def settled_mark(instances: Iterable[Instance]) -> str:
    """The value of `ohf:settled` on any of the instances; "" when none carries it."""
    for one in instances:
        if mark := one.tags.get(TAG_SETTLED):
            return mark
    return ""


def verdict_of(mark: str) -> Verdict:
    """A mark as a verdict; a value that is not one of ours never counts as success."""
    return "complete" if mark == "complete" else "complete_with_error"


def units_of(request: Request, instances: Iterable[Instance]) -> int:
    """The units that instances deliver: their type's weight, one where the catalogue gives none."""
    return sum(request.weights.get(one.instance_type, 1) for one in instances)


def tally(request: Request, instances: Iterable[Instance], now: float, known: Iterable[Machine] = ()) -> Tally:
    """Sort a request's instances; `now` in epoch seconds. `known` are the machines as they were told before: what
    one of them failed of then is why it is dead now, whatever EC2 makes of its end."""
    causes = {one.machine_id: one.message for one in known if one.result == "fail" and one.message}
    good: list[Instance] = []
    executing: list[Instance] = []
    failed: list[tuple[Instance, str]] = []
    returned: list[Instance] = []
    for one in by_launch(instances):
        if is_returned(one):
            returned.append(one)
            continue
        result, message = create_result(one, now)
        if result == "succeed":
            good.append(one)
        elif result == "executing":
            executing.append(one)
        else:
            failed.append((one, causes.get(one.instance_id, message)))
    delivered = units_of(request, good + returned)
    return Tally(
        good=tuple(good),
        executing=tuple(executing),
        failed=tuple(failed),
        returned=tuple(returned),
        delivered=delivered,
        expected=delivered + units_of(request, executing),
    )
