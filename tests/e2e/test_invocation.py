"""The real scripts as Host Factory and LSF start them: bare environments, odd folders, streams that are not there.

Each call is a process that sees nothing of this one's environment. Whatever the case, stdout is one JSON object,
the exit code 0 or 1, and stderr stays empty.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.provider import EXAMPLE, SCRIPTS
from tests.local_aws import ACCOUNT, REGION, LocalAws

#: the interpreter that has the project installed, named in a file beside the scripts
INTERPRETER = "interpreter"
ENDPOINTS = (
    "AWS_ENDPOINT_URL",
    "AWS_CLOUDFORMATION_ENDPOINT_URL",
    "AWS_AUTOSCALING_ENDPOINT_URL",
    "AWS_STS_ENDPOINT_URL",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a script said: exit code and the one JSON object."""

    code: int
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Host:
    """A management host: a folder with copied scripts, and the folders of one provider, all with odd names."""

    folder: Path

    @property
    def scripts(self) -> Path:
        return self.folder / "scripts of ohf"

    @property
    def conf(self) -> Path:
        return self.folder / "conf é"

    @property
    def work(self) -> Path:
        return self.folder / "work dir"

    @property
    def log(self) -> Path:
        return self.folder / "log dir"

    @property
    def symphony(self) -> dict[str, str]:
        """What Host Factory of Symphony 7.3 sets for a provider, and nothing else."""
        return {
            "HF_PROVIDER_NAME": "ohf",
            "HF_PROVIDER_CONFDIR": f"{self.conf}/",
            "HF_PROVIDER_WORKDIR": f"{self.work}/",
            "HF_PROVIDER_LOGDIR": f"{self.log}/",
        }

    def call(
        self,
        operation: str,
        document: object = None,
        environ: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] | None = None,
        **process: Any,
    ) -> Said:
        """Call a script with this environment alone; `document` becomes an input file as Host Factory writes it."""
        source = self.folder / "hf_in_Xy12Zz"
        if document is not None:
            source.write_text(document if isinstance(document, str) else json.dumps(document, indent="\t"))
        done = subprocess.run(
            [str(self.scripts / f"{operation}.sh"), *(("-f", str(source)) if arguments is None else arguments)],
            env=self.symphony if environ is None else environ,
            capture_output=True,
            timeout=120,
            check=False,
            **{"cwd": "/", **process},
        )
        assert done.stderr == b"", done.stderr
        assert done.returncode in (0, 1)
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        assert done.returncode == 0 or answer["message"]
        return Said(done.returncode, answer)

    def templates(self, environ: Mapping[str, str] | None = None, **process: Any) -> Said:
        return self.call("getAvailableTemplates", {}, environ, **process)


@pytest.fixture
def host(tmp_path: Path, local_aws: LocalAws) -> Host:
    """Scripts, a configuration that leads to the local AWS by itself, empty work and log folders."""
    found = Host(tmp_path)
    shutil.copytree(SCRIPTS, found.scripts, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    (found.scripts / INTERPRETER).write_text(f"{sys.executable}\n")
    for folder in (found.conf, found.work, found.log):
        folder.mkdir()
    shutil.copy(EXAMPLE / "awsprov_templates.json", found.conf)
    shutil.copytree(EXAMPLE / "scripts", found.conf / "scripts", ignore=shutil.ignore_patterns("*.py"))
    config = {"AWS_REGION": REGION, "AWS_CREDENTIAL_FILE": "credentials", **dict.fromkeys(ENDPOINTS, local_aws.url)}
    (found.conf / "awsprov_config.json").write_text(json.dumps(config))
    (found.conf / "credentials").write_text(
        f"[default]\naws_access_key_id = AKIA{ACCOUNT}\naws_secret_access_key = none\n"
    )
    return found


def ids(said: Said) -> list[str]:
    return [one["templateId"] for one in said.answer["templates"]]


ASK = {"template": {"templateId": "instant-ondemand", "machineCount": 1}}


def test_all_five_work_with_symphonys_variables_alone(host: Host) -> None:
    configured = {file.name: file.stat().st_mtime_ns for file in (host.conf, *host.conf.iterdir())}
    assert "instant-ondemand" in ids(host.templates())
    asked = host.call("requestMachines", ASK)
    assert asked.code == 0, asked
    polled = host.call("getRequestStatus", {"requests": [{"requestId": asked.answer["requestId"]}]})
    assert [one["status"] for one in polled.answer["requests"]] == ["running"]
    assert host.call("requestReturnMachines", {"machines": [{"name": "gone.example"}]}).code == 0
    assert host.call("getReturnRequests", {"machines": []}).answer["requests"] == []
    assert (host.work / "ohf-request_database.json").is_file()
    assert [one.name for one in host.log.iterdir()] == [f"ohf-provider.log.{os.uname().nodename}"]
    assert configured == {file.name: file.stat().st_mtime_ns for file in (host.conf, *host.conf.iterdir())}


def environments(host: Host) -> dict[str, dict[str, str]]:
    """Every environment in which the product calls, as far as it says where a provider lives."""
    symphony = host.symphony
    old = {"HF_PROVIDER_NAME": "ohf", "HF_CONFDIR": "", "HF_WORKDIR": "", "HF_LOGDIR": ""}
    old |= {name: str(host.folder / "hf" / name[3:-3].lower()) for name in old if name.endswith("DIR")}
    lsf = {
        "PROVIDER_NAME": "ohf",
        "PRO_CONF_DIR": str(host.folder / "lsf"),
        "PRO_DATA_DIR": str(host.work),
        "PRO_LSF_LOGDIR": str(host.log),
        "PRO_LSF_TOP": "/nonexistent",
        "LSF_ENVDIR": "/nonexistent",
        "SCRIPT_OPTIONS": "-DclusterName=grid -Dhttps.proxyHost=nowhere.invalid",
    }
    nowhere = dict.fromkeys(("PRO_CONF_DIR", "PRO_DATA_DIR", "PRO_LSF_LOGDIR", "HF_CONFDIR"), "/nonexistent")
    return {
        "Symphony 7.3": symphony,
        "Symphony 7.2": old,
        "LSF": lsf,
        "Symphony's before LSF's": {**nowhere, "PROVIDER_NAME": "other", **symphony},
        "a daemon's whole environment": {
            **symphony,
            **dict.fromkeys(("EGO_TOP", "EGO_CONFDIR", "HF_TOP", "HF_DBDIR"), "/nonexistent"),
            "HF_VERSION": "1.2",
            "EGOSC_INSTANCE_HOST": "host",
            "LD_LIBRARY_PATH": "/nonexistent/lib",
            "PYTHONPATH": "/nonexistent",
            "PYTHONSTARTUP": "/nonexistent",
        },
        "HOME unset, PATH of nothing": {**symphony, "PATH": "/nonexistent"},
        "HOME that is not there": {**symphony, "HOME": "/nonexistent", "USER": "nobody"},
        "locale C": {**symphony, "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"},
        "a locale that is not installed": {**symphony, "LC_ALL": "xx_YY.ISO-8859-15"},
        "empty variables": {**dict.fromkeys(("HF_LOGLEVEL", "PRO_CONF_DIR", "HF_CONFDIR"), ""), **symphony},
        "bytes that are no text": {**symphony, "NOISE": "\udcff\udcfe", "HF_LOGLEVEL": "\udcff"},
        "relative folders": {
            **symphony,
            **{name: f".{value}" for name, value in symphony.items() if "DIR" in name},
        },
    }


CASES = tuple(environments(Host(Path("/"))))


@pytest.mark.parametrize("case", CASES)
def test_the_environments_of_both_products(host: Host, case: str) -> None:
    for place in (host.folder / "hf" / "conf" / "providers" / "ohf", host.folder / "lsf" / "conf"):
        shutil.copytree(host.conf, place)
    environ = environments(host)[case]
    assert "instant-ondemand" in ids(host.templates(environ))
    asked = host.call("requestMachines", {"template": {"templateId": "none", "machineCount": 1}}, environ)
    assert (asked.code, list(asked.answer)) == (1, ["message"])
    assert "template none is not in the catalogue" in asked.answer["message"]
    assert list(host.folder.rglob("ohf-provider.log.*"))


@pytest.mark.parametrize("variable", ["HF_PROVIDER_NAME", "HF_PROVIDER_CONFDIR"])
def test_what_is_not_said_is_named(host: Host, variable: str) -> None:
    environ = {name: value for name, value in host.symphony.items() if name != variable}
    said = host.templates(environ)
    assert said.code == 1
    assert variable in said.answer["message"]


@pytest.mark.parametrize(
    ("suffix", "names"),
    [
        ("templates.json", ("awsprov_templates.json", "ohfprov_templates.json", "conf/awsprov_templates.json")),
        ("templates.yaml", ("awsprov_templates.yaml", "ohfprov_templates.yml", "conf/ohfprov_templates.yaml")),
    ],
)
def test_the_catalogue_under_every_name_and_in_every_place(host: Host, suffix: str, names: tuple[str, ...]) -> None:
    del suffix
    entry = {"maxNumber": 1, "attributes": {}, "imageId": "ami-0a1b2c3d4e5f60001", "vmType": "m5.large"}
    (host.conf / "awsprov_templates.json").unlink()
    (host.conf / "conf").mkdir()
    for number, name in enumerate(names):
        entry |= {"templateId": f"t{number}", "subnetId": "subnet-0a1b2c3d4e5f60001"}
        (host.conf / name).write_text(json.dumps({"templates": [entry]}))
        assert ids(host.templates()) == [f"t{number}"]
        (host.conf / name).unlink()


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


INPUTS = {
    "not there": (None, "No such file or directory"),
    "a folder": ("a folder", "Is a directory"),
    "empty": (b"", "not JSON"),
    "too long": (b" " * (16 * 1024 * 1024 + 1), "longer than 16777216 bytes"),
    "a gigabyte of nothing": ("sparse", "longer than 16777216 bytes"),
    "zeros": (b"\0" * 1000, "not JSON"),
    "an endless device": ("/dev/zero", "longer than 16777216 bytes"),
}


@pytest.mark.parametrize("case", INPUTS)
def test_inputs_that_cannot_be_used_are_refused_in_words(host: Host, case: str) -> None:
    content, why = INPUTS[case]
    source = host.folder / "input ü"
    if isinstance(content, bytes):
        source.write_bytes(content)
    elif content == "a folder":
        source.mkdir()
    elif content == "sparse":
        with source.open("wb") as file:
            file.truncate(1 << 30)
    name = content if isinstance(content, str) and content.startswith("/") else str(source)
    said = host.call("getRequestStatus", arguments=("-f", name))
    assert said.code == 1
    assert why in said.answer["message"]
    assert list(said.answer) == ["message"]


@pytest.mark.parametrize("arguments", [(), ("-f",), ("-x", "y"), ("--help",), ("x",)])
def test_wrong_arguments_are_answered_with_the_usage(host: Host, arguments: tuple[str, ...]) -> None:
    said = host.call("requestMachines", arguments=arguments)
    assert said.code == 1
    assert "usage: " in said.answer["message"]


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
