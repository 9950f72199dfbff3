"""Saved plans on disk, for their owner's eyes alone, and on the screen."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ohf_cli.output import Output, show
from ohf_cli.table import Cell
from ohf_cli.words import instant
from ohf_iac.bounded_json import LONGEST
from ohf_iac.errors import StorageError, ValidationError
from ohf_iac.file_replace import replace_file
from ohf_iac.review.plan_file import parse_plan, plan_document, plan_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ohf_cli.table import Line, Tone
    from ohf_iac.review.plan_file import SavedPlan, Standing, State

_MODE: Final = 0o600
_TONES: Final[Mapping[Standing, Tone]] = {"valid": "good", "too old": "bad", "used": "dim", "removed": "dim"}


def read_plan(path: str) -> SavedPlan:
    """The plan in a file; ValidationError when there is none that can be read."""
    try:
        with open(path, "rb") as file:
            content = file.read(LONGEST + 1)
        text = content.decode("ascii")
    except OSError as error:
        raise ValidationError(
            f"read plan {path}: {error.strerror}", hint="name the file that ohf plan wrote"
        ) from error
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"read plan {path}: it is not ASCII", hint="make a new one: ohf plan TEMPLATE"
        ) from error
    if len(content) > LONGEST:
        raise ValidationError(f"read plan {path}: it is too long for one", hint="name the file that ohf plan wrote")
    return parse_plan(text, path)


@contextmanager
def new_plan_file(path: str) -> Iterator[None]:
    """A place for a plan, taken before AWS is asked; given up again when there is none. StorageError."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))
    except FileExistsError as error:
        raise StorageError(f"write plan {path}: it exists", hint="give another file with --out") from error
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield
    except BaseException:
        os.unlink(path)
        raise


def write_plan(path: str, plan: SavedPlan) -> None:
    """Put a plan into its file, in one piece. StorageError."""
    try:
        replace_file(os.path.abspath(path), plan_text(plan).encode("ascii"), _MODE, None)
    except OSError as error:
        raise _unwritable(path, error) from error


def ended(plan: SavedPlan, state: State, now: float) -> SavedPlan:
    """The plan after it was applied or removed."""
    return replace(plan, state=state, ended_at=int(now))


def show_plan(output: Output, plan: SavedPlan, path: str, now: float | None = None) -> None:
    """Print a plan and what may still be done with it, by this host's clock where no moment is given."""
    standing = plan.standing(time.time() if now is None else now)
    document: dict[str, Any] = {**plan_document(plan), "standing": standing, "file": path}
    show(output, document, lambda _width: _lines(plan, path, standing))


def _lines(plan: SavedPlan, path: str, standing: Standing) -> Iterator[Line]:
    yield (Cell(f"plan {path}  "), Cell(standing, _TONES[standing]), Cell(_since(plan, standing)))
    yield (Cell(f"request {plan.request_id}, {plan.units} of {plan.template_id}"),)
    yield (Cell(f"ticket {plan.ticket or '-'}, planned {instant(plan.created_at)} by {plan.caller}"),)
    yield (Cell(f"account {plan.account}, region {plan.region}, owner {plan.owner}"),)
    yield (Cell(f"change set {plan.change_set_id}"),)
    yield (Cell(f"service role {plan.role_arn or '-'}"),)
    yield (Cell(f"body sha256 {plan.digest}"),)
    yield (Cell(f"the request ends {instant(plan.deadline)} at the latest"),)
    for one in plan.changes:
        yield (Cell(f"  + {one.logical_id}  {one.resource_type}"),)
    for name, value in sorted(plan.parameters.items()):
        yield (Cell(f"  {name} = {value}"),)
    for name, value in sorted(plan.tags.items()):
        yield (Cell(f"  tag {name} = {value}", "dim"),)


def _since(plan: SavedPlan, standing: Standing) -> str:
    if standing == "valid":
        return f" until {instant(plan.valid_until)} or first use"
    return f" since {instant(plan.valid_until if standing == 'too old' else plan.ended_at)}"


def _unwritable(path: str, error: OSError) -> StorageError:
    return StorageError(f"write plan {path}: {error.strerror}", hint="give a file that may be written with --out")
