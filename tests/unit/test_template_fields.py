"""Every field of the contract's list, kind by kind: the property it becomes, or the reason why it is refused.

The table is `field_rows.ROWS`; a field that the parser knows and that has no row there fails.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from ohf_iac.render import render
from ohf_iac.template.catalogue import Catalogue, TemplateDefaults, parse_catalogue
from ohf_iac.template.fields import ALIASES, ECHOED, READERS
from ohf_iac.template.kinds import KINDS, Kind
from tests.unit.field_rows import API, BASE, ROWS, Echoed, Known, Refused, Row


def catalogue(row: Row, kind: Kind) -> Catalogue:
    entry = {**BASE, **API[kind], **row.also, row.name: row.value}
    return parse_catalogue(
        {"templates": [{k: v for k, v in entry.items() if k not in row.drop}]}, TemplateDefaults(), row.files
    )


def at(body: dict[str, Any], path: str) -> Any:
    """The value at a dotted path; a missing step fails the test by its KeyError."""
    capacity = body["Resources"]["Capacity"]["Properties"]
    roots = {"FLEET": capacity.get("SpotFleetRequestConfigData", capacity)}
    if "LaunchTemplate" in body["Resources"]:
        roots["LT"] = body["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    value: Any = {**body, **roots}
    for step in path.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}={row.value}"[:40])
def test_field_becomes_its_property_or_is_refused(row: Row, kind: Kind) -> None:
    expected = next(outcome for kinds, outcome in row.at.items() if kind in kinds)
    found = catalogue(row, kind)
    if isinstance(expected, Refused):
        (refusal,) = found.refused
        assert refusal.message.startswith("template t1: ")
        assert expected.text in refusal.message
        return
    assert not found.refused, found.refused[0].message
    (template,) = found.templates
    body = json.loads(render(template, TemplateDefaults(), row.files).body)
    if expected is Echoed:
        assert template.raw[row.name] == row.value
        assert found.warnings == warnings_without(kind)
    elif isinstance(expected, Known):
        assert getattr(template, expected.attribute) == expected.value
    else:
        path, value = expected
        assert at(body, path) == value if path != "Description" else value in body["Description"]


def warnings_without(kind: Kind) -> tuple[str, ...]:
    return parse_catalogue({"templates": [{**BASE, **API[kind]}]}, TemplateDefaults(), {}).warnings


def test_every_field_has_a_row() -> None:
    assert {*READERS, *ALIASES, *ECHOED} == {row.name for row in ROWS}
