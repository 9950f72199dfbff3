"""The packs of all requests of a span, one after the other, and the list over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ohf_iac.app import calls_of
from ohf_iac.errors import OhfError, ResourceNotFoundError, StorageError
from ohf_iac.request import request_id_of
from ohf_iac.review.audit_files import audit_files
from ohf_iac.review.deployed_stacks import stacks_since
from ohf_iac.review.evidence.facts import Known, facts_of
from ohf_iac.review.evidence.making import pack_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.app import App
    from ohf_iac.review.evidence.pack import Pack

#: packs that are made without a pause, and seconds between two after that: CloudFormation throttles
BURST: Final = 10
PACE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Made:
    """A pack, or why there is none."""

    request_id: str
    pack: Pack | None
    reason: str = ""


def packs_since(app: App, since: float) -> Iterator[Made]:
    """A pack of each request of this owner whose stack lives, or was deleted at epoch second `since` or later.

    ProviderError when AWS does not list the stacks. One for which no time is left has no pack, and a reason.
    """
    try:
        known_audit: tuple[tuple[str, bytes], ...] | None = audit_files(app.settings)
    except StorageError:
        known_audit = None  # each pack reads them again, and tells why it cannot
    for number, (request_id, stack_id) in enumerate(_stacks(app, since)):
        if app.deadline.passed:
            yield Made(request_id, None, "the time was up; give a longer --timeout, or a shorter --since")
            continue
        if number >= BURST:
            app.sleep(min(PACE, app.deadline.left))
        try:
            found = facts_of(app, request_id, Known(stack_id, known_audit))
            if found.begun:  # else nothing ever ran
                yield Made(request_id, pack_from(app, found))
        except ResourceNotFoundError:
            continue  # a deleted stack of our form is another owner's: the list knows no owners
        except OhfError as error:
            yield Made(request_id, None, error.message)


def _stacks(app: App, since: float) -> Iterator[tuple[str, str]]:
    """Request and stack ids, live ones first, each request once."""
    seen: set[str] = set()
    for one in stacks_since(calls_of(app), app.owner, since):
        request_id = request_id_of(one.name)
        if request_id and request_id not in seen:
            seen.add(request_id)
            yield request_id, one.stack_id
