"""The stack as a picture: boxes for its resources, arrows for who refers to whom. SVG text, no libraries. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.review.report.page import Part

WIDTH: Final = 720
_BOX: Final = 300
_LINE: Final = 18
_GAP: Final = 36
_MOST_FACTS: Final = 6
#: characters that fit into a box
_FITS: Final = 40


def drawing(parts: tuple[Part, ...]) -> str:
    """An SVG of fixed proportions that scales with the page; its title and description say it in words."""
    places = dict(_places(parts))
    bottom = max((places[one.logical_id][1] + _height(one) for one in parts), default=0)
    told = "; ".join(f"{one.logical_id} uses {', '.join(one.uses)}" for one in parts if one.uses)
    lines = [
        f'<svg viewBox="0 0 {WIDTH} {bottom + 12}" role="img" aria-labelledby="drawing-title drawing-told">',
        '<title id="drawing-title">Resources of the stack</title>',
        f'<desc id="drawing-told">{escape(told or "no resource refers to another")}</desc>',
        "<defs>",
        '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
        '<path d="M0 0 L8 4 L0 8 z" class="tip"/></marker></defs>',
    ]
    for part in parts:
        lines += [_arrow(places[part.logical_id], _height(part), places[used]) for used in part.uses]
    for part in parts:
        lines += _box(part, *places[part.logical_id])
    return "\n".join([*lines, "</svg>"])


def _height(part: Part) -> int:
    return 54 + _LINE * min(len(part.facts), _MOST_FACTS)


def _places(parts: tuple[Part, ...]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Users on the left, what they use on the right, from top to bottom."""
    used = {name for part in parts for name in part.uses}
    heights = [8, 8]
    for part in parts:
        column = int(part.logical_id in used)
        yield part.logical_id, (WIDTH - _BOX - 8 if column else 8, heights[column])
        heights[column] += _height(part) + _GAP


def _arrow(source: tuple[int, int], height: int, target: tuple[int, int]) -> str:
    start_x, start_y = source[0] + _BOX, source[1] + height // 2
    end_x, end_y = target[0] - 2, target[1] + 27
    middle = (start_x + end_x) // 2
    return (
        f'<path class="arrow" d="M{start_x} {start_y} C{middle} {start_y} {middle} {end_y} {end_x} {end_y}" '
        'marker-end="url(#tip)"/>'
    )


def _box(part: Part, left: int, top: int) -> Iterator[str]:
    dashed = ' stroke-dasharray="5 4"' if part.condition else ""
    yield f'<g><rect class="box" x="{left}" y="{top}" width="{_BOX}" height="{_height(part)}" rx="8"{dashed}/>'
    yield f'<text class="name" x="{left + 14}" y="{top + 24}">{escape(_fit(part.logical_id))}</text>'
    note = f"{part.type}, if {part.condition}" if part.condition else part.type
    yield f'<text class="type" x="{left + 14}" y="{top + 42}">{escape(_fit(note))}</text>'
    for number, fact in enumerate(part.facts[:_MOST_FACTS]):
        text = escape(_fit(f"{fact.name}: {fact.value}"))
        yield f'<text class="fact" x="{left + 14}" y="{top + 62 + _LINE * number}">{text}</text>'
    yield "</g>"


def _fit(text: str) -> str:
    return text if len(text) <= _FITS else f"{text[: _FITS - 1]}…"
