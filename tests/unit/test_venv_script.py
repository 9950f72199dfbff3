"""`.ci/venv.sh` against pretended interpreters: which it picks, when it sets up, what it says when it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

INTERPRETER = r"""#!/bin/sh
printf '%s\n' "NAME $*" >>"LOG"
case "$1 $2" in
"-c "*base_prefix*) [ -z "VERSION" ] || echo "VERSION /opt/NAME" ;;
"-c import ensurepip"*) [ ENSUREPIP = yes ] ;;
"-c import pip"*) [ -e "${0%/*}/pip" ] ;;
"-m venv")
    for directory; do :; done
    mkdir -p "$directory/bin"
    cp "$0" "$directory/bin/python"
    [ "$3" = --without-pip ] || touch "$directory/bin/pip" ;;
"-m pip")
    [ PIP = yes ] || [ -e "${0%/*}/pip" ] || exit 1
    case "$*" in *install*) [ ! -e "TREE/pip-fails" ] ;; esac ;;
*) exit 1 ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A checkout and a PATH that holds nothing but the shell's tools and the interpreters put there."""

    tree: Path
    path: Path
    log: Path

    def interpreter(self, name: str, version: str, *, ensurepip: bool = True, pip: bool = True) -> Path:
        """An interpreter named `name` on PATH; with version "" it does not run, as a pyenv shim may not."""
        text = INTERPRETER
        for word, value in {
            "NAME": name,
            "VERSION": version,
            "LOG": str(self.log),
            "TREE": str(self.tree),
            "ENSUREPIP": "yes" if ensurepip else "no",
            "PIP": "yes" if pip else "no",
        }.items():
            text = text.replace(word, value)
        program = self.path / name
        program.write_text(text)
        program.chmod(0o755)
        return program

    def set_up(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.tree / ".ci" / "venv.sh"],
            env={"PATH": str(self.path), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self) -> list[str]:
        """What the interpreters were asked to make or install since the last look."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line for line in lines if " -m venv" in line or "install" in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    tree = tmp_path / "a checkout"
    (tree / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "venv.sh", tree / ".ci")
    (tree / "pyproject.toml").write_text("[project]\n")
    path = tmp_path / "bin"
    path.mkdir()
    for tool in (
        "sh",
        "dirname",
        "tr",
        "grep",
        "paste",
        "rm",
        "cksum",
        "cat",
        "head",
        "mv",
        "mkdir",
        "cp",
        "touch",
    ):
        found = shutil.which(tool)
        assert found
        (path / tool).symlink_to(found)
    return Machine(tree, path, tmp_path / "log")


def test_the_newest_interpreter_that_runs_sets_up_once(machine: Machine) -> None:
    machine.interpreter("python3.11", "3.11.9")
    machine.interpreter("python3.13", "3.13.1")
    machine.interpreter("python3.14", "")
    first = machine.set_up()
    assert first.returncode == 0, first.stderr
    assert machine.calls() == ["python3.13 -m venv .venv", "python3.13 -m pip install --quiet --editable .[dev]"]
    second = machine.set_up()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert machine.calls() == []


def test_python_names_the_interpreter_and_another_one_makes_the_environment_anew(machine: Machine) -> None:
    machine.interpreter("python3.13", "3.13.1")
    chosen = machine.interpreter("python3.12", "3.12.5")
    assert machine.set_up().returncode == 0
    machine.calls()
    assert machine.set_up(PYTHON=str(chosen)).returncode == 0
    assert machine.calls()[0] == "python3.12 -m venv .venv"
    assert machine.set_up().returncode == 0
    assert machine.calls() == [], "without PYTHON, what is there stays"


@pytest.mark.parametrize("left", ["nothing but a folder", "an environment without a stamp"])
def test_an_interrupted_environment_is_made_anew(machine: Machine, left: str) -> None:
    machine.interpreter("python3.12", "3.12.5")
    if left == "nothing but a folder":
        (machine.tree / ".venv" / "lib").mkdir(parents=True)
    else:
        assert machine.set_up().returncode == 0
        (machine.tree / ".venv" / ".stamp").unlink()
    leftover = machine.tree / ".venv" / "leftover"
    leftover.touch()
    machine.calls()
    assert machine.set_up().returncode == 0
    assert machine.calls()[0] == "python3.12 -m venv .venv"
    assert not leftover.exists()


def test_a_failed_installation_is_told_and_not_taken_for_whole(machine: Machine) -> None:
    machine.interpreter("python3.12", "3.12.5")
    (machine.tree / "pip-fails").touch()
    failed = machine.set_up()
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith("ohf_iac: pip could not install the project")
    assert not (machine.tree / ".venv" / ".stamp").exists()
    (machine.tree / "pip-fails").unlink()
    assert machine.set_up().returncode == 0
    assert (machine.tree / ".venv" / ".stamp").exists()


def test_a_changed_pyproject_brings_the_environment_up_to_date_in_place(machine: Machine) -> None:
    machine.interpreter("python3.12", "3.12.5")
    assert machine.set_up().returncode == 0
    machine.calls()
    (machine.tree / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert machine.set_up().returncode == 0
    assert [call.split(" ", 1)[1] for call in machine.calls()] == ["-m pip install --quiet --editable .[dev]"]


def test_a_moved_checkout_gets_an_environment_of_its_own(machine: Machine) -> None:
    machine.interpreter("python3.12", "3.12.5")
    assert machine.set_up().returncode == 0
    machine.calls()
    moved = Machine(machine.tree.rename(machine.tree.parent / "moved"), machine.path, machine.log)
    assert moved.set_up().returncode == 0
    assert moved.calls()[0] == "python3.12 -m venv .venv"


def test_without_ensurepip_the_outer_pip_fills_the_environment(machine: Machine) -> None:
    machine.interpreter("python3.12", "3.12.5", ensurepip=False)
    assert machine.set_up().returncode == 0
    assert machine.calls() == [
        "python3.12 -m venv --without-pip .venv",
        "python3.12 -m pip --python .venv/bin/python install --quiet --editable .[dev]",
    ]


def test_an_older_interpreter_that_can_make_an_environment_is_better_than_a_newer_one_that_cannot(
    machine: Machine,
) -> None:
    machine.interpreter("python3.13", "3.13.1", ensurepip=False, pip=False)
    machine.interpreter("python3.11", "3.11.9")
    assert machine.set_up().returncode == 0
    assert machine.calls()[0] == "python3.11 -m venv .venv"


def test_what_is_missing_is_said_in_one_line(machine: Machine) -> None:
    none = machine.set_up()
    assert none.returncode == 1
    assert none.stderr.count("\n") == 1
    assert "no Python 3.11 or newer on PATH" in none.stderr
    machine.interpreter("python3", "3.12.5", ensurepip=False, pip=False)
    bare = machine.set_up()
    assert bare.returncode == 1
    assert bare.stderr.count("\n") == 1
    assert "python3-venv" in bare.stderr
    wrong = machine.set_up(PYTHON="python3.9")
    assert wrong.returncode == 1
    assert wrong.stderr.count("\n") == 1
    assert "PYTHON=python3.9" in wrong.stderr


def test_an_activated_environment_is_not_used_to_make_itself(machine: Machine) -> None:
    machine.interpreter("python3.12", "3.12.5")
    assert machine.set_up().returncode == 0
    inside = machine.tree / ".venv" / "bin"
    os.rename(inside / "python", inside / "python3.19")
    (machine.tree / ".venv" / ".stamp").unlink()
    machine.calls()
    activated = machine.set_up(PATH=f"{inside}:{machine.path}")
    assert activated.returncode == 0, activated.stderr
    assert machine.calls()[0] == "python3.12 -m venv .venv"


def test_pip_keeps_the_settings_of_the_user() -> None:
    text = (ROOT / ".ci" / "venv.sh").read_text() + (ROOT / "Makefile").read_text()
    for option in ("--index-url", "--extra-index-url", "--find-links", "--proxy", "--cert", "--isolated", "PIP_"):
        assert option not in text


def test_a_copy_of_the_scripts_finds_the_environment(machine: Machine) -> None:
    machine.interpreter("python3.13", "3.13.1")
    (machine.tree / "cli" / "hostfactory").mkdir(parents=True)
    note = machine.tree / "cli" / "hostfactory" / "interpreter"
    for _ in ("made anew", "found whole"):
        assert machine.set_up().returncode == 0
        assert note.read_text() == f"{machine.tree}/.venv/bin/python\n"
        note.unlink()


def test_scripts_that_may_not_be_written_beside_stop_nothing(machine: Machine) -> None:
    machine.interpreter("python3.13", "3.13.1")
    (machine.tree / "cli" / "hostfactory" / "interpreter").mkdir(parents=True)
    done = machine.set_up()
    assert (done.returncode, done.stderr.count("\n")) == (0, 1), done.stderr
