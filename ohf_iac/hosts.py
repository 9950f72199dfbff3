"""Hosts that Host Factory names, found in EC2: whose they are, and which are gone.

Host Factory names a host by id, by name, or by both; the id counts where there is one. A name alone leads to the
machine that memory knows under it, then to EC2's private DNS names, which come back with their addresses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ohf_iac.aws import cloudformation, ec2
from ohf_iac.errors import ProviderError
from ohf_iac.request import TAG_OWNER, TAG_SETTLED, stack_name
from ohf_iac.store.memory import ids_of_hosts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ohf_iac.aws.calls import Calls
    from ohf_iac.hostfactory import HostRef
    from ohf_iac.machine import Instance
    from ohf_iac.store.memory import Memory


@dataclass(frozen=True, slots=True)
class FoundHosts:
    """Hosts that somebody named. `ours` bear our owner tag; `foreign` live without it; `dead` have ended and lost
    their tags; `missing` are not shown at all, with the id that memory knows for a name."""

    ours: tuple[tuple[HostRef, Instance], ...]
    foreign: tuple[tuple[HostRef, Instance], ...]
    dead: tuple[tuple[HostRef, Instance], ...]
    missing: tuple[HostRef, ...]

    @property
    def gone(self) -> tuple[HostRef, ...]:
        """The hosts of which nothing is left to end, by id where one is known."""
        ended = tuple(replace(host, machine_id=one.instance_id) for host, one in self.dead)
        return ended + self.missing


def can_be_looked_up(host: HostRef) -> bool:
    """Whether the host has an id that EC2 could know: the absence of any other says nothing."""
    return ec2.INSTANCE_ID.fullmatch(host.machine_id) is not None


def find_hosts(calls: Calls, owner: str, hosts: Iterable[HostRef], memory: Memory) -> FoundHosts:
    """Hosts by id, by the names we remember, then by private DNS name: of several, the newest live one of ours."""
    wanted = tuple(hosts)
    ids = ids_of_hosts(memory, wanted)
    by_id = {one.instance_id: one for one in ec2.by_id(calls, ids.values())}
    named = {one for one in wanted if not one.machine_id and not _alive(by_id.get(ids.get(one, "")))}
    by_name = _newest(ec2.by_name(calls, (one.name for one in named)), owner)
    found: list[tuple[HostRef, Instance]] = []
    missing: list[HostRef] = []
    for host in wanted:
        instance = by_id.get(ids.get(host, ""))
        if host in named and (other := by_name.get(host.name)) and (host not in ids or _took_over(other, owner)):
            instance = other
        if instance is None:
            missing.append(replace(host, machine_id=ids.get(host, "")))
        else:
            found.append((host, instance))
    return _sorted(found, tuple(missing), owner)


def check_place(calls: Calls, owner: str, memory: Memory, absent: Iterable[str]) -> None:
    """Make sure that machines which EC2 does not show, by id, are looked for in their own account and region.

    ProviderError where memory knows another place for them, or where it knows none and nothing of this owner is to
    be seen, not even their own stacks among the deleted ones: a wrong profile or region shows nothing at all, and
    must not make machines count as gone (design §2.7).
    """
    known = [memory.machines[one] for one in absent if one in memory.machines]
    places = {(one.account, one.region) for one in known if one.account}
    stacks = {stack_name(one.request_id) for one in known if one.request_id}
    if not places and (ec2.of_owner(calls, owner) or _has_stack(calls, owner) or _had_stack(calls, owner, stacks)):
        return
    here = (ec2.account(calls), calls.region)
    if places != {here}:
        theirs = ", ".join(" ".join(one) for one in sorted(places)) or "an account and a region not remembered"
        raise ProviderError(
            f"look for machines: none of them is in {' '.join(here)}; they belong to {theirs}",
            transient=True,
            hint="check AWS_REGION and the credentials of this provider",
        )


def _has_stack(calls: Calls, owner: str) -> bool:
    return any(one.tags.get(TAG_OWNER) == owner for one in cloudformation.walk_stacks(calls))


def _had_stack(calls: Calls, owner: str, names: Collection[str]) -> bool:
    """Whether one of these stacks lived here; CloudFormation knows a deleted one by its id for ninety days."""
    found = cloudformation.find_deleted_stacks(calls, names.__contains__) if names else {}
    seen = (cloudformation.describe_stack(calls, one) for ids in found.values() for one in ids)
    return any(one is not None and one.tags.get(TAG_OWNER) == owner for one in seen)


def _sorted(found: list[tuple[HostRef, Instance]], missing: tuple[HostRef, ...], owner: str) -> FoundHosts:
    ours = tuple(pair for pair in found if pair[1].tags.get(TAG_OWNER) == owner)
    others = tuple(pair for pair in found if pair[1].tags.get(TAG_OWNER) != owner)
    return FoundHosts(
        ours=ours,
        foreign=tuple(pair for pair in others if _alive(pair[1])),
        dead=tuple(pair for pair in others if not _alive(pair[1])),
        missing=missing,
    )


def _took_over(other: Instance, owner: str) -> bool:
    """Whether Host Factory may mean this machine by a name whose machine, as we remember it, has ended.

    Only one that some host of ours has announced: a machine of a request that still runs is not known to anybody.
    """
    return _alive(other) and other.tags.get(TAG_OWNER) == owner and TAG_SETTLED in other.tags


def _alive(instance: Instance | None) -> bool:
    return instance is not None and instance.live


def _newest(instances: Iterable[Instance], owner: str) -> dict[str, Instance]:
    """Per name the instance that is meant: live before dead, ours before others', young before old."""
    found: dict[str, Instance] = {}
    ranked = sorted(instances, key=lambda one: (one.live, one.tags.get(TAG_OWNER) == owner, one.launch_time))
    for one in ranked:
        found[one.name] = one
    return found
