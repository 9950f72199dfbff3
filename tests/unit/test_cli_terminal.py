"""What a stream is taken to be able to show."""

from __future__ import annotations

import io

import pytest

from ohf_cli.table import Cell
from ohf_cli.terminal import make_safe, terminal_of, write_lines


class Screen(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("tty", "environ", "color", "live"),
    [
        (True, {}, True, True),
        (True, {"NO_COLOR": "1"}, False, True),
        (True, {"NO_COLOR": ""}, True, True),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, True),
        (True, {"CLICOLOR": "0"}, False, True),
        (True, {"TERM": "dumb"}, False, False),
        (True, {"CI": "true"}, True, False),
        (True, {"CI": "false"}, True, True),
        (False, {}, False, False),
        (False, {"FORCE_COLOR": "1"}, True, False),
        (False, {"FORCE_COLOR": "0"}, False, False),
        (False, {"TERM": "dumb", "FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours_and_redrawing(tty: bool, environ: dict[str, str], color: bool, live: bool) -> None:
    found = terminal_of(Screen() if tty else io.StringIO(), environ)
    assert (found.color, found.live) == (color, live)


def test_a_file_has_no_width() -> None:
    assert terminal_of(io.StringIO(), {}).width is None


def test_plain_lines_have_no_escapes_and_no_blanks_at_their_ends() -> None:
    stream = io.StringIO()
    write_lines(stream, [(Cell("complete  ", "good"), Cell(""))], terminal_of(stream, {}))
    assert stream.getvalue() == "complete\n"


def test_coloured_lines_carry_the_same_text() -> None:
    stream = io.StringIO()
    write_lines(stream, [(Cell("[bold]x", "bad"), Cell(" y"))], terminal_of(stream, {"FORCE_COLOR": "1"}))
    assert stream.getvalue() == "\x1b[1;31m[bold]x\x1b[0m y\n"


def test_a_stream_without_the_character_shows_a_question_mark() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    make_safe(stream)
    stream.write("Zürich")
    stream.flush()
    assert raw.getvalue() == b"Z?rich"
