"""getRequestStatus: one entry per id, always.

What is settled and known is answered from memory: no AWS call, and no import of what would make one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.app import calls_of
from ohf_iac.errors import OhfError, StorageError
from ohf_iac.operations.ownership import check_requests
from ohf_iac.request import id_kind
from ohf_iac.status.answer import RequestStatus, remembered, remembered_return
from ohf_iac.store.history import together
from ohf_iac.store.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ohf_iac.app import App


def request_statuses(app: App, ids: Iterable[str]) -> tuple[RequestStatus, ...]:
    """The answer for every id, in the order asked for; ConfigurationError when one is another owner's."""
    wanted = tuple(ids)
    memory = _with_past(app, read_memory(app), wanted)
    returns = (memory.returns[one] for one in wanted if one in memory.returns)
    check_requests(app, memory, (*wanted, *(one.request_id for record in returns for one in record.machines)))
    answers: dict[str, RequestStatus] = {}
    for one in wanted:
        record, given_back = memory.requests.get(one), memory.returns.get(one)
        if record is not None and record.settled:
            answers[one] = remembered(record)
        elif given_back is not None and given_back.verdict:
            answers[one] = remembered_return(given_back)
        elif id_kind(one) is None:
            answers[one] = RequestStatus(one, "complete_with_error", f"{one} is not an id of this provider")
    open_ids = [one for one in wanted if one not in answers]
    if open_ids:
        answers |= _asked(app, memory, open_ids)
    return tuple(answers[one] for one in wanted)


def read_memory(app: App) -> Memory:
    """What is remembered; nothing when it cannot be read: AWS is the record."""
    try:
        return app.store.read()
    except OhfError as error:
        app.log.error(f"memory not readable: {error.message}", hint=error.hint)
        return Memory()


def _with_past(app: App, memory: Memory, ids: Iterable[str]) -> Memory:
    """The memory, and what the archives hold of ids that it does not know: an answer once told stands."""
    unknown = [one for one in ids if id_kind(one) and one not in memory.requests and one not in memory.returns]
    if not unknown:
        return memory
    try:
        return together(memory, app.store.past(unknown))
    except StorageError as error:
        app.log.error(f"archives not readable: {error.message}", hint=error.hint)
        return memory


def _asked(app: App, memory: Memory, ids: list[str]) -> Mapping[str, RequestStatus]:
    # the import of what asks AWS costs ten times a settled answer
    from ohf_iac.operations.policies import catalogue_if_readable, policies_for, weights_of
    from ohf_iac.operations.polling import Poll
    from ohf_iac.operations.return_polling import return_statuses

    calls = calls_of(app)
    answers: dict[str, RequestStatus] = {}
    creates = [one for one in ids if id_kind(one) == "req"]
    if creates:
        catalogue = catalogue_if_readable(app)
        answers |= Poll(app, calls, memory, policies_for(app, catalogue)).answers(creates, weights_of(catalogue))
    returns = [one for one in ids if id_kind(one) == "ret"]
    if returns:
        answers |= return_statuses(app, calls, memory, returns)
    return answers
