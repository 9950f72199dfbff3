"""Every kind of value at every place of documents that are right, one by one, before what reads them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ohf_iac.config.keys import KEYS
from ohf_iac.config.template_keys import TEMPLATE_KEYS
from ohf_iac.template.fields import ALIASES, READERS
from ohf_iac.template.requirements import REQUIREMENTS
from tests.e2e.processes import OPERATIONS
from tests.fuzz.judge import ENTRY
from tests.fuzz.mutations import ODD, all_places, nested, seeds
from tests.fuzz.reading import read

VALUES = (*ODD, nested(64), nested(65), nested(300))


def spoiled(document: Any) -> Iterator[bytes]:
    """The document with each value at each of its places, the whole document included."""
    holder = [document]
    for number, _ in enumerate(list(all_places(holder))):
        for value in VALUES:
            changed = copy.deepcopy(holder)
            where, key = list(all_places(changed))[number]
            where[key] = value
            yield json.dumps(changed[0]).encode()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_any_value_at_any_place_of_an_input(operation: str) -> None:
    documents = [text for text in seeds(operation) if text.removeprefix(b"\xef\xbb\xbf").strip()]
    smallest = sorted(documents, key=len)[:6]
    for text in smallest:
        for content in spoiled(json.loads(text.decode("utf-8-sig"))):
            read(operation, content)


@pytest.mark.parametrize("field", sorted((*READERS, *ALIASES)))
def test_any_value_in_any_field_of_the_catalogue(field: str) -> None:
    for value in VALUES:
        read("catalogue", json.dumps([{**ENTRY, field: value}]).encode())


@pytest.mark.parametrize("place", ["attributes", "instanceTags", "vmTypes", "abisInstanceRequirements"])
def test_any_value_inside_a_field_of_the_catalogue(place: str) -> None:
    name = {"attributes": "ncpus", "instanceTags": "a", "vmTypes": "m5.large"}.get(place, "")
    for value in VALUES:
        for inside in (name,) if name else REQUIREMENTS:
            entry = {**ENTRY, place: {inside: value}}
            read("catalogue", json.dumps([entry]).encode())
        read("catalogue", json.dumps([{**ENTRY, place: {value if isinstance(value, str) else "": 1}}]).encode())


@pytest.mark.parametrize("target", ["own", "ibm"])
def test_any_value_of_any_setting(target: str) -> None:
    for key in (*KEYS, *TEMPLATE_KEYS):
        if target == "own" or key.ibm:
            for value in VALUES:
                document = {key.section: {key.name: value}} if target == "own" else {key.ibm: value}
                read(target, json.dumps(document).encode())


def test_any_value_at_any_place_of_a_fleet_file() -> None:
    fleet = {
        "Type": "instant",
        "LaunchTemplateConfigs": [
            {
                "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-1", "Version": "1"},
                "Overrides": [
                    {"InstanceType": "m5.large", "WeightedCapacity": 2, "Placement": {"Tenancy": "default"}}
                ],
            }
        ],
        "TargetCapacitySpecification": {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "spot"},
        "SpotOptions": {"AllocationStrategy": "lowestPrice", "MaxTotalPrice": "1"},
        "OnDemandOptions": {"CapacityReservationOptions": {"UsageStrategy": "use"}},
        "TagSpecifications": [{"ResourceType": "fleet", "Tags": [{"Key": "a", "Value": "b"}]}],
    }
    for content in spoiled(fleet):
        read("fleet", content)
