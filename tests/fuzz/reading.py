"""The quick judge: what reads a file from outside, without files, clocks and AWS, thousands of times per second.

Whatever the file holds, it is understood or refused by an error of ours: everything else escapes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ohf_iac import hostfactory as wire
from ohf_iac.config import load
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import OhfError
from ohf_iac.io_log import Call, call_in, line_of
from ohf_iac.render import render
from ohf_iac.template.catalogue import parse_catalogue
from ohf_iac.template.defaults import TemplateDefaults
from tests.config_files import FOLDERS
from tests.fuzz.judge import ENTRY, FILES, MAY_BE_EMPTY, NAMING, understood

PARSERS: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "requestMachines": wire.parse_request_machines,
    "getRequestStatus": wire.parse_request_status,
    "requestReturnMachines": wire.parse_return_machines,
    "getReturnRequests": wire.parse_return_requests,
}


def read(target: str, content: bytes) -> None:
    """Read a file of a target as the operations do; AssertionError, or an error that is not ours, is a find."""
    if target in FILES:
        _read_file(target, content)
    else:
        _read_input(target, content)


def _read_input(operation: str, content: bytes) -> None:
    line = json.dumps(line_of(Call(0.0, operation, content, 1, {"message": "no"})))
    assert call_in(line).operation == operation
    try:
        document = wire.parse_document(content, empty_is_object=operation in MAY_BE_EMPTY)
        if operation in PARSERS:
            PARSERS[operation](document)
        else:
            given = wire.parse_templates(document)
            wire.dump(wire.templates_answer(parse_catalogue(given or {"templates": []}, TemplateDefaults(), {})))
    except OhfError as error:
        _check_words(error)
        return
    assert understood(operation, content), "taken, though it makes no sense"


def _read_file(target: str, content: bytes) -> None:
    entries = json.dumps([{**ENTRY, **NAMING.get(target, {})}]).encode()
    files = {f"/conf/{FILES['catalogue']}": entries} if target != "yaml" else {}
    files[f"/conf/{FILES[target]}"] = content
    try:
        settings = load(FOLDERS, files.get)
        catalogue = load_catalogue(settings, files.get)
        wire.dump(wire.templates_answer(catalogue))
        for template in catalogue.templates[:3]:
            render(template, settings.template.defaults, catalogue_files(settings, files.get))
    except OhfError as error:
        _check_words(error)


def _check_words(error: OhfError) -> None:
    """A refusal says why, and does not give back all that it was given."""
    assert 0 < len(error.message) < 20_000, error.message
