"""Plans under approvals: what is planned bears its approval, and applying asks again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.human import Human
from tests.e2e.planned import Planned, planned
from tests.e2e.provider import NAME, Provider, live_machines
from tests.e2e.reviewed import TEMPLATE, approve, committed, configure, edited, reviewed
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    human = Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    reviewed(human, mode="enforce", unsigned=True)
    yield human
    local_aws.reset()


def refusals(human: Human) -> list[str]:
    """The codes of the refusals that the audit file tells of."""
    lines = (human.provider.work / f"{NAME}-audit.jsonl").read_text().splitlines()
    return [one["status"] for one in map(json.loads, lines) if one["what"] == "RequestRefused"]


def test_what_nobody_approved_is_not_even_planned(human: Human) -> None:
    human.provider.aws.clear_calls()
    file = human.provider.folder / "no.plan"
    _, err = human.hears("plan", TEMPLATE, "--count", "1", "--out", str(file), code=4)
    assert "error[E401]" in err
    assert human.provider.aws.calls() == []
    assert not file.exists()
    assert refusals(human) == ["E401"]


def test_a_plan_bears_its_approval(human: Human) -> None:
    digest = approve(human, "--ticket", "CHG1")["sha256"]
    plan = planned(human, TEMPLATE, 2)
    assert plan.document["digest"] == digest
    plan.apply()
    tags = human.provider.aws.client("cloudformation").describe_stacks(StackName=f"ohf-{plan.request_id}")[
        "Stacks"
    ][0]["Tags"]
    found = {one["Key"]: one["Value"] for one in tags}
    assert (found["ohf:digest"], len(found["ohf:approval"])) == (digest, 12)
    assert human.provider.settle(plan.request_id)["status"] == "complete"
    human.says("verify", "--deployed", "--since", "1d")


def no_lock(human: Human) -> None:
    (human.provider.conf / "ohf.lock").rename(human.provider.conf / "away.lock")


def broken_lock(human: Human) -> None:
    shutil.copy(human.provider.conf / "ohf.lock", human.provider.conf / "away.lock")
    (human.provider.conf / "ohf.lock").write_text("{")


def signed_only(human: Human) -> None:
    configure(human.provider.conf, mode="enforce")


def two_people(human: Human) -> None:
    configure(human.provider.conf, mode="enforce", unsigned=True, minApprovals=2)


@pytest.mark.parametrize(
    ("change", "code"),
    [(no_lock, "E401"), (broken_lock, "E406"), (signed_only, "E405"), (two_people, "E407")],
)
def test_an_approval_that_is_gone_refuses_and_the_plan_stays_valid(
    human: Human, change: Callable[[Human], None], code: str
) -> None:
    approve(human)
    plan = planned(human, TEMPLATE, 2)
    settings = (human.provider.conf / "ohf.json").read_text()
    change(human)
    human.provider.aws.clear_calls()
    _, err = plan.apply(code=4)
    assert f"error[{code}]" in err
    assert "nothing changed; the plan is still valid" in err
    assert "ExecuteChangeSet" not in [one["action"] for one in human.provider.aws.calls()]
    assert not (human.provider.work / f"{NAME}-request_database.json").exists()
    assert refusals(human) == [code]
    assert plan.standing() == "valid"
    (human.provider.conf / "ohf.json").write_text(settings)
    if (human.provider.conf / "away.lock").exists():
        (human.provider.conf / "away.lock").replace(human.provider.conf / "ohf.lock")
    plan.apply()
    assert human.provider.settle(plan.request_id)["status"] == "complete"


def test_an_approval_that_ends_before_the_plan_refuses_it(human: Human) -> None:
    approve(human)
    human.provider.aws.advance(89 * 86400)
    plan = planned(human, TEMPLATE, 2, "--valid-for", "7d")
    human.provider.aws.advance(3 * 86400)
    assert "error[E402]" in plan.apply(code=4)[1]
    approve(human)
    plan.apply()


def test_a_later_change_of_the_catalogue_does_not_touch_what_was_planned(human: Human) -> None:
    approve(human)
    plan = planned(human, TEMPLATE, 2)

    def key(document: dict[str, list[dict[str, str]]]) -> None:
        (entry,) = (one for one in document["templates"] if one["templateId"] == TEMPLATE)
        entry["keyName"] = "mine"

    edited(human.provider.conf / "awsprov_templates.json", key)
    committed(human.provider.conf)
    human.provider.call("requestMachines", {"template": {"templateId": TEMPLATE, "machineCount": 1}}, code=1)
    plan.apply()
    assert human.provider.settle(plan.request_id)["status"] == "complete"


def test_what_was_planned_without_approvals_is_refused_once_they_count(human: Human) -> None:
    """Its tags name no approval, even if the body is approved by now."""
    configure(human.provider.conf, mode="off")
    plan = planned(human, TEMPLATE, 2)
    configure(human.provider.conf, mode="warn", unsigned=True)
    other = planned(human, TEMPLATE, 2)
    configure(human.provider.conf, mode="enforce", unsigned=True)
    assert "error[E401]" in plan.apply(code=4)[1]
    committed(human.provider.conf)
    approve(human)
    assert "error[E403]" in plan.apply(code=4)[1]
    configure(human.provider.conf, mode="warn", unsigned=True)
    other.apply()
    assert human.provider.settle(other.request_id)["status"] == "complete"
    assert len(live_machines(human.provider.aws)) == 2


def test_a_file_that_names_another_digest_does_not_help(human: Human) -> None:
    """Whoever edits the file to bear an approved digest still has the body in AWS against it."""
    digest = approve(human)["sha256"]
    configure(human.provider.conf, mode="off")
    plan = unapproved(human)

    def disguise(document: dict[str, Any]) -> None:
        document["digest"] = document["tags"]["ohf:digest"] = digest

    configure(human.provider.conf, mode="enforce", unsigned=True)
    assert "error[E401]" in plan.apply(code=4)[1]
    plan.edit(disguise)
    assert "in AWS are not as planned" in plan.apply(code=1)[1]
    assert live_machines(human.provider.aws) == []


def unapproved(human: Human) -> Planned:
    """A plan of another template's body, which nobody approved."""
    return planned(human, "asg-ondemand", 1)
