"""A report as one HTML page that needs nothing else: no network, no scripts, no fonts."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ohf_iac.review.report.drawing import drawing

if TYPE_CHECKING:
    from ohf_iac.review.report.page import Page

TEMPLATE: Final = "report.html.j2"
#: what no page may hold: HTML forbids it, or it turns the way text runs
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def html(page: Page) -> str:
    """The page; every value in it is escaped."""
    source = (resources.files("ohf_iac.templates") / TEMPLATE).read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(source)
    picture = Markup(drawing(page.parts))  # noqa: S704 -- escaped where it is drawn
    return _UNSEEN.sub("\ufffd", template.render(page=page, drawing=picture, **_tables(page)))


def _tables(page: Page) -> dict[str, list[tuple[str, ...]]]:
    """The tables' cells, row by row."""
    return {
        "envelope": [
            (one.name, one.allowed, one.default, *((one.given,) if page.request_id else ()), one.why)
            for one in page.bounds
        ],
        "approvals": [(one.by, one.at, one.ticket, one.until, one.state) for one in page.approvals],
        "remarks": [(one.rule, one.level, one.message, one.place) for one in page.remarks],
        "machines": [
            (one.machine_id, one.name, one.state, one.type, one.price, one.launched, one.note)
            for one in page.machines
        ],
        "moments": [(one.at, one.what, one.of, one.why) for one in page.moments],
    }
