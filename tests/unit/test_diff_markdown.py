"""Comparisons as a comment: what stands in a body is text there, and no comment is longer than comments may be."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohf_iac.review.diff.comparison import compared, version
from ohf_iac.review.diff.markdown import ROOM, escaped, markdown
from tests.unit.test_diff_changes import body, machine, overrides


class Text(HTMLParser):
    """The text of a piece of HTML, and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.elements = "", list[str]()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self.elements.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_a_text_shows_itself_and_is_no_element(text: str) -> None:
    read = Text(escaped(text))
    assert read.elements == []
    assert not set("|`*_[]<>@\n\x1b") & set(escaped(text))
    if text.isprintable():
        assert read.text == text


@pytest.mark.parametrize("text", ["www.example.com", "https://example.com", "x\n| y |", "\x1b[31m", "‮x"])
def test_no_text_becomes_a_link_a_row_or_steers_a_reader(text: str) -> None:
    shown = escaped(text)
    assert "www." not in shown
    assert "://" not in shown
    assert shown.isprintable()


def test_all_templates_that_are_the_same_are_a_line() -> None:
    one = version("a", body())
    assert markdown((compared("t", one, one),)) == "## Stack bodies\n\nNo differences in 1 template.\n"


def test_a_comment_is_not_longer_than_comments_are_and_what_broadens_is_in_it() -> None:
    before, after = body(), body()
    overrides(after).extend({"InstanceType": f"m5.{number}xlarge", "SubnetId": "subnet-1"} for number in range(600))
    machine(after)["Unknown"] = "x" * 40_000
    machine(after)["KeyName"] = "mine"
    comparisons = tuple(compared(f"t{number}", version("a", before), version("b", after)) for number in range(3))
    text = markdown(comparisons)
    assert len(text) < ROOM + 5_000
    assert text.count("<details") == text.count("</details>") == 3
    assert "changes more, for which a comment has no room" in text
    assert text.count("<code>key-pair</code>") == 3
