"""Every golden body is what it was, says what it must, and is what CloudFormation takes.

`pytest tests/golden --update-golden` rewrites the expected files; a changed body is a release note.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.render.canonical import indented
from ohf_iac.request import TAG_OWNER, TAG_REQUEST, TAG_TEMPLATE
from tests.golden.cases import CASES, HERE, REJECTED, catalogue_of, document, fresh, rendered

cases = pytest.mark.parametrize("case", CASES)
INLINE_LIMIT = 51_200
KINDS = ("asg", "instant", "request", "maintain", "spotfleet-request", "spotfleet-maintain")


def expect(path: Path, found: str, update: bool) -> None:
    if update:
        path.write_text(found)
    assert path.exists(), f"{path.name} is missing; run with --update-golden"
    assert found == path.read_text()


def test_every_kind_is_there_with_every_way_to_buy_minimal_and_full() -> None:
    wanted = {
        "-".join(case) for case in itertools.product(KINDS, ("ondemand", "spot", "mixed"), ("minimal", "full"))
    }
    assert wanted <= set(CASES)


@cases
def test_body_is_the_golden_one(case: str, update_golden: bool) -> None:
    expect(HERE / case / "stack.json", indented(rendered(case).body), update_golden)


@pytest.mark.parametrize("case", REJECTED)
def test_refusal_is_the_golden_one(case: str, update_golden: bool) -> None:
    catalogue = catalogue_of(HERE / "rejected" / case)
    assert not catalogue.templates
    expect(HERE / "rejected" / case / "error.txt", catalogue.refused[0].message + "\n", update_golden)


@cases
def test_rendering_again_gives_the_same_bytes(case: str) -> None:
    assert fresh(case) == rendered(case)


@cases
def test_digest_is_the_hash_of_the_canonical_form_of_the_indented_file(case: str) -> None:
    written = json.loads((HERE / case / "stack.json").read_text())
    body = json.dumps(written, sort_keys=True, separators=(",", ":"), ensure_ascii=True) + "\n"
    assert rendered(case).digest == hashlib.sha256(body.encode()).hexdigest()


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_canonical_form_is_what_jq_prints() -> None:
    files = [str(HERE / case / "stack.json") for case in CASES]
    printed = subprocess.run(["jq", "-caS", ".", *files], capture_output=True, check=True).stdout
    assert printed == "".join(rendered(case).body for case in CASES).encode()


@cases
def test_body_fits_into_one_call(case: str) -> None:
    assert len(rendered(case).body) <= INLINE_LIMIT


@cases
def test_body_holds_nothing_of_a_request(case: str) -> None:
    assert not re.search(r"req-[0-9a-f]{8}-[0-9a-f]{16}(?!\])|20\d\d-\d\d-\d\dT", rendered(case).body)


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def referred(body: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Names that Ref, Sub and GetAtt use, and conditions."""
    names, conditions = set(), set()
    for node in walk(body):
        if "Ref" in node:
            names.add(node["Ref"])
        if "Fn::GetAtt" in node:
            names.add(node["Fn::GetAtt"][0])
        if "Fn::Sub" in node:
            names |= set(re.findall(r"\$\{([^!}][^}]*)\}", node["Fn::Sub"]))
        if isinstance(node.get("Condition"), str):
            conditions.add(node["Condition"])
    return names, conditions


@cases
def test_every_reference_resolves_and_every_parameter_is_used(case: str) -> None:
    body = document(case)
    names, conditions = referred(body)
    known = {*body["Parameters"], *body["Resources"], "AWS::Partition", "AWS::AccountId"}
    assert names <= known
    assert set(body["Parameters"]) <= names
    assert conditions == set(body.get("Conditions", {}))


def instance_tags(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Tags that reach a machine: from the launch template, or where it is foreign from fleet or group."""
    resources = body["Resources"]
    if "LaunchTemplate" in resources:
        specifications = resources["LaunchTemplate"]["Properties"]["LaunchTemplateData"]["TagSpecifications"]
    elif "TagSpecifications" in resources["Capacity"]["Properties"]:
        specifications = resources["Capacity"]["Properties"]["TagSpecifications"]
    else:
        tags: list[dict[str, Any]] = resources["Capacity"]["Properties"]["Tags"]
        assert all(tag["PropagateAtLaunch"] for tag in tags)
        return tags
    found: list[dict[str, Any]] = next(one["Tags"] for one in specifications if one["ResourceType"] == "instance")
    return found


@cases
def test_identity_reaches_the_machines(case: str) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in instance_tags(document(case))}
    assert tags[TAG_REQUEST] == {"Ref": "RequestId"}
    assert tags[TAG_TEMPLATE] == {"Ref": "TemplateId"}
    assert tags[TAG_OWNER] == {"Ref": "Owner"}
    assert tags["RC_ACCOUNT"] == {"Ref": "RcAccount"}
    assert not any("/" in key or " " in key for key in tags if key.startswith("ohf:"))


@cases
def test_nothing_ends_or_replaces_machines_behind_host_factory(case: str) -> None:
    for resource in document(case)["Resources"].values():
        properties = resource["Properties"]
        fleet = properties.get("SpotFleetRequestConfigData", properties)
        if resource["Type"] in ("AWS::EC2::EC2Fleet", "AWS::EC2::SpotFleet"):
            assert fleet["TerminateInstancesWithExpiration"] is False
            assert fleet["ReplaceUnhealthyInstances"] is False
            policy = {"AWS::EC2::EC2Fleet": "no-termination", "AWS::EC2::SpotFleet": "noTermination"}
            wanted = policy[resource["Type"]] if fleet["Type"] == "maintain" else None
            assert fleet.get("ExcessCapacityTerminationPolicy") == wanted
        if resource["Type"] == "AWS::AutoScaling::AutoScalingGroup":
            assert fleet["CapacityRebalance"] is False
            assert fleet["NewInstancesProtectedFromScaleIn"] is False
            assert fleet["MinSize"] == "0"
            assert fleet["MaxSize"] == fleet["DesiredCapacity"] == {"Ref": "TargetCapacity"}


@cases
def test_resources_tell_why_they_are_there(case: str) -> None:
    assert all(one["Metadata"]["ohf"]["why"] for one in document(case)["Resources"].values())


@pytest.fixture(scope="session")
def lint() -> Callable[[str], list[str]]:
    """cfn-lint with its rules loaded once per process."""
    from cfnlint.api import lint
    from cfnlint.core import get_rules

    rules = get_rules([], [], ["I", "W", "E"], {}, False)
    return lambda text: [f"{match.rule.id} {match.message}" for match in lint(text, rules, ["us-east-1"])]


@cases
def test_cfn_lint_has_nothing_to_say(case: str, lint: Callable[[str], list[str]]) -> None:
    assert lint(indented(rendered(case).body)) == []


def test_cfn_lint_would_speak_up(lint: Callable[[str], list[str]]) -> None:
    body = document("instant-ondemand-minimal")
    body["Resources"]["Capacity"]["Properties"]["Type"] = "eventually"
    assert lint(json.dumps(body)) != []
