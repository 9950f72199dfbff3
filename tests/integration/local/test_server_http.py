"""The server itself: start, end, clock, control, log, what it lacks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.local_aws import LocalAws


def run(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ohf_iac.local", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_serves_and_ends_well_when_told(tmp_path: Path, number: signal.Signals) -> None:
    ready = tmp_path / "ready"
    with run("--ready-file", str(ready), "--clock-file", str(tmp_path / "clock")) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        deadline = time.monotonic() + 20
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)
    written = json.loads(ready.read_text())
    assert written == json.loads(line)
    assert written["url"] == f"http://127.0.0.1:{written['port']}"
    assert written["pid"] == process.pid
    assert float((tmp_path / "clock").read_text()) == 0
    assert (process.returncode, errors) == (0, "")


def test_a_scenario_that_does_not_fit_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"lag": {"newStack": "2"}}')
    with run("--scenario", str(tmp_path / "bad.json")) as process:
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "bad.json: lag.newStack: expected a number of at least 0, found '2'" in errors


def test_the_clock_only_moves_on_and_its_offset_is_in_the_file(local_aws: LocalAws) -> None:
    before = local_aws.now()
    assert local_aws.advance(3600) >= before + 3600
    assert float(local_aws.clock_file.read_text()) == 3600
    with pytest.raises(AssertionError, match="expected a number of at least 0"):
        local_aws.advance(-1)
    local_aws.reset()
    assert float(local_aws.clock_file.read_text()) == 0


def test_each_call_moves_the_clock_on_when_the_scenario_says_so(local_aws: LocalAws) -> None:
    local_aws.scenario(clock={"perCall": 2.5})
    for _ in range(4):
        local_aws.client("sts").get_caller_identity()
    assert float(local_aws.clock_file.read_text()) == 10


def test_calls_are_logged_with_their_status_and_request_id(local_aws: LocalAws) -> None:
    answer = local_aws.client("sts").get_caller_identity()
    with pytest.raises(ClientError):
        local_aws.client("ec2", region="eu-west-1").describe_subnets(SubnetIds=["subnet-1"])
    first, second = local_aws.calls()
    assert first["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert {key: first[key] for key in ("service", "action", "status", "region")} == {
        "service": "sts",
        "action": "GetCallerIdentity",
        "status": 200,
        "region": "us-east-1",
    }
    assert (second["service"], second["action"], second["status"]) == ("ec2", "DescribeSubnets", 400)
    assert second["region"] == "eu-west-1"
    assert second["at"] >= first["at"]
    local_aws.clear_calls()
    assert local_aws.calls() == []


def test_the_access_key_chooses_the_account(local_aws: LocalAws) -> None:
    assert local_aws.client("sts").get_caller_identity()["Account"] == "123456789012"
    assert local_aws.client("sts", account="210987654321").get_caller_identity()["Account"] == "210987654321"


@pytest.mark.parametrize(
    ("service", "call"),
    [("ec2", "describe_fpga_images"), ("cloudformation", "list_exports"), ("sqs", "list_queues")],
)
def test_what_it_lacks_is_refused_cleanly(local_aws: LocalAws, service: str, call: str) -> None:
    with pytest.raises(ClientError, match="The local AWS has no") as refused:
        getattr(local_aws.client(service), call)()
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_an_unknown_region_is_refused_cleanly(local_aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="has no region xx-nowhere-9"):
        local_aws.client("ec2", region="xx-nowhere-9").describe_subnets()


def test_one_connection_serves_many_requests(local_aws: LocalAws) -> None:
    connection = HTTPConnection(urlsplit(local_aws.url).netloc)
    connection.connect()
    socket = connection.sock
    for _ in range(3):
        connection.request("GET", "/_ohf/calls")
        assert json.loads(connection.getresponse().read()) == {"calls": []}
        assert connection.sock is socket
    connection.close()


def test_control_names_what_it_does_not_know(local_aws: LocalAws) -> None:
    with pytest.raises(AssertionError, match="POST /_ohf/clock"):
        local_aws.control("GET", "nothing")
    with pytest.raises(AssertionError, match="advanse: unknown; known here: advance"):
        local_aws.control("POST", "clock", {"advanse": 1})


def test_s3_objects_come_back_as_they_went(local_aws: LocalAws) -> None:
    s3 = local_aws.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="templates")
    s3.put_object(Bucket="templates", Key="a/body.json", Body=b"{}\n")
    assert s3.get_object(Bucket="templates", Key="a/body.json")["Body"].read() == b"{}\n"


def test_subprocesses_reach_it_and_nothing_else(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://real")
    local_aws.advance(77)
    script = (
        "import os, boto3; print(boto3.client('sts').get_caller_identity()['Account'],"
        "os.environ.get('AWS_PROFILE'), os.environ.get('HTTPS_PROXY'), open(os.environ['OHF_CLOCK_FILE']).read())"
    )
    environ = local_aws.environ()
    told = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert told.stdout == "123456789012 None None 77.000000\n\n"
    assert [call["action"] for call in local_aws.calls()] == ["GetCallerIdentity"]
