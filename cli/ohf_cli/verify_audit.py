"""`ohf verify --audit`: does the audit file still hold what was written?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from ohf_cli.edge import UnapprovedError
from ohf_cli.output import dumped
from ohf_cli.provider import provider_settings
from ohf_cli.report_formats import write_output_files
from ohf_cli.table import Cell
from ohf_cli.terminal import terminal_of, write_lines
from ohf_cli.words import plural
from ohf_iac.review.audit_chain import Place
from ohf_iac.review.audit_files import audit_chain
from ohf_iac.review.junit import Case, Failure, junit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line
    from ohf_iac.review.audit_chain import Chain

#: the audit file is not what was written
BROKEN_CHAIN: Final = "E412"


def verify_audit(head: str, output: str, output_files: tuple[tuple[str, str], ...]) -> None:
    """Print the chain; UnapprovedError where a line does not follow the one before it, or `head` is no line's."""
    if head and (len(head) != 64 or set(head) - set("0123456789abcdef")):
        raise click.BadParameter("a head has 64 hexadecimal digits", param_hint="--head")
    chain = audit_chain(provider_settings())
    breaks = chain.breaks
    if head and head not in chain.hashes:
        breaks = (*breaks, Place("", 0, f"the head {head} that was noted before is no line's any more"))
    reports = {
        "table": lambda: "".join("".join(cell.text for cell in line) + "\n" for line in _lines(chain, breaks)),
        "json": lambda: dumped("json", _document(chain, breaks)) + "\n",
        "yaml": lambda: dumped("yaml", _document(chain, breaks)) + "\n",
        "junit": lambda: junit("ohf verify --audit", list(_cases(chain, breaks))),
    }
    write_output_files(output_files, reports)
    if output == "table":
        write_lines(sys.stdout, _lines(chain, breaks), terminal_of(sys.stdout, os.environ))
    else:
        print(reports[output](), end="")
    if breaks:
        told = f"verify --audit: {plural(len(breaks), 'break')} in {plural(chain.lines, 'line')}: {_at(breaks[0])}"
        raise UnapprovedError(
            told, code=BROKEN_CHAIN, hint="compare with a copy kept elsewhere; docs/change-control.md"
        )


def _at(place: Place) -> str:
    return f"{place.file}:{place.line}: {place.message}" if place.file else place.message


def _lines(chain: Chain, breaks: tuple[Place, ...]) -> Iterator[Line]:
    yield from ((Cell("BROKEN  ", "bad"), Cell(_at(one))) for one in breaks)
    yield from ((Cell("note    ", "dim"), Cell(_at(one))) for one in chain.notes)
    whole = Cell("broken", "bad") if breaks else Cell("whole", "good")
    yield (Cell(f"{plural(chain.lines, 'line')} in {plural(len(chain.files), 'file')}, the chain is "), whole)
    yield (Cell(f"head {chain.head}"),)


def _document(chain: Chain, breaks: tuple[Place, ...]) -> dict[str, Any]:
    return {
        "schema": "ohf/audit/v1",
        "ok": not breaks,
        "files": list(chain.files),
        "lines": chain.lines,
        "start": chain.start,
        "head": chain.head,
        "breaks": [_place(one) for one in breaks],
        "notes": [_place(one) for one in chain.notes],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "message": place.message}


def _cases(chain: Chain, breaks: tuple[Place, ...]) -> Iterator[Case]:
    for file in chain.files:
        failures = tuple(Failure(_at(one), BROKEN_CHAIN) for one in breaks if one.file == file)
        notes = "\n".join(_at(one) for one in chain.notes if one.file == file)
        yield Case(file, "chain", file, failures=failures, note=notes)
    yield Case(
        "audit",
        "head",
        note=chain.head,
        failures=tuple(Failure(_at(one), BROKEN_CHAIN) for one in breaks if not one.file),
    )
