"""Following: looks, pauses and patience, with a clock that only this test moves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ohf_iac.app import App, app_for
from ohf_iac.machine import Machine
from ohf_iac.request import Request, RequestRecord
from ohf_iac.store.memory import with_request
from ohf_iac.watch import Pace, follow

ID = "req-00000000-0123456789abcdef"


@dataclass(slots=True)
class Time:
    """Seconds that pass by sleeping alone."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A provider whose AWS is nowhere: what is unsettled stays running."""
    for name in ("conf", "work", "log"):
        (tmp_path / name).mkdir()
    (tmp_path / "conf" / "ohf.json").write_text("{}")
    return app_for(
        {
            "HF_PROVIDER_NAME": "ohf",
            "HF_PROVIDER_CONFDIR": str(tmp_path / "conf"),
            "HF_PROVIDER_WORKDIR": str(tmp_path / "work"),
            "HF_PROVIDER_LOGDIR": str(tmp_path / "log"),
            "OHF_PROVIDER_REGION": "us-east-1",
            "OHF_PROVIDER_RETRY_ATTEMPTS": "0",
            **{f"OHF_PROVIDER_{name}_ENDPOINT": "http://127.0.0.1:9" for name in ("EC2", "CLOUDFORMATION")},
        }
    )


@pytest.fixture(autouse=True)
def _fake_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")


def remembered(app: App, *, settled: bool) -> None:
    machine = Machine("i-1", "ip-1", "succeed", "running")
    request = Request(ID, "instant-ondemand", "EC2Fleet-instant", 1, "ohf", 0, 1800)
    record = RequestRecord(request, "created", verdict="complete" if settled else None, machines=(machine,))
    app.store.change(lambda memory: with_request(memory, record))


def test_a_settled_request_is_looked_at_once(app: App) -> None:
    remembered(app, settled=True)
    time = Time()
    frames = list(follow(with_sleep(app, time), ID, Pace(5, None, time.monotonic)))
    assert [one.seen.answer.status for one in frames] == ["complete"]
    assert time.slept == []


@pytest.mark.parametrize(("patience", "looks"), [(0, 1), (4, 1), (5, 2), (12, 3)])
def test_patience_ends_the_looks_but_never_before_the_first(app: App, patience: float, looks: int) -> None:
    remembered(app, settled=False)
    time = Time()
    frames = list(follow(with_sleep(app, time), ID, Pace(5, patience, time.monotonic)))
    assert [one.seen.answer.status for one in frames] == ["running"] * looks
    assert time.slept == [5.0] * (looks - 1)


def test_without_aws_a_look_shows_what_was_last_known(app: App) -> None:
    remembered(app, settled=False)
    (frame,) = follow(app, ID, Pace(5, 0))
    assert [one.machine_id for one in frame.seen.answer.machines] == ["i-1"]
    assert "AWS was not reached" in frame.seen.answer.message
    assert frame.history.events == ()


def with_sleep(app: App, time: Time) -> App:
    return replace(app, sleep=time.sleep)
