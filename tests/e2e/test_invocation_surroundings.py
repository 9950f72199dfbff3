"""The real scripts in odd folders, with streams that are not there, and under IBM's settings of logs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.bare_host import ASK, Host, Said, bare_host, ids
from tests.local_aws import LocalAws


@pytest.fixture
def host(tmp_path: Path, local_aws: LocalAws) -> Host:
    return bare_host(tmp_path, local_aws)


#: what a shell itself says, before it reads a line of a script, where its current folder is gone
SHELLS_OWN = b"getcwd"


@pytest.mark.parametrize("end", ['rmdir "$PWD"', 'chmod 000 "$PWD"'])
def test_a_current_folder_that_is_of_no_use(host: Host, end: str) -> None:
    done = standing_nowhere(host, end, host.symphony)
    assert done.returncode == 0
    assert "instant-ondemand" in ids(Said(0, json.loads(done.stdout)))


def test_a_current_folder_that_is_gone_and_relative_folders_are_refused_in_words(host: Host) -> None:
    done = standing_nowhere(host, 'rmdir "$PWD"', {**host.symphony, "HF_PROVIDER_WORKDIR": "work"})
    assert done.returncode == 1
    assert "HF_PROVIDER_WORKDIR is relative to the current folder" in json.loads(done.stdout)["message"]


def standing_nowhere(host: Host, end: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """A call from a folder to which something was done."""
    folder = host.folder / "standing here"
    folder.mkdir()
    command = f'cd "{folder}" && {end} && exec "{host.scripts}/getAvailableTemplates.sh"'
    done = subprocess.run(["/bin/sh", "-c", command], env=environ, capture_output=True, timeout=60, check=False)
    assert [line for line in done.stderr.splitlines() if SHELLS_OWN not in line] == []
    return done


def test_folders_behind_links(host: Host) -> None:
    for name in ("scripts of ohf", "conf é", "work dir", "log dir"):
        (host.folder / name).rename(host.folder / f"real {name}")
        (host.folder / name).symlink_to(f"real {name}")
    assert host.call("requestMachines", ASK).code == 0
    assert list((host.folder / "real work dir").iterdir())
    assert list((host.folder / "real log dir").iterdir())


def test_stdin_that_is_closed_is_never_needed(host: Host) -> None:
    script, source = host.scripts / "getAvailableTemplates.sh", host.folder / "in"
    source.write_text("{}")
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "{script}" -f "{source}" <&-'],
        env=host.symphony,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["templates"]


@pytest.mark.parametrize("stdout", ["closed", "/dev/full", "a pipe that nobody reads"])
def test_an_answer_that_nobody_takes_is_in_the_log_and_not_on_stderr(host: Host, stdout: str) -> None:
    source = host.folder / "in"
    source.write_text(json.dumps(ASK))
    redirected = {"closed": ">&-", "/dev/full": ">/dev/full"}.get(stdout, "")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "{host.scripts}/requestMachines.sh" -f "{source}" {redirected}'],
        env=host.symphony,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")
    (log,) = host.log.iterdir()
    assert "answer not delivered" in log.read_text()
    assert "requestMachines" in log.read_text()


def test_stderr_that_is_closed_changes_nothing(host: Host) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "{host.scripts}/getAvailableTemplates.sh" 2>&-'],
        env=host.symphony,
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert json.loads(done.stdout)["templates"]
    assert done.returncode == 0


@pytest.mark.parametrize("log", ["/proc/nonexistent", "a file", "made on the way", "/dev/full"])
def test_a_log_folder_that_cannot_be_written_fails_no_call(host: Host, log: str) -> None:
    (host.folder / "file").touch()
    place = {"a file": f"{host.folder}/file", "made on the way": f"{host.folder}/new/log"}.get(log, log)
    environ = {**host.symphony, "HF_PROVIDER_LOGDIR": place, "HF_LOGLEVEL": "LOG_TRACE"}
    assert host.templates(environ).code == 0
    assert host.call("requestMachines", ASK, environ).code == 0
    assert (host.folder / "new" / "log").exists() == (log == "made on the way")


def test_a_work_folder_that_cannot_be_written(host: Host) -> None:
    """What only tells goes on from AWS; what would change something without a record of it is refused."""
    asked = host.call("requestMachines", ASK)
    identity = asked.answer["requestId"]
    (host.folder / "file").touch()
    environ = {**host.symphony, "HF_PROVIDER_WORKDIR": f"{host.folder}/file"}
    assert host.templates(environ).code == 0
    refused = host.call("requestMachines", ASK, environ)
    assert (refused.code, list(refused.answer)) == (1, ["message"])
    assert "work folder" in refused.answer["message"]
    polled = host.call("getRequestStatus", {"requests": [{"requestId": identity}]}, environ)
    assert polled.code == 0, polled
    assert (polled.code, polled.answer["requests"][0]["status"]) == (0, "running")
    assert host.call("getReturnRequests", {"machines": []}, environ).code == 0
    machines = {"machines": [{"machineId": "i-0123456789abcdef0"}]}
    given_back = host.call("requestReturnMachines", machines, environ)
    assert (given_back.code, given_back.answer["requestId"][:4]) == (0, "ret-")


def test_a_work_folder_that_is_not_there_yet_is_made(host: Host) -> None:
    environ = {**host.symphony, "HF_PROVIDER_WORKDIR": f"{host.work}/providers/ohf"}
    assert host.call("requestMachines", ASK, environ).code == 0
    assert (host.work / "providers" / "ohf" / "ohf-request_database.json").is_file()


def test_two_providers_share_a_folder_with_the_daemons_own_files(host: Host) -> None:
    """LSF gives all its providers one data folder, in which ebrokerd keeps files of its own."""
    theirs = {name: f"this is ebrokerd's {name}" for name in ("hosts.json", "requests.json", "lsf.conf")}
    for name, text in theirs.items():
        (host.work / name).write_text(text)
    shutil.copytree(host.conf, host.folder / "lsf" / "conf")
    requests = {}
    for name in ("ohfa", "ohfb"):
        environ = {
            "PROVIDER_NAME": name,
            "PRO_CONF_DIR": str(host.folder / "lsf"),
            "PRO_DATA_DIR": str(host.work),
            "PRO_LSF_LOGDIR": str(host.work),
        }
        requests[name] = host.call("requestMachines", ASK, environ).answer["requestId"]
    assert {name: (host.work / name).read_text() for name in theirs} == theirs
    for name, identity in requests.items():
        database = json.loads((host.work / f"{name}-request_database.json").read_text())
        assert list(database["requests"]) == [identity]
    ours = {one.name for one in host.work.iterdir()} - set(theirs)
    assert all(one.startswith(("ohfa-", "ohfb-")) for one in ours), ours


@pytest.mark.parametrize(
    ("level", "accepted", "loud"),
    [
        ("LOG_TRACE", True, True),
        ("LOG_DEBUG", True, True),
        ("debug", True, True),
        ("LOG_WARNING", True, False),
        ("", True, False),
        ("LOG_NONSENSE", True, False),
        ("LOG_DEBUG", False, False),
    ],
)
def test_log_levels_in_ibms_form(host: Host, level: str, accepted: bool, loud: bool) -> None:
    """With a level in the file, Host Factory's counts only where the file says that it is accepted."""
    file = host.conf / "awsprov_config.json"
    more = {"LogLevel": "ERROR", "ACCEPT_PROPAGATED_LOG_SETTING": str(accepted).lower(), "NOBODY_KNOWS_THIS": "1"}
    file.write_text(json.dumps({**json.loads(file.read_text()), **more}))
    host.call("requestMachines", "{", {**host.symphony, "HF_LOGLEVEL": level})
    (log,) = host.log.iterdir()
    levels = {json.loads(line)["level"] for line in log.read_text().splitlines()}
    assert levels >= {"ERROR"}
    assert ("DEBUG" in levels) == loud


def test_rotation_in_ibms_variables(host: Host) -> None:
    config = json.loads((host.conf / "awsprov_config.json").read_text())
    (host.conf / "awsprov_config.json").write_text(json.dumps({**config, "ACCEPT_PROPAGATED_LOG_SETTING": "true"}))
    environ = {**host.symphony, "HF_LOG_MAX_FILE_SIZE": "0.001", "HF_LOG_MAX_ROTATE": "2"}
    for _ in range(12):
        host.call("requestMachines", "{", environ)
    assert len(list(host.log.iterdir())) == 3
