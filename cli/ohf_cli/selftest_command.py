"""`ohf selftest`: Host Factory played through the installed scripts, against a local AWS or the real one."""

from __future__ import annotations

import math
import os
import signal
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ohf_cli.edge import INTERRUPTED, AfterOutputError, FoundError
from ohf_cli.output import Output, output_option, show_table
from ohf_cli.provider import given_options, provider_options
from ohf_cli.questions import confirm
from ohf_cli.table import Cell, Table, row
from ohf_cli.validation import schema_findings
from ohf_cli.words import plural
from ohf_iac.app import app_for
from ohf_iac.errors import ConfigurationError, OhfError
from ohf_iac.installation.carrying_out import look
from ohf_iac.installation.registered import installed
from ohf_iac.installation.script_call import call_script
from ohf_iac.installation.selftest import Check, Trial, lived, offered
from ohf_iac.operations.deleting import delete_request
from ohf_iac.rehearsal import local_aws, neutral_environ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.installation.registered import Installed
    from ohf_iac.installation.script_call import Spoken

#: what the scripts need of the caller's environment to reach a real AWS; Host Factory's profile.hf exports the like
_PASSED: Final = ("AWS_", "OHF_")
_PASSED_NAMES: Final = ("HOME", "PATH")
_PROXIES: Final = "_PROXY"
#: what a rehearsal's environment has and Host Factory's need not have: the scripts must do without
_NOT_PROMISED: Final = ("PATH", "HOME")


class InterruptedTestError(AfterOutputError):
    """Somebody ended the test; what it held was given back, and the findings so far are printed."""

    code = INTERRUPTED


@dataclass(frozen=True, slots=True)
class _World:
    """Where a test plays: the environment of the scripts, and how time passes. `stop` is set to end it early."""

    environ: Mapping[str, str]
    wait: Callable[[float], object]
    stop: threading.Event

    def go_on(self) -> None:
        """Raises KeyboardInterrupt when the test is to end."""
        if self.stop.is_set():
            raise KeyboardInterrupt


@click.command("selftest")
@click.option("-d", "--directory", required=True, metavar="DIR", help="Provider directory, as ohf init writes it.")
@click.option(
    "--local", "rehearsed", is_flag=True, help="Against a local AWS of its own, in seconds and for nothing."
)
@click.option("--scripts", metavar="DIR", help="Folder of the scripts; without it, the one that is registered.")
@click.option("--template", metavar="ID", help="Template to ask for; without it, the first one offered.")
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True, help="Machines to ask for.")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=15.0, show_default=True, help="Seconds between polls."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=2400.0,
    show_default=True,
    help="Seconds to poll for one end.",
)
@click.option("--yes", is_flag=True, help="Do not ask before machines of a real AWS are started.")
@provider_options
@output_option
def command(
    directory: str,
    rehearsed: bool,
    scripts: str | None,
    template: str | None,
    count: int,
    every: float,
    timeout: float,
    yes: bool,
    output: Output,
) -> None:
    """Play Host Factory: call the installed scripts as it does, for the whole life of a request, and check them.

    The scripts get the scheduler's variables and, with --local, nothing else: no PATH, no HOME. Without --local
    machines are started in the real AWS, which costs money; what was started is given back, also after Ctrl-C.
    Exits 1 when a check fails.

    \b
    Examples:
      ohf selftest -d ./provider --local
      ohf selftest -d $HF_TOP/conf/providers/ohf --local --template spot --count 3
      ohf selftest -d $HF_TOP/conf/providers/ohf --yes
    """
    said = given_options()
    name = said.get("HF_PROVIDER_NAME", "")
    found = installed(os.path.abspath(directory), look, os.environ, name, _absolute(scripts))
    wanted = template or "the first template"
    confirm(f"Start {plural(count, 'machine')} of {wanted} in the real AWS, for money?", rehearsed or yes)
    checks: list[Check] = []
    with _ending_noted() as stop, _rehearsal(found, stop) if rehearsed else _real(found, said, stop) as world:
        trial = _trial(found, world, template or "", count, every, timeout)
        try:
            for check in _checked(trial, rehearsed):
                checks.append(check)
                _tell(check, output, rehearsed)
        except KeyboardInterrupt:
            checks.append(Check("ohf selftest", "all of it", False, 0.0, "interrupted"))
        finally:
            checks += () if rehearsed else _given_up(trial, world)
    failed = _report(output, found, tuple(checks), rehearsed)
    if stop.is_set():
        raise InterruptedTestError(f"test {found.name}: interrupted", hint="run the command again")
    if failed:
        raise FoundError(
            f"test {found.name} through {found.scripts}: {plural(failed, 'check')} failed",
            hint="the log folder's <provider>-provider.log.<host> tells more; ohf doctor checks the rest",
        )


def _absolute(folder: str | None) -> str:
    return os.path.abspath(folder) if folder else ""


def _checked(trial: Trial, rehearsed: bool) -> Iterator[Check]:
    def usable(offer: Mapping[str, Any]) -> bool:
        return not (rehearsed and offer.get("launchTemplateId"))

    first, offer = offered(trial, usable)
    yield first
    if offer is None:
        return
    trial.template = str(offer["templateId"])
    trial.weighted = bool(offer.get("vmTypes"))
    yield from lived(trial)


def _trial(found: Installed, world: _World, template: str, count: int, every: float, timeout: float) -> Trial:
    ending = ".bat" if os.name == "nt" else ".sh"

    def ask(operation: str, document: object) -> Spoken:
        world.go_on()
        return call_script(f"{found.scripts}/{operation}{ending}", world.environ, document)

    def pause() -> None:
        world.go_on()
        world.wait(every)

    return Trial(ask, schema_findings, pause, math.ceil(timeout / every), template, count)


@contextmanager
def _rehearsal(found: Installed, stop: threading.Event) -> Iterator[_World]:
    """A local AWS, whose clock runs ahead instead of waiting."""
    with tempfile.TemporaryDirectory(prefix="ohf-selftest-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with local_aws(folder) as aws:
            neutral = neutral_environ({}, found.name, folder, aws)
            kept = {
                variable: value
                for variable, value in neutral.items()
                if variable not in _NOT_PROMISED and not variable.startswith("HF_")
            }
            own = found.environ(f"{folder}/work", f"{folder}/log")
            yield _World({**kept, **own}, aws.advance, stop)


@contextmanager
def _real(found: Installed, said: Mapping[str, str], stop: threading.Event) -> Iterator[_World]:
    """The AWS that the caller's environment and the configuration lead to."""
    work = _absolute(said.get("HF_PROVIDER_WORKDIR")) or found.work
    log = _absolute(said.get("HF_PROVIDER_LOGDIR")) or found.log
    if not (work and log):
        raise ConfigurationError(
            f"find the work and log folders of {found.name}: no registration file names them",
            hint="give --work DIR and --log DIR: those that the scheduler gives to the scripts",
        )
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PASSED) or name in _PASSED_NAMES or name.upper().endswith(_PROXIES)
    }
    yield _World({**passed, **found.environ(work, log)}, stop.wait, stop)


@contextmanager
def _ending_noted() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM take effect between two calls: a script that is cut off would lose what it has started."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    usual = {number: signal.signal(number, lambda _number, _frame: stop.set()) for number in numbers}
    try:
        yield stop
    finally:
        for number, action in usual.items():
            signal.signal(number, action)


def _given_up(trial: Trial, world: _World) -> Iterator[Check]:
    """Whatever of the real AWS the test still holds is given back."""
    if not trial.request_id:
        return
    try:
        deletion = delete_request(app_for({**os.environ, **world.environ}), trial.request_id)
    except OhfError as error:
        hint = f"{error.message}; end it with: ohf delete {trial.request_id}"
        yield Check("ohf delete", trial.request_id, False, 0.0, hint)
        return
    note = f"{plural(deletion.machines, 'machine')} given back, stack {deletion.stage}"
    yield Check("ohf delete", trial.request_id, True, 0.0, note)


def _tell(check: Check, output: Output, rehearsed: bool) -> None:
    """Who waits for real machines sees how far it is; the table comes when all is over."""
    if output == "table" and not rehearsed:
        print(f"{'ok' if check.ok else 'FAIL'}  {check.operation}: {check.what}", file=sys.stderr)


def _report(output: Output, found: Installed, checks: tuple[Check, ...], rehearsed: bool) -> int:
    """Print what was found; the number of checks that failed."""
    failed = sum(not one.ok for one in checks)
    document = {
        "schema": "ohf/selftest/v1",
        "provider": found.name,
        "scheduler": found.scheduler,
        "scripts": found.scripts,
        "registered": found.entry_file,
        "local": rehearsed,
        "ok": not failed,
        "checks": [
            {
                "operation": one.operation,
                "of": one.what,
                "ok": one.ok,
                "seconds": round(one.seconds, 3),
                "note": one.note,
            }
            for one in checks
        ],
    }
    rows = tuple(
        row(
            Cell("OK", "good") if one.ok else Cell("FAIL", "bad"),
            one.operation,
            one.what,
            f"{one.seconds:.2f}",
            note=one.note,
        )
        for one in checks
    )
    show_table(output, document, Table(("", "SCRIPT", "OF", "SECONDS"), rows, "FOUND"), "nothing was checked")
    return failed
