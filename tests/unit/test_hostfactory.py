"""The wire: what each input means, and with which words it is refused (contract §2)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ohf_iac import hostfactory as wire
from ohf_iac.errors import ValidationError
from ohf_iac.hostfactory import HostRef, MachineAsk
from ohf_iac.machine import Instance, reported
from ohf_iac.template.catalogue import Catalogue
from tests.wire_values import CATALOGUE, ENTRY

NAME, ID = "ip-10-0-1-9.ec2.internal", "i-0a1b2c3d4e5f60001"


def ask(count: Any = 3, **more: Any) -> dict[str, Any]:
    return {"template": {"templateId": "grid", "machineCount": count}, **more}


@pytest.mark.parametrize(
    ("text", "document"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{\n\t"a":\t1\n}\n', {"a": 1}),
        (b'{"a": "\\u00fc"}', {"a": "ü"}),
    ],
)
def test_a_document_is_read_as_it_is_written(text: bytes, document: dict[str, Any]) -> None:
    assert wire.parse_document(text) == document


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "read input: it is not JSON: "),
        (b"{", "read input: it is not JSON: "),
        (b'{"a": "\xff"}', "read input: it is not JSON: "),
        (b"[" * 5000, "read input: it is nested more than 64 deep"),
        (b'{"a": NaN}', "read input: it is not JSON: NaN is no number of JSON"),
        (b'{"a": -Infinity}', "read input: it is not JSON: -Infinity is no number of JSON"),
        (b'{"a": 1e999}', "read input: it is not JSON: 1e999 is no number of JSON"),
        ('{"a": 1}'.encode("utf-16"), "read input: it is not JSON: "),
        (b'{"a": 1}\0', "read input: it is not JSON: "),
        (b"[]", "read input: it is not a JSON object"),
        (b"3", "read input: it is not a JSON object"),
    ],
)
def test_what_is_no_document_is_refused(text: bytes, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refusal:
        wire.parse_document(text)
    assert refusal.value.hint


def test_an_empty_file_is_an_empty_object_where_the_contract_says_so() -> None:
    assert wire.parse_document(b" \n", empty_is_object=True) == {}
    assert wire.parse_document(b"\xef\xbb\xbf\r\n", empty_is_object=True) == {}
    with pytest.raises(ValidationError):
        wire.parse_document(b" \n")


@pytest.mark.parametrize(
    ("document", "meaning"),
    [
        (ask(3), MachineAsk("grid", 3, "default")),
        (ask("3"), MachineAsk("grid", 3, "default")),
        (ask("003.00"), MachineAsk("grid", 3, "default")),
        (ask(2.0), MachineAsk("grid", 2, "default")),
        (ask(rc_account="lab"), MachineAsk("grid", 3, "lab")),
        (ask(rc_account=""), MachineAsk("grid", 3, "default")),
        (ask(rc_account=None), MachineAsk("grid", 3, "default")),
        (ask(userData={}, machines=[], template_version=2), MachineAsk("grid", 3, "default")),
        ({"template": {"templateID": "grid", "machineCount": 1}}, MachineAsk("grid", 1)),
        ({"template": [{"templateId": "grid", "machineCount": 1}]}, MachineAsk("grid", 1)),
    ],
)
def test_a_request_is_understood(document: dict[str, Any], meaning: MachineAsk) -> None:
    assert wire.parse_request_machines(document) == meaning


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, 'request machines: the input has no "template" object'),
        ({"template": "grid"}, 'request machines: the input has no "template" object'),
        (
            {"template": {"machineCount": 1}},
            'request machines: "template.templateId" is missing or not a text',
        ),
        ({"template": {"templateId": "grid"}}, 'request machines: "template.machineCount" is missing'),
        (ask(0), 'request machines: "template.machineCount" is 0, at least 1 is needed'),
        (ask(-4), 'request machines: "template.machineCount" is -4, at least 1 is needed'),
        (ask("-4"), 'request machines: "template.machineCount" is -4, at least 1 is needed'),
        (ask(2.5), 'request machines: "template.machineCount" is 2.5, not a whole number'),
        (ask("2.5"), 'request machines: "template.machineCount" is "2.5", not a whole number'),
        (ask("many"), 'request machines: "template.machineCount" is "many", not a whole number'),
        (ask(" 4 "), 'request machines: "template.machineCount" is " 4 ", not a whole number'),
        (ask("\u0663"), 'request machines: "template.machineCount" is "\\u0663", not a whole number'),
        (ask(1e15), 'request machines: "template.machineCount" is 1000000000000000.0, more than can be counted'),
        (
            ask(10**70),
            f'request machines: "template.machineCount" is 1{"0" * 56}..., more than can be counted',
        ),
        (ask("1e3"), 'request machines: "template.machineCount" is "1e3", not a whole number'),
        (ask(None), 'request machines: "template.machineCount" is null, not a number'),
        (ask(True), 'request machines: "template.machineCount" is true, not a number'),
        (ask([3]), 'request machines: "template.machineCount" is [3], not a number'),
        (ask(float("inf")), 'request machines: "template.machineCount" is Infinity, not a whole number'),
        (ask(float("nan")), 'request machines: "template.machineCount" is NaN, not a whole number'),
        (
            ask("9" * 200),
            f'request machines: "template.machineCount" is "{"9" * 56}..., not a whole number',
        ),
    ],
)
def test_a_request_is_refused_in_these_words(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        wire.parse_request_machines(document)
    assert refusal.value.message == message


@pytest.mark.parametrize(
    ("requests", "ids"),
    [
        ([{"requestId": "req-1"}], ("req-1",)),
        ([{"requestId": "req-2"}, {"requestId": "req-1"}], ("req-2", "req-1")),
        ([{"requestId": "req-1"}, {"requestId": "req-1"}], ("req-1",)),
        ({"requestId": "req-1"}, ("req-1",)),
        (["req-1", "ret-1"], ("req-1", "ret-1")),
        ([None, {}, "req-1", {"requestId": 5}], ("req-1",)),
        ("req-1", ("req-1",)),
        ([{"requestId": "req-1", "sets": []}], ("req-1",)),
    ],
)
def test_ids_are_read_in_order_and_once(requests: Any, ids: tuple[str, ...]) -> None:
    assert wire.parse_request_status({"requests": requests}) == ids


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, 'get request status: the input has no "requests"'),
        ({"requests": []}, 'get request status: "requests" is empty'),
        (
            {"requests": None},
            "get request status: \"requests\" is neither an array nor an object with 'requestId'",
        ),
        ({"requests": [{}]}, 'get request status: no entry of "requests" has a "requestId"'),
        ({"requests": [{"requestId": 5}]}, 'get request status: no entry of "requests" has a "requestId"'),
        ({"requests": ["", None]}, 'get request status: no entry of "requests" has a "requestId"'),
    ],
)
def test_a_poll_is_refused_in_these_words(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        wire.parse_request_status(document)
    assert refusal.value.message == message


@pytest.mark.parametrize(
    ("document", "hosts"),
    [
        ({"machines": [{"name": NAME, "machineId": ID}]}, (HostRef(NAME, ID),)),
        ({"machines": {"name": NAME, "machineId": ID}}, (HostRef(NAME, ID),)),
        ({"name": NAME}, (HostRef(NAME, ""),)),
        ({"machineId": ID, "name": None}, (HostRef("", ID),)),
        ({"machines": [{"machineId": ID}, {"name": NAME}]}, (HostRef("", ID), HostRef(NAME, ""))),
        ({"machines": [ID, NAME]}, (HostRef("", ID), HostRef(NAME, ""))),
        ({"machines": "i-0a1b.ec2.internal"}, (HostRef("i-0a1b.ec2.internal", ""),)),
        ({"machines": [ID, {"machineId": ID}]}, (HostRef("", ID),)),
    ],
)
def test_hosts_are_given_back_by_name_by_id_or_by_both(
    document: dict[str, Any], hosts: tuple[HostRef, ...]
) -> None:
    assert wire.parse_return_machines(document) == hosts


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, 'return machines: the input names no "machines"'),
        ({"machines": []}, 'return machines: the input names no "machines"'),
        ({"machines": {}}, 'return machines: the input names no "machines"'),
        ({"machines": None}, 'return machines: the input names no "machines"'),
        ({"machines": 3}, 'return machines: "machines" is neither an array nor an object'),
        ({"machines": [{}]}, 'return machines: "machines" has no entry with a name or a machineId: {}'),
        ({"machines": [None]}, 'return machines: "machines" has no entry with a name or a machineId: null'),
        (
            {"machines": [{"name": 0, "machineId": ID}]},
            (
                'return machines: "machines" has no entry with a name or a machineId: '
                '{"name": 0, "machineId": "i-0a1b2c3d4e5f60001"}'
            ),
        ),
    ],
)
def test_a_return_is_refused_in_these_words(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        wire.parse_return_machines(document)
    assert refusal.value.message == message


@pytest.mark.parametrize("document", [{}, {"machines": []}, {"machines": {}}, {"machines": None}])
def test_no_host_named_means_all_of_ours(document: dict[str, Any]) -> None:
    assert wire.parse_return_requests(document) is None


def test_hosts_named_are_those_that_are_meant() -> None:
    assert wire.parse_return_requests({"machines": [{"name": NAME}]}) == (HostRef(NAME, ""),)
    assert wire.parse_return_requests({"name": NAME}) == (HostRef(NAME, ""),)
    with pytest.raises(ValidationError, match='get return requests: "machines" has no entry'):
        wire.parse_return_requests({"machines": [{"id": ID}]})


def test_a_catalogue_given_is_not_the_catalogue_configured() -> None:
    assert wire.parse_templates({}) is None
    assert wire.parse_templates({"templates": []}) == {"templates": []}


def test_templates_are_echoed_in_order_with_the_keys_host_factory_needs() -> None:
    answer = wire.templates_answer(CATALOGUE)
    (row,) = answer["templates"]
    kept = {key: row[key] for key in ("pgrpName", "siteNote", "vmType")}
    assert kept == {"pgrpName": None, "siteNote": {"rack": 7}, "vmType": "m5.xlarge"}
    assert (row["templateId"], row["maxNumber"]) == ("grid", 10)
    assert "templateID" not in row
    assert row["attributes"]["ncores"] == ["Numeric", "1"]
    assert answer["message"].startswith("1 template; refused: template dedicated: tenancy: ")
    assert ENTRY["maxNumber"] == "10", "the catalogue's own entry is not touched"


@pytest.mark.parametrize(("count", "message"), [(0, "0 templates"), (1, "1 template"), (2, "2 templates")])
def test_the_message_counts_templates(count: int, message: str) -> None:
    answer = wire.templates_answer(Catalogue(CATALOGUE.templates * count, (), ()))
    assert answer["message"] == message


def test_an_on_demand_machine_without_addresses() -> None:
    row = wire.machine_row(reported(Instance(ID, "pending", launch_time=7), "executing"))
    assert row["privateIpAddress"] is None
    assert row["launchtime"] == 7
    assert type(row["launchtime"]) is int
    assert (row["priceType"], row["lifeCycleType"]) == ("ondemand", "ondemand")


def test_lsf_counts_all_threads_of_a_machine() -> None:
    """CpuOptions says threads per core; both of IBM's plug-ins for LSF tell it cores times that."""
    row = wire.machine_row(reported(Instance(ID, "running", NAME, cores=4, threads=2, spot=True), "succeed"))
    assert (row["ncores"], row["nthreads"]) == (4, 8)
    assert (row["lifeCycleType"], row["publicDnsName"], row["rcAccount"]) == ("spot", "", "")


def test_failures_have_a_message_and_no_id() -> None:
    assert json.loads(wire.dump(wire.failure("no"))) == {"message": "no"}


def test_a_text_that_is_no_unicode_still_makes_an_answer() -> None:
    """`--data` and JSON escapes may bring in half a surrogate pair."""
    assert json.loads(wire.dump(wire.failure("\ud800"))) == {"message": "\ud800"}
