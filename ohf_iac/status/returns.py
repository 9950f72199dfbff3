"""What an observation means for a return: which machines are gone, which must be asked to end once more.

A return follows its machines alone. Absence is evidence only for a machine that was looked up by its id and was
launched more than five minutes ago; where all of several machines are absent, the caller first makes sure that it
looks into the right account and region (design §2.7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ohf_iac.machine import gone, reported, return_result
from ohf_iac.status.judge import ABSENCE_PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.machine import Instance, Machine
    from ohf_iac.request import ReturnedMachine, ReturnRecord, Verdict


@dataclass(frozen=True, slots=True)
class ReturnJudgement:
    """`again` lists live machines whose end must be asked for again; `verdict` is None while any still ends."""

    machines: tuple[Machine, ...]
    again: tuple[Instance, ...]
    verdict: Verdict | None
    message: str = ""


def judge_return(
    record: ReturnRecord, seen: Mapping[str, Instance], refused: Mapping[str, str], now: float
) -> ReturnJudgement:
    """`seen` holds the instances that EC2 showed by id; `refused` those that EC2 will not end, with its reason."""
    rows = tuple(_row(record, one, seen.get(one.machine_id), refused, now) for one in record.machines)
    again = tuple(
        seen[one.machine_id]
        for one in record.machines
        if one.machine_id in seen and seen[one.machine_id].live and one.machine_id not in refused
    )
    failed = [one for one in rows if one.result == "fail"]
    if any(one.result == "executing" for one in rows):
        return ReturnJudgement(rows, again, None)
    if failed:
        return ReturnJudgement(rows, again, "complete_with_error", failed[0].message)
    return ReturnJudgement(rows, again, "complete")


def absent(record: ReturnRecord, seen: Mapping[str, Instance]) -> tuple[ReturnedMachine, ...]:
    """The machines known by id that EC2 did not show."""
    return tuple(one for one in record.machines if one.machine_id and one.machine_id not in seen)


def _row(
    record: ReturnRecord, one: ReturnedMachine, instance: Instance | None, refused: Mapping[str, str], now: float
) -> Machine:
    if instance is not None and instance.live and one.machine_id in refused:
        return _named(reported(instance, "fail", refused[one.machine_id]), one)
    if instance is not None:
        return _named(reported(instance, return_result(instance)), one)
    if not one.machine_id:
        return gone("", one.name)
    if now - (one.launch_time or record.created_at) < ABSENCE_PATIENCE:
        return _still_unseen(one)
    return gone(one.machine_id, one.name, one.launch_time)


def _still_unseen(one: ReturnedMachine) -> Machine:
    return replace(gone(one.machine_id, one.name, one.launch_time), result="executing", status="shutting-down")


def _named(machine: Machine, one: ReturnedMachine) -> Machine:
    """Under the name that it was returned by: EC2 takes the private DNS name off a terminated instance."""
    return replace(machine, name=one.name or machine.name)
