"""The store fails, AWS does not: machines go on being returned, limits hold between parallel calls."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.e2e.provider import NAME, SCRIPTS, Provider, live_machines
from tests.local_aws import LocalAws


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    return Provider(tmp_path, local_aws)


def test_machines_are_returned_though_the_store_is_unreadable(provider: Provider) -> None:
    entry = provider.settle(provider.request("asg-ondemand", 2))
    database = provider.work / f"{NAME}-request_database.json"
    database.unlink()
    database.mkdir()
    returned = provider.give_back(entry["machines"])
    assert provider.settle(returned)["status"] == "complete"
    assert live_machines(provider.aws) == []


def test_parallel_requests_share_the_maximum(provider: Provider, tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    conf.mkdir()
    template = {
        "templateId": "five",
        "maxNumber": 5,
        "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "2"], "nram": ["Numeric", "8192"]},
        "imageId": "ami-0a1b2c3d4e5f60001",
        "vmType": "m5.large",
        "subnetId": "subnet-0a1b2c3d4e5f60001",
        "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
    }
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": [template]}))
    (conf / "awsprov_config.json").write_text('{"AWS_REGION": "us-east-1"}')
    provider.conf = conf
    for name in ("work", "log"):
        (tmp_path / name).mkdir()
    source = tmp_path / "hf_in_parallel"
    source.write_text(json.dumps({"template": {"templateId": "five", "machineCount": 2}}))
    command = [str(SCRIPTS / "requestMachines.sh"), "-f", str(source)]
    started = [subprocess.Popen(command, env=provider.environ, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    answers = [(one.communicate(timeout=120)[0], one.returncode) for one in started]
    granted = [json.loads(text) for text, code in answers if code == 0]
    refused = [json.loads(text) for text, code in answers if code == 1]
    assert len(granted) == 2
    assert all("maxNumber is 5" in one["message"] for one in refused)
    assert len(refused) == 4
    provider.aws.advance(60)
    assert len(live_machines(provider.aws)) == 4
