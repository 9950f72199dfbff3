"""The manual against the commands and the codes: nothing is missing in either."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ohf_cli.human import COMMANDS, command

ROOT = Path(__file__).resolve().parents[2]
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text()
ERRORS_PAGE = (ROOT / "docs" / "errors.md").read_text()
CODE = re.compile(r'"(E\d{3,5}|D\d{3})"')


def every_command() -> Iterator[tuple[str, click.Command]]:
    """All commands by the words that call them, groups of commands left out."""
    context = click.Context(command)
    for name in COMMANDS:
        found = command.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from ((f"{name} {inner}", one) for inner, one in found.commands.items())
        else:
            yield name, found


CALLABLE = dict(every_command())


@pytest.mark.parametrize("name", CALLABLE)
def test_every_command_teaches_by_examples_that_name_it(name: str) -> None:
    text = CALLABLE[name].help or ""
    assert "Examples:" in text
    assert f"ohf {name}" in text


@pytest.mark.parametrize("name", CALLABLE)
def test_every_command_and_option_stands_in_the_manual(name: str) -> None:
    assert f"`ohf {name}" in COMMANDS_PAGE
    for option in CALLABLE[name].params:
        if isinstance(option, click.Option):
            assert any(spelling in COMMANDS_PAGE for spelling in option.opts), option.opts
            assert option.help, option.opts


@pytest.mark.parametrize("name", CALLABLE)
def test_examples_use_options_that_exist(name: str) -> None:
    known = {spelling for option in CALLABLE[name].params for spelling in option.opts} | {"--help"}
    for line in (CALLABLE[name].help or "").splitlines():
        if line.strip().startswith(f"ohf {name}"):
            ours = line.partition(f"ohf {name}")[2].partition("|")[0].partition("&")[0]
            assert set(re.findall(r"(?<=\s)--?[a-z][a-z0-9-]*", ours)) <= known, line


def test_pages_that_the_commands_name_exist() -> None:
    sources = [path.read_text() for path in (ROOT / "cli" / "ohf_cli").glob("*.py")]
    named = {page for text in sources for page in re.findall(r"docs/[\w.-]+\.md", text)}
    assert "docs/local.md" in (CALLABLE["local"].help or "")
    assert [page for page in named if not (ROOT / page).is_file()] == []


def codes_in_the_source() -> set[str]:
    found: set[str] = set()
    for folder in ("ohf_iac", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            if "local" not in path.relative_to(ROOT).parts:
                found.update(CODE.findall(path.read_text()))
    return found


def test_the_manual_lists_the_codes_that_there_are_and_no_others() -> None:
    listed = re.findall(r"^\| `([ED]\d+)`", ERRORS_PAGE, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == codes_in_the_source()


def test_an_error_code_tells_its_exit_code() -> None:
    exits = {int(code[1:-2]) for code in codes_in_the_source() if code.startswith("E")}
    assert exits == {int(one) for one in re.findall(r"^\| (\d+) \|", COMMANDS_PAGE, re.MULTILINE)} - {0}


def test_every_schema_that_the_manual_names_exists_and_says_its_name() -> None:
    names = set(re.findall(r"`ohf/([a-z]+)/v1`", COMMANDS_PAGE))
    assert len(names) > 10
    for name in names:
        schema = json.loads((ROOT / "schemas" / f"{name}.json").read_text())
        assert schema["properties"]["schema"] == {"const": f"ohf/{name}/v1"}
