"""User data: bytes as they are, scripts that are filled in, and a shell's own variables that survive."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohf_iac.errors import ValidationError
from ohf_iac.render import render
from ohf_iac.render.user_data import substitution
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue

ENTRY = {"templateId": "t1", "maxNumber": 1, "imageId": "ami-1", "vmType": "m5.large", "subnetId": "subnet-1"}
VALUES = {"RequestId": "req-6743a1c0-0123456789abcdef", "TemplateId": "t1", "Owner": "me", "RcAccount": "default"}


def evaluated(function: Any, values: dict[str, str]) -> str:
    """As CloudFormation documents it: `${Name}` is replaced, `${!Literal}` becomes `${Literal}`."""
    if isinstance(function, str):
        return function
    if "Fn::Join" in function:
        separator, pieces = function["Fn::Join"]
        return str(separator).join(evaluated(piece, values) for piece in pieces)

    def one(found: re.Match[str]) -> str:
        return f"${{{found[1][1:]}}}" if found[1].startswith("!") else values[found[1]]

    return re.sub(r"\$\{([^}]*)\}", one, function["Fn::Sub"])


def user_data(files: dict[str, bytes], settings: TemplateDefaults | None = None, **more: Any) -> bytes:
    """What a machine of the template would get to see."""
    settings = settings or TemplateDefaults()
    catalogue = parse_catalogue([{**ENTRY, **more}], settings, files)
    assert not catalogue.refused, catalogue.refused[0].message
    body = json.loads(render(catalogue.templates[0], settings, files).body)
    found = body["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]["UserData"]
    if isinstance(found, str):
        return base64.b64decode(found, validate=True)
    return evaluated(found["Fn::Base64"], VALUES).encode()


@pytest.mark.parametrize(
    "script", [b"#!/bin/sh\n${A}\n", bytes(range(256)), b"<powershell>\r\n\xff\xfe", b"\x1f\x8b\x00"]
)
def test_script_without_placeholder_arrives_byte_for_byte(script: bytes) -> None:
    assert user_data({"s": script}, userDataScript="s") == script


def test_exports_come_first_as_lsf_names_them() -> None:
    found = user_data({"s": b"%EXPORT_USER_DATA% || echo $X ${Y}"}, userDataScript="s", userData="a=it's;b=")
    assert found.startswith(b"""export a='it'"'"'s';export b='';export rc_account=default;export template_id=t1;""")
    assert b"export HF_REQUEST_ID=req-6743a1c0-0123456789abcdef;" in found
    assert found.endswith(b" || echo $X ${Y}")


def test_provider_and_cluster_names_are_settings() -> None:
    settings = TemplateDefaults(provider_name="aws east", cluster_name="grid")
    found = user_data({"s": b"%EXPORT_USER_DATA%"}, settings, userDataScript="s")
    assert b"export clustername=grid;export providerName='aws east';" in found


def test_variables_without_a_script_are_left_in_a_profile() -> None:
    found = user_data({}, userData={"queue": "night shift"}).decode()
    assert found.startswith("#!/bin/sh\n")
    assert "\nexport queue='night shift'\nexport rc_account=default\n" in found


def test_variables_meet_the_script_of_lsf_when_it_is_there() -> None:
    assert user_data({"scripts/user_data.sh": b"%EXPORT_USER_DATA%"}, userData="a=b").startswith(b"export a=b;")


def test_jinja_sees_the_request_and_leaves_the_shell_alone() -> None:
    script = b"{% for n in [1, 2] %}{{ n }} {% endfor %}{{ request_id }} ${HOME} {{ user_data.a }}\n"
    assert user_data({"s.j2": script}, userDataScript="s.j2", userData="a=b") == (
        b"1 2 req-6743a1c0-0123456789abcdef ${HOME} b\n"
    )


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        (b"{{ nothing }}", "'nothing' is undefined"),
        (b"{% if %}", "userDataScript: s.j2"),
        (b"{{ [1]|random }}", "random"),
    ],
)
def test_jinja_that_cannot_be_filled_in_is_a_clear_error(script: bytes, cause: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(cause)) as error:
        user_data({"s.j2": script}, userDataScript="s.j2")
    assert error.value.message.startswith("render template t1: userDataScript: s.j2: ")


def test_filled_in_script_must_fit_with_the_longest_values() -> None:
    fits = b"%EXPORT_USER_DATA%" + b"#" * 15_800
    assert len(user_data({"s": fits}, userDataScript="s")) < 16_384
    with pytest.raises(ValidationError, match=r"may have 1[67]... bytes, and EC2 takes 16384"):
        user_data({"s": b"%EXPORT_USER_DATA%" + b"#" * 16_300}, userDataScript="s")


@given(st.text(st.sampled_from("$${}}!aB_:-\"'\\ \n#@[]*"), max_size=40))
def test_every_shell_text_survives_substitution(text: str) -> None:
    marked = f"{text}\x00RequestId\x00{text}"
    function = json.loads(json.dumps(substitution(marked).to_dict()))
    assert evaluated(function, VALUES) == f"{text}{VALUES['RequestId']}{text}"
