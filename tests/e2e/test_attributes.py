"""Attributes that the catalogue leaves out, as the real script tells them and as people see them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e.human import Human
from tests.e2e.provider import ROOT, Provider
from tests.local_aws import ARM_IMAGE, IMAGE

BARE = {"templateId": "bare", "maxNumber": 5, "imageId": IMAGE, "vmType": "c5.2xlarge,r5.xlarge"}
TOLD = {
    "type": ["String", "X86_64"],
    "ncpus": ["Numeric", "2"],
    "nram": ["Numeric", "16384"],
    "ncores": ["Numeric", "1"],
}
PROBE = """
import sys
from ohf_cli import machine
code = machine.main()
print("ohf_iac.template.hardware" in sys.modules)
sys.exit(code)
"""


def serving(provider: Provider, *entries: dict[str, Any]) -> Provider:
    conf = provider.folder / "conf"
    conf.mkdir()
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": entries}))
    provider.conf = conf
    return provider


def test_host_factory_is_told_what_the_smallest_type_has(provider: Provider) -> None:
    (told,) = serving(provider, BARE).call("getAvailableTemplates", {})["templates"]
    assert told == {**BARE, "attributes": TOLD}


@pytest.mark.parametrize(
    ("vm_type", "image", "cores", "threads"), [("c5.xlarge", IMAGE, 2, 4), ("m6g.xlarge", ARM_IMAGE, 4, 4)]
)
def test_a_machine_has_what_its_template_promised(
    quick: Provider, vm_type: str, image: str, cores: int, threads: int
) -> None:
    entry = {**BARE, "vmType": vm_type, "imageId": image}
    (told,) = serving(quick, entry).call("getAvailableTemplates", {})["templates"]
    assert told["attributes"]["ncpus"] == ["Numeric", str(cores)]
    (machine,) = quick.settle(quick.request("bare", 1))["machines"]
    assert (machine["instanceType"], machine["ncores"], machine["nthreads"]) == (vm_type, cores, threads)


def test_templates_given_in_the_call_are_completed_too(quick: Provider) -> None:
    (told,) = quick.call("getAvailableTemplates", {"templates": [BARE]})["templates"]
    assert told["attributes"] == TOLD


@pytest.mark.parametrize("needed", [True, False])
def test_only_a_catalogue_that_leaves_something_out_pays_for_the_table(quick: Provider, needed: bool) -> None:
    if needed:
        serving(quick, BARE)
    for name in ("work", "log"):
        (quick.folder / name).mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PROBE, "getAvailableTemplates", "--data", "{}"],
        env={**quick.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'cli'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == str(needed)


def test_people_see_what_was_derived(
    quick: Provider, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    human = Human(serving(quick, BARE, {**BARE, "templateId": "odd", "vmType": "m0.huge"}), capsys, monkeypatch)
    shown = human.reads("templates", "show", "bare")["template"]
    assert shown["attributes"] == TOLD
    assert set(shown["derivedAttributes"]) == set(TOLD)
    assert "derivedAttributes" in human.says("templates", "show", "bare")
    checked = human.reads("templates", "validate")
    assert any("m0.huge is not in the table of instance types" in one for one in checked["warnings"])
    assert [one["derivedAttributes"] for one in checked["templates"]][1] == ["ncores"]
