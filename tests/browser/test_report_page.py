"""`ohf report` in a browser: it needs nothing from anywhere, complains of nothing, fits a phone, and prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohf_iac.render.canonical import canonical
from ohf_iac.review.report.html import html
from ohf_iac.review.report.page import Fact, Moment, Page, Part, Remark
from tests.browser.pages import CHROMIUM, needs_chromium, show, width_in

pytestmark = needs_chromium

#: what somebody may have written into a description, a tag or a reason, as long as a line may be
HOSTILE = "<script src='http://192.0.2.1/x.js'></script><img src=http://192.0.2.1/y onerror=alert(1)>" + "W" * 300
FULL = Page(
    template_id="big",
    request_id=f"req-00000001-{1:016x}",
    digest="d" * 64,
    size=len(canonical({})),
    parts=(
        Part(
            "Capacity", "AWS::EC2::EC2Fleet", HOSTILE, (Fact("types", HOSTILE),), ("LaunchTemplate",), "RestWanted"
        ),
        Part("LaunchTemplate", "AWS::EC2::LaunchTemplate", "why", (Fact("image", "ami-1"),)),
    ),
    security=(Fact("public address", "possible", "warn"), Fact("key pair", HOSTILE, "bad")),
    bounds=(),
    summary=(Fact("status", "complete", "good"),),
    remarks=(Remark("OHF-S001", "error", HOSTILE, "file.json:3"),),
    tags=(Fact("größe", "ü"), Fact("tag", HOSTILE)),
    moments=tuple(Moment("2026-11-23T04:00:00Z", "CREATE_COMPLETE", HOSTILE, HOSTILE) for _ in range(30)),
    gaps=(HOSTILE,),
)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(html(FULL), encoding="utf-8")
    return path


def test_it_asks_nothing_of_any_network_and_its_console_is_silent(page: Path, tmp_path: Path) -> None:
    shown = show(page, tmp_path)
    assert "<h2>Timeline</h2>" in shown.document
    assert "größe" in shown.document
    assert (shown.console, shown.called) == ((), ())


def test_somebody_would_notice_if_it_did(tmp_path: Path) -> None:
    loud = tmp_path / "loud.html"
    loud.write_text("<img src='http://192.0.2.1/x.png'><script>console.error('heard')</script>")
    shown = show(loud, tmp_path)
    assert [one for one in shown.console if "heard" in one]
    assert shown.called == ("GET http://192.0.2.1/x.png HTTP/1.1",)


@pytest.mark.parametrize("width", [360, 1200])
def test_it_fits_a_phone_and_a_desk(page: Path, tmp_path: Path, width: int) -> None:
    taken, there = width_in(page, tmp_path, width)
    assert (taken, there) == (width, width)


def test_it_prints(page: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.pdf"
    show(page, tmp_path, f"--print-to-pdf={target}", "--no-pdf-header-footer")
    assert target.read_bytes().startswith(b"%PDF-")
    assert CHROMIUM
