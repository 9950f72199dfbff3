"""The watch over effects: what a process does to the world outside is seen, known beforehand or not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.provider import ROOT

WATCHED = """
import json, sys
from tests.crashes.effects import Effects, kill
seen = []
def moment(number, label, side):
    seen.append((label, side))
    if label == sys.argv[2] and side == sys.argv[3]:
        kill()
effects = Effects(moment)
effects.watch()
folder = sys.argv[1]
{work}
effects.stop()
print(json.dumps(seen))
"""
#: what is done, and the names of the effects that it has
WORK = {
    "open(folder + '/a', 'w').write('x')": ["open a", "write a"],
    "import pathlib; pathlib.Path(folder, 'a').write_text('x')": ["open a", "write a"],
    "import io; io.FileIO(folder + '/a', 'w').close()": ["open a"],
    "import os; os.mkdir(folder + '/b'); os.rmdir(folder + '/b')": ["mkdir b", "rmdir b"],
    "import os; open(folder + '/a', 'xb'); os.replace(folder + '/a', folder + '/c')": [
        "open a",
        "replace a",
    ],
    "import subprocess; subprocess.run(['true'])": ["subprocess.Popen true"],
    "import sqlite3; sqlite3.connect(folder + '/d').execute('CREATE TABLE t (x)')": ["sqlite CREATE TABLE t"],
    "import os; os.listdir(folder); open('/etc/hostname').read()": [],
}


def run(work: str, folder: Path, label: str = "", side: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WATCHED.format(work=work), str(folder), label, side],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(("work", "expected"), WORK.items(), ids=range(len(WORK)))
def test_an_effect_is_seen(work: str, expected: list[str], tmp_path: Path) -> None:
    done = run(work, tmp_path)
    assert done.returncode == 0, done.stderr
    seen = [label for label, side in json.loads(done.stdout) if side == "before"]
    assert [label for label in seen if not label.startswith(("os.posix_spawn", "os.fork"))] == expected


def test_a_process_is_killed_before_and_after(tmp_path: Path) -> None:
    work = "import os; os.mkdir(folder + '/b'); os.rmdir(folder + '/b')"
    assert run(work, tmp_path, "mkdir b", "before").returncode == -signal.SIGKILL
    assert not (tmp_path / "b").exists()
    assert run(work, tmp_path, "mkdir b", "after").returncode == -signal.SIGKILL
    assert (tmp_path / "b").is_dir()
