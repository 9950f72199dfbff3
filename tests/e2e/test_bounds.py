"""Files that are too large or too deep, before real scripts that may have so much memory and no more."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import legal
from tests.e2e.provider import SCRIPTS
from tests.fuzz.counting_aws import CountingAws, counting_aws
from tests.fuzz.judge import ENTRY, Site

#: bytes of address space for a call, and seconds of the processor's time
MEMORY, WORK = 512 << 20, 20
SIZE = 16 << 20
SPARSE = 1 << 30
LAUGHS = "l0: &l0 [a]\n" + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 13))


@dataclass(frozen=True, slots=True)
class Bounded:
    """One file: its content, or None for a gigabyte of nothing, and the bound that the message names."""

    content: bytes | None
    bound: str


LONG = "is longer than 16777216 bytes"
DEEP = "is nested more than 64 deep"
MANY = "holds more than 300000 values"
DIGITS = "holds a number of more than 400 characters"

INPUTS = {
    "a gigabyte": Bounded(None, LONG),
    "brackets": Bounded(b"[" * SIZE, MANY),
    "brackets, fewer": Bounded(b"[" * 200_000, DEEP),
    "objects": Bounded(b'{"a":' * 60_000 + b"1" + b"}" * 60_000, DEEP),
    "empty objects": Bounded(b'{"machines": [' + b"{}," * (SIZE // 3 - 10) + b"{}]}", MANY),
    "texts": Bounded(b'{"requests": [' + b'"a",' * (SIZE // 4 - 10) + b'"a"]}', MANY),
    "digits": Bounded(b'{"a": ' + b"7" * (SIZE - 10) + b"}", DIGITS),
    "a fraction": Bounded(b'{"a": 0.' + b"7" * (SIZE - 10) + b"}", DIGITS),
    "a text": Bounded(b'{"template": {"templateId": "' + b"x" * (SIZE - 80) + b'"}}', "more than 1000 characters"),
}
FILES = {
    "awsprov_templates.json": [
        Bounded(None, LONG),
        Bounded(b"[" * SIZE, MANY),
        Bounded(b"[" + b"{}," * 140_000 + b"{}]", "at most 10000 are read"),
        Bounded(b"[" * 65 + b"]" * 65, DEEP),
        Bounded(b'{"templates": ' + b"7" * (SIZE - 20) + b"}", DIGITS),
    ],
    "awsprov_templates.yaml": [
        Bounded(None, LONG),
        Bounded(b"# " + b"x" * SIZE, LONG),
        Bounded(b"- a\n" * 300_000, "is longer than 1048576 characters in YAML"),
        Bounded(LAUGHS.encode(), "holds more than 50000 values"),
        Bounded(b"[" * 100_000, DEEP),
        Bounded(b"a: " + b"7" * 1_000_000, DIGITS),
        Bounded(b"a: !!python/object/apply:os.system [ls]", "tag"),
    ],
    "ohf.json": [Bounded(None, LONG), Bounded(b'{"limits": ' * 100_000, DEEP), Bounded(b"7" * SIZE, DIGITS)],
    "awsprov_config.json": [Bounded(None, LONG), Bounded(b"{}," * 5_000_000, MANY)],
    "script.sh": [Bounded(None, "has more than 1048576 bytes, and EC2 takes 16384")],
    "fleet.json": [Bounded(None, "must not be longer than 1048576 bytes"), Bounded(b"[" * 1_000_000, MANY)],
}


@pytest.fixture(scope="module")
def aws() -> Iterator[CountingAws]:
    with counting_aws() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, aws: CountingAws) -> Site:
    """A provider with one template, and an AWS that has not been asked anything."""
    found = Site(tmp_path, aws)
    for folder in ("conf", "work", "log"):
        (tmp_path / folder).mkdir()
    (found.conf / "awsprov_templates.json").write_text(json.dumps([ENTRY]))
    aws.asked.clear()
    return found


def put(file: Path, bounded: Bounded) -> None:
    with file.open("wb") as opened:
        if bounded.content is None:
            opened.truncate(SPARSE)
        else:
            opened.write(bounded.content)


def narrow() -> None:
    """In the child: little memory, little work, and no core file of what would die of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (WORK, WORK))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def said(site: Site, operation: str, source: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of a script in narrow circumstances."""
    done = subprocess.run(
        [str(SCRIPTS / f"{operation}.sh"), "-f", str(source)],
        env={**site.environ, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
        capture_output=True,
        preexec_fn=narrow,
        check=False,
    )
    assert done.stderr == b""
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return done.returncode, answer


def refused(site: Site, operation: str, source: Path) -> str:
    """The message of a script that refuses, without having asked AWS."""
    code, answer = said(site, operation, source)
    assert code == 1
    assert legal(operation, code, answer)
    assert len(answer["message"]) < 500
    assert site.aws.asked == []
    return str(answer["message"])


@pytest.mark.parametrize("case", INPUTS)
def test_an_input_that_is_too_large_is_refused_by_its_bound(site: Site, case: str) -> None:
    source = site.folder / "hf_in_Ab3xYz"
    put(source, INPUTS[case])
    operation = "requestMachines" if case == "a text" else "getReturnRequests"
    assert INPUTS[case].bound in refused(site, operation, source)
    assert list((site.folder / "work").iterdir()) == []


@pytest.mark.parametrize(("name", "number"), [(one, number) for one in FILES for number in range(len(FILES[one]))])
def test_a_file_that_is_too_large_is_refused_by_its_bound(site: Site, name: str, number: int) -> None:
    bounded = FILES[name][number]
    field = {"script.sh": "userDataScript", "fleet.json": "ec2FleetConfig"}.get(name)
    (site.conf / "awsprov_templates.json").write_text(json.dumps([{**ENTRY, field: name} if field else ENTRY]))
    if name.endswith(".yaml"):
        (site.conf / "awsprov_templates.json").unlink()
    put(site.conf / name, bounded)
    assert bounded.bound in refused(site, "getAvailableTemplates", Path("/dev/null"))


def test_a_hundred_thousand_ids_are_answered_one_by_one(site: Site) -> None:
    """More than any site has: memory and work stay within the same bounds."""
    source = site.folder / "hf_in_Ab3xYz"
    source.write_text(json.dumps({"requests": [f"x{number}" for number in range(100_000)]}))
    code, answer = said(site, "getRequestStatus", source)
    assert code == 0
    assert len(answer["requests"]) == 100_000
