"""The folder of rendered stacks that is committed for review: written, and held against what is rendered now."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from ohf_cli.edge import FoundError
from ohf_cli.output import Output, show_table
from ohf_cli.table import Cell, Table, row
from ohf_cli.words import plural
from ohf_iac.errors import BusinessRuleError, StorageError
from ohf_iac.render.index import INDEX, index_text
from ohf_iac.review.folder_check import stale_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ohf_cli.table import Row
    from ohf_iac.review.folder_check import Stale
    from ohf_iac.template.catalogue import Refusal

_ENDINGS: Final = (".json", ".yaml")


def texts_of(bodies: Mapping[str, str], index: dict[str, Any]) -> dict[str, str]:
    """The files of the folder by name: the text of each template, named as `index` says, and the index."""
    texts = {index["templates"][name]["file"]: text for name, text in bodies.items()}
    if INDEX in texts:
        raise BusinessRuleError(
            f"write template index: {INDEX} holds the digests of all", hint="give the template another templateId"
        )
    return {**texts, INDEX: index_text(index)}


def write_folder(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files; those of templates that are gone stay, because nobody knows whose they are."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="ascii", newline="\n")  # the same bytes on every system
    except OSError as error:
        raise StorageError(
            f"write {error.filename or folder}: {error.strerror}", hint="give a folder that may be written with -d"
        ) from error


def check_folder(folder: Path, texts: Mapping[str, str], refused: tuple[Refusal, ...], output: Output) -> None:
    """Tell which files of the folder are not these; FoundError when there are any, or templates are refused."""
    stale = stale_files(texts, _committed(folder))
    rows = [part for one in stale for part in _rows(one)]
    rows += [row(Cell("refused", "bad"), one.template_id, note=f"{one.field}: {one.reason}") for one in refused]
    document = {
        "schema": "ohf/check/v1",
        "files": [_document(one) for one in stale],
        "refused": [{"templateId": one.template_id, "field": one.field, "reason": one.reason} for one in refused],
    }
    show_table(output, document, Table(("STATE", "FILE"), tuple(rows), "WHY"), "all files are current")
    if output == "table":
        print(f"checked {plural(len(texts), 'file')}, no AWS calls", file=sys.stderr)
    if rows:
        told = [f"{plural(len(stale), 'file')} not current"] if stale else []
        told += [f"{plural(len(refused), 'template')} refused"] if refused else []
        raise FoundError(f"check {folder}: {', '.join(told)}", hint=_next_step(folder, stale))


def _next_step(folder: Path, stale: tuple[Stale, ...]) -> str:
    if not stale:
        return "ohf templates validate"
    left = " ".join(one.file for one in stale if one.state == "left over")
    steps = [f"ohf render --all -d {folder}"] if any(one.state != "left over" for one in stale) else []
    return ", ".join([*steps, *([f"remove {left}"] if left else []), "and commit"])


def _committed(folder: Path) -> dict[str, bytes]:
    try:
        if not folder.is_dir():
            return {}
        return {one.name: one.read_bytes() for one in folder.iterdir() if one.suffix in _ENDINGS and one.is_file()}
    except OSError as error:
        raise StorageError(
            f"read {error.filename or folder}: {error.strerror}", hint="give a folder that may be read with -d"
        ) from error


def _rows(one: Stale) -> list[Row]:
    """A file, and below it what differs, a line each."""
    first, *others = one.changes or ("",)
    head = row(Cell(one.state, "bad"), one.file, note=first)
    return [head, *(row("", "", note=other) for other in others)]


def _document(one: Stale) -> dict[str, Any]:
    return {"file": one.file, "state": one.state, "changes": list(one.changes)}
