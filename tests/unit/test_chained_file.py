"""The audit file's chain: it goes on through rotation and parallel writers, and tells whatever was done to it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.chained_file import ChainedFile
from ohf_iac.review.audit_chain import Chain, chain_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "grid-audit.jsonl"


def contents(path: Path) -> list[tuple[str, bytes]]:
    """The files, oldest first."""
    numbered = sorted(path.parent.glob(f"{path.name}.*"), key=lambda one: -int(one.suffix[1:]))
    return [(one.name, one.read_bytes()) for one in (*numbered, path)]


def chain(path: Path) -> Chain:
    return chain_of(contents(path))


def filled(path: Path, count: int = 9, keep: int = 5, most: int = 1_000_000) -> ChainedFile:
    file = ChainedFile(str(path), most, keep)
    for number in range(count):
        file.append({"number": number})
    return file


def test_each_line_holds_the_hash_of_the_one_before_it(path: Path) -> None:
    filled(path, 3)
    first, second, third = path.read_bytes().splitlines()
    assert json.loads(first) == {"number": 0, "prev": ""}
    assert json.loads(second)["prev"] == hashlib.sha256(first).hexdigest()
    found = chain(path)
    assert (found.lines, found.breaks, found.notes, found.start) == (3, (), (), "")
    assert found.head == hashlib.sha256(third).hexdigest()


def test_rotation_continues_the_chain(path: Path) -> None:
    filled(path, 20, most=300)
    assert len(contents(path)) == 6
    found = chain(path)
    assert found.breaks == ()
    assert found.start != ""  # the oldest files are gone for good
    assert [json.loads(line)["number"] for _, one in contents(path) for line in one.splitlines()][-1] == 19


def test_without_rotations_the_chain_begins_anew(path: Path) -> None:
    filled(path, 20, keep=0, most=300)
    assert len(contents(path)) == 1
    assert (chain(path).breaks, chain(path).start) == ((), "")


def edit(change: Callable[[list[bytes]], object]) -> Callable[[list[bytes]], bytes]:
    def edited(lines: list[bytes]) -> bytes:
        change(lines)
        return b"".join(line + b"\n" for line in lines)

    return edited


@pytest.mark.parametrize(
    ("tamper", "line"),
    [
        (edit(lambda lines: lines.__setitem__(4, lines[4].replace(b"4", b"7", 1))), 6),
        (edit(lambda lines: lines.pop(4)), 5),
        (edit(lambda lines: lines.insert(4, b'{"number": 4}')), 6),
        (edit(lambda lines: lines.insert(4, b"")), 6),
        (edit(lambda lines: lines.insert(4, lines[3])), 5),
        (edit(lambda lines: lines.insert(4, lines.pop(5))), 5),
        (edit(lambda lines: lines.__setitem__(4, lines[4][:-1] + b" }")), 6),
        (edit(lambda lines: lines.__setitem__(4, lines[4][:-1] + b', "unlocked": true}')), 6),
    ],
    ids=["changed", "taken out", "put in", "blank put in", "repeated", "swapped", "blanks", "marked as unlocked"],
)
def test_the_first_line_that_does_not_fit_is_told(
    path: Path, tamper: Callable[[list[bytes]], bytes], line: int
) -> None:
    filled(path)
    path.write_bytes(tamper(path.read_bytes().splitlines()))
    assert next((one.file, one.line) for one in chain(path).breaks) == (path.name, line)


def test_the_lines_before_the_chain_began_are_noted(path: Path) -> None:
    path.write_text('{"number": 1}\n{"number": 2}\n')
    filled(path, 2)
    assert ([one.line for one in chain(path).notes], chain(path).breaks) == ([1, 2], ())
    path.write_bytes(path.read_bytes().replace(b'"number": 2', b'"number": 3'))
    assert [one.line for one in chain(path).breaks] == [3]


def test_a_file_taken_from_the_middle_is_missed(path: Path) -> None:
    filled(path, 20, most=300)
    (path.parent / f"{path.name}.2").unlink()
    assert [(one.file, one.line) for one in chain(path).breaks] == [(f"{path.name}.1", 1)]


def test_the_end_cut_off_is_told_by_a_head_that_was_kept(path: Path) -> None:
    filled(path)
    head = chain(path).head
    path.write_bytes(b"".join(line + b"\n" for line in path.read_bytes().splitlines()[:-1]))
    assert chain(path).breaks == ()
    assert head not in chain(path).hashes


def test_a_line_that_a_crash_cut_off_is_told_and_the_chain_goes_on(path: Path) -> None:
    file = filled(path, 3)
    path.write_bytes(path.read_bytes()[:-9])
    file.append({"number": 3})
    assert ([one.line for one in chain(path).notes], chain(path).breaks) == ([3], ())
    assert json.loads(path.read_bytes().splitlines()[-1])["number"] == 3


def test_a_line_longer_than_what_is_read_at_once(path: Path) -> None:
    file = filled(path, 1)
    file.append({"text": "x" * 50_000})
    file.append({"text": "y"})
    assert (chain(path).lines, chain(path).breaks) == (3, ())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_a_lock_that_nobody_gives_back_holds_nobody_up(path: Path) -> None:
    import fcntl

    file = filled(path, 2)
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        file.append({"number": 2})
    file.append({"number": 3})
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [one.get("unlocked", False) for one in lines] == [False, False, True, False]
    assert chain(path).breaks == ()


def test_writers_without_the_lock_may_follow_the_same_line(path: Path) -> None:
    """What comes of two processes of which one did not get the lock: both looked back before either wrote."""
    filled(path, 2)
    prev = chain(path).head
    with path.open("a") as file:
        file.write(json.dumps({"number": 2, "prev": prev, "unlocked": True}) + "\n")
        file.write(json.dumps({"number": 3, "prev": prev}) + "\n")
    assert chain(path).breaks == ()
    with path.open("a") as file:
        file.write(json.dumps({"number": 4, "prev": prev}) + "\n")
    assert [one.line for one in chain(path).breaks] == [5]


def test_parallel_processes_write_one_chain_through_rotation(path: Path) -> None:
    code = (
        "import sys\nfrom ohf_iac.chained_file import ChainedFile\nfile = ChainedFile(sys.argv[1], 4000, 100)\n"
        "for n in range(60): file.append({'writer': sys.argv[2], 'number': n, 'x': 'x' * 60})\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(writer)]) for writer in range(4)]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
    written = [json.loads(line) for _, one in contents(path) for line in one.splitlines()]
    assert sorted((one["writer"], one["number"]) for one in written) == sorted(
        (str(writer), number) for writer in range(4) for number in range(60)
    )
    found = chain(path)
    assert (found.breaks, found.notes, found.start) == ((), (), "")
    assert len(found.files) > 5


def test_what_cannot_be_written_raises(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"):
        ChainedFile(str(tmp_path), 1000, 1).append({"a": 1})
    if os.path.exists("/dev/full"):
        with pytest.raises(OSError, match="No space left"):
            ChainedFile("/dev/full", 1000, 1).append({"a": 1})
