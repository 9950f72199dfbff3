"""What the other end of a stream can show: a terminal or a file, with colours or without, how wide.

Conventions: NO_COLOR (no-color.org), FORCE_COLOR, CLICOLOR=0, TERM=dumb, CI, COLUMNS. A file or a pipe gets plain
lines of any length and never an escape sequence, unless FORCE_COLOR asks for them.
"""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from ohf_cli.table import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.text import Text

    from ohf_cli.table import Line

_STYLES: Final = {"": "", "good": "green", "bad": "bold red", "busy": "yellow", "dim": "dim", "head": "bold"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """`width` is None where lines are not to be broken; `live` tells whether lines may be drawn over."""

    color: bool
    width: int | None
    live: bool


def terminal_of(stream: TextIO, environ: Mapping[str, str]) -> Terminal:
    """What `stream` can show."""
    tty = stream.isatty()
    dumb = environ.get("TERM", "") in ("dumb", "unknown")
    ci = environ.get("CI", "").lower() not in ("", "0", "false")
    return Terminal(
        color=_wants_color(tty and not dumb, environ),
        width=shutil.get_terminal_size().columns if tty else None,
        live=tty and not dumb and not ci,
    )


def write_lines(stream: TextIO, lines: Iterable[Line], terminal: Terminal) -> None:
    """Print lines, each with its end; raises BrokenPipeError when nobody reads any more."""
    if not terminal.color:
        stream.writelines(f"{text_of(line)}\n" for line in lines)
        return
    from rich.console import Console  # only who sees colours waits for the import of what makes them

    console = Console(file=stream, force_terminal=True, color_system="standard", highlight=False, soft_wrap=True)
    for line in lines:
        console.print(styled(line), end="\n")


def styled(line: Line) -> Text:
    """A line as rich's Text."""
    from rich.text import Text

    return Text.assemble(*((part.text, _STYLES[part.tone]) for part in line))


def make_safe(stream: TextIO) -> None:
    """Print a question mark where the stream's encoding has no such character, instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")


def _wants_color(possible: bool, environ: Mapping[str, str]) -> bool:
    if environ.get("NO_COLOR"):
        return False
    forced = environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return possible and environ.get("CLICOLOR") != "0"
