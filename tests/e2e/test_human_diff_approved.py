"""`ohf diff` against what was approved: what reviewers see before they approve, and what a pipeline sees after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.human import Human, on_terminal
from tests.e2e.provider import Provider
from tests.e2e.reviewed import APPROVER, TEMPLATE, approve, committed, digest_of, edited, reviewed
from tests.local_aws import LocalAws


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def changed(conf: Path, **fields: Any) -> None:
    """Changes the template, as the author."""

    def change(document: Any) -> None:
        next(one for one in document["templates"] if one["templateId"] == TEMPLATE).update(fields)

    edited(conf / "awsprov_templates.json", change)
    committed(conf)


def compared(human: Human, *words: str) -> dict[str, Any]:
    (found,) = human.reads("diff", *words)["diffs"]
    return dict(found)


def test_what_is_approved_differs_from_nothing_until_it_changes(human: Human) -> None:
    conf = reviewed(human, unsigned=True)
    approve(human)
    assert compared(human, TEMPLATE)["verdict"] == "no differences"
    first = digest_of(human)
    changed(conf, httpTokens="optional")
    found = compared(human, TEMPLATE, "--against", "approved")
    assert (found["before"]["sha256"], found["after"]["sha256"]) == (first, digest_of(human))
    assert found["verdict"] == "needs approval (1 broadening)"
    assert compared(human, f"lock:{TEMPLATE}", TEMPLATE)["changes"] == found["changes"]
    verdicts = {one["name"]: one["verdict"] for one in human.reads("diff", "--all")["diffs"]}
    assert verdicts[TEMPLATE] == found["verdict"]
    assert verdicts["asg-ondemand"].startswith("needs approval")


def test_a_body_that_was_approved_needs_no_approval(human: Human) -> None:
    """The way of a pipeline: the base branch against what is approved on this one."""
    conf = reviewed(human, unsigned=True)
    approve(human)
    changed(conf, httpTokens="optional")
    approve(human, "--ticket", "CHG1")
    found = compared(human, f"git:HEAD~1:{TEMPLATE}", TEMPLATE)
    assert found["approved"] == f"{APPROVER} CHG1"
    assert found["verdict"] == f"approved by {APPROVER} CHG1 (1 broadening)"
    assert "verdict: approved by" in human.says("diff", f"git:HEAD~1:{TEMPLATE}", TEMPLATE)


def test_an_approval_that_does_not_count_is_none(human: Human) -> None:
    conf = reviewed(human)  # unsigned approvals do not count
    committed(conf)
    changed(conf, httpTokens="optional")
    approve(human)
    assert compared(human, f"git:HEAD~1:{TEMPLATE}", TEMPLATE)["verdict"] == "needs approval (1 broadening)"


def test_an_approved_file_that_is_another_is_refused(human: Human) -> None:
    conf = reviewed(human, unsigned=True)
    file = conf / "approved" / f"{approve(human)['sha256']}.json"
    body = file.read_text()
    file.write_text(body.replace("required", "optional"))
    assert "error[E406]" in human.hears("diff", TEMPLATE, code=4)[1]
    file.unlink()
    assert "error[E406]" in human.hears("diff", TEMPLATE, code=4)[1]
    file.write_text(body)
    (conf / "ohf.lock").write_text("{")
    assert "error[E406]" in human.hears("diff", TEMPLATE, code=4)[1]
    human.says("diff", TEMPLATE, "asg-ondemand")  # needs no lock


def test_a_narrow_terminal_shows_each_change_whole(human: Human) -> None:
    reviewed(human, unsigned=True)
    code, told = on_terminal(human.provider, "diff", TEMPLATE, "asg-ondemand", NO_COLOR="1")
    lines = told.replace("\r", "").splitlines()
    assert code == 0
    assert sum(line.startswith("security  ") for line in lines) == 1
    assert lines[lines.index("          + LaunchTemplate.KeyName  BROADENS key-pair") + 1].strip() == "grid-key"
    assert lines[-1].startswith("verdict: needs approval (")


def test_the_table_of_digests_tells_who_approved(human: Human) -> None:
    conf = reviewed(human, unsigned=True)
    assert "APPROVED" not in human.says("render", "--all")
    approve(human, "--ticket", "CHG1", "--expires", "2999-01-31")
    told = dict(line.split(maxsplit=1) for line in human.says("render", "--all").splitlines())
    assert told[TEMPLATE].endswith(f"yes       {APPROVER} CHG1, until 2999-01-31")
    assert told["asg-ondemand"].endswith("no        never approved")
    changed(conf, httpTokens="optional")
    assert "no        body changed since approval" in human.says("render", "--all")
    (conf / "ohf.lock").write_text("{")
    assert "ohf.lock" in human.says("render", "--all")
