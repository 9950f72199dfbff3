"""`ohf evidence --since`: the packs of all requests of a span in one folder, and the list over them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ohf_cli.edge import AfterOutputError
from ohf_cli.evidence_words import INCOMPLETE, verdict_cell
from ohf_cli.history_screen import moment_of
from ohf_cli.output import Output, show
from ohf_cli.table import Cell, Table, laid_out, row
from ohf_cli.words import instant, plural
from ohf_iac.errors import StorageError
from ohf_iac.review.evidence.folder import write_file, write_pack, zipped
from ohf_iac.review.evidence.many import packs_since
from ohf_iac.review.evidence.pack import SUMS, sha256, sums_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line, Row
    from ohf_iac.app import App
    from ohf_iac.review.evidence.many import Made

INDEX = "index.json"


def gather_since(app: App, since: str, target: str, output: Output) -> None:
    """Write a zip file per request into a new folder, then the list; AfterOutputError where something is missing.

    Each pack is written as soon as it is made. A folder without the list is one that was broken off.
    """
    moment = moment_of(since, app.now())
    try:
        os.mkdir(target, 0o700)
    except OSError as error:
        raise StorageError(
            f"write evidence to {target}: {error.strerror}", hint="give a new folder with --to"
        ) from error
    sums: dict[str, str] = {}
    rows = [_row_of(made, target, sums) for made in packs_since(app, moment)]
    index = {"schema": "ohf/evidenceindex/v1", "since": instant(moment), "packs": rows}
    write_file(f"{target}/{INDEX}", text_of(index))
    sums[INDEX] = sha256(text_of(index))
    write_file(f"{target}/{SUMS}", sums_of(sums))
    show(output, {**index, "file": target}, lambda width: _lines(rows, target, width))
    bad = [one for one in rows if one["reason"] or one["unread"]]
    if bad:
        told = f"evidence: {plural(len(bad), 'request')} of {len(rows)} could not be read, or not wholly"
        raise AfterOutputError(told, code=INCOMPLETE, hint=f"look at {target}/{INDEX}; run it again elsewhere")


def _row_of(made: Made, target: str, sums: dict[str, str]) -> dict[str, Any]:
    """Write a pack; its row of the list."""
    told: dict[str, Any] = {"requestId": made.request_id, "reason": made.reason, "unread": 0}
    if made.pack is None:
        return told | {"file": "", "manifestSha256": "", "verdict": ""}
    name = f"{made.request_id}.zip"
    write_pack(f"{target}/{name}", made.pack.contents)
    sums[name] = sha256(zipped(made.pack.contents))
    manifest = made.pack.manifest
    about = {"file": name, "manifestSha256": made.pack.digest, "verdict": manifest["verdict"]}
    return told | about | {"unread": len(made.pack.unread)}


def _lines(rows: list[dict[str, Any]], target: str, width: int | None) -> Iterator[Line]:
    if rows:
        yield from laid_out(Table(("REQUEST", "STACK", "MANIFEST"), tuple(map(_shown, rows)), "MISSING"), width)
    yield (Cell(f"{target}: {plural(sum(bool(one['file']) for one in rows), 'pack')}"),)


def _shown(one: dict[str, Any]) -> Row:
    note = one["reason"] or (f"{plural(one['unread'], 'part')} could not be read" if one["unread"] else "")
    return row(one["requestId"], verdict_cell(one["verdict"]), one["manifestSha256"][:12] or "-", note=note)
