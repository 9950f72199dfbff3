"""Which provider a command means: options in the place of Host Factory's variables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ohf_cli.edge import run
from ohf_cli.human import called

VARIABLES = {
    "provider": "HF_PROVIDER_NAME",
    "conf": "HF_PROVIDER_CONFDIR",
    "work": "HF_PROVIDER_WORKDIR",
    "log": "HF_PROVIDER_LOGDIR",
}
OTHERS = [
    "PROVIDER_NAME",
    "HF_CONFDIR",
    "HF_WORKDIR",
    "HF_LOGDIR",
    "PRO_CONF_DIR",
    "PRO_DATA_DIR",
    "PRO_LSF_LOGDIR",
]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What each option would say; the environment says nothing."""
    for name in (*VARIABLES.values(), *OTHERS):
        monkeypatch.delenv(name, raising=False)
    found = {"provider": "grid", **{name: str(tmp_path / name) for name in ("conf", "work", "log")}}
    for name in ("conf", "work", "log"):
        Path(found[name]).mkdir()
    return found


def options(places: dict[str, str]) -> list[str]:
    return [word for name, value in places.items() for word in (f"--{name}", value)]


def settings(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    assert run(called, words) == 0
    return {one["name"]: one["value"] for one in json.loads(capsys.readouterr().out)["settings"]}


@pytest.mark.parametrize("before", [True, False])
def test_options_count_before_and_after_the_command(
    places: dict[str, str], capsys: pytest.CaptureFixture[str], before: bool
) -> None:
    words = [*options(places), "config"] if before else ["config", *options(places)]
    found = settings(capsys, *words, "-o", "json")
    assert found["provider.providerName"] == "grid"
    assert [found[f"provider.{name}Dir"] for name in ("conf", "work", "log")] == [
        places[name] for name in ("conf", "work", "log")
    ]


def test_options_outweigh_variables(
    places: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in VARIABLES.values():
        monkeypatch.setenv(variable, "elsewhere")
    assert settings(capsys, "config", *options(places), "-o", "json")["provider.confDir"] == places["conf"]


def test_what_keeps_nothing_needs_the_configuration_folder_alone(
    places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    settings(capsys, "config", "--conf", places["conf"], "-o", "json")
    assert list(Path(places["conf"]).iterdir()) == []


@pytest.mark.parametrize("missing", VARIABLES)
def test_what_is_missing_is_told_with_the_option_that_gives_it(
    places: dict[str, str], capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    del places[missing]
    assert run(called, ["status", *options(places)]) == 78
    told = capsys.readouterr().err
    assert f"fix: give --{missing} " in told
    assert VARIABLES[missing] in told
