"""The link of a request's machines: those that EC2 shows, and those that only this host still knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ohf_iac.machine import death_message
from ohf_iac.review.explain.link import ORIGINS, Gap, Link, moment, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.machine import Instance, Machine
    from ohf_iac.review.explain.link import Origin, State
    from ohf_iac.review.explain.trail import Trail
    from ohf_iac.store.event_table import EventRow


_FORGOTTEN: Final = "EC2 shows them no more: it forgets machines about an hour after their end"


@dataclass(frozen=True, slots=True)
class _Lives:
    """What is known of a request's machines, by their ids: a request may have thousands."""

    seen: Mapping[str, Instance]
    kept: Mapping[str, Machine]
    told: Mapping[str, list[EventRow]]
    returns: Mapping[str, list[str]]
    sources: Mapping[str, list[Origin]]
    unread: bool

    @property
    def ids(self) -> tuple[str, ...]:
        """Every machine that is known, in the order of their ids."""
        return tuple(sorted({*self.seen, *self.kept, *self.told, *self.returns}))


def machines_link(about: Trail) -> Link:
    """Each machine with its life: when it was launched, what it is, when it ended and why."""
    lives = _lives(about)
    rows = tuple(_row(lives, one) for one in lives.ids)
    gaps = about.shown.gap("machines")
    if not rows:
        if gaps:
            return unknown("machines", gaps[0].why, "AWS")
        return Link("machines", "none", "none is known", ("AWS", "memory", "events"))
    live = sum(row["state"] in ("pending", "running") for row in rows)
    forgotten = sum(row["state"] == "not shown" for row in rows)
    told = f"{len(rows)}" if gaps else f"{len(rows)}, of which EC2 shows {live} pending or running"
    if forgotten:
        gaps = (Gap(f"the state of {forgotten}", _FORGOTTEN),)
    state: State = "unknown" if lives.unread else "ok"
    return Link("machines", state, told, _sources_of(rows), {}, rows, gaps)


def about_machine(about: Trail, machine_id: str) -> Mapping[str, str]:
    """What is known of one machine, as its row tells it; what says nothing left out."""
    return {name: value for name, value in _row(_lives(about), machine_id).items() if value}


def _lives(about: Trail) -> _Lives:
    told: dict[str, list[EventRow]] = {}
    for event in about.events:
        if event.machine_id:
            told.setdefault(event.machine_id, []).append(event)
    returns: dict[str, list[str]] = {}
    sources: dict[str, list[Origin]] = {}
    for return_id, named in about.returns.items():
        for machine in named.machines:
            returns.setdefault(machine, []).append(return_id)
            sources.setdefault(machine, []).extend(named.sources)
    return _Lives(
        {one.instance_id: one for one in about.shown.instances},
        {one.machine_id: one for one in (about.record.machines if about.record else ())},
        told,
        returns,
        sources,
        "machines" in about.shown.gaps,
    )


def _row(lives: _Lives, machine_id: str) -> dict[str, str]:
    """One machine as texts; `from` is where its state is known from."""
    seen, kept = lives.seen.get(machine_id), lives.kept.get(machine_id)
    told = lives.told.get(machine_id, [])
    ended = next((one for one in told if one.what == "MachineTerminated"), None)
    return {
        "machine": machine_id,
        "state": seen.state if seen else (kept.status if kept else "") if lives.unread else "not shown",
        "type": seen.instance_type if seen else kept.instance_type if kept else "",
        "price": "spot" if seen and seen.spot else "ondemand" if seen else kept.price_type if kept else "",
        "launched": _launched(seen, kept),
        "name": _name(seen, kept, told),
        "ended": moment(ended.at) if ended else "",
        "return": " ".join(lives.returns.get(machine_id, ())),
        "from": "AWS" if seen else "memory" if kept else "events" if told else _named_by(lives, machine_id),
        "why": _why(seen, kept, told),
    }


def _sources_of(rows: Iterable[Mapping[str, str]]) -> tuple[Origin, ...]:
    """Where rows are known from, each source once."""
    told = {one["from"] for one in rows}
    return tuple(one for one in ORIGINS if one in told)


def _named_by(lives: _Lives, machine_id: str) -> str:
    """Where a machine is known from that nothing but a return names; "" for one that nobody names."""
    return next((one for one in ORIGINS if one in lives.sources.get(machine_id, ())), "")


def _name(seen: Instance | None, kept: Machine | None, told: list[EventRow]) -> str:
    names = (seen.name if seen else "", kept.name if kept else "", *(one.machine_name for one in told))
    return next((one for one in names if one), "")


def _launched(seen: Instance | None, kept: Machine | None) -> str:
    at = seen.launch_time if seen else kept.launch_time if kept else 0
    return moment(at) if at else ""


def _why(seen: Instance | None, kept: Machine | None, told: list[EventRow]) -> str:
    """Why it ended: EC2's words, else those that were noted when it did."""
    if seen is not None and not seen.live:
        return death_message(seen).removeprefix(f"{seen.instance_id} is {seen.state}").removeprefix(": ")
    noted = [one.message for one in told if one.message and one.what in ("MachineFailed", "MachineTerminated")]
    return noted[0] if noted else kept.message if kept else ""
