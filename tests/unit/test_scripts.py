"""The scripts that Host Factory calls: from any folder, with next to no environment, through symbolic links."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from ohf_iac.errors import BusinessRuleError
from ohf_iac.installation.scripts import OPERATIONS, with_interpreter

SCRIPTS = Path(__file__).resolve().parents[2] / "cli" / "hostfactory"
SHELLS = tuple(shell for shell in ("/bin/sh", "/bin/dash", "/bin/bash", "/bin/ksh") if Path(shell).exists())

#: Says what it was called with, one thing to a line, and exits 7: no script may take part in either.
PROGRAM = """#!/bin/sh
echo "WHO"
for argument; do printf 'argument <%s>\\n' "$argument"; done
echo "$HF_PROVIDER_NAME|$HF_PROVIDER_CONFDIR|$HF_PROVIDER_WORKDIR|$HF_PROVIDER_LOGDIR"
[ "$2 $3" != "-f -" ] || cat
exit 7
"""

INTERPRETER = """#!/bin/sh
echo "WHO $1 $2"
shift 3
for argument; do printf 'argument <%s>\\n' "$argument"; done
exit 7
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A management host: a project with the scripts in it, a folder on PATH, and somewhere else to stand."""

    project: Path
    on_path: Path
    elsewhere: Path

    @property
    def scripts(self) -> Path:
        return self.project / "cli" / "hostfactory"

    @property
    def script(self) -> Path:
        return self.scripts / "requestMachines.sh"

    def install(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / "ohf-hostfactory"
        program.write_text(PROGRAM.replace("WHO", name))
        program.chmod(0o755)

    def interpreter(self, name: str) -> Path:
        """An interpreter whose path has a blank and a quote; it shows what options it gets, not the program."""
        program = self.elsewhere / f"{name}'s python"
        program.write_text(INTERPRETER.replace("WHO", name))
        program.chmod(0o755)
        return program

    def run(self, *command: str | Path, stdin: str = "", path: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command with the variables that Host Factory promises and PATH, or without even that."""
        environment = {
            **({"PATH": f"{self.on_path}:/usr/bin:/bin"} if path else {}),
            "HF_PROVIDER_NAME": "ohf",
            "HF_PROVIDER_CONFDIR": "/conf dir",
            "HF_PROVIDER_WORKDIR": "/work dir",
            "HF_PROVIDER_LOGDIR": "/log dir",
        }
        return subprocess.run(
            command, env=environment, cwd=self.elsewhere, input=stdin, capture_output=True, text=True, check=False
        )


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path / "the project", tmp_path / "on path", tmp_path / "else where")
    # `make venv` leaves a file in the folder that leads to this very project
    shutil.copytree(SCRIPTS, host.scripts, ignore=shutil.ignore_patterns("interpreter", "__*"))
    host.on_path.mkdir()
    host.elsewhere.mkdir()
    return host


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("shell", SHELLS)
def test_arguments_environment_and_exit_code_pass_through(host: Host, operation: str, shell: str) -> None:
    host.install(host.on_path, "from PATH")
    done = host.run(shell, host.scripts / f"{operation}.sh", "-f", "/tmp/hf in_$HOME*'\"")
    assert done.stdout.splitlines() == [
        "from PATH",
        f"argument <{operation}>",
        "argument <-f>",
        "argument </tmp/hf in_$HOME*'\">",
        "ohf|/conf dir|/work dir|/log dir",
    ]
    assert (done.returncode, done.stderr) == (7, "")


def test_standard_input_passes_through(host: Host) -> None:
    host.install(host.on_path, "from PATH")
    done = host.run(host.scripts / "requestMachines.sh", "-f", "-", stdin='{"template": {}}')
    assert done.stdout.endswith('{"template": {}}')


def test_path_goes_before_the_project(host: Host) -> None:
    host.install(host.project / ".venv" / "bin", "from the project")
    assert host.run(host.scripts / "getRequestStatus.sh").stdout.startswith("from the project\n")
    host.install(host.on_path, "from PATH")
    assert host.run(host.scripts / "getRequestStatus.sh").stdout.startswith("from PATH\n")


@pytest.mark.parametrize(
    "link",
    ["absolute", "relative", "a link to a link", "the folder", "a relative call", "by name through sh"],
)
def test_the_project_is_found_however_the_script_is_reached(host: Host, link: str) -> None:
    host.install(host.project / ".venv" / "bin", "from the project")
    script = host.scripts / "requestMachines.sh"
    called = host.elsewhere / "linked.sh"
    command: tuple[str | Path, ...] = (called,)
    relative = os.path.relpath(script, host.elsewhere)
    if link == "absolute":
        called.symlink_to(script)
    elif link == "relative":
        called.symlink_to(relative)
    elif link == "a link to a link":
        (host.on_path / "between.sh").symlink_to(relative)
        called.symlink_to("../on path/between.sh")
    elif link == "the folder":
        (host.elsewhere / "scripts").symlink_to(host.scripts)
        command = (host.elsewhere / "scripts" / "requestMachines.sh",)
    elif link == "a relative call":
        command = (relative,)
    else:
        command = ("/bin/sh", "-c", 'cd "$1" && sh requestMachines.sh', "sh", host.scripts)
    done = host.run(*command)
    assert done.stdout.splitlines()[:2] == ["from the project", "argument <requestMachines>"], done.stderr


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("way", ["in the script", "beside it"])
def test_a_copy_of_the_folder_starts_the_interpreter_that_is_named(host: Host, shell: str, way: str) -> None:
    """Whatever PATH holds, and also with no PATH at all; `-I` keeps the scheduler's PYTHON variables out."""
    python = host.interpreter("named")
    host.install(host.on_path, "from PATH")
    if way == "in the script":
        for name, text in with_interpreter({"requestMachines.sh": host.script.read_bytes()}, str(python)).items():
            (host.scripts / name).write_bytes(text)
    else:
        (host.scripts / "interpreter").write_text(f"{python}\n")
    copy = host.elsewhere / "a copy"
    shutil.copytree(host.scripts, copy)
    done = host.run(shell, copy / "requestMachines.sh", "-f", "/tmp/hf in", path=False)
    assert done.stdout.splitlines() == [
        "named -I -c",
        "argument <requestMachines>",
        "argument <-f>",
        "argument </tmp/hf in>",
    ]
    assert (done.returncode, done.stderr) == (7, "")


def test_an_interpreter_that_is_gone_leaves_the_other_ways(host: Host) -> None:
    host.install(host.on_path, "from PATH")
    (host.scripts / "interpreter").write_text("/nonexistent/bin/python\n")
    assert host.run(host.script).stdout.startswith("from PATH\n")


def test_the_script_in_the_folder_itself_is_found_by_its_bare_name(host: Host) -> None:
    (host.scripts / "interpreter").write_text(f"{host.interpreter('named')}\n")
    done = host.run("/bin/sh", "-c", 'cd "$1" && sh requestMachines.sh', "sh", host.scripts)
    assert done.stdout.startswith("named -I -c\n")


def test_the_twins_name_the_same_interpreter() -> None:
    twin = (SCRIPTS / "requestMachines.bat").read_bytes()
    named = with_interpreter({"requestMachines.bat": twin}, "C:\\100% grid\\python.exe")["requestMachines.bat"]
    assert b'set "python=C:\\100%% grid\\python.exe"\r\n' in named
    assert named.count(b"\r\n") == twin.count(b"\r\n") == twin.count(b"\n")


@pytest.mark.parametrize("path", ["/opt/a\nb/python", '/opt/"/python', "/opt/a\r/python"])
def test_a_path_that_no_script_can_hold_is_refused(path: str) -> None:
    with pytest.raises(BusinessRuleError, match="line ends or quotes"):
        with_interpreter({}, path)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_installed_is_one_json_object_and_exit_1(host: Host, operation: str) -> None:
    done = host.run(host.scripts / f"{operation}.sh", "-f", "/dev/null")
    assert (done.returncode, done.stderr) == (1, "")
    answer = json.loads(done.stdout)
    assert list(answer) == ["message"]
    assert operation in answer["message"]


def test_the_sixth_script_answers_by_itself(host: Host) -> None:
    done = host.run(host.scripts / "getAvailableMachines.sh", "-f", "/dev/null")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["machines"] == []
    assert "not supported" in answer["message"]


@pytest.mark.parametrize("suffix", ["sh", "bat"])
def test_the_five_scripts_differ_in_the_operation_alone(suffix: str) -> None:
    bodies = {(SCRIPTS / f"{name}.{suffix}").read_bytes().replace(name.encode(), b"X") for name in OPERATIONS}
    assert len(bodies) == 1


def test_each_script_is_executable_and_has_a_twin_with_dos_line_ends() -> None:
    names = {path.stem for path in SCRIPTS.glob("*.sh")}
    assert names == {*OPERATIONS, "getAvailableMachines"}
    assert names == {path.stem for path in SCRIPTS.glob("*.bat")}
    assert all(os.access(SCRIPTS / f"{name}.sh", os.X_OK) for name in names)
    for name in names:
        text = (SCRIPTS / f"{name}.bat").read_bytes()
        assert text.count(b"\r\n") == text.count(b"\n") > 0
