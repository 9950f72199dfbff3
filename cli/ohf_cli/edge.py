"""The edge of the human face: every way to end becomes an exit code and two lines that say what happened and what
to do. Codes stand in docs/errors.md.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import click

from ohf_cli.plain_text import plain
from ohf_cli.terminal import make_safe, terminal_of
from ohf_iac.errors import OhfError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: errors that only this face knows
FINDINGS: Final = "E140"
FAILED: Final = "E141"
REVIEW: Final = "E301"
UNAPPROVED: Final = "E409"
BUG: Final = "E199"
DEADLINE: Final = "E501"
USAGE: Final = "E6401"
INTERRUPTED: Final = "E13001"

_JSON_OUTPUT: Final = (("--output", "json"), ("-o", "json"), ("--output", "yaml"), ("-o", "yaml"))


class DetachedError(OhfError):
    """Somebody stopped watching; what was watched goes on."""

    code = INTERRUPTED


class AfterOutputError(OhfError):
    """A command has printed what it found, and that is not good: stdout holds one document already."""


class NotYetError(AfterOutputError):
    """The time for waiting is up; what was waited for may still come."""

    code = DEADLINE


class FailedError(AfterOutputError):
    """What was followed ended badly."""

    code = FAILED


class FoundError(AfterOutputError):
    """Checks were carried out and found something that has to be mended."""

    code = FINDINGS


class FindingsError(AfterOutputError):
    """A review found something as grave as the caller does not let pass."""

    code = REVIEW


class UnapprovedError(AfterOutputError):
    """What is configured, what the lock holds or what runs is not what was approved."""

    code = UNAPPROVED


def run(command: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run a command and return the exit code; whatever goes wrong is told, never shown as a traceback."""
    make_safe(sys.stdout)
    make_safe(sys.stderr)
    try:
        code = command(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        return _nobody_reads()
    except OhfError as error:
        return _tell(error, arguments)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _tell(DetachedError("interrupted", hint="run the command again"), arguments)
    except click.ClickException as error:
        return _tell(_usage(error), arguments)
    except Exception as error:  # noqa: BLE001 -- the edge: people get a sentence and a code, whatever happens
        return _tell(_bug(error, arguments), arguments)


def wants_document(arguments: Sequence[str]) -> bool:
    """Whether a program reads the output; told from the words, because usage errors come before their parsing."""
    pairs = pairwise(arguments)
    joined = {"--output=json", "-ojson", "--output=yaml", "-oyaml"}
    return any(pair in _JSON_OUTPUT for pair in pairs) or not joined.isdisjoint(arguments)


def _tell(error: OhfError, arguments: Sequence[str]) -> int:
    try:
        if wants_document(arguments) and not isinstance(error, AfterOutputError):
            print(json.dumps(_document(error), indent=2))
        sys.stdout.flush()
        print(_line(error), file=sys.stderr)
        print(f"  fix: {plain(error.hint) or f'docs/errors.md explains {error.code}'}", file=sys.stderr)
    except BrokenPipeError:
        _nobody_reads()
    return error.exit_code


def _document(error: OhfError) -> dict[str, object]:
    told = {"code": error.code, "message": error.message, "hint": error.hint, "exit": error.exit_code}
    return {"schema": "ohf/error/v1", "error": told}


def _line(error: OhfError) -> str:
    head = f"error[{error.code}]:"
    if terminal_of(sys.stderr, os.environ).color:
        head = click.style(head, fg="red", bold=True)
    return f"ohf: {head} {plain(error.message)}"


def _usage(error: click.ClickException) -> OhfError:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "ohf"
    return OhfError(error.format_message().rstrip("."), code=USAGE, hint=f"{command} --help")


def _bug(error: Exception, arguments: Sequence[str]) -> OhfError:
    if "--debug" in arguments:
        import traceback  # only when something went wrong

        print(traceback.format_exc(), file=sys.stderr)
    hint = "this is a fault of ohf: run it again with --debug and report what it prints"
    return OhfError(f"unexpected {type(error).__name__}: {error}", code=BUG, hint=hint)


def _nobody_reads() -> int:
    """The reader went away, which is its right; Python must not complain when it flushes at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
