"""The catalogue's schema and its parser accept and refuse the same documents, and both are documented.

The schema speaks of structure; rules between fields, ids and files are the parser's alone and not in this corpus.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ohf_iac.errors import ValidationError
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue
from ohf_iac.template.defaults import BODY_SETTINGS
from ohf_iac.template.fields import ALIASES, ECHOED, READERS

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "catalogue.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ENTRY: dict[str, Any] = {
    "templateId": "t1",
    "maxNumber": 10,
    "imageId": "ami-1",
    "vmType": "m5.large",
    "subnetId": "subnet-1",
    "rootDeviceName": "/dev/xvda",
}
FILES = {"s.sh": b"echo"}


def entry(**more: Any) -> dict[str, Any]:
    """A catalogue of one entry; a field given as ... is left out."""
    return {"templates": [{name: value for name, value in {**ENTRY, **more}.items() if value is not ...}]}


ACCEPTED: list[Any] = [
    entry(),
    entry()["templates"],
    {"templates": []},
    {"templates": entry()["templates"][0]},
    entry(templateId=..., templateID="t1"),
    entry(templateId=7),
    entry(maxNumber="-1"),
    entry(maxNumber=4.0),
    entry(subnetId=..., subnetIds=["subnet-1", "subnet-2"]),
    entry(securityGroupIds=[""]),
    entry(securityGroupIds="sg-1,sg-2"),
    entry(vmType=["m5.large", "c5.large"]),
    entry(vmTypes={"m5.large": "2", "c5.large": 3.0}),
    entry(vmTypes=["m5.large"]),
    entry(vmTypesPriority={"m5.large": 0}),
    entry(instanceTags={"a": "b", "n": 1, "empty": None, "flag": True}),
    entry(instanceTags="a=b;c=d;"),
    entry(userData="a=b"),
    entry(userDataScript="s.sh"),
    entry(
        attributes={"ncpus": 1, "type": ["String", "X86_64"], "nram": ["Numeric", 1024], "rank": None, "gpu": True}
    ),
    entry(attributes=None, keyName="", ebsOptimized=None, iops=[], tenancy={}),
    entry(ebsOptimized="YES", encryptVolumes=0, detailedMonitoring="off"),
    entry(providerApi="asg"),
    entry(priceType="SPOT", maxSpotPrice="0.05", percentOnDemand="30"),
    entry(priceType="spot", maxSpotPrice=1, onDemandTargetCapacityRatio="0.25"),
    entry(priceType="spot", spotPrice=0.0001, onDemandTargetCapacityRatio=1),
    entry(rootDeviceVolumeSize="100", volumeType="GP3", iops=3000),
    entry(spotFleetRequestExpiry="30", requestValidity="00:30"),
    entry(partialStatus="Complete", maxPerRequest=10000),
    entry(unknownField={"anything": [1.5, None]}, priority="5", pgrpName=None),
]
REFUSED: list[Any] = [
    None,
    "templates",
    7,
    {},
    {"templates": "t1"},
    {"template": []},
    ["t1"],
    {"templates": [None]},
    {"templates": [[]]},
    entry(templateId=...),
    entry(templateId=None),
    entry(templateId="with blank"),
    entry(templateId=""),
    entry(templateId="x" * 65),
    entry(templateId=["t1"]),
    entry(maxNumber=...),
    entry(maxNumber=None),
    entry(maxNumber=True),
    entry(maxNumber=1.5),
    entry(maxNumber="ten"),
    entry(maxNumber=-2),
    entry(maxNumber=10001),
    entry(maxNumber=[1]),
    entry(vmType={"m5.large": 1}),
    entry(vmType=5.5),
    entry(vmTypes="m5.large"),
    entry(vmTypes={"m5.large": 0}),
    entry(vmTypes={"m5.large": 1000}),
    entry(vmTypes={"m5.large": 1.5}),
    entry(vmTypes={"large": 1}),
    entry(vmTypesPriority={"m5.large": -1}),
    entry(vmTypesPriority=["m5.large"]),
    entry(subnetId={"a": 1}),
    entry(securityGroupIds=[["sg-1"]]),
    entry(securityGroupIds=True),
    entry(keyName=["k"]),
    entry(keyName=True),
    entry(imageId={"id": "ami-1"}),
    entry(instanceTags=["a=b"]),
    entry(instanceTags={"a": ["b"]}),
    entry(userData=5),
    entry(attributes=["ncpus"]),
    entry(attributes="ncpus=1"),
    entry(attributes={"ncpus": ["Numeric"]}),
    entry(attributes={"ncpus": [1, "4"]}),
    entry(attributes={"ncpus": {"value": 1}}),
    entry(ebsOptimized="maybe"),
    entry(ebsOptimized=2),
    entry(ebsOptimized=["true"]),
    entry(providerApi="Lambda"),
    entry(providerApi=1),
    entry(priceType="reserved"),
    entry(fleetType="eventually"),
    entry(tenancy="shared"),
    entry(volumeType="gp9"),
    entry(httpTokens="none"),
    entry(httpPutResponseHopLimit=65),
    entry(maxSpotPrice="cheap"),
    entry(maxSpotPrice=-0.1),
    entry(maxSpotPrice=[0.1]),
    entry(onDemandTargetCapacityRatio=1.5),
    entry(onDemandTargetCapacityRatio="2"),
    entry(percentOnDemand=101),
    entry(rootDeviceVolumeSize=0),
    entry(rootDeviceVolumeSize=16385),
    entry(iops=64001),
    entry(maxPerRequest=0),
    entry(spotFleetRequestExpiry=0),
    entry(partialStatus="partial"),
    entry(abisInstanceRequirements="2 cores"),
    {"templates": [{}] * 10_001},
    [{}] * 10_001,
]


def parser_accepts(document: Any) -> bool:
    try:
        return not parse_catalogue(copy.deepcopy(document), TemplateDefaults(), FILES).refused
    except ValidationError:
        return False


@pytest.mark.parametrize("document", ACCEPTED, ids=lambda document: json.dumps(document)[-60:])
def test_both_accept(document: Any) -> None:
    assert parser_accepts(document), parse_catalogue(document, TemplateDefaults(), FILES).refused
    VALIDATOR.validate(document)


@pytest.mark.parametrize("document", REFUSED, ids=lambda document: json.dumps(document)[-60:])
def test_both_refuse(document: Any) -> None:
    assert not parser_accepts(document)
    assert not VALIDATOR.is_valid(document)


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_schema_knows_every_field_and_describes_it() -> None:
    properties = SCHEMA["$defs"]["template"]["properties"]
    assert set(properties) == {*READERS, *ALIASES, *ECHOED}
    assert all(one["description"] for one in properties.values())


def test_manual_has_every_field_and_setting() -> None:
    manual = (ROOT / "docs" / "catalogue.md").read_text()
    missing = [name for name in (*READERS, *ECHOED, *BODY_SETTINGS) if f"\n| `{name}` |" not in manual]
    assert missing == []
    assert all(f"`{name}`" in manual for name in ALIASES)
