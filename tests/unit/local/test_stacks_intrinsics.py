"""Intrinsic functions and parameters, held against what CloudFormation's reference says of them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.local.intrinsics import Scope, TemplateError, evaluate, references
from ohf_iac.local.stack_parameters import given_values, resolved_values
from ohf_iac.local.template_body import dependencies, read


def scope(conditions: Mapping[str, Any] | None = None, **parameters: Any) -> Scope:
    return Scope(
        parameters=parameters,
        pseudo={"AWS::Region": "eu-west-1"},
        reference=lambda name: f"id-of-{name}",
        attribute=lambda name, wanted: f"{wanted}-of-{name}",
        conditions=conditions or {},
        mappings={"Sizes": {"eu-west-1": {"small": "m5.large"}}},
    )


IS_ZERO = {"Zero": {"Fn::Equals": [{"Ref": "N"}, "0"]}, "Some": {"Fn::Not": [{"Condition": "Zero"}]}}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Ref": "P"}, "p"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "Thing"}, "id-of-Thing"),
        ({"Fn::GetAtt": ["Thing", "Arn"]}, "Arn-of-Thing"),
        ({"Fn::GetAtt": "Thing.Outputs.X"}, "Outputs.X-of-Thing"),
        ({"Fn::Sub": "${P} ${Thing} ${Thing.Arn} ${AWS::Region}"}, "p id-of-Thing Arn-of-Thing eu-west-1"),
        ({"Fn::Sub": "${!P} $P $${P} ${!AWS::Region}"}, "${P} $P $p ${AWS::Region}"),
        ({"Fn::Sub": ["${A}${P}", {"A": {"Ref": "P"}, "P": "own"}]}, "pown"),
        ({"Fn::Base64": {"Fn::Sub": "ä${P}"}}, base64.b64encode("äp".encode()).decode()),
        ({"Fn::Join": ["-", ["a", {"Ref": "P"}, 3]]}, "a-p-3"),
        ({"Fn::Join": [",", {"Ref": "L"}]}, "x,y"),
        ({"Fn::Select": ["1", {"Ref": "L"}]}, "y"),
        ({"Fn::Split": [",", "a,b"]}, ["a", "b"]),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, "m5.large"),
        ({"Fn::If": ["Zero", "yes", {"Ref": "P"}]}, "yes"),
        ({"Fn::If": ["Some", "yes", {"Ref": "P"}]}, "p"),
        ({"a": {"Fn::If": ["Some", 1, {"Ref": "AWS::NoValue"}]}, "b": 2}, {"b": 2}),
        ([{"Ref": "AWS::NoValue"}, "x"], ["x"]),
        ({"Ref": "P", "Other": 1}, {"Ref": "P", "Other": 1}),
        ({"n": 1, "t": True, "s": None}, {"n": 1, "t": True, "s": None}),
    ],
)
def test_functions(node: Any, expected: Any) -> None:
    assert evaluate(node, scope(IS_ZERO, P="p", L=["x", "y"], N="0")) == expected


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({"Fn::Select": [5, ["a"]]}, "cannot select nonexistent value at index 5"),
        ({"Fn::Join": ["-", "text"]}, "every Fn::Join object requires two parameters"),
        ({"Fn::GetAtt": "Thing"}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::FindInMap": ["Sizes", "x", "y"]}, "Unable to get mapping for Sizes::x::y"),
        ({"Fn::If": ["Nope", 1, 2]}, "Unresolved condition dependency Nope"),
        ({"Fn::Shout": "x"}, "Fn::Shout is not known"),
        ({"Fn::Sub": ["a"]}, "don't specify expected arguments"),
    ],
)
def test_functions_misused(node: Any, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        evaluate(node, scope())


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text()), lambda inner: st.lists(inner)))
def test_what_holds_no_function_stays_as_it_is(value: Any) -> None:
    assert evaluate({"Properties": {"a": value}, "b": 1}, scope()) == {"Properties": {"a": value}, "b": 1}


@given(st.lists(st.sampled_from(["${HOME}", "${!x}", "${a.b}", "$", "}", "$$ ", "echo\n", "ä"])).map("".join))
def test_a_text_with_its_placeholders_escaped_survives_sub(text: str) -> None:
    assert evaluate({"Fn::Sub": text.replace("${", "${!")}, scope()) == text


def test_references_follow_the_branch_taken() -> None:
    node = {"Fn::If": ["Zero", {"Ref": "A"}, {"Fn::Sub": ["${B.Arn} ${Own}", {"Own": {"Ref": "C"}}]}]}
    assert set(references(node, scope(IS_ZERO, N="0"))) == {"A"}
    assert set(references(node, scope(IS_ZERO, N="1"))) == {"B", "C"}


def test_circles_are_refused() -> None:
    body = {
        "Resources": {"A": {"Type": "T", "DependsOn": "B"}, "B": {"Type": "T", "Properties": {"x": {"Ref": "A"}}}}
    }
    with pytest.raises(TemplateError, match=r"Circular dependency between resources: \[A, B\]"):
        dependencies(body, scope())


def test_a_reference_to_what_a_condition_leaves_out_is_unresolved() -> None:
    body = {
        "Resources": {
            "A": {"Type": "T", "Properties": {"x": {"Ref": "B"}}},
            "B": {"Type": "T", "Condition": "Zero"},
        }
    }
    assert dependencies(body, scope(IS_ZERO, N="0")) == {"A": {"B"}, "B": frozenset()}
    with pytest.raises(TemplateError, match=r"Unresolved resource dependencies \[B\]"):
        dependencies(body, scope(IS_ZERO, N="1"))


def test_yaml_with_short_forms_reads_as_json_does() -> None:
    assert read("Resources: {A: {x: !Sub '${P}', y: !GetAtt A.Arn, z: !If [C, !Ref P, 1]}}")["Resources"]["A"] == {
        "x": {"Fn::Sub": "${P}"},
        "y": {"Fn::GetAtt": "A.Arn"},
        "z": {"Fn::If": ["C", {"Ref": "P"}, 1]},
    }


def parameter(value: str) -> list[dict[str, Any]]:
    return [{"ParameterKey": "P", "ParameterValue": value}]


@pytest.mark.parametrize(
    ("rules", "value", "words"),
    [
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "abc1", r"Parameter 'P' must match pattern \[a-z\]\+"),
        (
            {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "be low"},
            "A",
            "constraint: be low",
        ),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "must be one of AllowedValues"),
        ({"Type": "String", "MinLength": 3}, "ab", "must contain at least 3 characters"),
        ({"Type": "String", "MaxLength": "3"}, "abcd", "must contain at most 3 characters"),
        ({"Type": "Number"}, "many", "must be a number"),
        ({"Type": "Number", "MinValue": 1}, "0", "must be a number not less than 1"),
        ({"Type": "Number", "MaxValue": 1000}, "1001", "must be a number not greater than 1000"),
        ({"Type": "List<Number>", "MaxValue": 5}, "1, 6", "must be a number not greater than 5"),
        ({"Type": "String"}, "x" * 4097, "must contain at most 4096 characters"),
    ],
)
def test_values_that_do_not_fit(rules: dict[str, Any], value: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        given_values({"P": rules}, parameter(value), {})


def test_values_that_fit_and_what_ref_answers() -> None:
    declared = {
        "P": {"Type": "Number", "MinValue": 1, "MaxValue": 3},
        "D": {"Type": "String", "Default": "d"},
        "L": {"Type": "CommaDelimitedList", "Default": "a, b"},
        "S": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"},
    }
    values = given_values(declared, parameter("3"), {})
    assert values == {"P": "3", "D": "d", "L": "a, b", "S": "/image"}
    resolved = resolved_values(declared, values, lambda name: f"kept under {name}")
    assert resolved == {"P": "3", "D": "d", "L": ["a", "b"], "S": "kept under /image"}


def test_previous_values() -> None:
    declared = {"P": {"Type": "String", "Default": "fresh"}}
    keep = [{"ParameterKey": "P", "UsePreviousValue": True}]
    assert given_values(declared, keep, {"P": "old"}) == {"P": "old"}
    assert given_values(declared, [], {"P": "old"}) == {"P": "fresh"}
    with pytest.raises(TemplateError, match="not in the previous template"):
        given_values(declared, keep, {})
