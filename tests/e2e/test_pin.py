"""`ohf pin`: one value of the catalogue changes, or nothing does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.e2e.human import Human
from tests.e2e.provider import Provider
from tests.e2e.reviewed import approve, committed, reviewed
from tests.local_aws import LocalAws

PARAMETER = "/ohf/images/grid"


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Human:
    return Human(Provider(tmp_path, local_aws), capsys, monkeypatch)


def test_an_image_behind_a_parameter_can_be_approved_once_it_is_pinned(human: Human) -> None:
    conf = reviewed(human, mode="enforce", unsigned=True)
    catalogue = conf / "awsprov_templates.json"
    before = catalogue.read_text()
    assert approve(human, template="instant-spot", code=4)["error"]["code"] == "E408"
    told = human.reads("pin", "instant-spot", "--dry-run")
    assert (told["written"], catalogue.read_text()) == (False, before)
    told = human.reads("pin", "instant-spot")
    assert told["before"] == f"{{{{resolve:ssm:{PARAMETER}}}}}"
    assert told["after"].startswith("ami-")
    assert catalogue.read_text() == before.replace(f'"{PARAMETER}"', f'"{told["after"]}"', 1)
    committed(conf)
    approve(human, template="instant-spot")
    human.requests("instant-spot", 1)
    human.provider.aws.clear_calls()
    assert not human.reads("pin", "instant-spot")["written"]
    assert human.provider.aws.calls() == []


@pytest.mark.parametrize(
    "written", [PARAMETER, f'"{PARAMETER}"', f"'{PARAMETER}'  # the grid's", f"resolve:ssm:{PARAMETER}:1 # first"]
)
def test_a_yaml_catalogue_keeps_its_comments(human: Human, written: str) -> None:
    conf = as_yaml(
        human, f"# ours\n- &a\n  templateId: one\n  imageId: {written}\n  vmType: m5.large\n  maxNumber: 3\n"
    )
    told = human.reads("pin", "one")
    text = (conf / "awsprov_templates.yaml").read_text()
    assert text.startswith("# ours\n")
    assert ("# " in written) == ("  # the grid's" in text or " # first" in text)
    assert yaml.safe_load(text)[0]["imageId"] == told["after"]


def test_an_image_that_several_templates_share_is_left_alone(human: Human) -> None:
    shared = f"- &a\n  templateId: one\n  imageId: {PARAMETER}\n  vmType: m5.large\n  maxNumber: 3\n"
    conf = as_yaml(human, f"{shared}- <<: *a\n  templateId: two\n")
    before = (conf / "awsprov_templates.yaml").read_text()
    for template in ("one", "two"):
        _, err = human.hears("pin", template, code=1)
        assert "by hand" in err
    assert (conf / "awsprov_templates.yaml").read_text() == before


def as_yaml(human: Human, text: str) -> Path:
    conf = reviewed(human)
    (conf / "awsprov_templates.json").unlink()
    (conf / "awsprov_templates.yaml").write_text(text)
    return conf


def test_a_parameter_without_an_image_is_refused(human: Human) -> None:
    conf = reviewed(human)
    catalogue = conf / "awsprov_templates.json"
    catalogue.write_text(catalogue.read_text().replace(PARAMETER, "/ohf/other"))
    human.provider.aws.client("ssm").put_parameter(Name="/ohf/other", Value="nothing", Type="String")
    _, err = human.hears("pin", "instant-spot", code=1)
    assert "holds no image id" in err
    human.provider.aws.client("ssm").delete_parameter(Name="/ohf/other")
    _, err = human.hears("pin", "instant-spot", code=1)
    assert "read parameter /ohf/other" in err
    human.hears("pin", "nobody", code=1)
    assert json.loads(catalogue.read_text())
