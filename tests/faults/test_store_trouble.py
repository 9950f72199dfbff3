"""Disks that are full or read-only, stores that are cut or rotten, through the real scripts: AWS keeps all."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.request import stack_name
from tests.e2e.human import alone
from tests.e2e.provider import NAME, SCRIPTS, Provider, live_machines, live_stacks
from tests.local_aws import LocalAws

KINDS = ("json", "sqlite")
#: a limit of no byte at all on files that are written: what a full disk is to a process
FULL = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"]
#: the work folder read-only, in a mount namespace of its own
READ_ONLY = [
    "unshare",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    'cd "$HF_PROVIDER_WORKDIR" && mount --bind . "$PWD" && mount -o remount,bind,ro "$PWD" && exec "$@"',
    "sh",
]
#: the work folder on a file system of half a megabyte that something has filled; the store there stays as it was
FILLED = [
    "unshare",
    "--map-root-user",
    "--mount",
    "sh",
    "-c",
    """
    cd "$HF_PROVIDER_WORKDIR" && cp -a . ../copy && mount -t tmpfs -o size=512k none "$PWD" && cd "$PWD" || exit 99
    cp -a ../copy/. . && dd if=/dev/zero of=filler bs=1k 2>/dev/null
    "$@"
    code=$?
    for one in *database.json; do [ -e "$one" ] && cmp "$one" ../copy/"$one"; done
    rm -r ../copy
    exit $code
    """,
    "sh",
]


def namespaces_work() -> bool:
    script = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs none "$PWD"']
    try:
        return subprocess.run(script, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


TROUBLES = [
    pytest.param(FULL, "full", id="files of no byte"),
    pytest.param(
        FILLED,
        "full",
        id="full disk",
        marks=pytest.mark.skipif(not namespaces_work(), reason="this user may not mount"),
    ),
    pytest.param(
        READ_ONLY,
        "read-only",
        id="read-only",
        marks=pytest.mark.skipif(not namespaces_work(), reason="this user may not mount"),
    ),
]


@pytest.fixture(params=KINDS)
def provider(request: pytest.FixtureRequest, local_aws: LocalAws, tmp_path: Path) -> Provider:
    events = {"OHF_STORAGE_EVENTS": "true"} if request.param == "sqlite" else {}
    return Provider(tmp_path, local_aws, extra={"OHF_STORAGE_KIND": request.param, **events})


def database(provider: Provider) -> Path:
    return provider.work / f"{NAME}-request_database.{provider.extra['OHF_STORAGE_KIND']}"


def troubled(
    provider: Provider, trouble: list[str], operation: str, document: Mapping[str, object]
) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of a script whose work folder is in trouble; stderr stays empty."""
    source = provider.folder / "hf_in_trouble"
    source.write_text(json.dumps(document))
    command = [*trouble, str(SCRIPTS / f"{operation}.sh"), "-f", str(source)]
    done = subprocess.run(command, env=provider.environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize(("trouble", "word"), TROUBLES)
def test_a_work_folder_that_takes_nothing_loses_nothing(provider: Provider, trouble: list[str], word: str) -> None:
    settled = provider.settle(provider.request("asg-ondemand", 2))
    unsettled = provider.request("instant-ondemand", 1)
    kept = database(provider).read_bytes()

    code, refused = troubled(
        provider, trouble, "requestMachines", {"template": {"templateId": "asg-ondemand", "machineCount": 1}}
    )
    assert code == 1
    assert set(refused) == {"message"}
    assert str(provider.work) in refused["message"]
    assert {"full": "disk is full", "read-only": "write"}[word] in refused["message"], refused
    assert len(live_stacks(provider.aws)) == 2, "nothing is made without a record of it"

    provider.aws.advance(60)
    asked = {"requests": [{"requestId": settled["requestId"]}, {"requestId": unsettled}]}
    code, answer = troubled(provider, trouble, "getRequestStatus", asked)
    assert code == 0
    one, other = answer["requests"]
    assert (one["status"], one["machines"]) == (settled["status"], settled["machines"])
    assert other["status"] in ("running", "complete")

    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in settled["machines"]]
    code, returned = troubled(provider, trouble, "requestReturnMachines", {"machines": hosts})
    assert code == 0
    assert troubled(provider, trouble, "getReturnRequests", {"machines": hosts})[0] == 0
    assert troubled(provider, trouble, "getAvailableTemplates", {})[0] == 0
    assert database(provider).read_bytes() == kept

    gone = provider.settle(returned["requestId"])
    assert {one["machineId"] for one in gone["machines"]} == {one["machineId"] for one in hosts}
    assert provider.settle(unsettled)["status"] == "complete"
    assert len(live_machines(provider.aws)) == 1
    assert provider.settle(provider.request("asg-ondemand", 1))["status"] == "complete"


def cut(content: bytes, _mark: bytes) -> bytes:
    return content[: len(content) // 2]


def emptied(_content: bytes, _mark: bytes) -> bytes:
    return b""


def flipped(content: bytes, mark: bytes) -> bytes:
    """One bit of the text that names a stack: every table and line is still in its place."""
    place = content.rindex(mark) + 5
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [cut, emptied, flipped])
def test_a_rotten_store_is_set_aside_and_told_and_aws_tells_the_rest(
    provider: Provider, damage: Callable[[bytes, bytes], bytes]
) -> None:
    settled = provider.settle(provider.request("asg-ondemand", 2))
    unsettled = provider.request("maintain-spot", 1)
    path = database(provider)
    lay_down(path)
    rotten = damage(
        path.read_bytes(), f"arn:aws:cloudformation:us-east-1:123456789012:stack/ohf-{unsettled}".encode()
    )
    path.write_bytes(rotten)

    provider.aws.advance(60)
    asked = {"requests": [{"requestId": settled["requestId"]}, {"requestId": unsettled}]}
    code, answer = troubled(provider, [], "getRequestStatus", asked)
    assert code == 0
    assert {one["status"] for one in answer["requests"]} <= {"running", "complete"}
    for request_id in (unsettled, settled["requestId"]):
        entry = provider.settle(request_id)
        assert entry["status"] == "complete"
    assert {one["machineId"] for one in entry["machines"]} == {one["machineId"] for one in settled["machines"]}
    assert sorted(live_stacks(provider.aws)) == sorted(map(stack_name, (settled["requestId"], unsettled)))

    (aside,) = (one for one in provider.work.iterdir() if re.fullmatch(rf"{path.name}\.corrupt-\d+", one.name))
    assert aside.read_bytes() == rotten
    (log,) = (provider.folder / "log").iterdir()
    assert f"memory was damaged and is set aside as {aside}" in log.read_text()
    checks = json.loads(alone(provider, "doctor", "--output", "json").stdout)["checks"]
    (memory,) = [one for one in checks if one["code"] == "D104"]
    assert memory["severity"] == "warn"
    assert str(aside) in memory["finding"]

    assert provider.settle(provider.give_back(entry["machines"]))["status"] == "complete"
    assert len(live_machines(provider.aws)) == 1


def lay_down(path: Path) -> None:
    """Bring what stands in SQLite's log into the file, so that damage to the file is damage to the memory."""
    if path.suffix == ".sqlite":
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def test_a_folder_of_another_user_is_told(provider: Provider) -> None:
    """A name in the place of the store that is none: neither read nor written, and nothing is made."""
    provider.work.mkdir()
    os.mkdir(database(provider))
    code, answer = provider.tried(
        "requestMachines", {"template": {"templateId": "asg-ondemand", "machineCount": 1}}
    )
    assert code == 1
    assert str(database(provider)) in answer["message"]
    assert live_stacks(provider.aws) == []
