"""User data: bytes as they are, scripts that are filled in, and a shell's own variables that survive."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

from ohf_iac.errors import ValidationError
from ohf_iac.render import render
from ohf_iac.render.user_data import substitution
from ohf_iac.template.catalogue import TemplateDefaults, files_named, parse_catalogue
from ohf_iac.template.coerce import Refused
from ohf_iac.template.user_data import check_script
from tests.user_data import ENTRY, VALUES, evaluated, user_data_of


def user_data(files: dict[str, bytes], settings: TemplateDefaults | None = None, **more: Any) -> bytes:
    """The user data of a template that has some."""
    found = user_data_of(files, settings, **more)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "script",
    [
        b"#!/bin/sh\n${A}\n",
        bytes(range(256)),
        b"\r\n",
        b"\x1f\x8b\x00",
        b"<powershell>\r\nSet-Item \x80\xff\r\n</powershell>\r\n<persist>true</persist>",
        b"<script>\r\n@echo off\r\nset A=%PATH%\r\n</script>",
        "<powershell>ä</powershell>".encode("utf-16"),
        "%EXPORT_USER_DATA%".encode("utf-16-le"),
        b"%EXPORT_USER_DATA",
        b"no newline at the end {{ not jinja }} {{resolve:ssm:/a}}",
        b"\x00" * 16_384,
    ],
    ids=lambda one: ascii(one[:20]),
)
def test_script_without_placeholder_arrives_byte_for_byte(script: bytes) -> None:
    for name in ("join.sh", "join.bat", "join.ps1", "join"):
        assert user_data({name: script}, userDataScript=name) == script


def test_without_a_script_there_is_no_user_data() -> None:
    assert user_data_of({}) is None
    assert user_data_of({}, userDataScript="", userData="") is None


def test_every_variable_of_both_conventions_is_exported_by_its_fixed_name() -> None:
    """hostfactory-contract.md §3.3: LSF's four names, the entry's own, and three of Host Factory's."""
    script = b"%EXPORT_USER_DATA%\nenv"
    found = user_data(
        {"s": script},
        TemplateDefaults(provider_name="aws", cluster_name="grid"),
        userDataScript="s",
        userData="k=v",
    )
    done = subprocess.run(["/bin/sh", "-c", found], env={}, capture_output=True, text=True, check=True)
    shown = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert {name: value for name, value in shown.items() if name not in ("PWD", "OLDPWD", "SHLVL", "_")} == {
        "k": "v",
        "rc_account": "default",
        "template_id": "t1",
        "clustername": "grid",
        "providerName": "aws",
        "HF_PROVIDER_NAME": "aws",
        "HF_TEMPLATE_ID": "t1",
        "HF_REQUEST_ID": VALUES["RequestId"],
    }


@trying(deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_no_value_of_the_catalogue_is_ever_run(value: str) -> None:
    """The shell that reads the exports has the very text, whatever it is made of."""
    value = value.strip()
    found = user_data({"s": b'%EXPORT_USER_DATA%\nprintf %s "$a"'}, userDataScript="s", userData={"a": value})
    done = subprocess.run(["/bin/sh", "-c", found], env={}, capture_output=True, text=True, check=True)
    assert done.stdout == value


@pytest.mark.parametrize("value", ["$(touch gone)", "`id`", "'; id; '", "a;b", "${HOME}", "x\\", "!!", "-e", '"'])
def test_a_hostile_value_is_a_text(value: str) -> None:
    script = b'%EXPORT_USER_DATA%\nprintf %s "$a"'
    for name, content in (("s", script), ("s.j2", script), ("s.j2", b'{{ exports }}\nprintf %s "$a"')):
        found = user_data({name: content}, userDataScript=name, userData={"a": value})
        done = subprocess.run(["/bin/sh", "-c", found], env={}, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == (value, "")


def test_requests_differ_in_parameters_alone() -> None:
    """One body for all requests: what differs comes out of the same function."""
    files = {"s": b"%EXPORT_USER_DATA%"}
    other = {**VALUES, "RequestId": "req-6743a1c0-ffffffffffffffff", "RcAccount": "lab"}
    found = user_data_of(files, values=other, userDataScript="s")
    assert found is not None
    assert b"HF_REQUEST_ID=req-6743a1c0-ffffffffffffffff;" in found
    assert b"rc_account=lab;" in found


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


def test_the_script_of_lsf_is_sent_when_it_is_there_with_variables_or_without() -> None:
    files = {"scripts/user_data.sh": b"%EXPORT_USER_DATA%", "mine": b"x"}
    assert user_data(files, userData="a=b").startswith(b"export a=b;export rc_account=default;")
    assert user_data(files).startswith(b"export rc_account=default;")
    assert user_data(files, userDataScript="mine") == b"x"


def test_a_launch_template_that_is_not_ours_keeps_its_own_user_data() -> None:
    entry = {**ENTRY, "imageId": "", "launchTemplateId": "lt-1", "launchTemplateVersion": "3"}
    assert files_named([entry]) == ()
    files = {"scripts/user_data.sh": b"x" * 20_000}
    (template,) = parse_catalogue([entry], TemplateDefaults(), files).templates
    assert "UserData" not in render(template, TemplateDefaults(), files).body


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


@pytest.mark.parametrize("script", [b"\0w\0 %EXPORT_USER_DATA%", b"\0Owner\0{{ exports }}", b"{{ exports }}\0"])
def test_a_script_to_be_filled_in_holds_no_nul_of_its_own(script: bytes) -> None:
    """By NUL the places of parameters are marked: a script could name others, or none."""
    with pytest.raises(Refused, match="holds placeholders and a NUL"):
        check_script("s.j2", {"s.j2": script})


@pytest.mark.parametrize("script", [rb"{{ '\x00w\x00' }}", rb"{{ '\x00Owner' }}", rb"{{ '\x00\x00' }}"])
def test_a_script_makes_no_marks_while_it_is_filled_in(script: bytes) -> None:
    with pytest.raises(ValidationError, match="filled in it holds a NUL"):
        user_data({"s.j2": script}, userDataScript="s.j2")


def test_filled_in_script_must_fit_with_the_longest_values() -> None:
    fits = b"%EXPORT_USER_DATA%" + b"#" * 15_800
    assert len(user_data({"s": fits}, userDataScript="s")) < 16_384
    with pytest.raises(ValidationError, match=r"may have 1[67]... bytes, and EC2 takes 16384"):
        user_data({"s": b"%EXPORT_USER_DATA%" + b"#" * 16_300}, userDataScript="s")


@trying(deadline=None)
@given(st.text(st.sampled_from("$${}}!aB_:-\"'\\ \n#@[]*"), max_size=40))
def test_every_shell_text_survives_substitution(text: str) -> None:
    marked = f"{text}\x00RequestId\x00{text}"
    function = json.loads(json.dumps(substitution(marked).to_dict()))
    assert evaluated(function, VALUES) == f"{text}{VALUES['RequestId']}{text}"
