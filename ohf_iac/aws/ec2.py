"""Instances: read by tag, id or name, tagged, terminated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ohf_iac.aws.piecemeal import on_each
from ohf_iac.aws.translate import known
from ohf_iac.machine import CREATE_RESULT, Instance, machines_in_words
from ohf_iac.plan import batches
from ohf_iac.request import TAG_OWNER, TAG_REQUEST, TAG_TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.aws.calls import Calls

#: values of one filter, machines of one page (aws-behaviour §5)
FILTER_VALUES = 200
PAGE = 1000
_LIVE = ["pending", "running", "stopping", "stopped"]
#: what EC2 may know: one value that no filter takes would fail the look for all the others, and `*` is a wildcard
INSTANCE_ID = re.compile(r"i-[0-9a-f]{1,40}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")


def of_requests(calls: Calls, owner: str, request_ids: Iterable[str]) -> tuple[Instance, ...]:
    """All instances, dead ones too, that carry the tags of these requests and of this owner."""
    found: list[Instance] = []
    for part in batches(request_ids, FILTER_VALUES):
        found += _described(calls, f"machines of {len(part)} requests", **{
            f"tag:{TAG_REQUEST}": list(part), f"tag:{TAG_OWNER}": [owner]
        })  # fmt: skip
    return tuple(found)


def of_owner(calls: Calls, owner: str) -> tuple[Instance, ...]:
    """All instances that carry the tag of this owner."""
    return _described(calls, "all machines of this provider", **{f"tag:{TAG_OWNER}": [owner]})


def live_of_template(calls: Calls, owner: str, template_id: str) -> tuple[Instance, ...]:
    """The live instances of one host template."""
    return _described(
        calls,
        f"machines of template {template_id}",
        **{f"tag:{TAG_OWNER}": [owner], f"tag:{TAG_TEMPLATE}": [template_id], "instance-state-name": _LIVE},
    )


def with_tag_key(calls: Calls, owner: str, key: str) -> tuple[Instance, ...]:
    """The instances of this owner that carry a tag of this key."""
    return _described(calls, f"machines tagged {key}", **{f"tag:{TAG_OWNER}": [owner], "tag-key": [key]})


def by_id(calls: Calls, ids: Iterable[str]) -> tuple[Instance, ...]:
    """Instances by id; unknown ones are simply not among them (filters: one unknown id fails a plain call)."""
    return _by_filter(calls, "instance-id", filter(INSTANCE_ID.fullmatch, ids))


def by_name(calls: Calls, names: Iterable[str]) -> tuple[Instance, ...]:
    """Instances by private DNS name; names are recycled, so several may bear one."""
    return _by_filter(calls, "private-dns-name", filter(_NAME.fullmatch, names))


def tag(calls: Calls, ids: Iterable[str], key: str, value: str) -> None:
    """Put one tag on instances, launch templates and fleets; those that are gone or not ours any more are dropped.

    One that alone may not be tagged is told when the others have their tag.
    """

    def attempt(part: tuple[str, ...]) -> None:
        tags = [{"Key": key, "Value": value}]
        calls.call("ec2", "create_tags", "tag", machines_in_words(len(part)), Resources=list(part), Tags=tags)

    refused = on_each(ids, attempt, lambda part: _still_ours(calls, part))
    if refused:
        raise next(iter(refused.values()))


def terminate(calls: Calls, ids: Iterable[str]) -> dict[str, str]:
    """Terminate instances; those that are gone are dropped. Returns the ids that EC2 refuses to end, and why."""

    def attempt(part: tuple[str, ...]) -> None:
        calls.call("ec2", "terminate_instances", "terminate", machines_in_words(len(part)), InstanceIds=list(part))

    refused = on_each(ids, attempt, lambda part: _still_ours(calls, part))
    return {key: error.message for key, error in refused.items()}


def _still_ours(calls: Calls, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The ids without those that EC2 shows no more, or without an owner's tag: tags fade from the dead."""
    ours = {one.instance_id for one in by_id(calls, ids) if TAG_OWNER in one.tags}
    others = (one for one in ids if not INSTANCE_ID.fullmatch(one))
    ours.update(one for one in others if tag_of(calls, one, TAG_OWNER))
    return tuple(one for one in ids if one in ours)


def spot_notices(calls: Calls, ids: Iterable[str]) -> dict[str, tuple[str, float]]:
    """Instance id to (status code, epoch second of its last change) of the spot requests behind instances."""
    found: dict[str, tuple[str, float]] = {}
    for part in batches(ids, FILTER_VALUES):
        for page in calls.pages(
            "ec2",
            "describe_spot_instance_requests",
            "describe",
            f"spot requests of {machines_in_words(len(part))}",
            Filters=[{"Name": "instance-id", "Values": list(part)}],
        ):
            for row in page["SpotInstanceRequests"]:
                status = row.get("Status", {})
                at = status["UpdateTime"].timestamp() if "UpdateTime" in status else 0.0
                found[row["InstanceId"]] = (status.get("Code", ""), at)
    return found


def scheduled_ends(calls: Calls, ids: Iterable[str]) -> dict[str, float]:
    """Instance id to the epoch second at which EC2 retires or stops it by schedule; completed events left out."""
    found: dict[str, float] = {}
    for part in batches(ids, 100):
        for page in calls.pages(
            "ec2",
            "describe_instance_status",
            "describe",
            f"status of {machines_in_words(len(part))}",
            InstanceIds=list(part),
        ):
            for row in page["InstanceStatuses"]:
                for event in row.get("Events", []):
                    if event["Code"] in ("instance-retirement", "instance-stop") and not event.get(
                        "Description", ""
                    ).startswith(("[Completed]", "[Canceled]")):
                        found[row["InstanceId"]] = event["NotBefore"].timestamp()
    return found


def tag_of(calls: Calls, resource_id: str, key: str) -> str:
    """The value of one tag of any EC2 resource; "" when it does not bear it."""
    answer = calls.call(
        "ec2",
        "describe_tags",
        "read",
        f"tags of {resource_id}",
        Filters=[{"Name": "resource-id", "Values": [resource_id]}, {"Name": "key", "Values": [key]}],
    )
    return next((str(one["Value"]) for one in answer["Tags"]), "")


def account(calls: Calls) -> str:
    """The account of the caller; needs no permission."""
    return str(calls.call("sts", "get_caller_identity", "identify", "the caller")["Account"])


def _by_filter(calls: Calls, name: str, values: Iterable[str]) -> tuple[Instance, ...]:
    found: list[Instance] = []
    for part in batches(dict.fromkeys(values), FILTER_VALUES):
        found += _described(calls, machines_in_words(len(part)), **{name: list(part)})
    return tuple(found)


def _described(calls: Calls, thing: str, **filters: list[str]) -> tuple[Instance, ...]:
    found: list[Instance] = []
    for page in calls.pages(
        "ec2",
        "describe_instances",
        "describe",
        thing,
        Filters=[{"Name": name, "Values": values} for name, values in filters.items()],
        MaxResults=PAGE,
    ):
        found += [_instance(row) for one in page["Reservations"] for row in one["Instances"]]
    return tuple(found)


def _instance(row: Mapping[str, Any]) -> Instance:
    reason = row.get("StateReason", {})
    cpu = row.get("CpuOptions", {})
    state = row["State"]["Name"]
    known(CREATE_RESULT, state, f"machine {row['InstanceId']}")
    return Instance(
        instance_id=row["InstanceId"],
        state=state,
        name=row.get("PrivateDnsName", ""),
        private_ip=row.get("PrivateIpAddress", ""),
        public_ip=row.get("PublicIpAddress", ""),
        public_dns=row.get("PublicDnsName", ""),
        instance_type=row.get("InstanceType", ""),
        zone=row.get("Placement", {}).get("AvailabilityZone", ""),
        launch_time=int(row["LaunchTime"].timestamp()),
        spot=row.get("InstanceLifecycle", "") == "spot",
        reason_code=reason.get("Code", ""),
        reason=reason.get("Message", ""),
        cores=cpu.get("CoreCount", 0),
        threads=cpu.get("ThreadsPerCore", 0),
        tags={one["Key"]: one["Value"] for one in row.get("Tags", [])},
    )
