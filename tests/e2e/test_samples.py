"""IBM's catalogue shapes as they are found in the field: each template is served or refused by its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.provider import ROOT, Provider

SAMPLES = [ROOT / "tests" / "fixtures" / "catalogues" / name for name in ("symphony.json", "lsf.json")]
#: the launch template that the samples name
FOREIGN = "lt-0a1b2c3d4e5f60001"


def with_launch_template(provider: Provider, text: str) -> str:
    """The text with the administrator's launch template under the id that it has in this world."""
    if FOREIGN not in text:
        return text
    made = provider.aws.client("ec2").create_launch_template(
        LaunchTemplateName=f"theirs-{len(text)}",
        LaunchTemplateData={"ImageId": "ami-0a1b2c3d4e5f60001", "InstanceType": "m5.large"},
    )
    return text.replace(FOREIGN, str(made["LaunchTemplate"]["LaunchTemplateId"]))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_template_is_served_or_refused_by_name(quick: Provider, tmp_path: Path, sample: Path) -> None:
    conf = tmp_path / "conf"
    conf.mkdir()
    for source in sample.parent.rglob("*"):
        if source.is_file() and source not in SAMPLES:
            target = conf / source.relative_to(sample.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(with_launch_template(quick, source.read_text()))
    (conf / "awsprov_templates.json").write_text(with_launch_template(quick, sample.read_text()))
    (conf / "awsprov_config.json").write_text('{"AWS_REGION": "us-east-1"}')
    quick.conf = conf
    answer = quick.call("getAvailableTemplates", {})
    served = [one["templateId"] for one in answer["templates"]]
    entries = json.loads(sample.read_text())["templates"]
    for entry in entries:
        name = entry.get("templateId", entry.get("templateID"))
        assert (name in served) != (f"template {name}" in answer["message"]), (name, answer["message"])
    for template in served:
        entry = quick.settle(quick.request(template, 2), step=60, patience=3600)
        assert entry["status"] == "complete", (template, entry)
