"""The schema (human face) and the checks by hand (machine face) accept and refuse the same documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from ohf_iac.config import load
from ohf_iac.config.keys import KEYS, Key
from ohf_iac.config.template_keys import TEMPLATE_KEYS
from ohf_iac.errors import ConfigurationError
from tests.config_files import FOLDERS

SCHEMA = json.loads(files("ohf_iac.schemas").joinpath("config.json").read_text("utf-8"))

GOOD: list[Any] = [
    {},
    {"$schema": "./config.json"},
    {"$schema": 5},
    {"colour": []},
    {"provider": {}},
    {"provider": {"colour": "blue"}},
    {"provider": {"owner": "a.b:c@d+e=f-g_H9"}},
    {"provider": {"owner": "x" * 64}},
    {"provider": {"ec2Endpoint": ""}},
    {"provider": {"ec2Endpoint": "http://127.0.0.1:5000"}},
    {"provider": {"connectTimeout": 0.1}},
    {"provider": {"connectTimeout": 300}},
    {"provider": {"retryAttempts": 3.0}},
    {"provider": {"pendingTimeout": 180}},
    {"provider": {"region": "größer"}},
    {"storage": {"kind": "json", "historyDays": 1}},
    {"logging": {"level": "FATAL", "ioLog": True, "rotations": 0}},
    {"template": {"tags": {}, "partialStatus": "complete_with_error"}},
    {"template": {"tags": {"a": "", "ü": "b"}}},
    {"template": {"httpPutResponseHopLimit": 64, "volumeType": "io2"}},
    {"template": {"requiredTags": ["Owner", "cost center"]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "reason": "CHG1", "until": "2027-01-31", "template": "t"}]}},
    {"lint": {"suppress": [{"rule": "W1030", "reason": "CHG1", "until": "2028-02-29"}]}},
    {"events": {"log": False, "audit": True}},
    {"approvals": {"mode": "off"}},
    {"approvals": {"mode": "enforce", "minApprovals": 2, "unsigned": True, "allowedSigners": "signers"}},
    {"limits": {"deadline": 1, "choreCalls": 0, "choreSeconds": 0}},
    {"limits": {}, "events": {}, "storage": {}, "logging": {}, "template": {}},
]
BAD: list[Any] = [
    [],
    "text",
    None,
    5,
    {"provider": []},
    {"provider": None},
    {"provider": {"owner": "a b"}},
    {"provider": {"owner": "x" * 65}},
    {"provider": {"owner": "a\n"}},
    {"provider": {"owner": None}},
    {"provider": {"region": 5}},
    {"provider": {"ec2Endpoint": "127.0.0.1:5000"}},
    {"provider": {"ec2Endpoint": "http://a b"}},
    {"provider": {"ec2Endpoint": "http://a\n"}},
    {"provider": {"connectTimeout": "10"}},
    {"provider": {"connectTimeout": True}},
    {"provider": {"connectTimeout": 0}},
    {"provider": {"connectTimeout": 1e400}},
    {"provider": {"retryAttempts": 2.5}},
    {"provider": {"retryAttempts": 11}},
    {"provider": {"retryAttempts": -1}},
    {"provider": {"pendingTimeout": None}},
    {"provider": {"pendingTimeout": 179}},
    {"provider": {"proxyPort": 65536}},
    {"storage": {"kind": "sqlite3"}},
    {"storage": {"events": "true"}},
    {"storage": {"kind": ""}},
    {"storage": {"historyDays": 0}},
    {"logging": {"level": "info"}},
    {"logging": {"level": "LOG_INFO"}},
    {"logging": {"level": None}},
    {"logging": {"ioLog": 1}},
    {"logging": {"ioLog": "true"}},
    {"template": {"partialStatus": "partial"}},
    {"template": {"tags": []}},
    {"template": {"tags": {"a": 1}}},
    {"template": {"tags": {"a": None}}},
    {"template": {"maxPerRequest": 0}},
    {"template": {"httpTokens": "maybe"}},
    {"template": {"encryptVolumes": "no"}},
    {"template": {"requiredTags": "Owner"}},
    {"template": {"requiredTags": [""]}},
    {"template": {"requiredTags": [1]}},
    {"lint": {"suppress": {}}},
    {"lint": {"suppress": ["OHF-S008"]}},
    {"lint": {"suppress": [{"reason": "CHG1", "until": "2027-01-31"}]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "until": "2027-01-31"}]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "reason": " ", "until": "2027-01-31"}]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "reason": "CHG1"}]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "reason": "CHG1", "until": "2027-13-01"}]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "reason": "CHG1", "until": "next year"}]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "reason": "CHG1", "until": "2027-01-31\n"}]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "reason": "CHG1", "until": 20270131}]}},
    {"lint": {"suppress": [{"rule": "*", "reason": "CHG1", "until": "2027-01-31"}]}},
    {"lint": {"suppress": [{"rule": "OHF-S008", "reason": "C", "until": "2027-01-31", "templates": ["t"]}]}},
    {"events": {"log": 0}},
    {"approvals": {"mode": "strict"}},
    {"approvals": {"minApprovals": 0}},
    {"approvals": {"unsigned": "yes"}},
    {"approvals": {"mode": False}},
    {"limits": {"deadline": 281}},
    {"limits": {"deadline": 0.9}},
    {"limits": {"choreCalls": 1001}},
]


def by_hand(document: Any) -> bool:
    text = json.dumps(document).replace("Infinity", "1e400").encode()
    try:
        load(FOLDERS, {"/conf/ohf.json": text}.get)
    except ConfigurationError:
        return False
    return True


def by_schema(document: Any) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("document", GOOD, ids=json.dumps)
def test_both_accept(document: Any) -> None:
    assert (by_hand(document), by_schema(document)) == (True, True)


@pytest.mark.parametrize("document", BAD, ids=json.dumps)
def test_both_refuse(document: Any) -> None:
    assert (by_hand(document), by_schema(document)) == (False, False)


@pytest.mark.parametrize("key", [*KEYS, *TEMPLATE_KEYS], ids=lambda key: f"{key.section}.{key.name}")
def test_both_agree_on_every_key_and_its_limits(key: Key) -> None:
    samples: list[Any] = [
        "",
        "x",
        0,
        1,
        -1,
        2.5,
        True,
        None,
        [],
        {},
        {"a": "b"},
        {"a": 1},
        key.default,
        key.low,
        key.high,
    ]
    samples += [key.low - 1, key.high + 1, *key.choices]
    for sample in samples:
        document = {key.section: {key.name: plain(sample)}}
        assert by_hand(document) == by_schema(document), document


def test_the_schema_describes_every_key_with_its_default() -> None:
    for key in (*KEYS, *TEMPLATE_KEYS):
        described = SCHEMA["properties"][key.section]["properties"][key.name]
        assert described["description"]
        assert described.get("default") == plain(key.default)
    keys = {
        (section, name) for section, part in SCHEMA["properties"].items() for name in part.get("properties", ())
    }
    assert keys == {(key.section, key.name) for key in (*KEYS, *TEMPLATE_KEYS)}
