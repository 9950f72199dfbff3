"""DescribeInstances' filters, ids and pages, as EC2 has them, over the machines that can be seen by now."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ohf_iac.local.machines import STATE_CODES, Machine
from ohf_iac.local.moments import moment
from ohf_iac.local.refusals import Refused

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

INSTANCE_ID = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})")
FILTER_VALUES = 200
PAGE = (5, 1000)
Values = Sequence[str]
Filters = Mapping[str, Values]


def _attached(machine: Machine, value: str) -> tuple[str, ...]:
    return () if machine.state == "terminated" else (value,)


def _group_ids(machine: Machine) -> list[str]:
    data = machine.recipe.data
    inside = [group for interface in data.get("NetworkInterfaces") or () for group in interface.get("Groups") or ()]
    return [*inside, *(data.get("SecurityGroupIds") or ())]


# What a filter compares with; the names are those of the DescribeInstances reference.
FIELDS: Mapping[str, Callable[[Machine], Iterable[str]]] = {
    "instance-id": lambda m: (m.id,),
    "private-dns-name": lambda m: _attached(m, m.dns_name),
    "private-ip-address": lambda m: _attached(m, m.private_ip),
    "network-interface.private-dns-name": lambda m: _attached(m, m.dns_name),
    "network-interface.addresses.private-ip-address": lambda m: _attached(m, m.private_ip),
    "instance-state-name": lambda m: (m.state,),
    "instance-state-code": lambda m: (str(STATE_CODES[m.state]),),
    "instance-lifecycle": lambda m: ("spot",) if m.recipe.spot else (),
    "instance-type": lambda m: (m.recipe.instance_type,),
    "availability-zone": lambda m: (m.recipe.subnet.zone,),
    "availability-zone-id": lambda m: (m.recipe.subnet.zone_id,),
    "subnet-id": lambda m: _attached(m, m.recipe.subnet.id),
    "vpc-id": lambda m: _attached(m, m.recipe.subnet.vpc_id),
    "image-id": lambda m: (m.recipe.image.id,),
    "key-name": lambda m: (m.recipe.data.get("KeyName") or "",),
    "reservation-id": lambda m: (m.reservation_id,),
    "spot-instance-request-id": lambda m: (m.spot_request_id,) if m.spot_request_id else (),
    "state-reason-code": lambda m: (m.reason[0],) if m.reason else (),
    "iam-instance-profile.arn": lambda m: (m.recipe.profile_arn,) if m.recipe.profile_arn else (),
    "instance.group-id": _group_ids,
    "network-interface.group-id": _group_ids,
    "architecture": lambda m: (m.recipe.image.architecture or "x86_64",),
    "launch-time": lambda m: (moment(m.launched).strftime("%Y-%m-%dT%H:%M:%S.000Z"),),
}


def named(region: Region, ids: Sequence[str]) -> list[Machine]:
    """The machines of these ids, in that order. Raises Refused (InvalidInstanceID.…) naming the unknown ones."""
    for given in ids:
        if not INSTANCE_ID.fullmatch(given):
            raise Refused("InvalidInstanceID.Malformed", f'Invalid id: "{given}"')
    missing = [given for given in dict.fromkeys(ids) if not _known(region, given)]
    if len(missing) == 1:
        raise Refused("InvalidInstanceID.NotFound", f"The instance ID '{missing[0]}' does not exist")
    if missing:
        raise Refused("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(missing)}' do not exist")
    return [region.machines[given] for given in dict.fromkeys(ids)]


def search(region: Region, filters: Filters) -> list[Machine]:
    """The machines that all filters let through, in the order of their launch.

    Raises Refused for an unknown filter or too many values. Tag filters see neither a young machine nor a young tag
    (`lag.tagFilter`).
    """
    for name, values in filters.items():
        if name not in FIELDS and name != "tag-key" and not name.startswith("tag:"):
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
        if len(values) > FILTER_VALUES:
            raise Refused(
                "FilterLimitExceeded",
                f"The maximum number of filter values specified on a single call is {FILTER_VALUES}",
            )
    return [
        machine
        for machine in _candidates(region, filters)
        if visible(region, machine) and all(_passes(region, machine, name, filters[name]) for name in filters)
    ]


def page(machines: Sequence[Machine], limit: int | None, token: str | None) -> tuple[list[Machine], str | None]:
    """One page of machines in launch order and the token of the next; None when it was the last.

    Raises Refused for a page size outside 5 to 1000 or a token that is none.
    """
    if limit is not None and not PAGE[0] <= limit <= PAGE[1]:
        raise Refused(
            "InvalidParameterValue",
            f"Value ( {limit} ) for parameter maxResults is invalid. "
            f"Expecting a value between {PAGE[0]} and {PAGE[1]}.",
        )
    after = _number(token) if token else 0
    rest = [machine for machine in machines if machine.number > after]
    size = limit or PAGE[1]
    if len(rest) <= size:
        return rest, None
    return rest[:size], base64.b64encode(f"after:{rest[size - 1].number}".encode()).decode()


def visible(region: Region, machine: Machine) -> bool:
    """Whether news of the machine has reached those who describe it (`lag.newInstance`)."""
    return region.now() >= machine.launched + region.scenario.lag.new_instance


def filters_of(params: Mapping[str, Any]) -> dict[str, Values]:
    """A request's Filters by name. Raises Refused for one without a name."""
    found: dict[str, Values] = {}
    for given in params.get("Filters") or ():
        if not given.get("Name"):
            raise Refused("InvalidParameterValue", "The filter 'null' is invalid.")
        found[given["Name"]] = given.get("Values") or ()
    return found


def matches(values: Values, found: Iterable[str]) -> bool:
    """Whether one of `found` is one of `values`; `*` and `?` are wildcards, a backslash takes that away."""
    return any(_match(value, have) for have in found for value in values)


def _match(value: str, have: str) -> bool:
    if "*" not in value and "?" not in value:
        return value == have
    pattern = re.sub(r"\\([*?])", r"[\1]", value.replace("[", "[[]"))
    return fnmatchcase(have, pattern)


def _candidates(region: Region, filters: Filters) -> Iterable[Machine]:
    """As few machines as an index can tell apart."""
    exact = [name for name in filters if not any("*" in v or "?" in v for v in filters[name])]
    if "instance-id" in exact:
        return _by_number(region.machines[i] for i in set(filters["instance-id"]) if i in region.machines)
    if "private-dns-name" in exact:
        names = set(filters["private-dns-name"])
        return _by_number(region.by_name[name] for name in names if name in region.by_name)
    for name in exact:
        if name.startswith("tag:"):
            sets = [region.by_tag.get((name[4:], value), {}) for value in set(filters[name])]
            return sets[0].values() if len(sets) == 1 else _by_number(m for held in sets for m in held.values())
    return region.machines.values()


def _by_number(machines: Iterable[Machine]) -> list[Machine]:
    return sorted(machines, key=lambda machine: machine.number)


def _passes(region: Region, machine: Machine, name: str, values: Values) -> bool:
    if name == "tag-key":
        return matches(values, (key for key in machine.tags if _tag_seen(region, machine, key)))
    if name.startswith("tag:"):
        key = name[4:]
        return key in machine.tags and _tag_seen(region, machine, key) and matches(values, (machine.tags[key],))
    return matches(values, FIELDS[name](machine))


def _tag_seen(region: Region, machine: Machine, key: str) -> bool:
    lag = region.scenario.lag.tag_filter
    return not lag or region.now() >= machine.tag_times[key] + lag


def _known(region: Region, instance_id: str) -> bool:
    machine = region.machines.get(instance_id)
    return machine is not None and visible(region, machine)


def _number(token: str) -> int:
    try:
        word, _, number = base64.b64decode(token, validate=True).decode().partition(":")
        if word == "after":
            return int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise Refused("InvalidParameterValue", "Unable to parse pagination token")
