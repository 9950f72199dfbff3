"""`ohf plan`, `show`, `apply` and `plan rm`: a change set saved, applied once, and refused without harm."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from ohf_iac.template.kinds import KINDS, Kind
from tests.e2e.human import QUICK, Human, alone
from tests.e2e.matrix import TEMPLATES
from tests.e2e.planned import planned
from tests.e2e.provider import EXAMPLE, Provider, forget, live_machines, live_stacks
from tests.local_aws import LocalAws

HOUR = 3600


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


def actions(aws: LocalAws) -> list[str]:
    return [one["action"] for one in aws.calls()]


def described(aws: LocalAws, name: str) -> dict[str, Any]:
    (stack,) = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return dict(stack)


def body_of(aws: LocalAws, name: str) -> Any:
    return aws.client("cloudformation").get_template(StackName=name)["TemplateBody"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_is_applied_and_lives_as_any_request(human: Human, kind: Kind) -> None:
    provider, aws = human.provider, human.provider.aws
    plan = planned(human, TEMPLATES[kind], 2, "--ticket", "CHG0041999")
    assert plan.standing() == "valid"
    assert live_machines(aws) == []
    assert not provider.work.joinpath("grid-request_database.json").exists()
    plan.apply()
    entry = provider.settle(plan.request_id)
    assert (entry["status"], len(entry["machines"])) == ("complete", 2)
    assert plan.standing() == "used"
    assert provider.settle(provider.give_back(entry["machines"]))["status"] == "complete"
    provider.polls(300)
    assert live_stacks(aws) == []


def test_it_is_what_request_machines_would_have_made(human: Human) -> None:
    aws = human.provider.aws
    for template in ("heterogeneous-spot", "asg-ondemand"):
        plan = planned(human, template, 3)
        plan.apply()
        other = human.requests(template, 3)
        ours, theirs = (described(aws, stack_name(one)) for one in (plan.request_id, other))
        assert body_of(aws, stack_name(plan.request_id)) == body_of(aws, stack_name(other))
        for key in ("DisableRollback", "RoleARN", "Capabilities"):
            assert ours.get(key) == theirs.get(key)
        assert facts(ours, "Parameters", "ParameterKey", "ParameterValue") == facts(
            theirs, "Parameters", "ParameterKey", "ParameterValue"
        )
        assert facts(ours, "Tags", "Key", "Value") == facts(theirs, "Tags", "Key", "Value")
        stored = human.provider.database()["requests"]
        alike = (
            "template_id",
            "kind",
            "units",
            "price_type",
            "own_template",
            "weights",
            "on_demand_units",
            "owner",
        )
        for one in alike:
            assert stored[plan.request_id]["request"].get(one) == stored[other]["request"].get(one)


def facts(stack: dict[str, Any], part: str, key: str, value: str) -> dict[str, str]:
    """Parameters or tags, without those that are each request's own."""
    own = {"RequestId", "ValidUntil", "ohf:request-id", "ohf:deadline"}
    return {one[key]: one[value] for one in stack[part] if one[key] not in own}


def test_the_file_holds_no_user_data_and_is_nobody_elses(human: Human) -> None:
    plan = planned(human, "instant-ondemand")
    assert plan.file.stat().st_mode & 0o777 == 0o600
    body = plan.document["body"]
    data = body["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    assert data["UserData"].startswith("sha256:")
    script = next(iter((human.provider.conf / "scripts").iterdir())).read_text()
    longest = max(script.splitlines(), key=len)
    assert longest not in plan.file.read_text()
    (change_set,) = human.provider.aws.client("cloudformation").list_change_sets(
        StackName=stack_name(plan.request_id)
    )["Summaries"]
    assert plan.document["changeSetId"] == change_set["ChangeSetId"]
    assert [one["logicalId"] for one in plan.document["changes"]] == ["Capacity", "LaunchTemplate"]


def test_show_needs_neither_aws_nor_a_configuration(human: Human) -> None:
    plan = planned(human)
    bare = {"PATH": "/usr/bin:/bin", "OHF_CLOCK_FILE": "", "HOME": ""}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "ohf_cli", "show", str(plan.file)],
        env=bare,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "valid until" in done.stdout
    assert "\x1b" not in done.stdout
    assert "botocore" not in done.stderr


def test_a_plan_is_applied_once(human: Human) -> None:
    aws = human.provider.aws
    plan = planned(human)
    before = plan.document
    plan.apply()
    assert "error[E114]" in plan.apply(code=1)[1]
    plan.edit(lambda document: document.update(state="planned", endedAt=0))
    assert plan.document == before
    aws.clear_calls()
    assert "it was applied already" in plan.apply(code=1)[1]
    assert "ExecuteChangeSet" not in actions(aws)
    human.provider.settle(plan.request_id)
    assert len(live_machines(aws)) == 2


def test_a_plan_grows_too_old(human: Human) -> None:
    aws = human.provider.aws
    plan = planned(human, "instant-ondemand", 2, "--valid-for", "30m")
    aws.advance(1801)
    aws.clear_calls()
    assert "it is too old" in plan.apply(code=1)[1]
    assert actions(aws) == []
    plan.edit(lambda document: document.update(validUntil=1))
    assert plan.standing() == "too old"
    assert "too old since 1970-01-01T00:00:01Z" in human.says("show", str(plan.file))


def test_its_deadline_counts_from_the_end_of_its_validity(human: Human) -> None:
    aws = human.provider.aws
    plan = planned(human, "request-spot", 2, "--valid-for", "2h")
    document = plan.document
    assert document["validUntil"] - document["createdAt"] == 2 * HOUR
    assert document["deadline"] - document["validUntil"] == validity("request-spot")
    aws.advance(2 * HOUR - 30)
    plan.apply()
    assert human.provider.settle(plan.request_id)["status"] == "complete"


def validity(template: str) -> int:
    """Seconds that a request of a template of the example may take."""
    catalogue = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    (entry,) = (one for one in catalogue["templates"] if one["templateId"] == template)
    return int(entry.get("requestValidity", entry.get("spotFleetRequestExpiry", 30))) * 60


def other_parameter(document: dict[str, Any]) -> None:
    document["parameters"]["RcAccount"] = "other"


def other_tag(document: dict[str, Any]) -> None:
    document["tags"]["ohf:rc-account"] = "other"


def other_digest(document: dict[str, Any]) -> None:
    document["digest"] = document["tags"]["ohf:digest"] = "0" * 64


def other_body(document: dict[str, Any]) -> None:
    document["body"]["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]["ImageId"] = "ami-other"


def other_change_set(document: dict[str, Any]) -> None:
    document["changeSetId"] = document["changeSetId"].replace("ohf-plan", "ohf-plam")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_parameter, "parameters in AWS is not as planned"),
        (other_tag, "tags in AWS is not as planned"),
        (other_digest, "digest, tags in AWS are not as planned"),
        (other_body, "body in AWS is not as planned"),
        (other_change_set, "its change set is gone"),
    ],
)
def test_what_is_not_as_planned_is_refused_and_the_plan_stays_valid(
    human: Human, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    plan = planned(human)
    good = plan.document
    plan.edit(change)
    _, err = plan.apply(code=1)
    assert said in err
    assert "error[E114]" in err
    assert "ExecuteChangeSet" not in actions(human.provider.aws)
    plan.file.write_text(json.dumps(good))
    plan.apply()


def test_a_change_set_that_was_replaced_is_refused(human: Human) -> None:
    """Somebody deletes the change set and makes another of its name on the same stack."""
    client = human.provider.aws.client("cloudformation")
    plan = planned(human)
    name = stack_name(plan.request_id)
    client.delete_change_set(StackName=name, ChangeSetName="ohf-plan")
    body = human.says("render", "weighted-spot", "--canonical")
    document = plan.document
    client.create_change_set(
        StackName=name,
        ChangeSetName="ohf-plan",
        ChangeSetType="CREATE",
        TemplateBody=body,
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in document["parameters"].items()],
        Tags=[{"Key": k, "Value": v} for k, v in document["tags"].items()],
    )
    assert "its change set is gone" in plan.apply(code=1)[1]
    found = client.describe_change_set(StackName=name, ChangeSetName="ohf-plan")["ChangeSetId"]
    plan.edit(lambda one: one.update(changeSetId=found))
    assert "digest, body in AWS are not as planned" in plan.apply(code=1)[1]
    assert live_machines(human.provider.aws) == []


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKIA999999999999"}, "account"),
        ({"OHF_PROVIDER_REGION": "eu-central-1"}, "region"),
        ({"OHF_PROVIDER_OWNER": "other"}, "owner"),
    ],
)
def test_a_plan_is_bound_to_its_place(human: Human, extra: dict[str, str], said: str) -> None:
    plan = planned(human)
    human.provider.extra.update(extra)
    _, err = plan.apply(code=1)
    assert f"it is for {said} " in err
    assert f"it is for {said} " in human.hears("plan", "rm", str(plan.file), code=1)[1]
    human.provider.extra.clear()
    plan.apply()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is no JSON"),
        ("[]", "it is no plan of this version"),
        ('{"schema": "ohf/plan/v2"}', "it is no plan of this version"),
        ('{"schema": "ohf/plan/v1"}', "requestId is not a text"),
        ("\u00e9", "it is not ASCII"),
    ],
)
def test_a_broken_plan_is_told_and_left_alone(human: Human, text: str, said: str) -> None:
    file = human.provider.folder / "broken.plan"
    file.write_text(text)
    for words in (("show",), ("apply",), ("plan", "rm")):
        _, err = human.hears(*words, str(file), code=1)
        assert said in err
        assert "error[E111]" in err
    assert file.read_text() == text


@pytest.mark.parametrize(
    "field", ["requestId", "stackId", "region", "digest", "units", "owner", "deadline", "tags"]
)
def test_a_plan_that_contradicts_itself_is_broken(human: Human, field: str) -> None:
    plan = planned(human)
    wrong: Any = {"units": 3, "deadline": 7, "tags": {}}.get(field, "other")
    plan.edit(lambda document: document.update({field: wrong}))
    assert "error[E111]" in human.hears("show", str(plan.file), code=1)[1]


def test_a_plan_is_removed_with_its_change_set_and_stack(human: Human) -> None:
    aws = human.provider.aws
    plan = planned(human)
    human.says("plan", "rm", str(plan.file))
    assert live_stacks(aws) == []
    assert plan.standing() == "removed"
    assert "it is removed" in plan.apply(code=1)[1]
    human.says("plan", "rm", str(plan.file))
    plan.edit(lambda document: document.update(state="planned"))
    assert "its change set is gone" in plan.apply(code=1)[1]


def test_a_plan_that_was_applied_is_not_removed(human: Human) -> None:
    plan = planned(human)
    plan.apply()
    plan.edit(lambda document: document.update(state="planned"))
    assert "it was applied" in human.hears("plan", "rm", str(plan.file), code=1)[1]
    assert human.provider.settle(plan.request_id)["status"] == "complete"


def test_a_change_set_that_fails_leaves_nothing(human: Human) -> None:
    aws = human.provider.aws
    aws.scenario(stacks={"failChangeSet": "a hook says no"})
    file = human.provider.folder / "one.plan"
    assert "a hook says no" in human.hears("plan", "asg-ondemand", "--count", "1", "--out", str(file), code=1)[1]
    assert live_stacks(aws) == []
    assert not file.exists()


def test_a_plan_is_not_written_over_another(human: Human) -> None:
    plan = planned(human)
    before = plan.file.read_text()
    human.provider.aws.clear_calls()
    _, err = human.hears("plan", "asg-ondemand", "--count", "1", "--out", str(plan.file), code=1)
    assert "it exists" in err
    assert plan.file.read_text() == before
    assert actions(human.provider.aws) == []


def test_a_plan_that_nobody_applies_is_found_by_gc_after_its_time(human: Human) -> None:
    aws = human.provider.aws
    plan = planned(human, "instant-ondemand", 2, "--valid-for", "4h")
    aws.advance(4 * HOUR)
    assert human.reads("gc")["orphans"] == []
    aws.advance(3 * HOUR)
    (orphan,) = human.reads("gc", "--apply")["orphans"]
    assert (orphan["reason"], orphan["name"]) == ("unexecuted", stack_name(plan.request_id))
    assert live_stacks(aws) == []


@pytest.mark.parametrize("shown", ["bare", "tagged"])
def test_a_plan_is_no_request_before_it_is_applied(human: Human, shown: str) -> None:
    provider, aws = human.provider, human.provider.aws
    aws.scenario(uncertain={"reviewStack": shown})
    plan = planned(human)
    aws.advance(300)
    entry = provider.status(plan.request_id)
    assert (entry["status"], entry["machines"]) == ("running", [])
    assert "was not executed" in entry["message"]
    assert human.reads("status")["requests"] == []
    assert human.reads("recover")["found"] == []
    provider.polls(120)
    assert provider.status(plan.request_id)["status"] == "running"
    plan.apply()
    forget(provider)
    assert provider.settle(plan.request_id)["status"] == "complete"


@pytest.mark.parametrize("shown", ["bare", "tagged"])
def test_a_plan_that_was_never_applied_is_no_request_once_its_time_is_over(human: Human, shown: str) -> None:
    provider, aws = human.provider, human.provider.aws
    aws.scenario(uncertain={"reviewStack": shown})
    plan = planned(human)
    aws.advance(plan.document["deadline"] - aws.now() - 60)
    assert provider.status(plan.request_id)["status"] == "running"
    aws.advance(120)
    entry = provider.status(plan.request_id)
    assert (entry["status"], entry["machines"]) == ("complete_with_error", [])
    assert "never applied" in entry["message"]


def test_an_empty_stack_without_its_change_set_is_collected(human: Human) -> None:
    """Somebody's `plan rm` broke off in the middle: nothing tells any more whose the stack was."""
    provider, aws = human.provider, human.provider.aws
    plan = planned(human)
    name = stack_name(plan.request_id)
    aws.client("cloudformation").delete_change_set(StackName=name, ChangeSetName="ohf-plan")
    aws.advance(300)
    assert provider.status(plan.request_id)["status"] == "complete_with_error"
    assert "its change set is gone" in plan.apply(code=1)[1]
    aws.advance(3 * HOUR)
    assert [one["name"] for one in human.reads("gc", "--apply")["orphans"]] == [name]
    assert live_stacks(aws) == []


def test_max_number_is_held_at_both_ends(human: Human) -> None:
    assert "gives at most" in human.hears("plan", "instant-ondemand", "--count", "5000", code=1)[1]
    limit = next(
        one["maxNumber"]
        for one in human.reads("templates", "list")["templates"]
        if one["templateId"] == "instant-ondemand"
    )
    plan = planned(human, "instant-ondemand", limit)
    entry = human.provider.settle(human.requests("instant-ondemand", 1))
    _, err = plan.apply(code=1)
    assert "maxNumber" in err
    human.provider.settle(human.provider.give_back(entry["machines"]))
    plan.apply()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "lost", "times": 1},
        {"kind": "lost"},
        {"kind": "truncated"},
    ],
)
def test_an_execution_whose_answer_is_lost_is_our_own(human: Human, fault: dict[str, Any]) -> None:
    aws = human.provider.aws
    plan = planned(human)
    aws.scenario(faults=[{"action": "ExecuteChangeSet", **fault}])
    out, _ = plan.apply()
    assert "2 of instant-ondemand requested" in out
    assert plan.standing() == "used"
    assert human.provider.settle(plan.request_id)["status"] == "complete"
    assert len(live_machines(aws)) == 2


def test_an_execution_that_aws_refuses_leaves_the_plan_valid(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    plan = planned(human)
    aws.scenario(faults=[{"action": "ExecuteChangeSet", "kind": "error", "status": 403, "code": "AccessDenied"}])
    _, err = plan.apply(code=77)
    assert "nothing changed; the plan is still valid" in err
    assert provider.database()["requests"] == {}
    assert plan.standing() == "valid"
    aws.scenario()
    plan.apply()
    assert provider.settle(plan.request_id)["status"] == "complete"


def test_an_execution_that_nobody_can_confirm_is_told_so(human: Human) -> None:
    aws = human.provider.aws
    plan = planned(human)
    aws.scenario(faults=[{"action": "ExecuteChangeSet", "kind": "garbage"}])
    out, _ = plan.apply()
    assert "AWS did not confirm" in out
    assert plan.standing() == "valid"
    aws.scenario()
    assert human.provider.status(plan.request_id)["status"] == "running"
    plan.apply()
    assert human.provider.settle(plan.request_id)["status"] == "complete"


def test_an_intent_that_came_to_nothing_ends_with_its_deadline(human: Human) -> None:
    """Somebody's apply broke off between intent and execution, and nobody tried again."""
    provider, aws = human.provider, human.provider.aws
    plan = planned(human)
    aws.scenario(faults=[{"action": "ExecuteChangeSet", "kind": "garbage"}])
    plan.apply()
    aws.scenario()
    aws.advance(plan.document["deadline"] - aws.now() - 60)
    assert provider.status(plan.request_id)["status"] == "running"
    aws.advance(120)
    entry = provider.settle(plan.request_id)
    assert (entry["status"], entry["machines"]) == ("complete_with_error", [])
    assert live_stacks(aws) == []
    plan.edit(lambda document: document.update(validUntil=int(aws.now()) + 600))
    assert "error[E114]" in plan.apply(code=1)[1]


def test_two_who_apply_at_once_start_one_stack(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    plan = planned(human)
    text = plan.file.read_text()
    copies = [provider.folder / f"copy-{number}.plan" for number in range(4)]
    for copy in copies:
        copy.write_text(text)
    command = [sys.executable, "-m", "ohf_cli", "apply"]
    running = [
        subprocess.Popen(
            [*command, str(copy)], env=provider.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for copy in copies
    ]
    ends = [(*process.communicate(timeout=120), process.returncode) for process in running]
    assert sorted(code for _, _, code in ends) == [0, 1, 1, 1], ends
    assert all(b"it was applied already" in err for _, err, code in ends if code)
    assert provider.settle(plan.request_id)["status"] == "complete"
    assert len(live_machines(aws)) == 2


def test_whoever_applies_and_whoever_removes_at_once_do_not_both_succeed(human: Human) -> None:
    provider, aws = human.provider, human.provider.aws
    plan = planned(human)
    copy = provider.folder / "copy.plan"
    copy.write_text(plan.file.read_text())
    applying, removing = (
        subprocess.Popen(
            [sys.executable, "-m", "ohf_cli", *words],
            env=provider.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for words in (("apply", str(plan.file)), ("plan", "rm", str(copy)))
    )
    ends = [process.communicate(timeout=120) and process.returncode for process in (applying, removing)]
    assert sorted(ends) == [0, 1]
    if applying.returncode == 0:
        assert provider.settle(plan.request_id)["status"] == "complete"
    else:
        assert live_stacks(aws) == []
        database = provider.work / "grid-request_database.json"
        assert not database.exists() or provider.database()["requests"] == {}


def test_a_plan_that_is_removed_while_it_is_applied_leaves_no_request(human: Human) -> None:
    """The stack has gone between our look and the execution; its change set went with it."""
    aws = human.provider.aws
    plan = planned(human)
    gone = {"action": "ExecuteChangeSet", "kind": "error", "status": 404, "code": "ChangeSetNotFound"}
    deleted = {"action": "DescribeStacks", "kind": "error", "status": 400, "code": "ValidationError", "after": 1}
    aws.scenario(faults=[gone, {**deleted, "message": "Stack with id s does not exist"}])
    assert "its change set is gone" in plan.apply(code=1)[1]
    assert human.provider.database()["requests"] == {}


def test_a_change_set_that_goes_while_it_is_applied_leaves_no_request(human: Human) -> None:
    aws = human.provider.aws
    plan = planned(human)
    gone = {"action": "ExecuteChangeSet", "kind": "error", "status": 404, "code": "ChangeSetNotFound"}
    aws.scenario(faults=[gone])
    assert "its change set is gone" in plan.apply(code=1)[1]
    assert human.provider.database()["requests"] == {}


def test_apply_waits(human: Human) -> None:
    human.provider.aws.scenario(clock={"perCall": 5})
    plan = planned(human)
    out, _ = plan.apply("--wait", *QUICK)
    assert plan.request_id in out
    assert "2/2" in out or "complete" in out
    assert len(live_machines(human.provider.aws)) == 2


def test_piped_it_holds_no_escape_sequences(human: Human) -> None:
    plan = planned(human)
    for words in (("show", str(plan.file)), ("apply", str(plan.file))):
        done = alone(human.provider, *words, FORCE_COLOR="")
        assert done.returncode == 0
        assert b"\x1b" not in done.stdout + done.stderr


def test_words_that_make_no_sense_are_refused(human: Human) -> None:
    for words in (("plan",), ("plan", "asg-ondemand"), ("plan", "a", "b"), ("apply",), ("show",)):
        human.hears(*words, code=64)
    human.hears("plan", "asg-ondemand", "--count", "1", "--valid-for", "8d", code=64)
    human.hears("show", "no-such.plan", code=1)
