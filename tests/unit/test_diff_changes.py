"""What differs between two bodies: nothing is hidden, nothing is invented, and lists are compared by meaning."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohf_cli.diff_screen import diff_lines
from ohf_cli.validation import schema_findings
from ohf_iac.review.diff.changes import Change, changes_between
from ohf_iac.review.diff.comparison import compared, document, version
from ohf_iac.review.diff.edits import Sides, edits_between
from ohf_iac.review.diff.hidden import without_secrets
from ohf_iac.review.diff.leaves import Path as LeafPath
from ohf_iac.review.diff.leaves import leaves_of
from ohf_iac.review.diff.markdown import markdown
from ohf_iac.review.diff.places import place_of

STACKS = Path(__file__).parents[2] / "examples" / "stacks"
BODIES = {path.stem: json.loads(path.read_text()) for path in STACKS.glob("*.json") if path.stem != "index"}


def body(name: str = "instant-spot") -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(BODIES[name])
    return found


def machine(of: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = of["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    return found


def overrides(of: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = of["Resources"]["Capacity"]["Properties"]["LaunchTemplateConfigs"][0]["Overrides"]
    return found


def only(before: dict[str, Any], after: dict[str, Any]) -> Change:
    (found,) = changes_between(before, after)
    return found


@pytest.mark.parametrize("name", BODIES)
def test_a_body_does_not_differ_from_itself(name: str) -> None:
    assert changes_between(body(name), body(name)) == ()


def test_a_new_override_is_one_change_that_names_type_and_subnet() -> None:
    after = body()
    overrides(after).insert(0, {"InstanceType": "c7i.8xlarge", "SubnetId": "subnet-0c", "MaxPrice": "0.2"})
    found = only(body(), after)
    assert (found.group, found.act) == ("capacity", "added")
    assert found.places == ("Capacity.Overrides[c7i.8xlarge subnet-0c]",)
    assert found.after == {"InstanceType": "c7i.8xlarge", "SubnetId": "subnet-0c", "MaxPrice": "0.2"}


def test_an_override_that_moved_is_told_as_an_order() -> None:
    after = body()
    overrides(after).reverse()
    found = only(body(), after)
    assert found.places[0].endswith(".Overrides.(order)")
    assert found.before == list(reversed(found.after))


def test_a_tag_of_several_kinds_of_resources_is_one_change_with_all_its_places() -> None:
    after = body()
    for specification in machine(after)["TagSpecifications"][:3]:
        specification["Tags"].append({"Key": "CostCenter", "Value": "4711"})
    found = only(body(), after)
    assert [place.rpartition(".")[2] for place in found.places] == ["Tags[CostCenter]"] * 3
    assert (found.group, found.after) == ("identity", "4711")


def test_security_groups_are_a_set() -> None:
    before, after = body(), body()
    machine(before)["NetworkInterfaces"][0]["Groups"] = ["sg-1", "sg-2"]
    machine(after)["NetworkInterfaces"][0]["Groups"] = ["sg-3", "sg-2"]
    gone, new = sorted(changes_between(before, after), key=lambda one: one.act, reverse=True)
    assert (gone.before, gone.broadens, new.after, new.broadens) == ("sg-1", (), "sg-3", ("security-group",))


def test_an_unknown_property_is_another_change_and_not_hidden() -> None:
    after = body()
    machine(after)["QuantumOptions"] = {"Entangled": True}
    found = only(body(), after)
    assert (found.group, found.act, found.places) == ("other", "added", ("LaunchTemplate.QuantumOptions",))
    assert found.after == {"Entangled": True}


def test_values_of_different_types_are_different() -> None:
    before, after = body(), body()
    machine(before)["QuantumOptions"], machine(after)["QuantumOptions"] = 1, "1"
    found = only(before, after)
    assert (found.before, found.after) == (1, "1")
    machine(after)["QuantumOptions"] = True
    assert only(before, after).after is True


SCRIPT = "#!/bin/sh\nexport PASSWORD=hunter2\n"


@pytest.mark.parametrize(
    "value",
    [
        "IyEvYmluL3NoCmV4cG9ydCBQQVNTV09SRD1odW50ZXIyCg==",
        {"Fn::Base64": SCRIPT},
        {"Fn::Base64": {"Fn::Sub": SCRIPT}},
        {"Fn::Base64": {"Fn::Join": ["", [SCRIPT]]}},
    ],
    ids=["base64", "text", "sub", "join"],
)
def test_user_data_is_told_by_hash_and_lines_alone(value: object) -> None:
    after = body()
    machine(after)["UserData"] = value
    found = only(body(), after)
    assert found.after == f"sha256:{hashlib.sha256(SCRIPT.encode()).hexdigest()}, 2 lines, 34 bytes"
    assert "hunter2" not in repr(changes_between({}, after))
    assert found.broadens == ("user-data",)


def test_parameters_with_noecho_are_masked_on_both_sides() -> None:
    before, after = body(), body()
    before["Parameters"]["Key"] = {"Type": "String", "NoEcho": True, "Default": "hunter3"}
    after["Parameters"]["Key"] = {"Type": "String", "NoEcho": "true", "AllowedValues": ["hunter4"]}
    told = repr(changes_between(before, after))
    assert "hunter" not in told
    assert "parameter Key.Default" in told
    assert "parameter Key.AllowedValues" in told


def test_a_tag_that_looks_like_a_secret_is_not_shown() -> None:
    after = body()
    machine(after)["TagSpecifications"][0]["Tags"].append({"Key": "db_password", "Value": "Tr0ub4dor&3x"})
    found = only(body(), after)
    assert found.after == "(looks like a secret, not shown)"


def test_a_member_of_a_list_that_looks_like_a_secret_is_not_shown_in_its_place() -> None:
    after = body()
    machine(after)["Arguments"] = ["--password Tr0ub4dor&3x", "-v"]
    told = repr(changes_between(body(), after)) + repr(changes_between(after, body()))
    assert "Tr0ub4dor" not in told
    machine(after)["Arguments"].append("--token abcDEF123456")
    before = {**after, "Resources": body()["Resources"]}
    machine(before)["Arguments"] = ["-v", "--password Tr0ub4dor&3x"]
    assert "Tr0ub4dor" not in repr(changes_between(before, after))


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "1", "#1", "a #2", "[a]"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Tags", "Key", "Value", "Ref", "Overrides", "InstanceType", "Groups", "x", "Fn::If"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from(["Resources", "Parameters", "Outputs", "x"]), values, max_size=3)


def written(value: object) -> str:
    return json.dumps(value, sort_keys=True)


@given(bodies, bodies)
@settings(max_examples=150, deadline=None)
def test_bodies_differ_exactly_when_there_are_changes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert bool(changes_between(one, other)) == (written(one) != written(other))


@given(bodies, bodies)
@settings(max_examples=100, deadline=None)
def test_every_leaf_that_differs_is_in_some_change_and_reversing_swaps(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    edits = edits_between(sides(one, other))
    changes = changes_between(one, other)
    places = tuple(place for change in changes for place in change.places)
    assert all(covered(edit.path, places) for edit in edits)
    swapped = edits_between(sides(other, one))
    assert [(e.path, e.before, e.after) for e in edits] == [(e.path, e.after, e.before) for e in swapped]


@given(bodies, bodies)
@settings(max_examples=100, deadline=None)
def test_any_two_bodies_can_be_told_in_each_form(one: dict[str, Any], other: dict[str, Any]) -> None:
    found = (compared("t", version("a", one), version("b", other)),)
    assert schema_findings("diff", document(found)) == ()
    assert markdown(found).endswith("\n")
    for width in (None, 80):
        assert list(diff_lines(found, width))


def covered(path: LeafPath, places: tuple[str, ...]) -> bool:
    """Whether a change stands at a leaf or at a part that holds it."""
    return any(place_of(path[:length]) in places for length in range(1, len(path) + 1))


def sides(one: dict[str, Any], other: dict[str, Any]) -> Sides:
    return Sides(leaves_of(without_secrets(one)), leaves_of(without_secrets(other)))
