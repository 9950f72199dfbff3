"""Spans of time as people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from typing import Any

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN: Final = re.compile(r"(\d{1,9})([smhd])")


class Span(click.ParamType[int]):
    """A span of time as whole seconds: 90m, 2h, 7d; `why` tells why one has to be within the bounds."""

    name = "span"

    def __init__(self, least: int, most: int, why: str) -> None:
        self.least = least
        self.most = most
        self.why = why

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _SPAN.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r}: expected a number and s, m, h or d, as in 90m", param, ctx)
        seconds = int(found[1]) * _UNITS[found[2]]
        if not self.least <= seconds <= self.most:
            bound = f"at least {self.least // 60}m" if seconds < self.least else f"at most {self.most // 86400}d"
            self.fail(f"{value!r}: {bound}: {self.why}", param, ctx)
        return seconds
