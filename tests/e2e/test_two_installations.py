"""Two provider instances with credentials of their own on one host: neither ever works with the other's.

They have the same owner and ask for the same, so that nothing but their credentials keeps them apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import all_of, begin
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import ACCOUNT, LocalAws

THEIRS = "210987654321"
TEMPLATE = "instant-ondemand"


def installed(folder: Path, aws: LocalAws, account: str, **own: Any) -> Provider:
    """The example provider with keys of an account in a file, and others' in its environment."""
    conf = folder / "conf"
    conf.mkdir(parents=True)
    (conf / "awsprov_templates.json").write_bytes((EXAMPLE / "awsprov_templates.json").read_bytes())
    (conf / "scripts").symlink_to(EXAMPLE / "scripts")
    (conf / "awsprov_config.json").write_text('{"AWS_REGION": "us-east-1", "AWS_CREDENTIAL_FILE": "keys"}')
    (conf / "ohf.json").write_text(json.dumps({"provider": {"owner": "ohf", **own}}))
    (conf / "keys").touch(mode=0o600)
    write_keys(conf / "keys", account)
    return Provider(folder, aws, conf=conf, extra={"AWS_ACCESS_KEY_ID": "AKIA999999999999"})


def write_keys(file: Path, account: str) -> None:
    file.write_text(f"[default]\naws_access_key_id = AKIA{account}\naws_secret_access_key = none\n")


def live(aws: LocalAws, account: str) -> set[str]:
    """The live machines of an account, as EC2 shows them."""
    pages = aws.client("ec2", account=account).get_paginator("describe_instances").paginate()
    found = [one for page in pages for part in page["Reservations"] for one in part["Instances"]]
    return {one["InstanceId"] for one in found if one["State"]["Name"] in ("pending", "running")}


def ids(entry: dict[str, Any]) -> set[str]:
    return {str(one["machineId"]) for one in entry["machines"]}


def hosts(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]


def test_in_one_process_each_works_in_its_own_account(local_aws: LocalAws, tmp_path: Path) -> None:
    us, them = installed(tmp_path / "us", local_aws, ACCOUNT), installed(tmp_path / "them", local_aws, THEIRS)
    made = [(one, one.request(TEMPLATE, 2)) for one in (us, them, us, them)]
    ended = [(one, one.settle(request_id)) for one, request_id in made]
    ours, theirs = (set().union(*(ids(entry) for who, entry in ended if who is one)) for one in (us, them))
    assert (live(local_aws, ACCOUNT), live(local_aws, THEIRS)) == (ours, theirs)
    assert len(ours) == len(theirs) == 4
    us.call("requestReturnMachines", {"machines": hosts(ended[1][1])})  # theirs: unknown here, so gone
    us.polls(120, step=60)
    them.polls(60, step=60)
    assert live(local_aws, THEIRS) == theirs
    assert us.status(made[1][1])["machines"] == []
    assert {one["account"] for one in local_aws.calls()} == {ACCOUNT, THEIRS}


def test_processes_at_once_each_work_in_their_own_account(local_aws: LocalAws, tmp_path: Path) -> None:
    pair = installed(tmp_path / "us", local_aws, ACCOUNT), installed(tmp_path / "them", local_aws, THEIRS)
    ask = {"template": {"templateId": TEMPLATE, "machineCount": 1}}
    running = [begin(one, "requestMachines", ask) for _ in range(2) for one in pair]
    answers = [one.answer() for one in running]
    assert [code for code, _ in answers] == [0] * 4
    local_aws.advance(60)
    for number, (one, account) in enumerate(zip(pair, (ACCOUNT, THEIRS), strict=True)):
        wanted = [{"requestId": answer["requestId"]} for _, answer in answers[number::2]]
        ((_, _, told),) = all_of(one, [("getRequestStatus", {"requests": wanted})], kill_after=120, at_once=1)
        assert {entry["status"] for entry in told["requests"]} == {"complete"}
        assert set().union(*(ids(entry) for entry in told["requests"])) == live(local_aws, account)


def test_two_roles_of_one_key_are_kept_apart_in_a_folder_that_both_share(
    local_aws: LocalAws, tmp_path: Path
) -> None:
    roles = [f"arn:aws:iam::{account}:role/grid" for account in (ACCOUNT, THEIRS)]
    pair = [
        installed(tmp_path / str(number), local_aws, "555555555555", assumeRoleArn=role)
        for number, role in enumerate(roles)
    ]
    for number, one in enumerate(pair):  # LSF has one folder for the data of all providers
        one.extra |= {"HF_PROVIDER_NAME": f"grid{number}", "HF_PROVIDER_WORKDIR": str(tmp_path / "shared")}
    (tmp_path / "shared").mkdir()
    entries = [one.settle(one.request(TEMPLATE, 1)) for one in pair]
    assert [ids(entry) for entry in entries] == [live(local_aws, ACCOUNT), live(local_aws, THEIRS)]
    assert {one.name for one in (tmp_path / "shared").glob("*roles*")} == {"grid0-roles.json", "grid1-roles.json"}
    assert {one["account"] for one in local_aws.calls() if one["action"] == "AssumeRole"} == {"555555555555"}
    # one process, two sessions: nothing but the role tells them apart
    assert sum(one["action"] == "AssumeRole" for one in local_aws.calls()) == 2


@pytest.fixture
def moved(local_aws: LocalAws, tmp_path: Path) -> tuple[Provider, dict[str, Any], str]:
    """An installation whose credential file was swapped: a settled request with machines, and an open one."""
    provider = installed(tmp_path, local_aws, ACCOUNT)
    settled = provider.settle(provider.request(TEMPLATE, 2))
    unsettled = provider.request("asg-ondemand", 2)
    local_aws.advance(900)
    write_keys(provider.conf / "keys", THEIRS)
    # a process of today: sessions are kept by what the environment says, for as long as a process lives
    provider.extra["AWS_SWAPPED"] = str(tmp_path)
    return provider, settled, unsettled


def test_swapped_credentials_are_noticed_and_nothing_is_called_gone(
    moved: tuple[Provider, dict[str, Any], str], local_aws: LocalAws
) -> None:
    provider, settled, unsettled = moved
    before = live(local_aws, ACCOUNT)
    assert len(before) == 4
    local_aws.clear_calls()
    places = f"none of them is in {THEIRS} us-east-1; they belong to {ACCOUNT} us-east-1"
    reclaimed = provider.call("getReturnRequests", {"machines": hosts(settled)})
    assert (reclaimed["requests"], places in reclaimed["message"]) == ([], True)
    returned = provider.call("requestReturnMachines", {"machines": hosts(settled)})
    assert places in returned["message"]
    assert "gone" not in returned["message"]
    for _ in range(3):
        local_aws.advance(3600)
        assert provider.status(settled["requestId"])["machines"] == settled["machines"]
        opened = provider.status(unsettled)
        assert (opened["status"], "other region or account?" in opened["message"]) == ("running", True)
        ended = provider.status(returned["requestId"])
        assert (ended["status"], places in ended["message"]) == ("running", True)
        provider.polls(30)
    assert {one["account"] for one in local_aws.calls()} == {THEIRS}
    assert live(local_aws, ACCOUNT) == before


def test_with_the_right_credentials_back_everything_goes_on(
    moved: tuple[Provider, dict[str, Any], str], local_aws: LocalAws
) -> None:
    provider, settled, unsettled = moved
    returned = provider.give_back(settled["machines"])
    assert provider.status(unsettled)["status"] == "running"
    write_keys(provider.conf / "keys", ACCOUNT)
    provider.extra["AWS_SWAPPED"] += "back"
    assert provider.settle(unsettled)["status"] == "complete"
    assert provider.settle(returned)["status"] == "complete"
    assert live(local_aws, ACCOUNT) == ids(provider.status(unsettled))
