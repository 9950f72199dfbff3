"""The machine face: `ohf-hostfactory OPERATION (-f FILE | -f - | --data JSON)`.

stdout is one JSON object, the exit code 0 or 1, stderr stays empty (contract §1.2). Nothing is imported before it
is needed: this process starts every half minute, several times.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ohf_iac import hostfactory as wire
from ohf_iac.bounded_json import LONGEST
from ohf_iac.errors import OhfError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ohf_iac.app import App

USAGE = "usage: ohf-hostfactory OPERATION (-f FILE | -f - | --data JSON)"


class Outcome(NamedTuple):
    """What came of a call: exit code, answer, the answer's text, and what is to be done once it is printed."""

    code: int
    answer: dict[str, Any]
    text: str
    afterwards: Callable[[], object]


def main() -> int:
    """The console script."""
    _fill_gaps()
    code, text, afterwards = answer(sys.argv[1:], os.environ)
    undelivered = _printed(text + "\n")
    if undelivered is not None:
        _note_undelivered(undelivered)
    afterwards()
    return code if undelivered is None else 1


def answer(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str, Callable[[], object]]:
    """Exit code, the JSON object, and what is to be done once it has been printed, which never raises."""
    begun = time.monotonic()
    try:
        operation, source = _asked(arguments)
        from ohf_iac.app import app_for, note_call  # errors of usage must not pay for the rest

        app = app_for(environ)
    except OhfError as error:
        return 1, wire.dump(wire.failure(_told(error))), _nothing
    except Exception as error:  # noqa: BLE001 -- the edge: whatever happens, Host Factory gets one JSON object
        return 1, wire.dump(wire.failure(f"unexpected {type(error).__name__}: {error}")), _nothing
    document, outcome = _carried_out(app, operation, source)
    note_call(app, operation, document, outcome.code, outcome.answer, time.monotonic() - begun)
    return outcome.code, outcome.text, lambda: _finish(app, outcome.afterwards)


def _carried_out(app: App, operation: str, source: str | bytes) -> tuple[bytes | None, Outcome]:
    """The input, None when it could not be read, and what came of the call."""
    document = None
    try:
        document = _read(source)
        found, afterwards = OPERATIONS[operation](app, document)
        return document, Outcome(0, found, wire.dump(found), afterwards)
    except OhfError as error:
        app.log.error(error.message, **{**error.fields, "operation": operation})
        return document, _failed(_told(error))
    except Exception as error:  # noqa: BLE001 -- the edge: whatever happens, Host Factory gets one JSON object
        app.log.error(f"unexpected {type(error).__name__}", operation=operation, traceback=_traceback())
        return document, _failed(f"unexpected {type(error).__name__}: {error} (see the log)")


def _failed(message: str) -> Outcome:
    failure = wire.failure(message)
    return Outcome(1, failure, wire.dump(failure), _nothing)


def _finish(app: App, afterwards: Callable[[], object]) -> None:
    """Host Factory has its answer: what goes wrong now is for the log alone."""
    try:
        afterwards()
    except Exception as error:  # noqa: BLE001 -- the edge: neither stderr nor the exit code may tell of it
        app.log.error(f"unexpected {type(error).__name__} after the answer", traceback=_traceback())


def _fill_gaps() -> None:
    """Take the places of standard streams that are closed, or a connection to AWS would be given stdout's."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free one; an answer written there is an error, as it was


def _printed(text: str) -> OSError | None:
    """Write to stdout, without Python's buffer, which would complain on stderr; the error when nobody takes it."""
    rest = text.encode()
    try:
        while rest:
            rest = rest[os.write(1, rest) :]
    except OSError as error:
        return error
    return None


def _note_undelivered(error: OSError) -> None:
    """An answer that Host Factory never got is worth a line in the log: what it asked for was done."""
    from ohf_iac.app import app_for  # as above

    try:
        app_for(os.environ).log.error(f"answer not delivered: {error.strerror}", arguments=sys.argv[1:])
    except OhfError:
        return  # without a configuration there is no log, and the answer said just that


def _templates(app: App, document: bytes) -> tuple[dict[str, Any], Callable[[], object]]:
    from ohf_iac.operations.templates import available_templates, echoed_templates

    given = wire.parse_templates(wire.parse_document(document, empty_is_object=True))
    catalogue = available_templates(app) if given is None else echoed_templates(app, given)
    return wire.templates_answer(catalogue), _nothing


def _request(app: App, document: bytes) -> tuple[dict[str, Any], Callable[[], object]]:
    ask = wire.parse_request_machines(wire.parse_document(document))
    from ohf_iac.operations.requesting import request_machines  # a refused input must not pay for AWS

    return wire.request_answer(*request_machines(app, ask)), _nothing


def _statuses(app: App, document: bytes) -> tuple[dict[str, Any], Callable[[], object]]:
    from ohf_iac.operations.chores import carry_out_chores
    from ohf_iac.operations.status import request_statuses

    ids = wire.parse_request_status(wire.parse_document(document))
    return wire.status_answer(request_statuses(app, ids)), lambda: carry_out_chores(app)


def _return(app: App, document: bytes) -> tuple[dict[str, Any], Callable[[], object]]:
    hosts = wire.parse_return_machines(wire.parse_document(document))
    from ohf_iac.operations.returning import return_machines  # a refused input must not pay for AWS

    return wire.request_answer(*return_machines(app, hosts)), _nothing


def _reclaims(app: App, document: bytes) -> tuple[dict[str, Any], Callable[[], object]]:
    from ohf_iac.operations.chores import carry_out_chores

    hosts = wire.parse_return_requests(wire.parse_document(document, empty_is_object=True))
    from ohf_iac.operations.reclaiming import reclaimed_hosts  # a refused input must not pay for AWS

    return wire.reclaims_answer(*reclaimed_hosts(app, hosts)), lambda: carry_out_chores(app)


OPERATIONS = {
    "getAvailableTemplates": _templates,
    "requestMachines": _request,
    "getRequestStatus": _statuses,
    "requestReturnMachines": _return,
    "getReturnRequests": _reclaims,
}


def _asked(arguments: Sequence[str]) -> tuple[str, str | bytes]:
    """The operation and its input: a file's name (`-` is stdin), or the document itself.

    Host Factory passes `-f FILE`; getAvailableTemplates may come without.
    """
    if not arguments or arguments[0] not in OPERATIONS:
        raise ValidationError(f"{USAGE}; OPERATION is one of {', '.join(OPERATIONS)}")
    operation, *rest = arguments
    if not rest and operation == "getAvailableTemplates":
        return operation, b"{}"
    if len(rest) < 2 or rest[0] not in ("-f", "--data"):
        raise ValidationError(USAGE)
    return operation, rest[1] if rest[0] == "-f" else rest[1].encode("utf-8", "surrogateescape")


def _read(source: str | bytes) -> bytes:
    """The input's bytes; ValidationError when there are none to be had, or too many."""
    if isinstance(source, bytes):
        return source
    try:
        with open(0 if source == "-" else source, "rb") as file:
            content = file.read(LONGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ValidationError(
            f"read input {source}: {reason}", hint="give the file that Host Factory wrote"
        ) from error
    if len(content) > LONGEST:
        raise ValidationError(
            f"read input {source}: it is longer than {LONGEST} bytes", hint="no real input is that long"
        )
    return content


def _told(error: OhfError) -> str:
    """Message and next step in one line; Host Factory shows administrators nothing else."""
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _traceback() -> str:
    import traceback  # only when something went wrong

    return traceback.format_exc()


def _nothing() -> None:
    """Nothing is to be done after the answer."""
