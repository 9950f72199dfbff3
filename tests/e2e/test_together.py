"""Scripts of all kinds at once: every answer is one that they could have got one after the other."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from ohf_iac.store.document import parse
from ohf_iac.store.lock import locked
from tests.e2e.processes import Running, begin
from tests.e2e.provider import EXAMPLE, NAME, Provider, live_machines, live_stacks, wait_until
from tests.local_aws import LocalAws

MOST, EACH = 5, 2
KINDS = ("request-spot", "maintain-spot", "spotfleet-request", "asg-ondemand")


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    """The example provider with one template more: `five`, of which five machines at most may be in use."""
    conf = tmp_path / "conf"
    conf.mkdir()
    for file in EXAMPLE.glob("*.json"):
        (conf / file.name).write_bytes(file.read_bytes())
    shutil.copytree(EXAMPLE / "scripts", conf / "scripts")
    catalogue = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    instant = next(one for one in catalogue["templates"] if one["templateId"] == "instant-ondemand")
    catalogue["templates"].append({**instant, "templateId": "five", "maxNumber": MOST})
    (conf / "awsprov_templates.json").write_text(json.dumps(catalogue))
    return Provider(tmp_path, local_aws, conf=conf)


def asked(*ids: str) -> dict[str, Any]:
    return {"requests": [{"requestId": one} for one in ids]}


def hosts(machines: list[dict[str, Any]]) -> dict[str, Any]:
    return {"machines": [{"name": one["name"], "machineId": one["machineId"]} for one in machines]}


def wanted(template: str, count: int) -> dict[str, Any]:
    return {"template": {"templateId": template, "machineCount": count}}


def ids_of(entry: dict[str, Any]) -> set[str]:
    return {one["machineId"] for one in entry["machines"]}


def grants(used: int, given_back: int, requests: int, returns: int) -> set[int]:
    """How many requests for EACH of the template `five` are granted when calls come one after the other.

    One number for each order of them; all returns name the same hosts.
    """
    found = set()
    for order in set(permutations(["request"] * requests + ["return"] * returns)):
        now, granted, back = used, 0, given_back
        for call in order:
            if call == "return":
                now, back = now - back, 0
            elif now + EACH <= MOST:
                now, granted = now + EACH, granted + 1
        found.add(granted)
    return found


def check_nothing_is_left(provider: Provider) -> None:
    """No lock is held or names a holder, no file is half written or set aside, the database is whole."""
    for lock in provider.work.glob("*.lock"):
        assert lock.read_text() == ""
        with locked(str(lock), 0):
            pass
    assert not [one.name for one in provider.work.iterdir() if ".new" in one.name or "corrupt" in one.name]
    parse((provider.work / f"{NAME}-request_database.json").read_bytes())


def check_each_machine_has_one_request(entries: list[dict[str, Any]]) -> None:
    told = [one for entry in entries for one in ids_of(entry)]
    assert len(told) == len(set(told))


def twenty_at_once(provider: Provider) -> None:
    """Three stand-bys, then twenty processes; and what they answered is held against every serial order."""
    aws = provider.aws
    settled = provider.settle(provider.request("five", EACH))
    fresh, halved = provider.request("five", EACH), provider.request("asg-ondemand", 3)
    aws.advance(60)
    spare = {one["InstanceId"]: one["PrivateDnsName"] for one in live_machines(aws)}
    group = {one["InstanceId"] for one in live_machines(aws) if "aws:autoscaling:groupName" in tag_keys(one)}
    taken = min(group)
    everybody = {"machines": [{"name": name, "machineId": key} for key, name in spare.items()]}
    calls: list[tuple[str, object]] = [
        *[("requestMachines", wanted("five", EACH))] * 3,
        *[("requestReturnMachines", hosts(settled["machines"]))] * 2,
        *[("getRequestStatus", asked(fresh, halved, settled["requestId"]))] * 4,
        ("requestReturnMachines", {"machines": [{"name": spare[taken]}]}),
        *[("requestMachines", wanted(template, 1)) for template in KINDS],
        *[("getReturnRequests", everybody)] * 2,
        *[("getReturnRequests", {})] * 2,
        *[("getAvailableTemplates", {})] * 2,
    ]
    assert len(calls) == 20
    started = [begin(provider, *call) for call in calls]
    answers = [one.answer() for one in started]
    check_nothing_is_left(provider)

    granted = [answer["requestId"] for code, answer in answers[:3] if code == 0]
    assert len(granted) in grants(2 * EACH, EACH, requests=3, returns=2)
    assert all("maxNumber is 5" in answer["message"] for code, answer in answers[:3] if code)
    assert {code for code, _ in answers[3:]} == {0}

    polls = [answer["requests"] for _, answer in answers[5:9]]
    assert all(poll == polls[0] for poll in polls)
    first, second, third = polls[0]
    assert (first["status"], len(ids_of(first))) == ("complete", EACH)
    assert (second["status"], third) == ("complete", settled)
    assert ids_of(second) in (group, group - {taken})
    assert not [answer["requests"] for _, answer in answers[14:18] if answer["requests"]]
    assert answers[18] == answers[19]

    made = [answer["requestId"] for _, answer in answers[10:14]]
    returns = [answer["requestId"] for _, answer in answers[3:5] + answers[9:10]]
    assert len({*granted, *made, *returns}) == len(granted) + 4 + 3
    assert {*granted, *made, fresh, halved} <= set(provider.database()["requests"])
    assert set(returns) <= set(provider.database()["returns"])
    entries = [provider.settle(one) for one in (*granted, *made)]
    assert {one["status"] for one in entries} == {"complete"}
    check_each_machine_has_one_request([*entries, first, second, settled])
    for one, expected in zip(returns, [ids_of(settled), ids_of(settled), {taken}], strict=True):
        gone = provider.settle(one, step=15)
        assert (gone["status"], ids_of(gone)) == ("complete", expected)
    alive = {one["InstanceId"] for one in live_machines(aws)}
    assert alive == {one for entry in (*entries, first) for one in ids_of(entry)} | (group - {taken})


def tag_keys(instance: dict[str, Any]) -> set[str]:
    return {one["Key"] for one in instance["Tags"]}


def test_twenty_scripts_of_all_kinds_at_once(provider: Provider) -> None:
    twenty_at_once(provider)


@pytest.mark.sweep
@pytest.mark.parametrize("seed", range(8))
def test_twenty_scripts_at_once_again_and_again(provider: Provider, seed: int) -> None:
    provider.aws.reset(profile="realistic", seed=seed)
    twenty_at_once(provider)


def test_a_serial_order_is_what_the_counts_are_held_against() -> None:
    assert grants(4, 2, requests=3, returns=2) == {0, 1}
    assert grants(0, 0, requests=3, returns=0) == {2}
    assert grants(2, 2, requests=3, returns=1) == {1, 2}


HOLD = """
import sys
from ohf_iac.store.json_file import json_store
def stay(memory):
    print("in", flush=True)
    sys.stdin.read()
    return memory
json_store(sys.argv[1]).change(stay)
"""


def test_with_the_holder_of_the_lock_killed_the_next_call_goes_on(provider: Provider) -> None:
    known = provider.request("asg-ondemand", 1)
    database = provider.work / f"{NAME}-request_database.json"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    (database.parent / f"{database.name}.new").write_text("half of what it was about to wri")
    provider.aws.clear_calls()
    waiting = begin(provider, "requestMachines", wanted("asg-ondemand", 1))
    wait_until(provider.aws.calls)  # it counts the machines in use; the lock is next
    assert (provider.work / f"{database.name}.lock").read_text() == str(holder.pid)
    assert waiting.process.poll() is None
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    code, answer = waiting.answer()
    assert code == 0
    assert set(provider.database()["requests"]) == {known, answer["requestId"]}
    check_nothing_is_left(provider)


def test_scripts_killed_at_any_moment_leave_no_stack_unknown(provider: Provider) -> None:
    """And no lock: what is asked for next is granted at once."""
    aws = provider.aws
    aws.scenario(faults=[{"service": "*", "action": "*", "kind": "delay", "seconds": 0.3}])
    started: list[Running] = []
    for number in range(8):
        started.append(begin(provider, "requestMachines", wanted("instant-ondemand", 1)))
        if number % 2:
            time.sleep(0.25)
    for one in started:
        one.process.send_signal(signal.SIGKILL)
        one.process.communicate()
    aws.scenario()
    code, answer = begin(provider, "requestMachines", wanted("instant-ondemand", 1)).answer()
    assert code == 0
    check_nothing_is_left(provider)
    known = set(provider.database()["requests"])
    assert set(live_stacks(aws)) <= {stack_name(one) for one in known}
    entries = [provider.settle(one) for one in sorted(known)]
    assert provider.status(answer["requestId"])["status"] == "complete"
    told = {one for entry in entries for one in ids_of(entry)}
    assert {one["InstanceId"] for one in live_machines(aws)} == told
