"""The contract suite: every row through the real script against the local AWS.

`pytest tests/contract --update-rows` writes what the scripts print now to `golden/rows/`; read the difference
before it is committed, because it is what Host Factory will read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.contract.flavors import install
from tests.contract.row import Row, at, meets
from tests.contract.rows_table import ROWS
from tests.contract.stage import Played, Stage
from tests.contract.worlds.table import WORLDS
from tests.local_aws import LocalAws

GOLDEN = Path(__file__).parent / "golden" / "rows"


class Theatre:
    """One stage at a time; rows that leave their world as it was share it."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self.aws = aws
        self.folder = folder
        self._count = 0
        self._set: tuple[object, ...] = ()
        self._stage: Stage | None = None

    def enter(self, row: Row) -> Stage:
        """The row's world, made anew unless the last row left one like it."""
        wanted = (row.world, row.flavor) if row.files is None else (row.name,)
        if self._stage is None or self._set != wanted:
            self._count += 1
            self.aws.reset()
            folder = self.folder / str(self._count)
            folder.mkdir()
            self._stage = Stage(install(folder, self.aws, row.flavor, row.files))
            WORLDS[row.world](self._stage)
        self._set = wanted if row.leaves_world else ()
        return self._stage


@pytest.fixture(scope="module")
def theatre(local_aws_server: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    seen = local_aws_server.log.stat().st_size
    yield Theatre(local_aws_server, tmp_path_factory.mktemp("stages"))
    assert not local_aws_server.log.read_text()[seen:], "the local AWS wrote to its stderr"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row, theatre: Theatre, update_rows: bool) -> None:
    stage = theatre.enter(row)
    played = stage.play(row)
    assert played.code == row.exit, played.answer
    check_schema(row, played)
    if row.exit == 1:
        assert set(played.answer) == {"message"}
        assert played.changes == ()
    for path, wanted in row.expects.items():
        found = at(played.normal if _is_text(wanted) else played.answer, path)
        assert meets(found, wanted), f"{path} is {found!r}, not {wanted!r}"
    if row.changes is not None:
        assert played.changes == row.changes
    if row.afterwards is not None:
        row.afterwards(stage)
    compare(row, played, update_rows)


def _is_text(wanted: object) -> bool:
    """Whether an expectation holds placeholders; all others are judged by what was printed."""
    return "<" in str(wanted)


def check_schema(row: Row, played: Played) -> None:
    """The answer is what `schemas/` promises of the operation."""
    if row.operation == "getAvailableMachines":
        return
    schema = json.loads((resources.files("ohf_iac.schemas") / f"{row.operation}.output.json").read_text())
    Draft202012Validator(schema).validate(played.answer)


def compare(row: Row, played: Played, update: bool) -> None:
    """The answer is to the letter what it was, values and types."""
    file = GOLDEN / f"{row.name}.json"
    text = json.dumps(played.normal, indent=2) + "\n"
    if update:
        file.write_text(text)
    assert file.exists(), f"{file.name} is missing; run with --update-rows"
    assert text == file.read_text()
