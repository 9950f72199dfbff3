"""`ohf init` on a management host, and what it wrote at work: real scripts with the scheduler's variables alone."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ohf_cli.edge import run
from ohf_cli.human import called
from ohf_cli.validation import schema_findings
from ohf_iac.errors import StorageError
from ohf_iac.installation.carrying_out import carry_out, look
from ohf_iac.installation.places import alone
from ohf_iac.installation.planning import Wish, planned
from tests.e2e.provider import SCRIPTS
from tests.local_aws import LocalAws

OTHERS = (
    '{\n    "version": 2,\n    "providers": [\n        {"name": "awsinst", "enabled": 1, "plugin": "aws"}\n    ]\n}'
)


@dataclass(frozen=True, slots=True)
class Host:
    """A management host: `top` is the scheduler's folder. Its names have blanks, as names may."""

    top: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def init(self, *words: str, code: int = 0, **environ: str) -> Any:
        """The document that `ohf init` prints, or its error."""
        with self.monkeypatch.context() as patch:
            for name in os.environ:
                patch.delenv(name)
            for name, value in environ.items():
                patch.setenv(name, value)
            found = run(called, ("init", *words, "--output", "json"))
        spoken = self.capsys.readouterr()
        assert found == code, spoken
        document = json.loads(spoken.out)
        assert schema_findings(document["schema"].split("/")[1], document) == ()
        return document


@pytest.fixture
def host(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Host:
    top = tmp_path / "the top"
    top.mkdir()
    return Host(top, capsys, monkeypatch)


def tree(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file below a folder: content, mode, and when it was written."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def call(scripts: Path, operation: str, document: object, environ: Mapping[str, str], folder: Path) -> Any:
    """The answer of a script that runs with this environment and no other, from the root folder."""
    source = folder / "hf_in_Ab3xYz"
    source.write_text(json.dumps(document, indent="\t"))
    command = [str(scripts / f"{operation}.sh"), "-f", str(source)]
    done = subprocess.run(command, env=environ, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    answer = json.loads(done.stdout)
    assert schema_findings(f"{operation}.output", answer) == ()
    return answer


def from_here(local_aws: LocalAws) -> dict[str, str]:
    """What leads to the local AWS, without a PATH or a HOME."""
    return {name: value for name, value in local_aws.environ().items() if name.startswith(("AWS_", "OHF_"))}


def live(scripts: Path, environ: Mapping[str, str], local_aws: LocalAws, folder: Path, template: str) -> None:
    """A request's whole life through the scripts."""

    def ask(operation: str, document: object) -> Any:
        return call(scripts, operation, document, {**environ, **from_here(local_aws)}, folder)

    offered = [one["templateId"] for one in ask("getAvailableTemplates", {})["templates"]]
    assert offered == ["ondemand", "spot", "group"]
    asked = ask("requestMachines", {"template": {"templateId": template, "machineCount": 2}})["requestId"]
    for _ in range(3):
        local_aws.advance(30)
        (entry,) = ask("getRequestStatus", {"requests": [{"requestId": asked}]})["requests"]
        if entry["status"] != "running":
            break
    assert (entry["status"], len(entry["machines"])) == ("complete", 2)
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
    returned = ask("requestReturnMachines", {"machines": hosts})["requestId"]
    local_aws.advance(60)
    (entry,) = ask("getRequestStatus", {"requests": [{"requestId": returned}]})["requests"]
    assert entry["status"] == "complete"


def test_a_provider_of_symphony_runs_as_it_was_written(host: Host, local_aws: LocalAws, tmp_path: Path) -> None:
    """With the folders that the registration names; then from a copy of the scripts."""
    document = host.init("--hf-top", str(host.top), "--name", "grid")
    (entry,) = json.loads((host.top / "conf/providers/hostProviders.json").read_text())["providers"]
    (plugin,) = json.loads((host.top / "conf/providerplugins/hostProviderPlugins.json").read_text())[
        "providerplugins"
    ]
    assert entry["plugin"] == plugin["name"]
    folders = {"HF_CONFDIR": "conf", "HF_WORKDIR": "work", "HF_LOGDIR": "log"}

    def expanded(path: str) -> str:
        for variable, below in folders.items():
            path = path.replace(f"${{{variable}}}", str(host.top / below))
        assert Path(path).is_dir()
        return path

    environ = {
        "HF_PROVIDER_NAME": entry["name"],
        "HF_PROVIDER_CONFDIR": expanded(entry["confPath"]),
        "HF_PROVIDER_WORKDIR": expanded(entry["workPath"]),
        "HF_PROVIDER_LOGDIR": expanded(entry["logPath"]),
    }
    live(Path(plugin["scriptPath"]), environ, local_aws, tmp_path, "spot")
    assert (host.top / "work/providers/grid/grid-request_database.json").is_file()
    owners = {tag["Value"] for tag in local_aws.client("ec2").describe_tags()["Tags"] if tag["Key"] == "ohf:owner"}
    assert owners == {document["owner"]}
    copy = tmp_path / "kept elsewhere"
    shutil.copytree(plugin["scriptPath"], copy)
    assert len(call(copy, "getAvailableTemplates", {}, environ, tmp_path)["templates"]) == 3


def test_a_provider_of_lsf_runs_as_it_was_written(host: Host, local_aws: LocalAws, tmp_path: Path) -> None:
    host.init("--lsf-top", str(host.top))
    (entry,) = json.loads((host.top / "conf/resource_connector/hostProviders.json").read_text())["providers"]
    for name in ("work", "log"):
        (tmp_path / name).mkdir()
    environ = {
        "PROVIDER_NAME": entry["name"],
        "PRO_CONF_DIR": entry["confPath"],
        "PRO_DATA_DIR": str(tmp_path / "work"),
        "PRO_LSF_LOGDIR": str(tmp_path / "log"),
    }
    live(Path(entry["scriptPath"]) / "scripts", environ, local_aws, tmp_path, "group")


def test_the_shipped_folder_works_where_it_is_copied_to(tmp_path: Path) -> None:
    """What `make venv` leaves in it leads back; nothing but Symphony's variables is set."""
    copy = tmp_path / "a copy"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("interpreter", "__*"))
    (copy / "interpreter").write_text(f"{sys.executable}\n")
    environ = {
        "HF_PROVIDER_NAME": "ohf",
        "HF_PROVIDER_CONFDIR": str(SCRIPTS.parents[1] / "examples" / "provider"),
        "HF_PROVIDER_WORKDIR": str(tmp_path),
        "HF_PROVIDER_LOGDIR": str(tmp_path),
    }
    assert call(copy, "getAvailableTemplates", {}, environ, tmp_path)["templates"]


@pytest.mark.parametrize("words", [("--hf-top", "."), ("--lsf-top", "."), ("-d", "a provider")])
def test_the_second_run_changes_no_byte(host: Host, words: tuple[str, ...]) -> None:
    host.monkeypatch.chdir(host.top)
    first = host.init(*words)
    assert {one["state"] for one in first["files"]} == {"created"}
    assert all(Path(one["path"]).is_absolute() for one in first["files"])
    before = tree(host.top)
    second = host.init(*words)
    assert {one["state"] for one in second["files"]} == {"unchanged"}
    assert second["owner"] == first["owner"]
    assert tree(host.top) == before


def test_what_is_written_may_be_read_by_those_who_have_to(host: Host) -> None:
    host.init("-d", str(host.top / "p"))
    modes = {name: stat.S_IMODE(mode) for name, (_, mode, _) in tree(host.top / "p").items()}
    assert modes["ohf.json"] == modes["awsprov_config.json"] == 0o600
    assert {modes[name] for name in modes if name.endswith(".sh")} == {0o755}
    assert modes["hostProviders.json"] == 0o644


def test_a_dry_run_writes_nothing(host: Host) -> None:
    document = host.init("--hf-top", str(host.top), "--dry-run")
    assert document["dryRun"]
    assert {one["state"] for one in document["files"]} == {"created"}
    assert list(host.top.iterdir()) == []


def test_others_keep_their_entries_in_files_that_are_links_into_a_shared_folder(host: Host, tmp_path: Path) -> None:
    shared = tmp_path / "shared.json"
    shared.write_text(OTHERS)
    shared.chmod(0o664)
    providers = host.top / "conf" / "providers"
    providers.mkdir(parents=True)
    (providers / "hostProviders.json").symlink_to(shared)
    host.init("--hf-top", str(host.top))
    assert (providers / "hostProviders.json").is_symlink()
    text = shared.read_text()
    assert text.startswith(OTHERS.partition("\n    ]")[0])
    assert [one["name"] for one in json.loads(text)["providers"]] == ["awsinst", "ohf"]
    assert stat.S_IMODE(shared.stat().st_mode) == 0o664
    assert (tmp_path / "shared.json.bak-1").read_text() == OTHERS
    host.init("--hf-top", str(host.top), "--name", "second")
    assert [one["name"] for one in json.loads(shared.read_text())["providers"]] == ["awsinst", "ohf", "second"]
    assert (tmp_path / "shared.json.bak-2").read_text() == text


def test_a_file_that_cannot_be_merged_into_stays_and_nothing_is_written(host: Host) -> None:
    providers = host.top / "conf" / "providers"
    providers.mkdir(parents=True)
    (providers / "hostProviders.json").write_text('{"providers": [')
    error = host.init("--hf-top", str(host.top), code=1)["error"]
    assert "hostProviders.json" in error["message"]
    assert list(tree(host.top)) == ["conf/providers/hostProviders.json"]


def test_the_variables_of_a_scheduler_say_where_it_is(host: Host) -> None:
    document = host.init(HF_TOP=str(host.top), HF_CONFDIR=str(host.top / "shared"))
    assert document["directory"] == str(host.top / "shared" / "providers" / "ohf")
    document = host.init("--scheduler", "lsf", LSF_ENVDIR=str(host.top / "etc"))
    assert document["directory"] == str(host.top / "etc" / "resource_connector" / "ohf")
    document = host.init("-d", str(host.top / "alone"), HF_TOP=str(host.top))
    assert all(one["path"].startswith(str(host.top / "alone")) for one in document["files"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 78),
        (("--scheduler", "lsf"), 78),
        (("--name", "a b", "-d", "p"), 64),
        (("--owner", "a b", "-d", "p"), 64),
        (("--scheduler", "symphony", "--lsf-top", "/lsf"), 64),
        (("--lsf-top", "/lsf", "--hf-top", "/hf"), 64),
        (("--scheduler", "lsf", "--requestor", "symA", "-d", "p"), 64),
        (("-d", "/dev/null/p"), 1),
    ],
)
def test_what_makes_no_sense_is_refused(host: Host, words: tuple[str, ...], code: int) -> None:
    host.monkeypatch.chdir(host.top)
    assert host.init(*words, code=code)["error"]["exit"] == code
    assert list(host.top.iterdir()) == []


def test_a_file_that_somebody_changes_meanwhile_is_left_to_them(tmp_path: Path) -> None:
    registered = tmp_path / "p" / "hostProviders.json"
    registered.parent.mkdir()
    registered.write_text(OTHERS)
    plan = planned(alone("symphony", "ohf", str(registered.parent)), Wish({}, b"", "us-east-1"), look, lambda: "0")
    registered.write_text("theirs")
    with pytest.raises(StorageError, match="changed meanwhile"):
        carry_out(plan)
    assert registered.read_text() == "theirs"
    assert not list(registered.parent.glob("*.bak*"))


def test_people_are_told_what_is_next(host: Host) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ohf_cli", "init", "-d", str(host.top / "p q")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"ohf selftest -d '{host.top}/p q' --local" in done.stdout
    assert "egosh service start HostFactory" in done.stdout
    assert done.stderr == ""


def test_the_timers_command_is_one_that_runs(host: Host, local_aws: LocalAws) -> None:
    """The very words of ExecStart, with nothing of the scheduler's in the environment."""
    local_aws.reset()
    home = host.top / "provider"
    made = host.init("-d", str(home), "--timer")
    units = {Path(one["path"]).name for one in made["files"] if "/systemd/" in one["path"]}
    assert units == {"ohf-gc-ohf.service", "ohf-gc-ohf.timer"}
    assert any("systemctl" in step for step in made["next"])
    text = (home / "systemd" / "ohf-gc-ohf.service").read_text()
    (line,) = [one for one in text.splitlines() if one.startswith("ExecStart=")]
    done = subprocess.run(
        shlex.split(line.removeprefix("ExecStart=")),
        env={"PATH": "/usr/bin:/bin", **local_aws.environ()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "no orphans\n", "")
