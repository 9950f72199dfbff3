"""docs/reliability.md: every promise names tests, and every test that is named exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")


def promises() -> dict[str, list[str]]:
    """The rows of all tables: a promise, and the tests that it names."""
    found: dict[str, list[str]] = {}
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 2 and set(cells[0]) != {"-"} and cells[0] != "promise":
            assert cells[0] not in found, f"promised twice: {cells[0]}"
            found[cells[0]] = re.findall(r"`(tests/[^`]+)`", cells[1])
    return found


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds) and node.name[:5] == "test_")


@pytest.mark.parametrize("promise", promises())
def test_a_promise_names_tests_that_exist(promise: str) -> None:
    named = promises()[promise]
    assert named, "no test is named"
    for one in named:
        path, _, name = one.partition("::")
        assert (ROOT / path).is_file(), one
        assert name in names_in(path), one


def test_every_section_promises_something() -> None:
    for section in PAGE.split("\n## ")[1:]:
        assert section.count("`tests/"), section.splitlines()[0]
