"""The log and audit files: lines, levels, rotation, secrets, and failures that stay without harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.config.keys import LEVELS
from ohf_iac.events import RequestCreated, TemplateAdded, dispatch
from ohf_iac.log import SILENT, LineFile, Log, audit_handler, log_handler, masked, stamp


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid-provider.log.host"


def log_to(path: Path, threshold: str = "TRACE") -> Log:
    return Log(LineFile(str(path), 10_000_000, 5), threshold, {"provider": "grid"}, lambda: 1700000000.25)


def test_a_line_is_json_with_time_level_context_and_fields(path: Path) -> None:
    log_to(path).with_context(operation="getRequestStatus").info("höre\nzu", request_id="req-1", ids=("a", 1))
    assert path.read_bytes().count(b"\n") == 1
    assert lines(path) == [
        {
            "at": "2023-11-14T22:13:20.250Z",
            "level": "INFO",
            "pid": os.getpid(),
            "message": "höre\nzu",
            "provider": "grid",
            "operation": "getRequestStatus",
            "request_id": "req-1",
            "ids": ["a", 1],
        }
    ]


@pytest.mark.parametrize(
    ("threshold", "written"),
    [
        ("TRACE", ["DEBUG", "INFO", "WARN", "ERROR"]),
        ("DEBUG", ["DEBUG", "INFO", "WARN", "ERROR"]),
        ("INFO", ["INFO", "WARN", "ERROR"]),
        ("WARN", ["WARN", "ERROR"]),
        ("ERROR", ["ERROR"]),
        ("FATAL", []),
    ],
)
def test_levels(path: Path, threshold: str, written: list[str]) -> None:
    log = log_to(path, threshold)
    for tell in (log.debug, log.info, log.warning, log.error):
        tell("x")
    assert [line["level"] for line in lines(path)] == written if written else not path.exists()


def test_every_level_of_the_configuration_is_a_threshold(path: Path) -> None:
    for level in LEVELS:
        log_to(path, level).error(level)
    assert [line["message"] for line in lines(path)] == [level for level in LEVELS if level != "FATAL"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        log_to(path).info("x")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_fails_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log_to(tmp_path / "file" / "log").error("x")
    log_to(tmp_path).error("x")
    SILENT.error("x")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_folder_that_is_missing_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "hf" / "log"
    log_to(folder / "grid-provider.log").info("x")
    audit_handler(LineFile(str(folder / "audit" / "grid-audit.jsonl"), 1000, 1))(RequestCreated(1))
    assert len(lines(folder / "grid-provider.log")) == len(lines(folder / "audit" / "grid-audit.jsonl")) == 1
    assert [one.stat().st_mode & 0o777 for one in (folder, folder / "audit")] == [0o700, 0o700]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_a_full_disk_fails_no_log_and_is_told_by_the_audit() -> None:
    log_to(Path("/dev/full")).info("x")
    with pytest.raises(OSError, match="No space left"):
        LineFile("/dev/full", 1000, 5).append({"a": 1})


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
def test_a_line_cut_short_by_a_full_disk_is_told(path: Path) -> None:
    code = (
        "import resource, sys\nfrom ohf_iac.log import LineFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try: LineFile(sys.argv[1], 10000, 1).append({'text': 'x' * 200})\n"
        "except OSError as error: print(error.strerror)\n"
    )
    told = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert told.stdout == "No space left on device\n"


def test_a_line_that_was_cut_off_does_not_spoil_the_next_one(path: Path) -> None:
    path.write_text('{"text": "whole"}\n{"text": "cut o')
    LineFile(str(path), 10_000, 1).append({"text": "next"})
    assert path.read_text().splitlines() == ['{"text": "whole"}', '{"text": "cut o', '{"text": "next"}']


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_while_another_process_rotates_lines_are_appended(path: Path) -> None:
    import fcntl

    file = LineFile(str(path), 40, 2)
    file.append({"number": 0, "x": 1})
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        file.append({"number": 1, "x": 1})
    assert [line["number"] for line in lines(path)] == [0, 1]
    file.append({"number": 2, "x": 1})
    assert [line["number"] for line in lines(path)] == [2]


def test_files_are_rotated_by_size_and_the_oldest_goes(path: Path) -> None:
    file = LineFile(str(path), 40, 2)
    for number in range(8):
        file.append({"number": number, "x": 1})  # 22 bytes: one line each
    kept = [[line["number"] for line in lines(path.with_name(path.name + end))] for end in ("", ".1", ".2")]
    assert kept == [[7], [6], [5]]
    assert not path.with_name(path.name + ".3").exists()


def test_without_rotations_the_file_starts_again(path: Path) -> None:
    file = LineFile(str(path), 50, 0)
    for number in range(5):
        file.append({"number": number, "x": 1})
    assert [line["number"] for line in lines(path)] == [4]
    assert len(list(path.parent.iterdir())) == 1


def test_a_line_longer_than_the_limit_is_written_whole(path: Path) -> None:
    file = LineFile(str(path), 10, 1)
    file.append({"text": "x" * 100})
    file.append({"text": "y" * 100})
    assert lines(path) == [{"text": "y" * 100}]
    assert lines(path.with_name(path.name + ".1")) == [{"text": "x" * 100}]


def test_processes_that_write_and_rotate_at_once_lose_and_mix_nothing(path: Path) -> None:
    code = (
        "import sys\nfrom ohf_iac.log import LineFile\nfile = LineFile(sys.argv[1], 4000, 100)\n"
        "for n in range(100): file.append({'writer': sys.argv[2], 'number': n, 'x': 'x' * 60})\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(writer)]) for writer in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    files = list(path.parent.glob(f"{path.name}*"))
    written = [(line["writer"], line["number"]) for one in files for line in lines(one)]
    assert sorted(written) == sorted((str(writer), number) for writer in range(4) for number in range(100))
    assert len(files) > 5


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("SecretAccessKey", "abc", "****"),
        ("aws_secret_access_key", "abc", "****"),
        ("SessionToken", "abc", "****"),
        ("password", "abc", "****"),
        ("Authorization", "AWS4-HMAC-SHA256 …", "****"),
        ("request", {"Password": "abc", "units": 3}, {"Password": "****", "units": 3}),
        ("list", [{"secret": "abc"}, "x"], [{"secret": "****"}, "x"]),
        ("text", "aws_secret_access_key = abc/def+1 next", "aws_secret_access_key = **** next"),
        ("text", '{"SecretAccessKey": "abc", "a": 1}', '{"SecretAccessKey": "****", "a": 1}'),
        ("text", "GET /?X-Amz-Security-Token=abc%2F&X-Amz-Signature=def&a=b", None),
        ("text", "key AKIAIOSFODNN7EXAMPLE used", "key AKIA**** used"),
        ("text", "proxy http://user:pass@proxy:80/", "proxy http://user:****@proxy:80/"),
        ("text", "The security token included in the request is expired", None),
        ("client_request_token", "req-1-create", "req-1-create"),
        ("digest", "d" * 64, "d" * 64),
        ("mail", "a@example.org", "a@example.org"),
    ],
)
def test_secrets_are_masked(field: str, value: object, shown: object) -> None:
    result = masked({field: value})[field]
    if shown is None and isinstance(value, str) and value.startswith("GET"):
        assert result == "GET /?X-Amz-Security-Token=****&X-Amz-Signature=****&a=b"
    else:
        assert result == (value if shown is None else shown)


def test_secrets_are_masked_in_what_is_written(path: Path) -> None:
    log_to(path).with_context(password="one").error("secret_key=two", nested={"secret": "three"})
    audit_handler(LineFile(str(path), 10_000_000, 1))(RequestCreated(1, message="password=four"))
    text = path.read_text()
    assert not [secret for secret in ("one", "two", "three", "four") if secret in text]
    assert text.count("****") == 4


def test_events_reach_log_and_audit(path: Path, tmp_path: Path) -> None:
    audit = tmp_path / "grid-audit.jsonl"
    handlers = (
        log_handler(log_to(path)),
        audit_handler(LineFile(str(audit), 10_000_000, 1), lambda: 1700000000.25),
    )
    event = RequestCreated(1700000000, "req-1", template_id="grid", status="running", units=3)
    dispatch([event], handlers, lambda event, error: pytest.fail(f"{event} {error}"))
    facts = {"request_id": "req-1", "template_id": "grid", "status": "running", "units": 3}
    (logged,) = lines(path)
    assert logged["message"] == "RequestCreated req-1: running"
    assert {**logged, "event": "RequestCreated", **facts} == logged
    assert lines(audit) == [{"at": "2023-11-14T22:13:20.250Z", "what": "RequestCreated", **facts}]


def test_an_audit_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    failures: list[str] = []
    dispatch(
        [TemplateAdded(1, template_id="a")],
        [audit_handler(LineFile(str(tmp_path), 1000, 1))],
        lambda event, error: failures.append(f"{event.name}: {error}"),
    )
    assert len(failures) == 1
    assert failures[0].startswith("TemplateAdded: ")


def test_stamps() -> None:
    assert stamp(0) == "1970-01-01T00:00:00.000Z"
    assert stamp(1700000000.9996) == "2023-11-14T22:13:20.999Z"
