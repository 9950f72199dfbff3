"""`ohf templates import` against a launch template that exists in the local AWS."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.human import Human
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import IMAGE, SECURITY_GROUP, SUBNET_A, LocalAws

SCRIPT = b"#!/bin/sh\r\n\xff\x00${HOME} {{ not_ours }}\n"
DATA: dict[str, Any] = {
    "ImageId": IMAGE,
    "InstanceType": "m5.xlarge",
    "NetworkInterfaces": [
        {
            "DeviceIndex": 0,
            "AssociatePublicIpAddress": False,
            "DeleteOnTermination": True,
            "Groups": [SECURITY_GROUP],
            "SubnetId": SUBNET_A,
        }
    ],
    "BlockDeviceMappings": [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {"VolumeSize": 30, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True},
        }
    ],
    "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "disabled"},
    "Monitoring": {"Enabled": False},
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "risk"}]}],
    "UserData": base64.b64encode(SCRIPT).decode(),
}


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    """Somebody with a configuration folder of their own."""
    conf = tmp_path / "conf"
    conf.mkdir()
    shutil.copy(EXAMPLE / "awsprov_config.json", conf)
    text = (
        '{"templates": [\n  {"templateId": "first", "maxNumber": 1, "imageId": "ami-1", "vmType": "m5.large"}\n]}\n'
    )
    (conf / "awsprov_templates.json").write_text(text)
    return Human(Provider(tmp_path, local_aws, conf=conf), capsys, monkeypatch)


def created(aws: LocalAws, name: str, *versions: dict[str, Any]) -> str:
    client = aws.client("ec2")
    first, *more = versions
    made = client.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=first)["LaunchTemplate"]
    for one in more:
        client.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=one)
    return str(made["LaunchTemplateId"])


def conf_of(human: Human) -> Path:
    return human.provider.conf


def test_imported_written_rendered_it_is_the_launch_template_that_it_was(human: Human) -> None:
    launch_template = created(human.provider.aws, "grid/worker.v2", DATA)
    made = human.reads("templates", "import", launch_template, "--version", "1", "--max-number", "9", "--write")
    assert made["launchTemplate"] == {"id": launch_template, "name": "grid/worker.v2", "version": 1}
    assert (made["leftOut"], made["refused"], made["written"]) == ([], "", True)
    assert made["entry"]["attributes"] == {
        "type": ["String", "X86_64"],
        "ncpus": ["Numeric", "2"],
        "nram": ["Numeric", "16384"],
        "ncores": ["Numeric", "1"],
    }
    assert (conf_of(human) / "scripts" / "grid-worker-v2.user-data").read_bytes() == SCRIPT
    catalogue = json.loads((conf_of(human) / "awsprov_templates.json").read_text())
    assert [one["templateId"] for one in catalogue["templates"]] == ["first", "grid-worker-v2"]
    assert catalogue["templates"][1] == made["entry"]

    body = json.loads(human.says("render", "grid-worker-v2"))
    found = body["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    tags = found.pop("TagSpecifications")
    assert {"Key": "team", "Value": "risk"} in tags[0]["Tags"]
    expected = {name: value for name, value in DATA.items() if name != "TagSpecifications"}
    expected["MetadataOptions"] = {**DATA["MetadataOptions"], "HttpEndpoint": "enabled"}
    expected["NetworkInterfaces"] = [{k: v for k, v in DATA["NetworkInterfaces"][0].items() if k != "SubnetId"}]
    assert found == expected
    (config,) = body["Resources"]["Capacity"]["Properties"]["LaunchTemplateConfigs"]
    assert [one["SubnetId"] for one in config["Overrides"]] == [SUBNET_A]


def test_without_write_nothing_changes_and_the_entry_is_printed_for_the_catalogue(human: Human) -> None:
    created(human.provider.aws, "worker", {**DATA, "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 1}})
    before = {path: path.read_bytes() for path in conf_of(human).rglob("*") if path.is_file()}
    out, err = human.hears("templates", "import", "worker", "--version", "1", code=0)
    assert json.loads(out)["templateId"] == "worker"
    assert "left out: CpuOptions.CoreCount\nleft out: CpuOptions.ThreadsPerCore\n" in err
    assert "maxNumber is 0: Host Factory does not use the template until you raise it" in err
    assert "not written, give --write:" in err
    assert {path: path.read_bytes() for path in conf_of(human).rglob("*") if path.is_file()} == before


def test_what_the_launch_template_leaves_to_ec2_is_told(human: Human) -> None:
    created(human.provider.aws, "bare", {"ImageId": IMAGE, "InstanceType": "m5.large"})
    made = human.reads("templates", "import", "bare", "--version", "1")
    assert made["settled"] == {"httpTokens": "required", "associatePublicIpAddress": False}
    err = human.hears("templates", "import", "bare", "--version", "1", code=0)[1]
    assert "unsaid by the launch template, as your settings have it: associatePublicIpAddress false" in err


def test_a_yaml_catalogue_gets_yaml_and_keeps_its_comments(human: Human, tmp_path: Path) -> None:
    created(human.provider.aws, "worker", DATA)
    path = tmp_path / "other.yaml"
    path.write_text("templates:\n  # the sure one\n  - templateId: first\n")
    words = ("templates", "import", "worker", "--version", "1", "--catalogue", str(path))
    assert yaml.safe_load(human.says(*words))["templateId"] == "worker"
    human.says(*words, "--template-id", "night", "--write")
    assert path.read_text().startswith("templates:\n  # the sure one\n  - templateId: first\n")
    assert [one["templateId"] for one in yaml.safe_load(path.read_text())["templates"]] == ["first", "night"]
    assert (tmp_path / "scripts" / "night.user-data").read_bytes() == SCRIPT


def test_a_catalogue_that_is_not_there_yet_is_begun(human: Human, tmp_path: Path) -> None:
    created(human.provider.aws, "worker", DATA)
    path = tmp_path / "new.json"
    human.says("templates", "import", "worker", "--version", "1", "--catalogue", str(path), "--write")
    assert [one["templateId"] for one in json.loads(path.read_text())["templates"]] == ["worker"]


def test_versions_are_numbers_and_the_one_asked_for_is_read(human: Human) -> None:
    launch_template = created(human.provider.aws, "worker", DATA, {**DATA, "InstanceType": "c5.large"})
    for version, expected in ((1, "m5.xlarge"), (2, "c5.large")):
        made = human.reads("templates", "import", launch_template, "--version", str(version))
        assert made["entry"]["vmType"] == expected
    for word in ("$Latest", "$Default", "latest", "-1"):
        err = human.hears("templates", "import", launch_template, f"--version={word}", code=1)[1]
        assert "it must be a number" in err


@pytest.mark.parametrize(
    ("named", "version"), [("lt-0123456789abcdef0", "1"), ("nobody", "1"), ("worker", "7"), ("worker", "0")]
)
def test_what_is_not_there_is_said(human: Human, named: str, version: str) -> None:
    created(human.provider.aws, "worker", DATA)
    err = human.hears("templates", "import", named, "--version", version, code=1)[1]
    assert "error[E113]" in err
    assert "describe-launch-templates" in err


def test_nothing_is_written_over(human: Human) -> None:
    created(human.provider.aws, "worker", DATA)
    words = ("templates", "import", "worker", "--version", "1", "--write")
    human.says(*words)
    assert "it has a template of that name" in human.hears(*words, code=1)[1]
    (conf_of(human) / "scripts" / "night.user-data").write_bytes(b"mine")
    err = human.hears(*words, "--template-id", "night", code=1)[1]
    assert "it is there and says something else" in err
    assert (conf_of(human) / "scripts" / "night.user-data").read_bytes() == b"mine"
    catalogue = json.loads((conf_of(human) / "awsprov_templates.json").read_text())
    assert [one["templateId"] for one in catalogue["templates"]] == ["first", "worker"]


def test_an_entry_that_is_not_whole_is_printed_and_not_written(human: Human) -> None:
    created(human.provider.aws, "half", {"InstanceType": "m5.large"})
    out, err = human.hears("templates", "import", "half", "--version", "1", code=1)
    assert json.loads(out)["vmType"] == "m5.large"
    assert "template half: imageId: is required" in err
    before = (conf_of(human) / "awsprov_templates.json").read_bytes()
    assert (
        "imageId: is required" in human.hears("templates", "import", "half", "--version", "1", "--write", code=1)[1]
    )
    assert (conf_of(human) / "awsprov_templates.json").read_bytes() == before
