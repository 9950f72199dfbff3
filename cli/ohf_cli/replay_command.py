"""`ohf replay`: what Host Factory asked, asked again of a local AWS, and where the answers differ."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ohf_cli import machine
from ohf_cli.edge import FoundError
from ohf_cli.output import Output, output_option, show_table
from ohf_cli.plain_text import plain
from ohf_cli.provider import provider_environ, provider_options, provider_settings
from ohf_cli.table import Table, row
from ohf_cli.words import age, plural
from ohf_iac.clock import endpoints_outside
from ohf_iac.config import load
from ohf_iac.errors import BusinessRuleError, ValidationError
from ohf_iac.io_log import LineError, call_in
from ohf_iac.log import stamp
from ohf_iac.rehearsal import environment, local_aws, neutral_environ
from ohf_iac.replay import differences, in_replay, learned, unknown_ids, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_iac.io_log import Call
    from ohf_iac.rehearsal import LocalAws
    from ohf_iac.replay import Difference


@dataclass(frozen=True, slots=True)
class Played:
    """A call that was played again; `unknown` are the ids of its poll that are older than the log."""

    call: Call
    differences: tuple[Difference, ...]
    unknown: tuple[str, ...]


@click.command("replay")
@click.argument("recorded", metavar="LOG", type=click.Path(path_type=Path))
@click.option("--until", "end", metavar="TIME", help="Leave out calls that began later (ISO 8601, UTC).")
@click.option("--scenario", type=click.Path(path_type=Path), metavar="FILE", help="The local AWS's scenario.")
@provider_options
@output_option
def command(recorded: Path, end: str | None, scenario: Path | None, output: Output) -> None:
    """Play the calls of an I/O log again, against a local AWS of its own, and compare the answers.

    LOG is what `logging.ioLog` writes: <provider>-io.jsonl, its rotated files first. The calls come in their
    order, at their distances on the virtual clock, with the catalogue of --conf. Nothing reaches a real AWS.
    Exit code 1 when an answer differs in exit code, shape, statuses or number of machines.
    Needs the extra [local].

    \b
    Examples:
      ohf replay ohf-io.jsonl --conf examples/provider
      ohf replay ohf-io.jsonl --until 2026-11-23T04:00:00Z --scenario no-capacity.json
      ohf replay ohf-io.jsonl --output json
    """
    latest = _moment(end)
    calls, skipped = _read(recorded)
    wanted = until(calls, latest)
    for told in skipped:
        print(plain(told), file=sys.stderr)
    if calls and not wanted:
        raise ValidationError(f"replay {recorded}: it has no call before --until {end}", hint="leave --until out")
    if not wanted:
        raise ValidationError(f"replay {recorded}: no call in it can be played", hint="docs/configuration.md, logs")
    provider_settings()
    with _ended_by_signals(), _folder() as folder, local_aws(folder, scenario) as aws:
        played = tuple(_played(wanted, recorded, folder, aws))
    _report(output, recorded, played, skipped)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ohf-replay-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _played(calls: tuple[Call, ...], log: Path, folder: Path, aws: LocalAws) -> Iterator[Played]:
    environ = neutral_environ(provider_environ(), _provider(log), folder, aws)
    if outside := endpoints_outside(load(environ), environ):
        raise BusinessRuleError(f"replay {log}: {', '.join(outside)} is not the local AWS", hint="docs/local.md")
    known: dict[str, str] = {}
    begin = aws.now() - calls[0].at
    with environment(environ):
        for call in calls:
            aws.advance(max(0.0, begin + call.at - aws.now()))
            code, answer = _asked(call, known)
            known = learned(call, answer, known)
            yield Played(call, differences(call, code, answer, known), unknown_ids(call, known))


def _asked(call: Call, known: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    document = in_replay(call.document or b"", known).decode("utf-8", "surrogateescape")
    code, text, afterwards = machine.answer([call.operation, "--data", document], os.environ)
    afterwards()
    answer: dict[str, Any] = json.loads(text)
    return code, answer


def _read(log: Path) -> tuple[list[Call], list[str]]:
    """The calls of a log and of its rotated files, oldest first, and what was left out and why."""
    calls: list[Call] = []
    skipped: list[str] = []
    for file in _files(log):
        try:
            lines = file.read_bytes().decode("utf-8", "replace").split("\n")
        except OSError as error:
            raise ValidationError(
                f"read {file}: {error.strerror}", hint="give an I/O log: <provider>-io.jsonl"
            ) from error
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                call = call_in(line)
            except LineError as error:
                skipped.append(f"{file} line {number} is skipped: {error}")
                continue
            if call.document is None:
                skipped.append(f"{file} line {number} is skipped: its input was not read then")
            else:
                calls.append(call)
    return calls, skipped


def _files(log: Path) -> tuple[Path, ...]:
    """The rotated files of a log, the highest number first, then the log itself."""
    rotated = {
        int(found[1]): file
        for file in log.parent.glob(f"{log.name}.*")
        if (found := re.fullmatch(rf"{re.escape(log.name)}\.([0-9]+)", file.name))
    }
    older = [rotated[number] for number in sorted(rotated, reverse=True)]
    return (*older, log) if log.exists() or not older else tuple(older)


def _moment(text: str | None) -> float:
    if text is None:
        return math.inf
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        example = "2026-11-23T04:00:00Z"
        raise click.BadParameter(f"{text!r} is no moment such as {example}", param_hint="--until") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _provider(log: Path) -> str:
    """The provider's name: given, or that of the log's file, or any."""
    environ = provider_environ()
    given = environ.get("HF_PROVIDER_NAME") or environ.get("PROVIDER_NAME")
    named = re.fullmatch(r"([A-Za-z0-9_-]{1,64})-io\.jsonl(\.[0-9]+)?", log.name)
    return given or (named[1] if named else "ohf")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end the replay as Ctrl-C does, with everything that it started."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    usual = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, action in usual.items():
            signal.signal(number, action)


def _report(output: Output, log: Path, played: tuple[Played, ...], skipped: list[str]) -> None:
    found = [(one.call, difference) for one in played for difference in one.differences]
    rows = tuple(row(stamp(call.at), call.operation, one.where, one.recorded, one.replayed) for call, one in found)
    table = Table(("AT", "OPERATION", "WHERE", "RECORDED", "REPLAYED"), rows)
    unknown = sorted({identity for one in played for identity in one.unknown})
    span = played[-1].call.at - played[0].call.at
    show_table(output, _document(log, played, unknown, skipped), table, "no answer differs")
    told = f"{plural(len(played), 'call')} over {age(span)} replayed, {plural(len(found), 'difference')}"
    left = f"; older than the log, not compared: {', '.join(unknown)}" if unknown else ""
    print(told + plain(left), file=sys.stderr)
    if found:
        differing = sum(bool(one.differences) for one in played)
        raise FoundError(f"replay {log}: {plural(differing, 'answer')} differ", hint="docs/local.md, replay")


def _document(log: Path, played: tuple[Played, ...], unknown: list[str], skipped: list[str]) -> dict[str, Any]:
    return {
        "schema": "ohf/replay/v1",
        "log": str(log),
        "calls": len(played),
        "seconds": round(played[-1].call.at - played[0].call.at, 3),
        "skipped": skipped,
        "unknown": unknown,
        "differences": [
            {
                "call": number,
                "at": stamp(one.call.at),
                "operation": one.call.operation,
                "where": difference.where,
                "recorded": difference.recorded,
                "replayed": difference.replayed,
            }
            for number, one in enumerate(played)
            for difference in one.differences
        ],
    }
