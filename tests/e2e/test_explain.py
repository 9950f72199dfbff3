"""`ohf explain`: one chain from the input to the deletion, told by whatever still knows, and nothing guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.human import Human, on_terminal
from tests.e2e.planned import planned
from tests.e2e.provider import EXAMPLE, ROOT, Provider, forget
from tests.e2e.reviewed import TEMPLATE, approve, committed, configure, edited, reviewed

ALL = [
    "input",
    "template",
    "body",
    "approval",
    "parameters",
    "stack",
    "resources",
    "machines",
    "answer",
    "returns",
    "deletion",
]


@pytest.fixture
def human(quick: Provider, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Human:
    return Human(quick, capsys, monkeypatch)


def chain(human: Human, identifier: str, place: int = 0) -> dict[str, Any]:
    """The steps of one chain by their names."""
    document = human.reads("explain", identifier)
    return {one["step"]: one for one in document["chains"][place]["steps"]}


def states(steps: Mapping[str, Any]) -> dict[str, str]:
    return {name: one["state"] for name, one in steps.items()}


def digest_of(template_id: str) -> str:
    index = json.loads((ROOT / "examples" / "stacks" / "index.json").read_text())
    return str(index["templates"][template_id]["sha256"])


def line_of(file: Path, text: str) -> str:
    """The number of the only line with this text."""
    (line,) = [number for number, one in enumerate(file.read_text().splitlines(), 1) if text in one]
    return str(line)


def a_life(provider: Provider, template: str = TEMPLATE) -> tuple[str, str, str]:
    """A request of two machines of which one was returned: its id, the return's, the returned machine's."""
    entry = provider.settle(provider.request(template, 2))
    returned = provider.give_back(entry["machines"][:1])
    provider.settle(returned)
    return entry["requestId"], returned, entry["machines"][0]["machineId"]


def unreachable(provider: Provider) -> None:
    provider.extra |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}


def test_a_life_is_one_chain_and_each_step_tells_where_it_is_known_from(human: Human) -> None:
    request_id, return_id, machine_id = a_life(human.provider, "asg-ondemand")
    steps = chain(human, request_id)
    assert list(steps) == ALL
    assert set(states(steps).values()) <= {"ok", "none"}, states(steps)
    assert all(one["sources"] for one in steps.values())
    assert steps["input"]["facts"] | {"at": ""} == {
        "at": "", "template": "asg-ondemand", "units": "2", "account": "default"
    }  # fmt: skip
    catalogue = EXAMPLE / "awsprov_templates.json"
    assert steps["template"]["facts"]["line"] == line_of(catalogue, '"templateId": "asg-ondemand"')
    assert steps["template"]["facts"]["file"].endswith("awsprov_templates.json")
    assert {"imageId", "vmType", "subnetId"} <= {one["field"] for one in steps["template"]["rows"]}
    assert steps["body"]["facts"]["sha256"] == digest_of("asg-ondemand")
    assert "nobody was asked" in steps["approval"]["text"]
    capacity = next(one for one in steps["parameters"]["rows"] if one["parameter"] == "TargetCapacity")
    assert (capacity["value"], capacity["allowed"]) == ("2", "1 to 1000")
    assert [one["resource"] for one in steps["resources"]["rows"]] == ["LaunchTemplate", "Capacity"]
    machines = {one["machine"]: one for one in steps["machines"]["rows"]}
    assert machines[machine_id]["state"] == "terminated"
    assert machines[machine_id]["return"] == return_id
    assert "UserInitiatedShutdown" in machines[machine_id]["why"]
    assert sorted(one["state"] for one in machines.values()) == ["running", "terminated"]
    assert steps["answer"]["facts"]["status"] == "complete"
    assert [(one["return"], one["machines"]) for one in steps["returns"]["rows"]] == [(return_id, machine_id)]
    assert steps["deletion"]["state"] == "none"


def test_every_id_leads_to_the_same_chain(human: Human) -> None:
    request_id, return_id, machine_id = a_life(human.provider)
    whole = human.reads("explain", request_id)["chains"]
    for identifier in (machine_id, return_id, f"ohf-{request_id}"):
        document = human.reads("explain", identifier)
        assert document["chains"] == whole
        assert [one["step"] for one in document["first"]] == (
            ["machine"] if identifier == machine_id else ["return"] if identifier == return_id else []
        )
    of_template = human.reads("explain", TEMPLATE)["chains"][0]["steps"]
    assert [one["request"] for one in of_template[-1]["rows"]] == [request_id]
    assert of_template[-1]["rows"][0]["body"] == "that of now"


def test_without_memory_aws_tells_the_same_life(human: Human) -> None:
    request_id, return_id, machine_id = a_life(human.provider)
    before = chain(human, request_id)
    forget(human.provider)
    after = chain(human, request_id)
    for step in ("template", "body", "approval", "parameters", "stack", "resources", "deletion"):
        assert after[step]["text"] == before[step]["text"], step
    assert after["answer"]["facts"] == {"status": "complete"}
    assert after["answer"]["sources"] == ["AWS"]
    assert after["answer"]["unknown"]
    assert [one["return"] for one in after["returns"]["rows"]] == [return_id]
    assert human.reads("explain", machine_id)["chains"][0]["about"] == request_id
    assert human.reads("explain", return_id)["unread"] == [
        {"what": "memory", "why": "there is none in the work folder"}
    ]


def test_a_deleted_stack_is_explained_for_ninety_days(human: Human) -> None:
    provider = human.provider
    provider.aws.reset(profile="realistic")
    entry = provider.settle(provider.request(TEMPLATE, 1))
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(900, step=60)
    provider.aws.advance(40 * 86400)
    forget(provider)
    steps = chain(human, entry["requestId"])
    assert steps["body"]["facts"]["sha256"] == digest_of(TEMPLATE)
    assert steps["stack"]["facts"]["status"] == "DELETE_COMPLETE"
    assert "settled as complete" in steps["deletion"]["text"]
    assert steps["deletion"]["facts"]["token"] == "complete"
    arn = steps["stack"]["facts"]["id"]
    assert human.reads("explain", arn)["chains"][0]["steps"] == list(steps.values())
    assert steps["machines"]["state"] == "none"


def test_machines_that_ec2_has_forgotten_are_not_called_anything(human: Human) -> None:
    provider = human.provider
    provider.aws.reset(profile="realistic")
    entry = provider.settle(provider.request(TEMPLATE, 1))
    machine_id = entry["machines"][0]["machineId"]
    provider.settle(provider.give_back(entry["machines"]))
    provider.polls(900, step=60)
    provider.aws.advance(3 * 3600)
    (row,) = chain(human, entry["requestId"])["machines"]["rows"]
    assert (row["machine"], row["state"]) == (machine_id, "not shown")
    assert row["ended"]
    assert human.reads("explain", machine_id)["first"][0]["facts"]["state"] == "not shown"


def test_without_aws_memory_and_files_tell_what_they_know(human: Human) -> None:
    request_id, return_id, machine_id = a_life(human.provider)
    unreachable(human.provider)
    steps = chain(human, request_id)
    assert steps["template"]["facts"]["template"] == TEMPLATE
    assert steps["answer"]["facts"]["status"] == "complete"
    assert steps["stack"]["state"] == "unknown"
    assert "AWS was not reached" in steps["stack"]["text"]
    assert steps["body"]["facts"]["sha256"] == digest_of(TEMPLATE)
    assert steps["body"]["sources"][0] == "memory"
    assert [one["return"] for one in steps["returns"]["rows"]] == [return_id]
    assert {one["machine"] for one in steps["machines"]["rows"]} >= {machine_id}
    document = human.reads("explain", machine_id)
    assert [one["what"] for one in document["unread"]] == ["AWS"]
    human.says("explain", TEMPLATE)
    forget(human.provider)
    human.says("explain", request_id, code=69)
    human.says("explain", machine_id, code=69)
    human.says("explain", return_id, code=69)


def test_what_aws_denies_is_unknown_and_the_rest_is_told(human: Human) -> None:
    request_id, _, _ = a_life(human.provider)
    denied = {"action": "GetTemplate", "kind": "error", "status": 403, "code": "AccessDenied"}
    human.provider.aws.scenario(faults=[denied])
    steps = chain(human, request_id)
    assert [one["what"] for one in steps["body"]["unknown"]] == ["the body itself"]
    assert steps["body"]["facts"]["sha256"] == digest_of(TEMPLATE), "its tag tells"
    assert steps["stack"]["state"] == "ok"


def test_nothing_is_changed_by_an_explanation(human: Human) -> None:
    request_id = human.provider.request(TEMPLATE, 1)
    human.provider.aws.advance(60)
    store = human.provider.database()
    human.provider.aws.clear_calls()
    steps = chain(human, request_id)
    assert steps["answer"]["state"] == "open"
    assert human.provider.database() == store
    asked = {one["action"] for one in human.provider.aws.calls()}
    assert all(one.startswith(("Describe", "Get", "List")) for one in asked), asked


def test_many_machines_cost_no_more_calls_than_one(human: Human) -> None:
    asked = []
    for count in (1, 90):
        request_id = human.provider.request(TEMPLATE, count)
        human.provider.settle(request_id)
        human.provider.aws.clear_calls()
        assert len(chain(human, request_id)["machines"]["rows"]) == count
        asked.append([one["action"] for one in human.provider.aws.calls()])
    assert asked[0] == asked[1]
    assert len(asked[0]) <= 6


def test_the_io_log_tells_who_asked(human: Human) -> None:
    human.provider.extra["OHF_LOGGING_IO_LOG"] = "true"
    request_id, return_id, machine_id = a_life(human.provider)
    steps = chain(human, request_id)
    assert "Host Factory's requestMachines" in steps["input"]["text"]
    assert steps["input"]["unknown"] == []
    assert "I/O log" in steps["input"]["sources"]
    forget(human.provider)
    unreachable(human.provider)
    told = chain(human, request_id)
    assert (told["input"]["facts"]["units"], told["input"]["facts"]["template"]) == ("2", TEMPLATE)
    assert human.reads("explain", return_id)["first"][0]["rows"] == [{"machine": machine_id, "request": ""}]
    by_hand = human.requests
    human.provider.extra.pop("AWS_ENDPOINT_URL")
    other = chain(human, by_hand(TEMPLATE, 1))
    assert "does not hold it" in other["input"]["unknown"][0]["why"]


def test_a_catalogue_that_has_changed_is_said_to_have(human: Human) -> None:
    conf = reviewed(human)
    request_id, _, _ = a_life(human.provider)
    catalogue = conf / "awsprov_templates.json"
    catalogue.write_text(catalogue.read_text().replace("ami-0a1b2c3d4e5f60001", "ami-0a1b2c3d4e5f60009"))
    steps = chain(human, request_id)
    assert "the catalogue has changed since" in steps["body"]["text"]
    assert steps["body"]["facts"]["sha256"] == digest_of(TEMPLATE)
    assert steps["template"]["unknown"][0]["why"].startswith("the catalogue has changed since")
    refused = catalogue.read_text().replace(
        '"templateId": "instant-ondemand",', '"templateId": "instant-ondemand", "tenancy": "nowhere",'
    )
    catalogue.write_text(refused)
    gone = chain(human, request_id)
    assert gone["template"]["state"] == "look"
    assert "refused now: tenancy" in gone["template"]["text"]
    catalogue.write_text(refused.replace('"instant-ondemand"', '"other"'))
    gone = chain(human, request_id)
    assert "holds no template instant-ondemand now" in gone["template"]["text"]
    assert gone["body"]["unknown"]
    catalogue.write_text("{")
    assert chain(human, request_id)["template"]["state"] == "unknown"


def test_approvals_stand_in_the_chain(human: Human) -> None:
    conf = reviewed(human, mode="enforce", unsigned=True)
    approve(human, "--ticket", "CHG0041999")
    request_id, _, _ = a_life(human.provider)
    approval = chain(human, request_id)["approval"]
    assert approval["state"] == "ok"
    assert "alice@corp.example (CHG0041999) until" in approval["text"]
    assert approval["facts"]["mode"] == "enforce"
    assert chain(human, TEMPLATE)["approval"]["state"] == "ok"
    lock = (conf / "ohf.lock").read_text()
    edited(conf / "ohf.lock", lambda document: document["entries"].clear())
    approval = chain(human, request_id)["approval"]
    assert (approval["state"], "is not in ohf.lock" in approval["text"]) == ("look", True)
    assert chain(human, TEMPLATE)["approval"]["state"] == "look"
    (conf / "ohf.lock").write_text("<<<<<<<")
    assert chain(human, request_id)["approval"]["state"] == "unknown"
    assert chain(human, TEMPLATE)["approval"]["state"] == "unknown"
    (conf / "ohf.lock").write_text(lock)
    unreachable(human.provider)
    approval = chain(human, request_id)["approval"]
    assert "alice@corp.example" in approval["text"]
    assert approval["unknown"], "whether it counted for the stack is not known without it"


def test_broken_glass_is_seen(human: Human) -> None:
    reviewed(human, mode="enforce")
    approve(human, "--break-glass", "image of March does not boot", "--author", "bob@corp.example")
    request_id, _, _ = a_life(human.provider)
    for approval in (chain(human, request_id)["approval"], chain(human, TEMPLATE)["approval"]):
        assert approval["state"] == "look"
        assert "image of March does not boot" in approval["text"]


def test_a_failure_tells_its_cause(human: Human) -> None:
    provider = human.provider
    provider.aws.reset(capacity={"*": 1})
    entry = provider.settle(provider.request("asg-ondemand", 2))
    steps = chain(human, entry["requestId"])
    assert any("capacity" in one["why"].lower() for one in steps["stack"]["rows"])
    assert "1 of 2" in steps["answer"]["text"]


def test_what_nobody_knows_and_what_is_not_ours_is_refused(human: Human) -> None:
    for identifier in (f"req-{1:08x}-{1:016x}", f"ret-{1:08x}-{1:016x}", "i-0123456789abcdef0", "nothing"):
        human.says("explain", identifier, code=1)
    client = human.provider.aws.client("ec2")
    foreign = client.run_instances(ImageId="ami-0a1b2c3d4e5f60001", MinCount=1, MaxCount=1, InstanceType="m5.large")
    _, told = human.hears("explain", foreign["Instances"][0]["InstanceId"], code=1)
    assert "bears no tag of this provider" in told


def test_a_request_of_another_owner_is_not_explained(human: Human) -> None:
    request_id, _, _ = a_life(human.provider)
    forget(human.provider)
    human.provider.extra["OHF_PROVIDER_OWNER"] = "others"
    _, told = human.hears("explain", request_id, code=1)
    assert "is of ohf, not of others" in told


def test_a_plan_that_was_not_applied_is_told_as_one(human: Human) -> None:
    one = planned(human)
    steps = chain(human, one.request_id)
    assert steps["stack"]["state"] == "open"
    assert steps["stack"]["facts"]["status"] == "REVIEW_IN_PROGRESS"
    assert "change set was not executed" in steps["stack"]["text"]
    assert steps["input"]["facts"]["template"] == TEMPLATE
    assert steps["machines"]["state"] == "none"
    assert steps["resources"]["state"] == "none"


def test_the_sqlite_store_tells_the_same(human: Human) -> None:
    human.provider.extra |= {
        "OHF_STORAGE_KIND": "sqlite",
        "OHF_STORAGE_EVENTS": "true",
        "OHF_EVENTS_AUDIT": "false",
    }
    request_id, return_id, machine_id = a_life(human.provider)
    steps = chain(human, request_id)
    assert steps["answer"]["sources"] == ["memory"]
    (row,) = [one for one in steps["machines"]["rows"] if one["machine"] == machine_id]
    assert row["return"] == return_id
    assert row["ended"]
    unreachable(human.provider)
    assert human.reads("explain", machine_id)["chains"][0]["about"] == request_id


def test_it_fits_eighty_columns(human: Human) -> None:
    reviewed(human, mode="warn", unsigned=True)
    approve(human, "--ticket", "CHG0041999")
    request_id, return_id, machine_id = a_life(human.provider)
    for identifier in (request_id, return_id, machine_id, TEMPLATE):
        code, shown = on_terminal(human.provider, "explain", identifier, NO_COLOR="1")
        assert code == 0, shown
        assert max(map(len, shown.replace("\r", "").splitlines())) <= 80, shown


def test_settings_of_the_configuration_are_read_from_where_they_are(human: Human) -> None:
    conf = reviewed(human, mode="off")
    committed(conf)
    configure(conf, mode="warn")
    assert chain(human, TEMPLATE)["approval"]["facts"]["mode"] == "warn"
