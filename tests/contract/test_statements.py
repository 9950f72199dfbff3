"""Every statement about a provider has a row; those about Host Factory itself have an entry in the manual."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.rows_table import ROWS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MANUAL = ROOT / "docs" / "contract.md"
FACTS = ROOT.parent / "shared" / "facts" / "hostfactory-contract.md"
MARKS = "SCFIR"
#: a mark in the fact file: `[S]`, `[C CAP, …]`, `[S SPEC, …]`
MARK = re.compile(r"\[(?:S|C)(?: [A-Z][^\]]*)?[\],;]")
HEADING = re.compile(r"^##+ (\d(?:\.\d)?)")


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of the list."""

    key: str
    mark: str
    text: str

    @property
    def section(self) -> str:
        return self.key.rpartition("-")[0]


def statements() -> list[Statement]:
    lines = (HERE / "statements.txt").read_text().splitlines()
    rows = [line.split(maxsplit=2) for line in lines if line.strip() and not line.startswith("#")]
    return [Statement(*row) for row in rows]


STATEMENTS = statements()
KEYS = {one.key for one in STATEMENTS}
SHOWN = {key for row in ROWS for key in row.shows}


def entries() -> dict[str, str]:
    """The statements that the manual leaves to Host Factory, with its reasons."""
    lines = MANUAL.read_text().splitlines()
    found = [re.fullmatch(r"\| (\d(?:\.\d)?-\d+) \| (.+) \| (.+) \|", line) for line in lines]
    return {one[1]: one[3] for one in found if one}


def test_the_list_is_well_formed() -> None:
    assert [key for key, count in Counter(one.key for one in STATEMENTS).items() if count > 1] == []
    assert {one.mark for one in STATEMENTS} == set(MARKS)
    assert all(re.fullmatch(r"\d(\.\d)?-\d+", one.key) and one.text.endswith(".") for one in STATEMENTS)


def test_every_statement_has_a_row_or_an_entry() -> None:
    assert sorted(KEYS - SHOWN - set(entries())) == []


def test_no_statement_has_both_and_nothing_else_is_named() -> None:
    assert sorted(SHOWN - KEYS) == []
    assert sorted(set(entries()) - KEYS) == []
    assert sorted(SHOWN & set(entries())) == []


def test_an_entry_gives_its_reason() -> None:
    """A statement of the provider's own behavior cannot be left to the manual."""
    assert entries()
    assert [key for key, reason in entries().items() if "Host Factory" not in reason] == []


def test_every_row_shows_something_and_has_a_name_of_its_own() -> None:
    assert len(ROWS) >= 120
    assert [row.name for row in ROWS if not row.shows] == []
    assert [name for name, count in Counter(row.name for row in ROWS).items() if count > 1] == []


def test_every_golden_answer_belongs_to_a_row() -> None:
    kept = {file.stem for file in (HERE / "golden" / "rows").iterdir()}
    assert sorted(kept - {row.name for row in ROWS}) == []


def sections(text: str) -> dict[str, str]:
    """The fact file by section number."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        heading = HEADING.match(line)
        section = heading[1] if heading else section
        found.setdefault(section, []).append(line)
    return {key: "\n".join(lines) for key, lines in found.items()}


def field_rows(text: str) -> int:
    """The rows of a section's tables, without their headings."""
    return sum(
        1 for block in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE) for _ in block.strip().splitlines()[2:]
    )


@pytest.mark.skipif(not FACTS.exists(), reason="the fact file is not part of the project")
@pytest.mark.parametrize("section", ["1.1", "1.2", "1.3", "1.4", "1.6", "2.1", "2.2", "2.3", "2.4", "2.5", "4"])
def test_the_list_holds_as_many_statements_as_the_fact_file(section: str) -> None:
    text = sections(FACTS.read_text())[section]
    prose = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    wanted = len(MARK.findall(prose))
    tables = field_rows(text) if section in ("1.3", "1.6", "2.1", "2.2", "2.3", "2.5") else 0
    listed = sum(1 for one in STATEMENTS if one.section == section)
    assert listed >= wanted + tables
