"""Reports in several formats in one run: one on stdout, others in files, for whatever collects them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ohf_iac.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    #: format -> its text, made when it is wanted
    Reports = Mapping[str, Callable[[], str]]


def formats_option(formats: Sequence[str]) -> Callable[..., Any]:
    """`--output FORMAT`, handed over as `output`, the first format by default; and `--output-file FORMAT=FILE`,
    repeatable, handed over as `output_files`: pairs of format and path.
    """

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        files = click.option(
            "--output-file",
            "output_files",
            metavar="FORMAT=FILE",
            multiple=True,
            callback=lambda _context, _option, words: tuple(_pair(word, formats) for word in words),
            help="Also write FILE, in any of the formats; may be repeated.",
        )
        stdout = click.option(
            "-o",
            "--output",
            type=click.Choice(formats),
            default=formats[0],
            show_default=True,
            help=f"{formats[0]} is for people; the others are stable, for programs.",
        )
        return stdout(files(function))

    return decorated


def write_output_files(files: Sequence[tuple[str, str]], reports: Reports) -> None:
    """Write each file in its format, UTF-8; StorageError when one cannot be written."""
    for form, path in files:
        write_file(path, reports[form]())


def write_file(path: str, text: str) -> None:
    """Write a file that was asked for, UTF-8; StorageError when it cannot be written."""
    try:
        Path(path).write_bytes(text.encode())
    except OSError as error:
        raise StorageError(f"write {path}: {error.strerror}", hint="give a file that may be written") from error


def _pair(word: str, formats: Sequence[str]) -> tuple[str, str]:
    form, equals, path = word.partition("=")
    if not (equals and path and form in formats):
        raise click.BadParameter(f"give FORMAT=FILE, with one of the formats {', '.join(formats)}")
    return form, path
