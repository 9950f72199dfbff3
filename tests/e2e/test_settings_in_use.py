"""Settings whose effect is seen outside: the I/O log, history, large bodies through S3."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from ohf_cli import machine
from tests.e2e.provider import Provider, live_machines

DAY = 86400


def configured(provider: Provider, folder: Path, settings: dict[str, Any], template: dict[str, Any]) -> Provider:
    conf = folder / "conf"
    conf.mkdir()
    plain = {
        "templateId": "one",
        "maxNumber": 100,
        "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "2"], "nram": ["Numeric", "8192"]},
        "imageId": "ami-0a1b2c3d4e5f60001",
        "vmType": "m5.large",
        "subnetId": "subnet-0a1b2c3d4e5f60001",
        "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
    }
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": [plain | template]}))
    (conf / "awsprov_config.json").write_text('{"AWS_REGION": "us-east-1"}')
    (conf / "ohf.json").write_text(json.dumps(settings))
    provider.conf = conf
    return provider


#: a catalogue entry whose body is beyond what CloudFormation takes in a call
SIZES = ("large", "xlarge", "2xlarge", "4xlarge")
LARGE = {
    "vmType": ",".join(f"{family}.{size}" for family in ("m5", "c5", "r5") for size in SIZES),
    "subnetId": ",".join(f"subnet-0a1b2c3d4e5f7{number:04d}" for number in range(60)),
}


def test_a_large_body_is_refused_without_a_bucket(quick: Provider, tmp_path: Path) -> None:
    provider = configured(quick, tmp_path, {}, LARGE)
    document = {"template": {"templateId": "one", "machineCount": 2}}
    message = provider.call("requestMachines", document, code=1)["message"]
    assert "51200" in message
    assert "templateBucket" in message
    assert not [one for one in quick.aws.calls() if one["action"] == "CreateStack"]


def test_a_large_body_goes_through_the_bucket(quick: Provider, tmp_path: Path) -> None:
    aws = quick.aws
    aws.client("s3").create_bucket(Bucket="grid-bodies")
    provider = configured(quick, tmp_path, {"provider": {"templateBucket": "grid-bodies"}}, LARGE)
    entry = provider.settle(provider.request("one", 2))
    assert entry["status"] == "complete"
    assert len(live_machines(aws)) == 2
    (kept,) = aws.client("s3").list_objects_v2(Bucket="grid-bodies")["Contents"]
    (record,) = provider.database()["requests"].values()
    assert kept["Key"] == f"{record['digest']}.json"


def test_the_io_log_holds_inputs_and_answers(quick: Provider, tmp_path: Path) -> None:
    provider = configured(quick, tmp_path, {"logging": {"ioLog": True}}, {})
    request_id = provider.request("one", 1)
    provider.status(request_id)
    refused = provider.call("requestMachines", '{"template": ', code=1)
    file = tmp_path / "log" / "grid-io.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [one["operation"] for one in lines] == ["requestMachines", "getRequestStatus", "requestMachines"]
    assert lines[0]["input"] == {"template": {"templateId": "one", "machineCount": 1}}
    assert lines[0]["answer"]["requestId"] == request_id
    assert lines[1]["answer"]["requests"][0]["requestId"] == request_id
    assert [one["exit"] for one in lines] == [0, 0, 1]
    assert (lines[2]["text"], lines[2]["answer"]) == ('{"template": ', refused)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_input_that_cannot_be_read_is_in_the_io_log_too(quick: Provider, tmp_path: Path) -> None:
    provider = configured(quick, tmp_path, {"logging": {"ioLog": True}}, {})
    code, answer, _ = machine.answer(["requestMachines", "-f", str(tmp_path)], provider.environ)
    assert (code, json.loads(answer)["message"][:10]) == (1, "read input")
    (line,) = (tmp_path / "log" / "grid-io.jsonl").read_text().splitlines()
    assert "input" not in json.loads(line)
    assert json.loads(line)["answer"] == json.loads(answer)


def test_an_io_log_that_cannot_be_written_fails_no_call(quick: Provider, tmp_path: Path) -> None:
    provider = configured(quick, tmp_path, {"logging": {"ioLog": True}}, {})
    (tmp_path / "log" / "grid-io.jsonl").mkdir(parents=True)
    provider.call("getAvailableTemplates", {})
    (log,) = (tmp_path / "log").glob("grid-provider.log.*")
    assert "I/O log cannot be written" in log.read_text()


def test_without_the_setting_there_is_no_io_log(quick: Provider, tmp_path: Path) -> None:
    provider = configured(quick, tmp_path, {}, {})
    provider.call("getAvailableTemplates", {})
    assert not (tmp_path / "log" / "grid-io.jsonl").exists()


def test_old_requests_move_to_an_archive(quick: Provider, tmp_path: Path) -> None:
    provider = configured(quick, tmp_path, {"storage": {"historyDays": 2}}, {})
    old = provider.settle(provider.request("one", 1))
    provider.settle(provider.give_back(old["machines"]))
    provider.polls(240, step=80)
    quick.aws.advance(3 * DAY)
    young = provider.settle(provider.request("one", 1))
    provider.settle(provider.give_back(young["machines"]))
    provider.polls(240, step=80)
    assert list(provider.database()["requests"]) == [young["requestId"]]
    archives = [file for file in provider.work.iterdir() if old["requestId"] in file.read_text()]
    assert [file.name for file in archives if "request_database" in file.name]
