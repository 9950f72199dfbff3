"""The units that run `ohf gc`: what they say, and that systemd takes them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from ohf_iac.installation.places import Places, alone, in_lsf, in_symphony
from ohf_iac.installation.planning import Plan, Present
from ohf_iac.installation.timer import units_for, with_timer

VARIABLES = {"HF_TOP": "/hf", "HF_CONFDIR": "/hf/conf", "HF_WORKDIR": "/hf/work", "HF_LOGDIR": "/hf/log"}
PLACES = [
    in_symphony("ohf", "", VARIABLES),
    in_symphony("ohf", "/srv/a folder/50% $HOME", VARIABLES),
    in_lsf("ohf", "", "/lsf/conf"),
    alone("symphony", "grid_2", '/srv/pro"vider'),
]


def parsed(text: str) -> ConfigParser:
    units = ConfigParser(interpolation=None)
    units.optionxform = str  # type: ignore[assignment, method-assign] # systemd's keys have capitals
    units.read_string(text)
    return units


@pytest.mark.parametrize("places", PLACES, ids=lambda one: one.home)
def test_the_service_collects_for_this_provider_as_its_user(places: Places) -> None:
    texts = units_for(places, "/opt/ohf/bin/python3", "egoadmin")
    assert set(texts) == {f"ohf-gc-{places.name}.service", f"ohf-gc-{places.name}.timer"}
    service = parsed(texts[f"ohf-gc-{places.name}.service"])["Service"]
    assert (service["Type"], service["User"]) == ("oneshot", "egoadmin")
    words = shlex.split(service["ExecStart"].replace("%%", "%").replace("$$", "$"))
    assert words[:5] == ["/opt/ohf/bin/python3", "-m", "ohf_cli", "gc", "--apply"]
    options = dict(zip(words[5::2], words[6::2], strict=True))
    assert (options["--provider"], options["--conf"]) == (places.name, places.home)
    if places.work:
        assert (options["--work"], options["--log"]) == (places.work, places.log)
    else:
        assert service["StateDirectory"] == options["--work"].removeprefix("%S/")
        assert service["LogsDirectory"] == options["--log"].removeprefix("%L/")


def test_the_timer_runs_every_hour_and_makes_up_for_a_missed_run() -> None:
    timer = parsed(units_for(PLACES[0], "/usr/bin/python3", "root")["ohf-gc-ohf.timer"])
    assert (timer["Timer"]["OnCalendar"], timer["Timer"]["Persistent"]) == ("hourly", "yes")
    assert timer["Install"]["WantedBy"] == "timers.target"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
@pytest.mark.parametrize("places", PLACES, ids=lambda one: one.home)
def test_systemd_takes_them(places: Places, tmp_path: Path) -> None:
    paths = []
    for name, text in units_for(places, sys.executable, "root").items():
        (tmp_path / name).write_text(text)
        paths.append(str(tmp_path / name))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True, check=False, timeout=60
    )
    ours = [line for line in done.stderr.splitlines() if "ohf-gc" in line]
    assert (done.returncode, ours) == (0, [])


def test_units_that_somebody_changed_are_brought_up_to_date_behind_a_backup() -> None:
    plan = Plan(PLACES[0], "ohf-1", (), (), sample=False)
    folder = f"{PLACES[0].home}/systemd"
    fresh = with_timer(plan, "/usr/bin/python3", "root", lambda _path: None)
    assert fresh.folders == (folder,)
    assert [(one.path, one.state) for one in fresh.files] == [
        (f"{folder}/ohf-gc-ohf.service", "created"),
        (f"{folder}/ohf-gc-ohf.timer", "created"),
    ]
    there = {one.path: Present(one.content, 0o644) for one in fresh.files}
    again = with_timer(plan, "/usr/bin/python3", "root", there.get)
    assert {one.state for one in again.files} == {"unchanged"}
    moved = with_timer(plan, "/opt/new/python3", "root", there.get)
    assert [(one.state, one.backup) for one in moved.files] == [("updated", True), ("unchanged", False)]
