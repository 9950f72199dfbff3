"""The virtual timeline: order, moments, the file that keeps the offset."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohf_iac.local.clock import Timeline


def still() -> float:
    return 1000.0


def test_actions_happen_in_order_at_their_own_time() -> None:
    timeline = Timeline(wall=still)
    seen: list[tuple[str, float]] = []
    timeline.later(20, lambda: seen.append(("second", timeline.now())))
    timeline.later(10, lambda: seen.append(("first", timeline.now())))
    timeline.later(20, lambda: seen.append(("third", timeline.now())))
    timeline.advance(15)
    assert seen == [("first", 1010.0)]
    timeline.advance(100)
    assert seen == [("first", 1010.0), ("second", 1020.0), ("third", 1020.0)]
    assert timeline.now() == 1115.0


def test_what_an_action_schedules_counts_from_its_moment() -> None:
    timeline = Timeline(wall=still)
    seen: list[float] = []
    timeline.later(10, lambda: timeline.later(10, lambda: seen.append(timeline.now())))
    timeline.advance(3600)
    assert seen == [1020.0]


def test_an_action_that_fails_leaves_the_clock_usable() -> None:
    timeline = Timeline(wall=still)
    timeline.later(1, lambda: [][0])
    timeline.later(2, lambda: None)
    with pytest.raises(IndexError):
        timeline.advance(5)
    timeline.drain()
    assert timeline.now() == 1005.0


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="-1 seconds is negative"):
        Timeline(wall=still).advance(-1)


def test_the_file_holds_the_offset(tmp_path: Path) -> None:
    kept = tmp_path / "clock"
    timeline = Timeline(kept, wall=still)
    assert float(kept.read_text()) == 0.0
    timeline.advance(1.5)
    timeline.advance(2)
    assert float(kept.read_text()) == 3.5
    timeline.later(1, lambda: pytest.fail("a cleared action happened"))
    timeline.clear()
    assert float(kept.read_text()) == 0.0
    timeline.advance(10)
    assert [entry.name for entry in tmp_path.iterdir()] == ["clock"]
