"""Names, tags and messages that others chose cannot steer a terminal, forge a line, or turn the way text runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohf_cli.edge import run
from ohf_cli.human import called
from ohf_cli.table import Cell, Table, laid_out, row, text_of
from ohf_cli.terminal import styled
from ohf_iac.config.catalogue_text import entry_text, with_entry
from ohf_iac.config.folders import Found

#: clears the screen, sets the title, hides text, overwrites the line, forges one, turns the direction of writing
HOSTILE = (
    "\x1b[2J\x1b[H",
    "\x1b]0;pwned\x07",
    "\x9b31m",
    "a\x08\x08b",
    "a\rohf: all sound",
    "a\nohf: all sound",
    "a\x85b",
    "a\u2028b",
    "user\u202egnp.exe",
    "a\u2066b\u2069",
    "zero\u200bwidth",
    "\x7f",
)

Says = Callable[..., tuple[int, str]]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Says:
    """Runs a command on a catalogue with these entries: exit code, and what it prints on both streams."""
    for name in ("conf", "work", "log"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"HF_PROVIDER_{name.upper()}DIR", str(tmp_path / name))
    monkeypatch.setenv("HF_PROVIDER_NAME", "grid")
    monkeypatch.delenv("PROVIDER_NAME", raising=False)

    def command(entries: list[dict[str, object]], *words: str) -> tuple[int, str]:
        document = json.dumps({"templates": entries})
        (tmp_path / "conf" / "awsprov_templates.json").write_text(document)
        code = run(called, words)
        spoken = capsys.readouterr()
        return code, spoken.out + spoken.err

    return command


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
@pytest.mark.parametrize(
    "words",
    [
        ("templates", "list"),
        ("templates", "validate"),
        ("templates", "show", "t1"),
        ("render", "t1"),
        ("render", "--all"),
        ("iam-policy",),
        ("config",),
        ("templates", "validate", "--output", "json"),
        ("templates", "validate", "--output", "yaml"),
    ],
    ids=" ".join,
)
def test_a_catalogue_cannot_steer_the_terminal_of_who_looks_at_it(
    says: Says, words: tuple[str, ...], hostile: str
) -> None:
    entry = {"templateId": "t1", "maxNumber": 1, "imageId": "ami-1", "vmType": "m5.large", "subnetId": "subnet-1"}
    others: list[dict[str, object]] = [
        {**entry, "attributes": {hostile: ["String", hostile]}, hostile: hostile, "context": "a"},
        {**entry, "templateId": hostile},
        {**entry, "templateId": "t2", "vmType": hostile},
        {**entry, "templateId": "t3", "instanceTags": {hostile: hostile}},
        {**entry, "templateId": "t4", "userDataScript": f"{hostile}.sh"},
    ]
    _, text = says(others, *words)
    assert text
    assert all(line.isprintable() for line in text.split("\n"))
    assert not any(line.startswith("ohf: all sound") for line in text.split("\n"))


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_an_error_is_two_lines_whatever_it_names(says: Says, hostile: str) -> None:
    code, text = says([], "templates", "show", hostile)
    assert code
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.splitlines()) == 2


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(), min_size=3, max_size=3), st.one_of(st.none(), st.integers(20, 200)))
def test_no_cell_holds_what_is_not_printable(texts: list[str], width: int | None) -> None:
    first, second, note = texts
    table = Table(("A", "B"), (row(first, Cell(second, "bad"), note=note), row("x", "y", note="z")), "WHY")
    for line in laid_out(table, width):
        assert text_of(line).isprintable()
        assert styled(line).plain.isprintable()


def test_what_is_printable_stays_as_it_is() -> None:
    assert Cell("höst.例 – ½ 🙂").text == "höst.例 – ½ 🙂"


@pytest.mark.parametrize("path", ["c.json", "c.yaml"])
@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_an_imported_entry_shows_a_reviewer_what_it_says(path: str, hostile: str) -> None:
    """A launch template's tags come from whoever could make one: in the catalogue they stand as escapes."""
    entry = {"templateId": "t1", "instanceTags": {"k": hostile, "ö": "ü"}}
    text = entry_text(path, entry)
    assert all(line.isprintable() for line in text.split("\n"))
    empty = b'{"templates": []}' if path.endswith("json") else b"templates:\n- templateId: t0\n"
    assert "\\" in with_entry(Found(path, empty), entry)
