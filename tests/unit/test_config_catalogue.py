"""The catalogue's file: where it is found, what it names, and how what is wrong with it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.config import load
from ohf_iac.config.catalogue_file import catalogue_files, find_catalogue, load_catalogue
from ohf_iac.config.settings import Settings
from ohf_iac.config.yaml_text import YamlTextError, parse_yaml
from ohf_iac.errors import ConfigurationError
from tests.config_files import FOLDERS

TEMPLATE = {
    "templateId": "small",
    "maxNumber": 5,
    "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "1"], "nram": ["Numeric", "1024"]},
    "imageId": "ami-0a1b2c3d4e5f60001",
    "vmType": "t3.small",
    "subnetId": "subnet-0a1b2c3d4e5f60001",
    "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
}
YAML = """
templates:
  - templateId: small
    maxNumber: 5
    attributes: {type: [String, X86_64], ncpus: [Numeric, "1"], nram: [Numeric, "1024"]}
    imageId: ami-0a1b2c3d4e5f60001
    vmType: t3.small
    subnetId: subnet-0a1b2c3d4e5f60001
    securityGroupIds: [sg-0a1b2c3d4e5f60001]
    requestValidity: 10:30
"""


def settings() -> Settings:
    return load(FOLDERS, lambda _path: None)


def catalogue_text(**more: Any) -> bytes:
    return json.dumps({"templates": [{**TEMPLATE, **more}]}).encode()


@pytest.mark.parametrize(
    "path",
    [
        "/conf/gridprov_templates.json",
        "/conf/awsprov_templates.json",
        "/conf/conf/gridprov_templates.json",
        "/conf/conf/awsprov_templates.json",
    ],
)
def test_ibms_file_is_found_in_all_its_places(path: str) -> None:
    catalogue = load_catalogue(settings(), {path: catalogue_text()}.get)
    assert [template.template_id for template in catalogue.templates] == ["small"]


@pytest.mark.parametrize("ending", ["yaml", "yml"])
def test_yaml_means_the_same(ending: str) -> None:
    from_yaml = load_catalogue(settings(), {f"/conf/awsprov_templates.{ending}": YAML.encode()}.get)
    text = catalogue_text(requestValidity="10:30")
    from_json = load_catalogue(settings(), {"/conf/awsprov_templates.json": text}.get)
    assert from_yaml == from_json
    assert from_yaml.templates


def test_two_catalogues_in_one_place_are_refused() -> None:
    files = {"/conf/awsprov_templates.json": catalogue_text(), "/conf/awsprov_templates.yaml": YAML.encode()}
    with pytest.raises(ConfigurationError, match=r"awsprov_templates\.json and /conf/awsprov_templates\.yaml"):
        find_catalogue(settings(), files.get)


def test_the_defaults_of_the_configuration_reach_the_templates() -> None:
    files = {
        "/conf/ohf.json": b'{"template": {"maxPerRequest": 7}}',
        "/conf/awsprov_templates.json": catalogue_text(),
    }
    (template,) = load_catalogue(load(FOLDERS, files.get), files.get).templates
    assert template.max_per_request == 7


def test_files_are_read_relative_to_the_catalogue_or_by_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "conf" / "scripts").mkdir(parents=True)
    (tmp_path / "conf" / "scripts" / "join.sh").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "fleet.json").write_bytes(b"{}")
    entries = [
        {**TEMPLATE, "userDataScript": "scripts/join.sh"},
        {**TEMPLATE, "templateId": "b", "userDataScript": str(tmp_path / "fleet.json")},
        {**TEMPLATE, "templateId": "c", "userDataScript": "scripts/missing.sh"},
        {**TEMPLATE, "templateId": "d", "userDataScript": "scripts"},
    ]
    (tmp_path / "conf" / "awsprov_templates.json").write_text(json.dumps({"templates": entries}))
    found = load({**FOLDERS, "HF_PROVIDER_CONFDIR": str(tmp_path)})
    assert catalogue_files(found) == {"scripts/join.sh": b"#!/bin/sh\n", str(tmp_path / "fleet.json"): b"{}"}
    catalogue = load_catalogue(found)
    assert [template.template_id for template in catalogue.templates] == ["small", "b"]
    assert [refusal.template_id for refusal in catalogue.refused] == ["c", "d"]


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("/conf/other.json", b"{}", r"Cannot find the catalogue: no gridprov_templates or awsprov_templates \("),
        ("/conf/awsprov_templates.json", b"", r"Cannot parse /conf/awsprov_templates\.json: .* line 1, column 1"),
        ("/conf/awsprov_templates.json", b'{"templates": [\n {,}]}', r"line 2, column 3"),
        ("/conf/awsprov_templates.json", b"3", r"Cannot use /conf/awsprov_templates\.json: "),
        ("/conf/awsprov_templates.yaml", b"templates: [\n  {", r"Cannot parse .*\.yaml: .* at line 2, column "),
        ("/conf/awsprov_templates.yaml", b"a: 1\na: 2\n", r'the key "a" stands twice at line 2, column 1'),
        ("/conf/awsprov_templates.yaml", b"a: \x00", r"Cannot parse .*\.yaml"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_place(path: str, content: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_catalogue(settings(), {path: content}.get)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10:30", "10:30"),
        ("1:30", "1:30"),
        ("on", "on"),
        ("yes", "yes"),
        ("2024-01-01", "2024-01-01"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0.25", 0.25),
        ("1e3", 1000.0),
        ("010", 10),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ("ami-1", "ami-1"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_plain_words_of_yaml_mean_what_they_mean_in_json(text: str, value: object) -> None:
    document = parse_yaml(f"- {text}\n")
    assert isinstance(document, list)
    assert document == [value]
    assert type(document[0]) is type(value)


def test_yaml_may_share_parts() -> None:
    text = "base: &b {a: 1, c: 2}\none: {<<: *b, a: 5}\ntwo: *b\n"
    assert parse_yaml(text) == {"base": {"a": 1, "c": 2}, "one": {"a": 5, "c": 2}, "two": {"a": 1, "c": 2}}


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.getcwd []",
        "a: &x [*x]",
        "b: !!set {x}",
        "b: !!binary aGk=",
        "a: 1e999",
        "? [1]\n: 2",
        "a: 2024-01-01\nb: !!timestamp 2024-01-01",
        "--- 1\n--- 2\n",
    ],
)
def test_yaml_beyond_json_is_refused(text: str) -> None:
    with pytest.raises(YamlTextError):
        parse_yaml(text)
