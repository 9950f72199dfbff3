"""The manual of the configuration says what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ohf_iac import events
from ohf_iac.config.folders import folders_from
from ohf_iac.config.keys import IBM_WITHOUT_EFFECT, KEYS, SECTIONS, Key
from ohf_iac.config.template_keys import TEMPLATE_KEYS
from ohf_iac.errors import ConfigurationError

TEXT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text("utf-8")


def rows(section: str) -> dict[str, list[str]]:
    """The cells of a section's table by key."""
    part = TEXT.split(f"### `{section}`\n")[1].split("\n### ")[0].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:3] == "| `"
    ]
    return {row[0].strip("`"): row for row in cells}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_has_its_row_and_every_row_its_key(section: str) -> None:
    assert list(rows(section)) == [key.name for key in (*KEYS, *TEMPLATE_KEYS) if key.section == section]


@pytest.mark.parametrize("key", [*KEYS, *TEMPLATE_KEYS], ids=lambda key: f"{key.section}.{key.name}")
def test_a_row_tells_choices_limits_default_and_ibms_name(key: Key) -> None:
    row = rows(key.section)[key.name]
    for choice in key.choices:
        assert f"`{choice}`" in row[1]
    if key.high:
        assert f"{key.low:g} to {key.high:g}" in row[1]
    if key.kind == "texts":
        assert row[2] == "`{}`"
    elif key.default not in ("", None):
        assert row[2] == f"`{json.dumps(key.default)}`"
    assert (f"`{key.ibm}`" in row) == bool(key.ibm)
    assert len(row[-1]) > 10


def test_ibms_keys_without_effect_are_listed() -> None:
    for name, reason in IBM_WITHOUT_EFFECT.items():
        assert f"| `{name}` | {reason} |" in TEXT


def test_the_variables_for_folders_are_those_that_are_read() -> None:
    with pytest.raises(ConfigurationError) as caught:
        folders_from({"HF_PROVIDER_NAME": "grid", "HF_PROVIDER_CONFDIR": "/c", "HF_PROVIDER_WORKDIR": "/w"})
    for variable in re.findall(r"[A-Z]+_[A-Z_]+", caught.value.message):
        assert f"`{variable}`" in TEXT


def test_every_event_is_named() -> None:
    for event in events.Event.__subclasses__():
        assert f"`{event.__name__}`" in TEXT
