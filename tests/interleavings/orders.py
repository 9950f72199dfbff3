"""All orders of turns with few switches: each is played on a world of its own, the next ones follow from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar

Outcome = TypeVar("Outcome")


class Turn(NamedTuple):
    """Whose turn it may be, and whose it was last ("" at the start)."""

    enabled: tuple[str, ...]
    last: str

    @property
    def usual(self) -> str:
        """Who goes on where nobody interrupts."""
        return self.last if self.last in self.enabled else self.enabled[0]

    def interrupts(self, chosen: str) -> bool:
        return self.last in self.enabled and chosen != self.last


def orders(
    play: Callable[[Callable[[Turn], str]], Outcome], interruptions: int
) -> Iterator[tuple[tuple[str, ...], Outcome]]:
    """Every order of turns with at most so many interruptions, and what `play` made of it.

    `play` is given whom to choose at each turn, and must go the same way whenever the choices are the same.
    """
    todo: list[tuple[str, ...]] = [()]
    while todo:
        choices = _Choices(todo.pop())
        outcome = play(choices.choose)
        yield tuple(choices.chosen), outcome
        todo += choices.others(interruptions)


class _Choices:
    """One run's choices: those of its beginning, then nobody is interrupted."""

    def __init__(self, beginning: tuple[str, ...]) -> None:
        self.beginning = beginning
        self.turns: list[Turn] = []
        self.chosen: list[str] = []

    def choose(self, turn: Turn) -> str:
        place = len(self.turns)
        one = self.beginning[place] if place < len(self.beginning) else turn.usual
        assert one in turn.enabled, f"{self.beginning} does not go the same way again"
        self.turns.append(turn)
        self.chosen.append(one)
        return one

    def others(self, interruptions: int) -> Iterator[tuple[str, ...]]:
        """The beginnings that differ from this run in their last choice alone."""
        used = 0
        for place, (turn, one) in enumerate(zip(self.turns, self.chosen, strict=True)):
            for name in turn.enabled if place >= len(self.beginning) else ():
                if name != one and used + turn.interrupts(name) <= interruptions:
                    yield (*self.chosen[:place], name)
            used += turn.interrupts(one)


def serial(order: tuple[str, ...]) -> bool:
    """Whether the actors came one after the other."""
    return sum(one != after for one, after in pairwise(order)) == len(set(order)) - 1
