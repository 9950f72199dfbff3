"""Tables laid out: nothing is ever cut, and what has no room stands below."""

from __future__ import annotations

import pytest

from ohf_cli.table import Table, laid_out, row, text_of

ID = "req-6743a1c0-9f0c2d4e5a6b7c8d"
TABLE = Table(
    ("REQUEST", "STATE", "STACK"),
    (
        row(ID, "running", "CREATE_IN_PROGRESS", note="2 of 5 machines: no capacity in us-east-1b today"),
        row(ID, "complete", ""),
    ),
    "WHY",
)


def lines(table: Table, width: int | None) -> list[str]:
    return [text_of(line) for line in laid_out(table, width)]


def test_without_a_width_every_row_is_one_line() -> None:
    assert lines(TABLE, None) == [
        "REQUEST                        STATE     STACK               WHY",
        f"{ID}  running   CREATE_IN_PROGRESS  2 of 5 machines: no capacity in us-east-1b today",
        f"{ID}  complete",
    ]


def test_a_note_is_wrapped_beside_its_row_where_there_is_room() -> None:
    assert lines(TABLE, 100)[1:3] == [
        f"{ID}  running   CREATE_IN_PROGRESS  2 of 5 machines: no capacity in",
        " " * 61 + "us-east-1b today",
    ]


def test_a_note_stands_below_its_row_where_there_is_not() -> None:
    assert lines(TABLE, 80) == [
        "REQUEST                        STATE     STACK",
        f"{ID}  running   CREATE_IN_PROGRESS",
        "    2 of 5 machines: no capacity in us-east-1b today",
        f"{ID}  complete",
    ]


def test_columns_without_room_stand_below_behind_their_header() -> None:
    assert lines(TABLE, 45) == [
        "REQUEST                        STATE",
        f"{ID}  running",
        "    stack CREATE_IN_PROGRESS",
        "    2 of 5 machines: no capacity in",
        "    us-east-1b today",
        f"{ID}  complete",
    ]


@pytest.mark.parametrize("width", [None, 200, 80, 45, 30, 1])
def test_no_word_is_lost_or_broken_at_any_width(width: int | None) -> None:
    shown = " ".join(lines(TABLE, width)).split()
    for word in [ID, "running", "CREATE_IN_PROGRESS", "us-east-1b", "complete"]:
        assert word in shown


@pytest.mark.parametrize("width", [200, 80, 45])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    assert max(map(len, lines(TABLE, width))) <= width


def test_a_long_id_in_a_note_moves_the_note_below_instead_of_being_broken() -> None:
    fleet = "sfr-8d729757-8cfb-4c3b-9082-f9ff6c806b3f"
    table = Table(("RESOURCE", "STATUS"), (row("Capacity", "CREATE_COMPLETE", note=fleet),), "PHYSICAL ID")
    assert lines(table, 60) == ["RESOURCE  STATUS", "Capacity  CREATE_COMPLETE", f"    {fleet}"]
