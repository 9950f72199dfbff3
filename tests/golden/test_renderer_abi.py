"""A golden body that changes is a new renderer ABI and a release note, or a test fails.

`digests.json` keeps, for each renderer ABI, the digests of the golden bodies. `--update-golden` adds what is new
and never replaces a digest: a body that changes needs `RENDERER_ABI` raised in `ohf_iac/render/body.py`, and an
entry of CHANGELOG.md that names the golden cases whose bodies changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ohf_iac.render import RENDERER_ABI
from tests.golden.cases import CASES, rendered

RECORD = Path(__file__).parent / "digests.json"
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
#: golden case -> digest, by ABI
Record = Mapping[str, Mapping[str, str]]


def complaints(record: Record, abi: int, digests: Mapping[str, str], changelog: str) -> Iterator[str]:
    """What keeps these bodies from being released under this ABI."""
    known = record.get(str(abi), {})
    for case, digest in digests.items():
        if case not in known:
            yield f"{case} is not in digests.json: pytest tests/golden --update-golden"
        elif known[case] != digest:
            yield f"the body of {case} changed: raise RENDERER_ABI above {abi}"
    if max(map(int, record), default=abi) > abi:
        yield f"RENDERER_ABI is {abi}, and digests.json has a later one"
    note = noted(changelog, abi)
    if not note:
        yield f"CHANGELOG.md says nothing under 'Renderer ABI {abi}'"
    before = record.get(str(abi - 1), {})
    for case, digest in digests.items():
        if before.get(case, digest) != digest and f"`{case}`" not in note:
            yield f"CHANGELOG.md does not name `{case}` under 'Renderer ABI {abi}'"


def noted(changelog: str, abi: int) -> str:
    """The entry of an ABI."""
    found = re.search(rf"^## Renderer ABI {abi}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def test_the_golden_bodies_are_those_of_their_renderer_abi(update_golden: bool) -> None:
    record: dict[str, dict[str, str]] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    digests = {case: rendered(case).digest for case in CASES}
    if update_golden:
        known = record.setdefault(str(RENDERER_ABI), {})
        record[str(RENDERER_ABI)] = {case: known.get(case, digest) for case, digest in digests.items()}
        RECORD.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    assert list(complaints(record, RENDERER_ABI, digests, CHANGELOG.read_text())) == []
    assert set(record[str(RENDERER_ABI)]) == set(CASES)


OLD = {"1": {"a": "11", "b": "22"}}
NOTE = "# Changes\n\n## Renderer ABI 2\n\nThe body of `a` says more.\n\n## Renderer ABI 1\n\nThe first one.\n"


@pytest.mark.parametrize(
    ("record", "abi", "digests", "changelog", "found"),
    [
        (OLD, 1, {"a": "11", "b": "22"}, NOTE, ""),
        (OLD, 1, {"a": "12", "b": "22"}, NOTE, "the body of a changed: raise RENDERER_ABI above 1"),
        (OLD, 1, {"a": "11", "b": "22", "c": "33"}, NOTE, "c is not in digests.json"),
        ({**OLD, "2": {"a": "12", "b": "22"}}, 2, {"a": "12", "b": "22"}, NOTE, ""),
        ({**OLD, "2": {"a": "12", "b": "23"}}, 2, {"a": "12", "b": "23"}, NOTE, "does not name `b`"),
        ({**OLD, "2": {"a": "12", "b": "22"}}, 2, {"a": "13", "b": "22"}, NOTE, "the body of a changed"),
        ({**OLD, "2": {"a": "12"}}, 2, {"a": "12"}, "## Renderer ABI 2\n\n## Renderer ABI 1\n", "says nothing"),
        ({**OLD, "2": {}}, 1, {"a": "11"}, NOTE, "has a later one"),
    ],
)
def test_a_body_that_changes_without_abi_and_note_is_found(
    record: Record, abi: int, digests: Mapping[str, str], changelog: str, found: str
) -> None:
    told = list(complaints(record, abi, digests, changelog))
    assert bool(told) == bool(found)
    assert found in " ".join(told)
