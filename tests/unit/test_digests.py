"""What changes the digest of a body and what does not, field by field, kind by kind.

The rows are `field_rows.ROWS`. A field that reaches a body must change it, a field that does not must leave it
alone: an approval is bound to what it approves, and to nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ohf_iac.config.yaml_text import parse_yaml
from ohf_iac.errors import ConfigurationError
from ohf_iac.render import render
from ohf_iac.render.index import snake
from ohf_iac.request import Request
from ohf_iac.stack import parameters_for
from ohf_iac.template.catalogue import BODY_SETTINGS, TemplateDefaults, parse_catalogue
from ohf_iac.template.host_template import HostTemplate
from ohf_iac.template.kinds import ASG, KINDS, Kind
from tests.config_files import settings_of
from tests.unit.field_rows import API, BASE, ROWS, Echoed, Known, Refused, Row

BARE = TemplateDefaults()
#: their property is there in any case: its value is a parameter, or no value says it otherwise
_ALWAYS_THERE = {"spotFleetRequestExpiry"}


def parsed(entry: dict[str, Any], files: Mapping[str, bytes], defaults: TemplateDefaults = BARE) -> HostTemplate:
    catalogue = parse_catalogue({"templates": [entry]}, defaults, files)
    assert not catalogue.refused, catalogue.refused[0].message
    return catalogue.templates[0]


def digest_of(entry: dict[str, Any], files: Mapping[str, bytes], defaults: TemplateDefaults = BARE) -> str:
    return render(parsed(entry, files, defaults), defaults, files).digest


def outcome(row: Row, kind: Kind) -> Any:
    return next(one for kinds, one in row.at.items() if kind in kinds)


def pair(row: Row, kind: Kind) -> tuple[dict[str, Any], dict[str, Any]]:
    """An entry with the row's field, and one that differs in it; where the field cannot be missing, in more."""
    plain = {**BASE, **API[kind]}
    given = {
        name: value for name, value in {**plain, **row.also, row.name: row.value}.items() if name not in row.drop
    }
    without = {name: value for name, value in {**plain, **row.also}.items() if name not in row.drop}
    if parse_catalogue({"templates": [without]}, BARE, row.files).refused:
        without = plain
    return given, without


CELLS = [(row, kind) for row in ROWS for kind in KINDS if not isinstance(outcome(row, kind), Refused)]


@pytest.mark.parametrize(("row", "kind"), CELLS, ids=[f"{row.name}={row.value} {kind}"[:60] for row, kind in CELLS])
def test_a_field_changes_the_digest_exactly_when_it_reaches_the_body(row: Row, kind: Kind) -> None:
    given, without = pair(row, kind)
    one, other = parsed(given, row.files), parsed(without, row.files)
    expected = outcome(row, kind)
    idle = expected is Echoed or isinstance(expected, Known) or row.name in _ALWAYS_THERE
    same = one._replace(raw={}, warnings=()) == other._replace(raw={}, warnings=())
    assert (digest_of(given, row.files) == digest_of(without, row.files)) == (idle or same)


def test_fields_that_no_body_holds_are_these() -> None:
    """Whoever adds to the rows decides: what stands here may change without an approval."""
    reaching = {row.name for row in ROWS if any(isinstance(one, tuple) for one in row.at.values())}
    told = {row.name for row in ROWS if any(one is Echoed or isinstance(one, Known) for one in row.at.values())}
    idle = told - reaching
    assert idle | _ALWAYS_THERE == {
        *("attributes", "availableNumber", "computeUnit", "customScriptUri", "gpuextend"),
        *("machineCount", "marketSpotPrice", "maxNumber", "partialStatus", "priority"),
        *("requestValidity", "requestedMachines", "spotFleetRequestExpiry", "ttl"),
    }


SETTINGS: dict[str, object] = {
    "rootDeviceName": "/dev/sda1",
    "tags": {"site": "x"},
    "maxPerRequest": 7,
    "httpTokens": "optional",
    "httpPutResponseHopLimit": 2,
    "instanceMetadataTags": True,
    "associatePublicIpAddress": True,
    "encryptVolumes": False,
    "kmsKeyId": "alias/grid",
    "volumeType": "gp2",
    "deleteOnTermination": False,
    "detailedMonitoring": True,
    "providerName": "grid",
    "clusterName": "one",
}
SCRIPTED = {"userDataScript": "join.sh.j2"}
SCRIPT = {"join.sh.j2": b"{{ exports }}"}


@pytest.mark.parametrize("name", BODY_SETTINGS)
def test_each_setting_that_reaches_a_body_changes_the_digest(name: str) -> None:
    entry = {**BASE, **API[ASG], **SCRIPTED}
    entry.pop(name, None)
    settings = settings_of({"template": {name: SETTINGS[name]}}).template.defaults
    assert digest_of(entry, SCRIPT, settings) != digest_of(entry, SCRIPT)


@pytest.mark.parametrize("name", BODY_SETTINGS)
def test_no_setting_that_reaches_a_body_comes_from_the_environment(name: str) -> None:
    variable = f"OHF_TEMPLATE_{snake(name).upper()}"
    with pytest.raises(
        ConfigurationError, match=f"template.{name} from the environment \\({variable}\\)"
    ) as caught:
        settings_of(environ={variable: "x"})
    assert "ohf.json" in caught.value.hint


def test_settings_that_reach_no_body_change_no_digest() -> None:
    """Those of every other key; they may come from the environment."""
    given = settings_of(
        {
            "provider": {"owner": "other", "region": "eu-west-1", "serviceRoleArn": "arn:aws:iam::1:role/x"},
            "template": {"partialStatus": "complete_with_error"},
        },
        environ={"HF_PROVIDER_NAME": "another", "OHF_LIMITS_DEADLINE": "30"},
    )
    assert given.template.defaults == settings_of().template.defaults


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_of_the_script_changes_the_digest_and_its_name_does_not(kind: Kind) -> None:
    entry = {**BASE, **API[kind]}
    files = {"a.sh": b"echo a", "./a.sh": b"echo a", "/opt/x.sh": b"echo a", "b.sh": b"echo b"}
    digests = {name: digest_of({**entry, "userDataScript": name}, files) for name in files}
    assert len({digests[name] for name in ("a.sh", "./a.sh", "/opt/x.sh")}) == 1
    assert digests["b.sh"] != digests["a.sh"]


@pytest.mark.parametrize("kind", KINDS)
def test_two_requests_of_one_template_have_one_body_and_differ_in_parameters(kind: Kind) -> None:
    template = parsed({**BASE, **API[kind]}, {})
    before = render(template, BARE, {})
    request = Request(
        request_id="req-6743a1c0-0123456789abcdef",
        template_id="t1",
        kind=kind,
        owner="me",
        units=1,
        created_at=1732000000,
        deadline=1732001800,
        price_type="spot",
        rc_account="default",
    )
    one = parameters_for(template, request)
    other = parameters_for(template, replace(request, units=9, rc_account="x"))
    assert one["TargetCapacity"] != other["TargetCapacity"]
    assert set(one) == set(json.loads(before.body)["Parameters"])
    assert render(template, BARE, {}) == before


YAML = """
# why there is this template
templates:
  - templateId: t1   # a name
    maxNumber: 10
    priceType: spot
    attributes: {type: [String, X86_64]}
    imageId: ami-0a1b2c3d4e5f60001
    vmType: m5.large
    subnetId: subnet-0a1b2c3d4e5f60001
    instanceTags: {b: "2", a: "1"}
"""


def test_comments_order_of_keys_and_form_of_the_catalogue_change_nothing() -> None:
    document: Any = parse_yaml(YAML)
    (entry,) = document["templates"]
    shuffled = {name: entry[name] for name in reversed(entry)} | {"instanceTags": "a=1;b=2"}
    again: Any = parse_yaml(YAML.replace("# a name", "# another\n    # comment"))
    assert {
        digest_of(one, {}) for one in (entry, shuffled, again["templates"][0], json.loads(json.dumps(entry)))
    } == {digest_of(entry, {})}


def test_the_rank_and_the_order_of_templates_change_nothing() -> None:
    one, other = {**BASE, "priority": 1}, {**BASE, "templateId": "t2", "priority": 9}
    forth = parse_catalogue({"templates": [one, other]}, BARE, {}).templates
    back = parse_catalogue([{**other, "priority": 2}, one], BARE, {}).templates
    assert {render(each, BARE, {}).digest for each in forth} == {render(each, BARE, {}).digest for each in back}
