"""The scenario: its schema and its reader agree; profiles and switches hold what they promise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from jsonschema import Draft202012Validator

from ohf_iac.local.reading import DocumentRefused, camel
from ohf_iac.local.scenario import PROFILES, SWITCHES, Scenario, parse
from tests.local_aws import switched

SCHEMA: dict[str, Any] = json.loads(files("ohf_iac.schemas").joinpath("scenario.json").read_text("utf-8"))
DOCS = Path(__file__).parents[3] / "docs" / "local.md"


def dataclass_inside(hint: Any) -> type | None:
    """The dataclass that a hint is, or is a list, a map or an optional of."""
    if is_dataclass(hint) and isinstance(hint, type):
        return hint
    return next((found for inner in get_args(hint) if (found := dataclass_inside(inner))), None)


def members(kind: type, schema: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any, Any, Mapping[str, Any]]]:
    """Every member below `kind`: its dotted name, its type hint, its default, its schema."""
    hints = get_type_hints(kind)
    assert schema["additionalProperties"] is False, at
    assert [camel(member.name) for member in fields(kind)] == list(schema["properties"]), at
    for member in fields(kind):
        name = f"{at}.{camel(member.name)}".removeprefix(".")
        described = schema["properties"][camel(member.name)]
        hint = hints[member.name]
        yield name, hint, member.default, described
        inner = dataclass_inside(hint)
        if inner is not None:
            below = described.get("items") or described.get("additionalProperties") or described
            below = described if below is False else below
            below = next((choice for choice in below.get("anyOf", ()) if choice["type"] == "object"), below)
            yield from members(inner, below, name)


MEMBERS = list(members(Scenario, SCHEMA, ""))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(("name", "hint", "default", "described"), MEMBERS, ids=[member[0] for member in MEMBERS])
def test_schema_and_reader_have_the_same_members_and_defaults(
    name: str, hint: Any, default: Any, described: Mapping[str, Any]
) -> None:
    assert described["description"], name
    if default is not MISSING and not is_dataclass(default) and default != ():
        assert described["default"] == default, name
    choices = [choice for choice in get_args(hint) if not isinstance(choice, type) and choice is not None]
    if "enum" in described:
        assert described["enum"] == choices


ACCEPTED: list[dict[str, Any]] = [
    {},
    {"profile": "realistic"},
    {"profile": "plain", "seed": 3, "clock": {"perCall": 0.5}},
    {
        "times": {
            "pending": 0,
            "types": {"AWS::EC2::EC2Fleet": {"resourceDone": 9}, "Capacity": {"resourceStart": None}},
        }
    },
    {"capacity": {"*": 5, "us-east-1a/m5.large": 0}, "quota": {"spot": None, "ondemand": 4}},
    {"refuse": {"ids": {"ami-1": ""}}, "adopt": False},
    {"images": {"ami-2": {"architecture": "arm64"}}, "subnets": {"subnet-3": {"freeAddresses": 1}}},
    {"launchFailures": [{"count": 2, "state": "refused"}, {}]},
    {"stacks": {"failCreate": {"Capacity": "no"}, "failDelete": {"A": "no", "B": {"times": 1}}, "limit": 3}},
    {
        "faults": [
            {"kind": "lost", "times": 1, "after": 2, "probability": 0.5, "rate": 1, "burst": 2, "status": 500}
        ]
    },
    *(switched(name, value) for name, values in SWITCHES.items() for value in values),
]
REFUSED: list[Any] = [
    [],
    {"profile": "harsh"},
    {"seed": 1.5},
    {"seed": True},
    {"adopt": "yes"},
    {"clock": {"perCall": -1}},
    {"clock": {"perCall": "1"}},
    {"clock": {"percall": 1}},
    {"times": {"types": {"X": {"resourceDone": "soon"}}}},
    {"times": {"launchBatch": 1.5}},
    {"times": None},
    {"capacity": {"*": -1}},
    {"capacity": {"*": None}},
    {"quota": {"spot": "many"}},
    {"refuse": {"ids": ["ami-1"]}},
    {"images": {"ami-2": {"architecture": "z80"}}},
    {"launchFailures": {"count": 2}},
    {"launchFailures": [{"state": "never"}]},
    {"stacks": {"failDelete": {"A": 1}}},
    {"stacks": {"failDelete": {"A": {"why": "x"}}}},
    {"forget": {"terminatedTags": -1}},
    {"lag": {"tagFilter": None}},
    {"uncertain": {"groupSystemTags": 1}},
    {"uncertain": {"sameToken": "maybe"}},
    {"faults": [{"kind": "boom"}]},
    {"faults": [{"unknown": 1}]},
    {"more": {}},
]


@pytest.mark.parametrize("document", ACCEPTED, ids=json.dumps)
def test_both_accept(document: dict[str, Any]) -> None:
    Draft202012Validator(SCHEMA).validate(document)
    assert isinstance(parse(document), Scenario)


@pytest.mark.parametrize("document", REFUSED, ids=json.dumps)
def test_both_refuse(document: Any) -> None:
    assert list(Draft202012Validator(SCHEMA).iter_errors(document))
    with pytest.raises(DocumentRefused):
        parse(document)


def test_a_refusal_names_the_place_and_what_is_known_there() -> None:
    with pytest.raises(DocumentRefused, match=r"^faults\[1\]\.kind: expected one of 'throttle'.*found 'boom'$"):
        parse({"faults": [{}, {"kind": "boom"}]})
    with pytest.raises(DocumentRefused, match=r"^lag\.newstack: unknown; known here: tagFilter, newInstance"):
        parse({"lag": {"newstack": 1}})


def test_the_document_is_laid_over_its_profile() -> None:
    scenario = parse({"profile": "realistic", "lag": {"newStack": 0}, "times": {"pending": 1}})
    assert (scenario.lag.new_stack, scenario.lag.tag_filter) == (0, 3)
    assert (scenario.times.pending, scenario.times.launch, scenario.times.shutdown) == (1, 3, 20)
    assert parse({}) == Scenario()


def test_realistic_turns_on_everything_that_forgets_or_lags() -> None:
    realistic = parse({"profile": "realistic"})
    assert [
        member.name for member in fields(realistic.forget) if getattr(realistic.forget, member.name) is None
    ] == []
    assert [member.name for member in fields(realistic.lag) if not getattr(realistic.lag, member.name)] == []
    assert realistic.times.launch > 0


def test_there_is_a_switch_for_every_forgetting_lag_and_uncertainty() -> None:
    expected = {name for name, *_ in MEMBERS if name.startswith(("forget.", "lag.", "uncertain."))}
    assert set(SWITCHES) == expected
    for name, values in SWITCHES.items():
        assert len(set(values)) == len(values) > 1, name
        section, member = name.split(".")
        default = SCHEMA["properties"][section]["properties"][member]["default"]
        assert values[0] == default, name
        if section in PROFILES["realistic"]:
            assert values[1] == PROFILES["realistic"][section][member]


def test_times_of_a_logical_id_come_before_those_of_its_type() -> None:
    times = parse({"times": {"types": {"T": {"resourceDone": 5}, "Mine": {"resourceStart": 7}}}}).times
    assert (times.done("T"), times.start("T"), times.start("T", "Mine"), times.done("T", "Mine")) == (5, 1, 7, 2)


def manual_row(name: str, described: Mapping[str, Any]) -> str:
    """A member's row in the manual's table."""
    default = f"`{json.dumps(described['default'])}`" if "default" in described else ""
    return f"| `{name}` | {default} | {described['description']} |"


def test_the_manual_lists_every_member_as_the_schema_describes_it() -> None:
    rows = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert [row for row in rows if "/_ohf/" not in row] == [
        manual_row(name, described) for name, _, _, described in MEMBERS
    ]
