"""Instances through the gateway: found, tagged, terminated, announced to end (over HTTP, by the real boto3)."""

from __future__ import annotations

import pytest

from ohf_iac.aws import ec2
from ohf_iac.aws.calls import Calls
from ohf_iac.errors import ProviderError
from ohf_iac.hostfactory import HostRef
from ohf_iac.hosts import find_hosts
from ohf_iac.machine import Instance
from ohf_iac.queries import machines_of
from ohf_iac.request import MachineRecord
from ohf_iac.store.memory import Memory
from ohf_iac.template.kinds import INSTANT, SPOT_REQUEST
from tests.integration.gateway import OWNER, Made, counted, make
from tests.local_aws import ACCOUNT, LocalAws

NOBODY = tuple(f"i-{number:017x}" for number in range(1, 250))


@pytest.fixture
def made(local_aws: LocalAws, calls: Calls) -> Made:
    """Three machines of an instant fleet, running."""
    return make(local_aws, calls, INSTANT).settle_down()


def machines(made: Made) -> tuple[Instance, ...]:
    return ec2.of_requests(made.calls, OWNER, [made.request.request_id])


def ids(made: Made) -> tuple[str, ...]:
    return tuple(one.instance_id for one in machines(made))


def states(made: Made) -> list[str]:
    return [one.state for one in machines(made)]


def test_a_machine_is_read_with_all_that_is_reported_of_it(made: Made) -> None:
    one = machines(made)[0]
    assert (one.state, one.instance_type, one.spot, one.live) == ("running", one.instance_type, False, True)
    assert one.name.endswith(".ec2.internal")
    assert one.private_ip
    assert one.zone.startswith("us-east-1")
    assert abs(one.launch_time - made.request.created_at) < 30
    assert one.tags["ohf:request-id"] == made.request.request_id
    assert "aws:ec2:fleet-id" in one.tags


def test_machines_are_found_by_request_owner_and_template(made: Made) -> None:
    calls, request_id = made.calls, made.request.request_id
    assert len(ec2.of_requests(calls, OWNER, [request_id, "req-other"])) == 3
    assert len(ec2.of_owner(calls, OWNER)) == 3
    assert len(ec2.live_of_template(calls, OWNER, "grid")) == 3
    assert ec2.of_requests(calls, "there", [request_id]) == ()
    assert ec2.of_owner(calls, "there") == ()
    assert ec2.live_of_template(calls, OWNER, "other") == ()


def test_dead_machines_belong_to_their_request_and_not_to_the_count_of_the_template(made: Made) -> None:
    ec2.terminate(made.calls, ids(made)[:1])
    made.settle_down()
    assert sorted(states(made)) == ["running", "running", "terminated"]
    assert len(ec2.live_of_template(made.calls, OWNER, "grid")) == 2


def test_every_request_gets_an_observation_in_one_call(made: Made) -> None:
    other = make(made.aws, made.calls, INSTANT, 2, extra="fedcba9876543210").settle_down()
    wanted = [made.request.request_id, other.request.request_id, "req-none"]
    with counted(made.aws) as actions:
        seen = machines_of(made.calls, OWNER, wanted)
    assert [len(seen[one].instances) for one in wanted] == [3, 2, 0]
    assert actions == ["DescribeInstances"]


def test_machines_are_read_page_by_page(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    make(made.aws, made.calls, INSTANT, 9, extra="fedcba9876543210").settle_down()
    monkeypatch.setattr(ec2, "PAGE", 5)
    with counted(made.aws) as actions:
        assert len({one.instance_id for one in ec2.of_owner(made.calls, OWNER)}) == 12
    assert actions == ["DescribeInstances"] * 3


def test_more_than_two_hundred_values_are_asked_for_in_parts(made: Made) -> None:
    wanted = (*NOBODY, *ids(made))
    with counted(made.aws) as actions:
        found = ec2.by_id(made.calls, wanted)
    assert sorted(one.instance_id for one in found) == sorted(wanted[-3:])
    assert actions == ["DescribeInstances"] * 2


def test_unknown_ids_and_names_are_simply_not_found(made: Made) -> None:
    assert ec2.by_id(made.calls, NOBODY[:2]) == ()
    assert ec2.by_id(made.calls, []) == ()
    assert ec2.by_name(made.calls, ["ip-10-9-9-9.ec2.internal"]) == ()
    name = machines(made)[0].name
    assert [one.name for one in ec2.by_name(made.calls, [name, name])] == [name]


def test_a_tag_is_put_on_those_that_are_there(made: Made) -> None:
    there = ids(made)
    ec2.tag(made.calls, (NOBODY[0], *there[:2], NOBODY[1]), "ohf:settled", "complete")
    tagged = {one.instance_id for one in ec2.with_tag_key(made.calls, OWNER, "ohf:settled")}
    assert tagged == set(there[:2])
    assert ec2.with_tag_key(made.calls, "there", "ohf:settled") == ()


def test_tagging_only_what_has_vanished_is_no_error(made: Made) -> None:
    ec2.tag(made.calls, NOBODY[:3], "ohf:settled", "complete")
    ec2.tag(made.calls, (), "ohf:settled", "complete")


def test_machines_are_ended_and_vanished_ones_dropped(made: Made) -> None:
    assert ec2.terminate(made.calls, (NOBODY[0], *ids(made)[1:], NOBODY[1])) == {}
    assert sorted(states(made)) == ["running", "shutting-down", "shutting-down"]
    assert ec2.terminate(made.calls, ids(made)) == {}
    made.settle_down()
    assert states(made) == ["terminated"] * 3
    assert ec2.terminate(made.calls, (*ids(made), *NOBODY[:2])) == {}


def test_a_protected_machine_is_told_and_spares_no_other(made: Made) -> None:
    there = ids(made)
    made.aws.client("ec2").modify_instance_attribute(InstanceId=there[1], DisableApiTermination={"Value": True})
    refused = ec2.terminate(made.calls, (NOBODY[0], *there))
    assert list(refused) == [there[1]]
    assert "may not be terminated" in refused[there[1]]
    made.settle_down()
    assert {one.instance_id: one.state for one in machines(made)} == {
        there[0]: "terminated",
        there[1]: "running",
        there[2]: "terminated",
    }


def test_an_interrupted_spot_machine_is_announced(local_aws: LocalAws, calls: Calls) -> None:
    spot = make(local_aws, calls, SPOT_REQUEST).settle_down()
    assert all(one.spot for one in machines(spot))
    quiet = ec2.spot_notices(calls, ids(spot))
    assert {code for code, _ in quiet.values()} <= {"fulfilled"}
    at = local_aws.now()
    (hit,) = local_aws.interrupt(count=1)
    notices = ec2.spot_notices(calls, (*ids(spot), *NOBODY))
    code, when = notices[hit]
    assert code in ("instance-terminated-no-capacity", "marked-for-termination")
    assert abs(when - at) < 5
    assert {one for one, (code, _) in notices.items() if code != "fulfilled"} == {hit}


def test_a_machine_whose_end_is_scheduled_is_announced(made: Made) -> None:
    there = ids(made)
    assert ec2.scheduled_ends(made.calls, there) == {}
    made.aws.control("POST", "retire", {"ids": [there[0]], "in": 3600})
    (found,) = ec2.scheduled_ends(made.calls, there).items()
    assert found[0] == there[0]
    assert abs(found[1] - made.aws.now() - 3600) < 5


def test_the_caller_knows_its_account_and_region(made: Made) -> None:
    assert ec2.account(made.calls) == ACCOUNT
    assert made.calls.region == "us-east-1"


def test_hosts_are_found_by_id_by_remembered_name_and_by_name(made: Made) -> None:
    first, second, third = machines(made)
    hosts = (
        HostRef("whatever", first.instance_id),
        HostRef("remembered", ""),
        HostRef(third.name, ""),
        HostRef("ip-10-9-9-9.ec2.internal", ""),
        HostRef("", NOBODY[0]),
    )
    known = {second.instance_id: MachineRecord(second.instance_id, "remembered", "req-1")}
    found = find_hosts(made.calls, OWNER, hosts, Memory(machines=known))
    assert [(host, one.instance_id) for host, one in found.ours] == [
        (hosts[0], first.instance_id),
        (hosts[1], second.instance_id),
        (hosts[2], third.instance_id),
    ]
    assert found.missing == hosts[3:]
    assert found.foreign == ()


def test_a_host_of_another_owner_is_foreign(made: Made) -> None:
    one = machines(made)[0]
    found = find_hosts(made.calls, "there", [HostRef(one.name, one.instance_id)], Memory())
    assert [host.machine_id for host, _ in found.foreign] == [one.instance_id]
    assert found.ours == ()


def test_a_refusal_that_names_no_machine_of_ours_is_told(made: Made) -> None:
    fault = {
        "service": "ec2",
        "action": "CreateTags",
        "kind": "error",
        "status": 400,
        "code": "InvalidInstanceID.NotFound",
        "message": "The instance ID 'i-0fff' does not exist",
    }
    made.aws.scenario(faults=[fault])
    with pytest.raises(ProviderError, match="i-0fff"):
        ec2.tag(made.calls, ids(made), "key", "value")
