"""The documents of the five operations: hand checks and JSON Schemas agree, and answers are what they promise.

`tests/fixtures/documents/<operation>/{accepted,refused}/` holds inputs byte by byte: as Host Factory and LSF write
them, with every tolerance of the contract, and with everything that is refused. `golden/` holds whole answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ohf_iac import hostfactory as wire
from ohf_iac.errors import ValidationError
from ohf_iac.status.answer import RequestStatus
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue
from tests.wire_values import CATALOGUE, DEAD, GONE, MACHINE, STARTING

HERE = Path(__file__).parent
DOCUMENTS = HERE.parent / "fixtures" / "documents"
OPERATIONS = (
    "getAvailableTemplates",
    "requestMachines",
    "getRequestStatus",
    "requestReturnMachines",
    "getReturnRequests",
)
#: operations for which an empty file counts as `{}`
MAY_BE_EMPTY = ("getAvailableTemplates", "getReturnRequests")


def validator(operation: str, side: str) -> Draft202012Validator:
    """The schema of a document, as it is installed."""
    schema = json.loads((resources.files("ohf_iac.schemas") / f"{operation}.{side}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def templates(document: dict[str, Any]) -> object:
    given = wire.parse_templates(document)
    return None if given is None else parse_catalogue(given, TemplateDefaults(), {})


HAND: dict[str, Callable[[dict[str, Any]], object]] = {
    "getAvailableTemplates": templates,
    "requestMachines": wire.parse_request_machines,
    "getRequestStatus": wire.parse_request_status,
    "requestReturnMachines": wire.parse_return_machines,
    "getReturnRequests": wire.parse_return_requests,
}


def corpus(kind: str) -> list[Any]:
    return [
        pytest.param(operation, file, id=f"{operation}: {file.name}")
        for operation in OPERATIONS
        for file in sorted((DOCUMENTS / operation / kind).iterdir())
    ]


def parsed(operation: str, file: Path) -> dict[str, Any]:
    return wire.parse_document(file.read_bytes(), empty_is_object=operation in MAY_BE_EMPTY)


@pytest.mark.parametrize(("operation", "file"), corpus("accepted"))
def test_both_accept(operation: str, file: Path) -> None:
    document = parsed(operation, file)
    HAND[operation](document)
    validator(operation, "input").validate(document)


@pytest.mark.parametrize(("operation", "file"), corpus("refused"))
def test_both_refuse(operation: str, file: Path) -> None:
    try:
        document = parsed(operation, file)
    except ValidationError:
        return  # no JSON object at all: neither gets to see it
    with pytest.raises(ValidationError):
        HAND[operation](document)
    assert not validator(operation, "input").is_valid(document)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_corpus_knows_real_inputs_and_refusals_of_every_operation(operation: str) -> None:
    tabbed = [one for one in (DOCUMENTS / operation / "accepted").iterdir() if b'\t"' in one.read_bytes()]
    assert tabbed
    assert not [one for one in tabbed if one.suffix]
    assert len(list((DOCUMENTS / operation / "refused").iterdir())) >= 5


ANSWERS: dict[str, tuple[str, dict[str, Any]]] = {
    "templates": ("getAvailableTemplates", wire.templates_answer(CATALOGUE)),
    "requested": (
        "requestMachines",
        wire.request_answer("req-6553f100-0123456789abcdef", "stack ohf-req-6553f100-0123456789abcdef"),
    ),
    "not-requested": ("requestMachines", wire.failure("template grid does not exist (ohf templates list)")),
    "returned": ("requestReturnMachines", wire.request_answer("ret-6553f358-0123456789abcdef", "1 machine")),
    "statuses": (
        "getRequestStatus",
        wire.status_answer(
            [
                RequestStatus("req-6553f100-0123456789abcdef", "running", "", (MACHINE, STARTING)),
                RequestStatus(
                    "req-6553f101-0123456789abcdef",
                    "complete",
                    "1 of 2 machines: Error Code: InsufficientInstanceCapacity: no capacity",
                    (MACHINE,),
                ),
                RequestStatus("req-6553f102-0123456789abcdef", "complete_with_error", "0 of 1 machines", (DEAD,)),
                RequestStatus("ret-6553f358-0123456789abcdef", "complete", "", (GONE,)),
                RequestStatus("sfr-9c4b", "complete_with_error", "sfr-9c4b is not an id of this provider"),
            ]
        ),
    ),
    "reclaims": (
        "getReturnRequests",
        wire.reclaims_answer(
            [
                wire.Reclaim("i-0a1b2c3d4e5f60001", "ip-10-0-1-9.ec2.internal", 87),
                wire.Reclaim("i-0a1b2c3d4e5f60002", "ip-10-0-1-10.ec2.internal", 0),
            ]
        ),
    ),
    "no-reclaims": ("getReturnRequests", wire.reclaims_answer([], "AWS was not reached")),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_to_the_letter_what_it_was(name: str) -> None:
    """A change here is a change of what Host Factory reads: look twice, then write the file anew."""
    golden = json.loads((HERE / "golden" / f"{name}.json").read_text())
    answer = json.loads(wire.dump(ANSWERS[name][1]))
    assert answer == golden
    assert _types(answer) == _types(golden)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_what_its_schema_promises(name: str) -> None:
    operation, answer = ANSWERS[name]
    validator(operation, "output").validate(json.loads(wire.dump(answer)))


def test_codes_of_aws_stand_in_the_message_that_lsf_reads() -> None:
    room = "0 of 1 machines: Error Code: NoRoom: none left"
    answer = wire.status_answer(
        [
            RequestStatus("req-1", "running", "poll: slow down (Error Code: Throttling)"),
            RequestStatus("req-2", "complete_with_error", room),
            RequestStatus("req-3", "complete_with_error", room),
            RequestStatus("req-4", "complete_with_error", "cancelled"),
            RequestStatus(
                "ret-5", "complete_with_error", "end i-1: it is kept (Error Code: OperationNotPermitted)"
            ),
        ]
    )
    assert answer["message"] == f"{room}; end i-1: it is kept (Error Code: OperationNotPermitted)"


def test_an_answer_is_one_line_of_ascii() -> None:
    text = wire.dump(wire.failure("größer als erlaubt\n"))
    assert text.isascii()
    assert "\n" not in text


def _types(value: Any) -> Any:
    """The shape of a document with its types: 1 and 1.0 and true are equal in Python and not to Host Factory."""
    if isinstance(value, dict):
        return {key: _types(part) for key, part in value.items()}
    return [_types(part) for part in value] if isinstance(value, list) else type(value).__name__
