"""The machine face: `ohf-hostfactory OPERATION (-f FILE | -f - | --data JSON)`.

stdout is one JSON object, the exit code 0 or 1, stderr stays empty (contract §1.2). Nothing is imported before it
is needed: this process starts every half minute, several times.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from ohf_iac import hostfactory as wire
from ohf_iac.errors import OhfError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ohf_iac.app import App

USAGE = "usage: ohf-hostfactory OPERATION (-f FILE | -f - | --data JSON)"


def main() -> int:
    """The console script."""
    code, text, afterwards = answer(sys.argv[1:], os.environ)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
    afterwards()
    return code


def answer(arguments: Sequence[str], environ: Mapping[str, str]) -> tuple[int, str, Callable[[], object]]:
    """Exit code, the JSON object, and what is to be done once it has been printed."""
    app = None
    try:
        operation, document = _input(arguments)
        from ohf_iac.app import app_for, note_call  # errors of usage must not pay for the rest

        app = app_for(environ)
        result, afterwards = OPERATIONS[operation](app, document)
        note_call(app, operation, document, result)
        return 0, wire.dump(result), afterwards
    except OhfError as error:
        _log(app, error.message, error.fields)
        return 1, wire.dump(wire.failure(_told(error))), _nothing
    except Exception as error:  # noqa: BLE001 -- the edge: whatever happens, Host Factory gets one JSON object
        _log(app, f"unexpected {type(error).__name__}", {"traceback": _traceback()})
        return 1, wire.dump(wire.failure(f"unexpected {type(error).__name__}: {error} (see the log)")), _nothing


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


def _input(arguments: Sequence[str]) -> tuple[str, bytes]:
    """The operation and its input. Host Factory passes `-f FILE`; getAvailableTemplates may come without."""
    if not arguments or arguments[0] not in OPERATIONS:
        raise ValidationError(f"{USAGE}; OPERATION is one of {', '.join(OPERATIONS)}")
    operation, *rest = arguments
    if not rest and operation == "getAvailableTemplates":
        return operation, b"{}"
    if len(rest) < 2 or rest[0] not in ("-f", "--data"):
        raise ValidationError(USAGE)
    if rest[0] == "--data":
        return operation, rest[1].encode("utf-8", "surrogateescape")
    if rest[1] == "-":
        return operation, sys.stdin.buffer.read()
    try:
        with open(rest[1], "rb") as file:
            return operation, file.read()
    except OSError as error:
        raise ValidationError(f"read input {rest[1]}: {error.strerror}") from error


def _told(error: OhfError) -> str:
    """Message and next step in one line; Host Factory shows administrators nothing else."""
    return f"{error.message} ({error.hint})" if error.hint else error.message


def _log(app: App | None, message: str, fields: Mapping[str, object]) -> None:
    if app is not None:
        app.log.error(message, **fields)


def _traceback() -> str:
    import traceback  # only when something went wrong

    return traceback.format_exc()


def _nothing() -> None:
    """Nothing is to be done after the answer."""
