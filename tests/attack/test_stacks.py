"""What a catalogue or a configuration writes reaches a stack as text, or not at all: nothing in a body is live.

CloudFormation replaces `{{resolve:secretsmanager:…}}` and its like in any property of a resource (CloudFormation
user guide, dynamic references): in a tag or in user data a secret would show to whoever may describe machines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohf_iac.errors import ConfigurationError, ValidationError
from ohf_iac.hostfactory import parse_request_machines
from ohf_iac.render import render
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue
from ohf_iac.template.fields import READERS
from ohf_iac.template.kinds import ASG, INSTANT, SPOT_REQUEST
from tests.config_files import settings_of
from tests.unit.field_rows import API, BASE
from tests.user_data import ENTRY

SECRET = "{{resolve:secretsmanager:prod/db:SecretString:password}}"
SPELLINGS = (
    SECRET,
    f"a {SECRET} b",
    "{{ resolve:ssm-secure:/x:1}}",
    "{{RESOLVE:ssm:/x}}",
    "{{\nresolve : ssm:/x}}",
)
LIVE = re.compile(r"\{\{\s*resolve", re.IGNORECASE)
FLEET = {
    "Type": "request",
    "LaunchTemplateConfigs": [{"Overrides": [{"InstanceType": "c5.large"}]}],
    "TargetCapacitySpecification": {"TotalTargetCapacity": "$LSF_TOTAL_TARGET_CAPACITY"},
}


def bodies(entry: dict[str, Any], files: dict[str, bytes], settings: TemplateDefaults) -> Iterator[str]:
    """The bodies of the templates that are served, one or none."""
    for template in parse_catalogue([entry], settings, files).templates:
        try:
            yield render(template, settings, files).body
        except ValidationError:
            continue


@pytest.mark.parametrize("field", sorted({*READERS} - {"attributes"}))
def test_no_field_makes_a_reference_live(field: str) -> None:
    """Whatever its shape: the text itself, in a list, as a key and as a value of an object."""
    plain = {name: value for name, value in BASE.items() if name != field}
    prefix = {"subnetId": "subnet-", "securityGroupIds": "sg-", "launchTemplateId": "lt-"}.get(field, "m5.")
    for text in (*SPELLINGS[:3], prefix + SECRET, f"k={SECRET}", f"arn:{SECRET}"):
        shapes: tuple[Any, ...] = (text, [text], {"k": text}, {text: "v"}, {text: 1}, {"VCpuCount": {"Min": text}})
        for value in shapes:
            for kind in (API[ASG], API[INSTANT], API[SPOT_REQUEST]):
                more = {"launchTemplateId": "lt-1", "imageId": ""} if field == "launchTemplateVersion" else {}
                for body in bodies({**plain, **kind, **more, field: value}, {}, TemplateDefaults()):
                    assert not LIVE.search(body), (field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("instanceTags", f"k={SECRET}"),
        ("instanceTags", {SECRET: "v"}),
        ("keyName", SECRET),
        ("subnetId", f"subnet-{SECRET}"),
        ("securityGroupIds", [f"sg-{SECRET}"]),
        ("instanceProfile", SECRET),
        ("context", SECRET),
        ("userData", f"k={SECRET}"),
        ("placementGroupName", SPELLINGS[2]),
    ],
)
def test_the_template_is_refused_in_words(field: str, value: object) -> None:
    (refusal,) = parse_catalogue([{**ENTRY, field: value}], TemplateDefaults(), {}).refused
    assert refusal.field == field
    assert "{{resolve:" in refusal.reason
    assert "imageId alone" in refusal.reason


@pytest.mark.parametrize(
    "image", ["{{resolve:secretsmanager:x}}", "resolve:ssm-secure:/x", "ami-{{resolve:ssm:/x}}"]
)
def test_an_image_is_an_id_or_a_plain_parameter_and_nothing_else(image: str) -> None:
    assert not parse_catalogue([{**ENTRY, "imageId": image}], TemplateDefaults(), {}).templates


@pytest.mark.parametrize("place", ["Context", "tag", "tag key", "Version"])
def test_a_fleet_file_makes_no_reference_live(place: str) -> None:
    fleet: dict[str, Any] = json.loads(json.dumps(FLEET))
    if place == "Context":
        fleet["Context"] = SECRET
    elif place == "Version":
        named = {"LaunchTemplateId": "lt-1", "Version": SECRET}
        fleet["LaunchTemplateConfigs"][0]["LaunchTemplateSpecification"] = named
    else:
        tag = {"Key": "k", "Value": SECRET} if place == "tag" else {"Key": SECRET, "Value": "v"}
        fleet["TagSpecifications"] = [{"ResourceType": "fleet", "Tags": [tag]}]
    entry = {**ENTRY, "ec2FleetConfig": "fleet.json", "vmType": ""}
    catalogue = parse_catalogue([entry], TemplateDefaults(), {"fleet.json": json.dumps(fleet).encode()})
    assert [one.field for one in catalogue.refused] == ["ec2FleetConfig"]


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("s", b"%EXPORT_USER_DATA% {{resolve:ssm:/x}}"),
        ("s.j2", b"{{ exports }} {{ '{{' }}resolve:ssm:/x}}"),
        ("s.j2", b"{{ exports }} {{ '{' }}{{ '{ resolve' }}:secretsmanager:{{ owner }}}}"),
        ("s.j2", b"{{ exports }}{% raw %}{{resolve:ssm:/x}}{% endraw %}"),
    ],
)
def test_a_script_that_is_filled_in_makes_no_reference_live(name: str, script: bytes) -> None:
    assert list(bodies({**ENTRY, "userDataScript": name}, {name: script}, TemplateDefaults())) == []


def test_a_script_that_is_sent_as_it_is_may_hold_any_text() -> None:
    """Base64 hides it from CloudFormation, and it is the script's own business."""
    (body,) = bodies({**ENTRY, "userDataScript": "s"}, {"s": SECRET.encode()}, TemplateDefaults())
    assert not LIVE.search(body)


@pytest.mark.parametrize("key", ["rootDeviceName", "kmsKeyId", "providerName", "clusterName", "tags"])
def test_no_setting_makes_a_reference_live(key: str) -> None:
    for text in SPELLINGS:
        values = ({"k": text}, {text: "v"}) if key == "tags" else (text,)
        for value in values:
            with pytest.raises(ConfigurationError, match=f"template.{key}"):
                settings_of({"template": {key: value}})


@pytest.mark.parametrize(
    "tag",
    ["aws:cloudformation:stack-name", "AWS:x", "ohf:owner", "ohf:settled", "ohf:return:ret-1", "RC_ACCOUNT", ""],
)
def test_the_tags_setting_cannot_say_what_aws_or_this_provider_says(tag: str) -> None:
    """A setting `ohf:settled` would end every request before its first machine."""
    with pytest.raises(ConfigurationError, match=r"template\.tags"):
        settings_of({"template": {"tags": {tag: "complete"}}})


@pytest.mark.parametrize("tags", [{"k": "v" * 257}, {"k" * 129: "v"}, {"k": "a\x00b"}, {"k": "\ud800"}])
def test_the_tags_setting_is_held_to_what_ec2_takes(tags: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"template\.tags"):
        settings_of({"template": {"tags": tags}})


@settings(deadline=None, max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from(["ohf:owner", "ohf:settled", "ohf:request-id", "Aws:x", "aws:y", "RC_ACCOUNT", "team"]),
        st.sampled_from(["mine", "complete"]),
    )
)
def test_tags_of_a_template_never_stand_in_for_ours(tags: dict[str, str]) -> None:
    (body,) = bodies({**ENTRY, "instanceTags": tags}, {}, TemplateDefaults())
    for resource in json.loads(body)["Resources"].values():
        listed = json.dumps(resource)
        assert not re.search(r'"Key": "aws:', listed, re.IGNORECASE)
        for key in ("ohf:settled", "ohf:owner", "ohf:request-id", "RC_ACCOUNT"):
            for value in re.findall(rf'{{"Key": "{key}", "Value": ("[^"]*"|{{"Ref")', listed):
                assert value == '{"Ref"'


@pytest.mark.parametrize(
    "account", ["a b", "$(id)", "a;b", "`id`", "{{resolve:ssm:/x}}", "a\nb", "x" * 65, "ä", "'"]
)
def test_an_account_that_a_shell_could_stumble_over_is_refused_before_anything_is_done(account: str) -> None:
    """It reaches user data unquoted (design §11): CloudFormation's own pattern would refuse it, after a call."""
    with pytest.raises(ValidationError, match="rc_account"):
        parse_request_machines({"template": {"templateId": "t", "machineCount": 1}, "rc_account": account})


def test_what_reaches_a_shell_unquoted_is_held_to_harmless_characters_by_the_body_itself() -> None:
    (body,) = bodies({**ENTRY, "userDataScript": "s"}, {"s": b"%EXPORT_USER_DATA%"}, TemplateDefaults())
    for name, parameter in json.loads(body)["Parameters"].items():
        if parameter["Type"] == "String":
            for hostile in " $`;&|<>()'\"\\\n*?[]#~!{}%":
                assert not re.fullmatch(parameter["AllowedPattern"], f"a{hostile}b"), (name, hostile)
                assert not re.fullmatch(parameter["AllowedPattern"], hostile), (name, hostile)


def functions(value: object) -> Iterator[str]:
    """The functions of a body, as JSON: what CloudFormation evaluates."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref", "Condition")):
            yield json.dumps(value)
        for one in value.values():
            yield from functions(one)
    elif isinstance(value, list):
        for one in value:
            yield from functions(one)


@pytest.mark.parametrize("field", sorted({*READERS} - {"attributes"}))
def test_no_field_adds_a_function(field: str) -> None:
    """`${AWS::AccountId}` is a text, and an object that looks like a function is refused or no function."""
    name = "AWS::AccountId"
    script = {"s": b"%EXPORT_USER_DATA%"}
    for value in ({"Ref": name}, {"Fn::Sub": f"${{{name}}}"}, [{"Ref": name}], f"${{{name}}}", f"k=${{{name}}}"):
        for kind in (API[ASG], API[INSTANT], API[SPOT_REQUEST]):
            entry = {**BASE, "userDataScript": "s", **kind, field: value}
            for body in bodies(entry, script, TemplateDefaults()):
                for function in functions(json.loads(body)["Resources"]):
                    assert f'"Ref": "{name}"' not in function
                    assert f"${{{name}}}" not in function, (field, value)
