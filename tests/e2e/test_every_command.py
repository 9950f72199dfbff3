"""Every command of the program: what it prints is plain where it is piped, and its JSON fits its schema.

The commands are taken from the program itself: one without a call in `every_command.CALLS` fails here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ohf_cli.human import COMMANDS, command
from ohf_cli.validation import schema_findings
from tests.e2e.every_command import CALLS, ELSEWHERE, World, world
from tests.e2e.human import Human
from tests.e2e.provider import ROOT, Provider
from tests.local_aws import LocalAws

ESCAPE = "\x1b"
#: calls that print a body as it is: whose schema is CloudFormation's
BODIES = ("render {template}",)


def every_command() -> Iterator[tuple[str, click.Command]]:
    """All commands by the words that call them; of a group its own words too, where it can be called by them."""
    context = click.Context(command)
    for name in COMMANDS:
        found = command.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from ((f"{name} {inner}", one) for inner, one in found.commands.items())
        else:
            yield name, found


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


def test_every_command_has_a_call_here() -> None:
    names = {name for name, _ in every_command()}
    assert {name for name in CALLS if name != "plan rm"} | set(ELSEWHERE) == names
    assert all((ROOT / "tests" / "e2e" / test).is_file() for test in ELSEWHERE.values())
    assert all(call.startswith(name) for name, calls in CALLS.items() for call in calls)


def test_all_that_is_printed_is_plain_and_fits_its_schema(human: Human) -> None:
    place = world(human)
    by_name = dict(every_command())
    shapes: set[str] = set()
    for name, calls in CALLS.items():
        for call in calls:
            if call not in BODIES and name != "plan rm" and with_json(by_name[name]):
                shapes.add(shape_of(place, call, "--output", "json"))
            if name == "iam-policy":  # what it prints is JSON without being asked
                shapes.add(shape_of(place, call))
            out, err = human.hears(*place.words(call), code=0)
            assert ESCAPE not in out + err, call
    assert shapes == documented() - {"error"} - set(ELSEWHERE)


def shape_of(place: World, call: str, *more: str) -> str:
    """The name of the schema that a call's JSON says it has, and does have."""
    out, err = place.human.hears(*place.words(call), *more, code=0)
    assert ESCAPE not in out + err, call
    document = json.loads(out)
    name = str(document["schema"]).removeprefix("ohf/").removesuffix("/v1")
    assert schema_findings(name, document) == (), call
    return name


def with_json(one: click.Command) -> bool:
    """Whether a command has `--output json`."""
    options = (found for found in one.params if "--output" in found.opts)
    return any(isinstance(found.type, click.Choice) and "json" in found.type.choices for found in options)


def documented() -> set[str]:
    """The shapes that the manual lists."""
    return set(re.findall(r"`ohf/([a-z]+)/v1`", (ROOT / "docs" / "commands.md").read_text()))
