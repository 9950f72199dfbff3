"""`make fuzz`: each target for its part of FUZZ_SECONDS, led by what the bytes reach in our code (atheris).

Where atheris cannot be had, hypothesis makes the files until the time is up. What is found lies in `.fuzz/found/`;
`python -m tests.fuzz --again FILE` repeats it, and in `tests/fixtures/fuzz/TARGET/` every `make test` does.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.judge import Site

WORK = Path(".fuzz")


def main() -> int:
    """Run what was asked for; 1 when something was found."""
    asked = _arguments()
    if asked.again:
        with _site() as (judge, site):
            judge(site, asked.target or asked.again.parent.name, asked.again.read_bytes())
        return 0
    if asked.target:
        (WORK / "found" / asked.target).mkdir(parents=True, exist_ok=True)
        _guided(asked.target, asked.seconds) if find_spec("atheris") else _generated(asked.target, asked.seconds)
        return 0
    return _all(asked.seconds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together, or for the one")
    parser.add_argument("--target", help="one target, in this process")
    parser.add_argument("--again", type=Path, help="judge this one file of .fuzz/found/TARGET/")
    return parser.parse_args()


def _all(seconds: float) -> int:
    """Every target in a process of its own, because libFuzzer ends the one that it runs in."""
    from tests.fuzz.judge import TARGETS

    guided = find_spec("atheris") is not None
    print(f"{'atheris' if guided else 'hypothesis, because atheris is not installed'}, {seconds:g} s", flush=True)
    executions, bad = 0, []
    for target in TARGETS:
        command = [sys.executable, "-m", "tests.fuzz", "--target", target, "--seconds", str(seconds / len(TARGETS))]
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
        said = done.stdout + done.stderr
        runs = sum(int(one) for one in re.findall(r"(?:number_of_executed_units:|executed) +(\d+)", said))
        executions += runs
        kept = _judged_whole(target)
        print(f"  {target:22} {runs:8} executions, {kept:4} of them kept and judged whole", flush=True)
        if done.returncode:
            bad.append(target)
            print(said[-6000:])
    print(f"{executions} executions; {f'found in {bad}, see {WORK}/found' if bad else 'nothing found'}")
    return 1 if bad else 0


def _judged_whole(target: str) -> int:
    """Every file by which libFuzzer reached something new, through whole calls; how many."""
    kept = sorted((WORK / "corpus" / target).glob("*"))
    with _site() as (judge, site):
        for file in kept:
            judge(site, target, file.read_bytes())
    return len(kept)


def _guided(target: str, seconds: float) -> None:
    """Let libFuzzer make files until the time is up; it ends the process, with 77 when something was found."""
    import atheris

    with atheris.instrument_imports(include=["ohf_iac"], enable_loader_override=False):
        from tests.fuzz.reading import read
    from tests.fuzz.mutations import seeds

    corpus = WORK / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(content)
    options = {
        "max_total_time": int(max(1, seconds)),
        "timeout": 10,
        "rss_limit_mb": 1024,
        "max_len": 100_000,
        "print_final_stats": 1,
        "artifact_prefix": f"{WORK}/found/{target}/",
        "dict": str(_dictionary()),
    }
    arguments = [sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(corpus)]
    atheris.Setup(arguments, lambda content: read(target, content))
    atheris.Fuzz()


def _dictionary() -> Path:
    """Words of the formats, of which chance would make none."""
    from tests.fuzz.words import WORDS

    file = WORK / "words"
    file.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"\n' for word in WORDS))
    return file


def _generated(target: str, seconds: float) -> None:
    """Let hypothesis make files until the time is up."""
    from hypothesis import HealthCheck, given, settings

    from tests.fuzz.mutations import files

    end, count = time.monotonic() + seconds, 0
    with _site() as (judge, site):

        @settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(files(target))
        def judged(content: bytes) -> None:
            nonlocal count
            count += 1
            (WORK / "found" / target / "last").write_bytes(content)
            judge(site, target, content)

        while time.monotonic() < end:
            judged()
    (WORK / "found" / target / "last").unlink()
    print(f"executed {count}")


@contextmanager
def _site() -> Iterator[tuple[Callable[[Site, str, bytes], None], Site]]:
    from tests.fuzz.counting_aws import counting_aws
    from tests.fuzz.judge import Site, judge

    with counting_aws() as aws, tempfile.TemporaryDirectory() as folder:
        yield judge, Site(Path(folder), aws)


if __name__ == "__main__":
    sys.path[:0] = ["cli"]
    sys.exit(main())
