"""A catalogue that is too large, and numbers in it that are too long, are refused in words that name the bound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ohf_iac.bounded_json import LONGEST
from ohf_iac.config import load
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import ConfigurationError, ValidationError
from ohf_iac.hostfactory import templates_answer
from ohf_iac.template.catalogue import MOST_TEMPLATES, TemplateDefaults, parse_catalogue
from ohf_iac.template.user_data import LONGEST_NAMED
from tests.config_files import FOLDERS

ENTRY = {"templateId": "t1", "maxNumber": 1, "imageId": "ami-1", "vmType": "m5.large", "subnetId": "subnet-1"}
PATH = "/conf/awsprov_templates.json"


def refusal(**more: Any) -> str:
    (refused,) = parse_catalogue([{**ENTRY, **more}], TemplateDefaults(), {}).refused
    return refused.message


def of_files(entries: list[dict[str, Any]], files: dict[str, bytes]) -> Any:
    """A way to read: a catalogue of these entries, and files beside it."""
    texts = {PATH: json.dumps({"templates": entries}).encode()}
    return {**texts, **{f"/conf/{name}": content for name, content in files.items()}}.get


@pytest.mark.parametrize(
    "digits", ["0." + "1" * 5000, "1" * 5000, 10**399, 1e300], ids=["part", "text", "int", "e300"]
)
@pytest.mark.parametrize("field", ["maxSpotPrice", "onDemandTargetCapacityRatio"])
def test_a_price_or_share_without_end_is_refused_by_its_length(field: str, digits: object) -> None:
    message = refusal(**{"priceType": "spot", field: digits})
    assert message.startswith(f"template t1: {field}: must be a number of at most 40 characters, not ")
    assert len(message) < 200


@pytest.mark.parametrize("span", ["0:" + "0" * 5000, "1:" + "5" * 5000, "1:030", "0001:00"])
def test_a_validity_of_many_digits_is_none(span: str) -> None:
    assert "requestValidity: must be hours and minutes (HH:MM), not " in refusal(requestValidity=span)


def test_a_catalogue_of_too_many_templates_is_refused_whole() -> None:
    with pytest.raises(ValidationError, match=f"has {MOST_TEMPLATES + 1} templates, and at most {MOST_TEMPLATES}"):
        parse_catalogue([{}] * (MOST_TEMPLATES + 1), TemplateDefaults(), {})
    assert len(parse_catalogue([{}] * MOST_TEMPLATES, TemplateDefaults(), {}).refused) == MOST_TEMPLATES


def test_the_first_hundred_refusals_are_told_and_how_many_more_there_are() -> None:
    assert len(parse_catalogue([{}] * 100, TemplateDefaults(), {}).complaints) == 100
    complaints = parse_catalogue([{}] * 103, TemplateDefaults(), {}).complaints
    assert complaints[99:] == ("template #100: templateId: is required", "3 more")
    answer = templates_answer(parse_catalogue([ENTRY, *[{}] * 5000], TemplateDefaults(), {}))
    assert answer["message"].endswith("refused: 4900 more")


def test_an_entry_is_named_in_few_words() -> None:
    assert len(refusal(templateId="x" * 100_000)) < 300
    assert refusal(templateId="x" * 64, maxNumber="y" * 100_000).startswith(f"template {'x' * 64}: maxNumber: ")
    assert len(refusal(maxNumber="y" * 100_000)) < 300


@pytest.mark.parametrize("field", ["userDataScript", "ec2FleetConfig"])
def test_a_file_that_is_too_long_costs_its_template(field: str) -> None:
    named: dict[str, Any] = {**ENTRY, "templateId": "long", field: "long"}
    read = of_files([ENTRY, named], {"long": b"x" * (LONGEST_NAMED + 5)})
    catalogue = load_catalogue(load(FOLDERS, read), read)
    assert [one.template_id for one in catalogue.templates] == ["t1"]
    assert [one.template_id for one in catalogue.refused] == ["long"]
    assert str(LONGEST_NAMED) in catalogue.refused[0].reason
    assert len(catalogue_files(load(FOLDERS, read), read)["long"]) == LONGEST_NAMED + 1


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"[" * 70 + b"]" * 70, "is too large: it is nested more than 64 deep"),
        (b"[" * 100_000, "is too large: it is nested more than 64 deep"),
        (b'{"a": ' + b"1" * 401 + b"}", "is too large: it holds a number of more than 400 characters"),
        (b"[" + b"{}," * 300_000, "is too large: it holds more than 300000 values"),
        (b"{", "must be JSON"),
        (b'{"a": NaN}', "must be JSON"),
        (b"\xff", "must be JSON"),
        (b"[]", "must be an object, not []"),
    ],
)
def test_a_fleet_file_is_read_within_bounds(content: bytes, complaint: str) -> None:
    entry = {**ENTRY, "ec2FleetConfig": "fleet.json"}
    (refused,) = parse_catalogue([entry], TemplateDefaults(), {"fleet.json": content}).refused
    assert refused.reason.startswith(f"fleet.json: {complaint}")


def test_the_files_of_a_catalogue_are_bounded_together() -> None:
    entries = [{**ENTRY, "templateId": f"t{one}", "userDataScript": f"s{one}"} for one in range(17)]
    read = of_files(entries, {f"s{one}": b"x" * LONGEST_NAMED for one in range(17)})
    with pytest.raises(ConfigurationError, match=f"files that it names are longer than {LONGEST} bytes together"):
        load_catalogue(load(FOLDERS, read), read)
    load_catalogue(load(FOLDERS, read), lambda path: None if path == "/conf/s16" else read(path))


@pytest.mark.parametrize(
    "name", ["awsprov_templates.json", "awsprov_templates.yaml", "awsprov_config.json", "ohf.json"]
)
def test_a_file_that_is_too_long_is_told_by_name_and_bound(name: str) -> None:
    files = {PATH: b"[]", f"/conf/{name}": b" " * (LONGEST + 1)}
    if name.endswith("yaml"):
        del files[PATH]
    with pytest.raises(ConfigurationError, match=f"Cannot use /conf/{name}: it is longer than {LONGEST} bytes"):
        load_catalogue(load(FOLDERS, files.get), files.get)
