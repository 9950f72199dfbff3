"""The link of a request's machines: those that EC2 shows, and those that only this host still knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.machine import death_message
from ohf_iac.review.explain.link import ORIGINS, Gap, Link, moment, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.machine import Instance, Machine
    from ohf_iac.review.explain.evidence import Evidence
    from ohf_iac.review.explain.link import Origin, State
    from ohf_iac.store.event_table import EventRow


def machine_ids(about: Evidence) -> tuple[str, ...]:
    """Every machine that is known of a request, in the order of their ids."""
    found = {one.instance_id for one in about.shown.instances}
    found |= {one.machine_id for one in (about.record.machines if about.record else ())}
    found |= {one.machine_id for one in about.events if one.machine_id}
    found |= {machine for named in about.returns.values() for machine in named.machines}
    return tuple(sorted(found))


def machines_link(about: Evidence) -> Link:
    """Each machine with its life: when it was launched, what it is, when it ended and why."""
    rows = tuple(machine_row(about, one) for one in machine_ids(about))
    gaps = about.shown.gap("machines")
    if not rows:
        if gaps:
            return unknown("machines", gaps[0].why, "AWS")
        return Link("machines", "none", "none is known", ("AWS", "memory", "events"))
    live = sum(row["state"] in ("pending", "running") for row in rows)
    forgotten = sum(row["state"] == "not shown" for row in rows)
    told = f"{len(rows)}, of which EC2 shows {live} pending or running" if not gaps else f"{len(rows)}"
    if forgotten and not gaps:
        gaps = (
            Gap(
                f"the state of {forgotten}",
                "EC2 shows them no more: it forgets machines about an hour after their end",
            ),
        )
    state: State = "unknown" if "machines" in about.shown.gaps else "ok"
    return Link("machines", state, told, sources_of(rows), {}, rows, gaps)


def sources_of(rows: Iterable[Mapping[str, str]]) -> tuple[Origin, ...]:
    """Where rows are known from, each source once."""
    told = {one["from"] for one in rows}
    return tuple(one for one in ORIGINS if one in told)


def machine_row(about: Evidence, machine_id: str) -> dict[str, str]:
    """What is known of one machine, as texts; `from` is where its state is known from."""
    seen = next((one for one in about.shown.instances if one.instance_id == machine_id), None)
    machines = about.record.machines if about.record else ()
    kept = next((one for one in machines if one.machine_id == machine_id), None)
    told = [one for one in about.events if one.machine_id == machine_id]
    ended = next((one for one in told if one.what == "MachineTerminated"), None)
    unread = "machines" in about.shown.gaps
    return {
        "machine": machine_id,
        "state": seen.state if seen else (kept.status if kept else "") if unread else "not shown",
        "type": seen.instance_type if seen else kept.instance_type if kept else "",
        "price": "spot" if seen and seen.spot else "ondemand" if seen else kept.price_type if kept else "",
        "launched": _launched(seen, kept),
        "name": _name(seen, kept, told),
        "ended": moment(ended.at) if ended else "",
        "return": " ".join(one for one, named in about.returns.items() if machine_id in named.machines),
        "from": "AWS" if seen else "memory" if kept else "events" if told else _named_by(about, machine_id),
        "why": _why(seen, kept, told),
    }


def _named_by(about: Evidence, machine_id: str) -> Origin:
    """Where a machine is known from that nothing but a return names."""
    sources = {
        source for named in about.returns.values() if machine_id in named.machines for source in named.sources
    }
    return next(one for one in ORIGINS if one in sources)


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


def about_machine(about: Evidence, machine_id: str) -> Mapping[str, str]:
    """The row of one machine, what says nothing left out."""
    return {name: value for name, value in machine_row(about, machine_id).items() if value}
