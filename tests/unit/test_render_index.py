"""The index of rendered stacks, and the examples that it must keep up with."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from ohf_iac.render import render
from ohf_iac.render.canonical import canonical, indented
from ohf_iac.render.index import INDEX, body_settings, file_name, index_text, render_index, snake
from ohf_iac.template.catalogue import BODY_SETTINGS, Catalogue, TemplateDefaults, files_named, parse_catalogue

EXAMPLES = Path(__file__).parents[2] / "examples"
PROVIDER = EXAMPLES / "provider"
CONFIGURED = json.loads((PROVIDER / "ohf.json").read_text()).get("template", {})
DEFAULTS = TemplateDefaults(**{snake(name): value for name, value in CONFIGURED.items() if name in BODY_SETTINGS})


def example() -> tuple[Catalogue, dict[str, bytes]]:
    document = json.loads((PROVIDER / "awsprov_templates.json").read_text())
    files = {name: (PROVIDER / name).read_bytes() for name in files_named(document) if (PROVIDER / name).exists()}
    return parse_catalogue(document, DEFAULTS, files), files


def test_settings_of_the_index_are_all_that_reach_a_body() -> None:
    assert {snake(name) for name in body_settings(DEFAULTS)} == {field.name for field in fields(TemplateDefaults)}
    assert body_settings(TemplateDefaults(http_put_response_hop_limit=2))["httpPutResponseHopLimit"] == 2


def test_example_catalogue_is_served_whole_without_warning() -> None:
    catalogue, _ = example()
    assert catalogue.refused == ()
    assert catalogue.warnings == ()


def test_example_stacks_are_current() -> None:
    """`ohf render --all -d examples/stacks` with the example's configuration folder writes them anew."""
    catalogue, files = example()
    rendered = [render(template, DEFAULTS, files) for template in catalogue.templates]
    expected = {file_name(one.template_id): indented(one.body) for one in rendered}
    expected[INDEX] = index_text(render_index(rendered, DEFAULTS))
    assert {path.name: path.read_text() for path in (EXAMPLES / "stacks").glob("*.json")} == expected


def test_the_index_is_ascii_whatever_the_settings_say() -> None:
    index = render_index((), TemplateDefaults(tags={"site": "Zürich"}))
    assert index_text(index).isascii()
    assert json.loads(index_text(index)) == index


def test_digest_in_the_index_is_that_of_the_file_beside_it() -> None:
    index = json.loads((EXAMPLES / "stacks" / INDEX).read_text())
    for entry in index["templates"].values():
        body = canonical(json.loads((EXAMPLES / "stacks" / entry["file"]).read_text()))
        assert len(body) == entry["bytes"]


@pytest.mark.parametrize("path", sorted((EXAMPLES / "catalogues").glob("*.*")), ids=lambda path: path.name)
def test_example_catalogues_are_served_whole(path: Path) -> None:
    document = yaml.safe_load(path.read_text()) if path.suffix == ".yaml" else json.loads(path.read_text())
    places = {name: path.parent / name for name in files_named(document)}
    files = {name: place.read_bytes() for name, place in places.items() if place.exists()}
    catalogue = parse_catalogue(document, DEFAULTS, files)
    assert catalogue.templates
    assert catalogue.refused == ()
    assert catalogue.warnings == ()
    for template in catalogue.templates:
        assert render(template, DEFAULTS, files).digest
