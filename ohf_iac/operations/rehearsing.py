"""rehearse: what AWS says to a body, by a change set that is never executed, and nothing left of it.

Each rehearsal has a stack of its own, under a name that is no request's. It is deleted however the rehearsal ends;
where that is not possible, `ohf gc` knows the stack by its name and its change set's tags.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING, Final, Literal

from ohf_iac.app import calls_of
from ohf_iac.aws import change_sets, cloudformation
from ohf_iac.aws.bodies import sendable
from ohf_iac.clock import Deadline
from ohf_iac.config.catalogue_file import catalogue_files
from ohf_iac.errors import OhfError, ProviderError
from ohf_iac.hostfactory import MachineAsk
from ohf_iac.operations.delivering import shelf_of
from ohf_iac.operations.intending import check_limits, new_request
from ohf_iac.render import render
from ohf_iac.request import TAG_REQUEST, rehearsal_id, stack_name
from ohf_iac.stack import parameters_for, tags_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ohf_iac.app import App
    from ohf_iac.aws.bodies import Shelf
    from ohf_iac.aws.calls import Calls
    from ohf_iac.change_set import Change, ChangeSetSeen
    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.host_template import HostTemplate

Outcome = Literal["ok", "failed", "left"]

#: rehearsals at once: CloudFormation takes a few calls a second
SIDE_BY_SIDE: Final = 4
#: seconds between two looks at a change set that is being made
PACE: Final = 1.0
#: seconds after which Ctrl-C and SIGTERM are looked for, at the latest
GLANCE: Final = 0.5
#: seconds that the removal of a stack may take, whatever time the rehearsal itself had
REMOVAL: Final = 30.0
#: attempts at the removal of a stack
ATTEMPTS: Final = 3
#: the change set's name: each stack has one
NAME: Final = "rehearsal"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How the rehearsal of a template ended; `message` says why where it is not ok.

    `left`: AWS took the body, and `stack` could not be removed. `digest` is "" where nothing was rendered. `code`
    is that of the error where one was raised.
    """

    template_id: str
    outcome: Outcome
    stack: str = ""
    digest: str = ""
    message: str = ""
    hint: str = ""
    changes: tuple[Change, ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is rehearsed in one stack."""

    stack: str
    rendered: RenderedStack
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


def rehearse(
    app: App,
    templates: Iterable[HostTemplate],
    units: int = 1,
    tell: Callable[[Rehearsal], None] = lambda _ended: None,
) -> tuple[Rehearsal, ...]:
    """Rehearse the stacks of requests for `units`, in the order of the templates; `tell` hears of each as it ends.

    One that fails hinders none of the others. Whatever breaks this off, Ctrl-C too, the stacks are removed first.
    """
    wanted = tuple(templates)
    calls = calls_of(app)
    calls.client("cloudformation")  # made once, before several threads ask for it
    stop = Event()
    ended: dict[str, Rehearsal] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        running = {pool.submit(_rehearsed, app, calls, stop, one, units) for one in wanted}
        try:
            while running:
                # a signal right before an endless wait does not end it: CPython waits in a semaphore
                done, running = wait(running, timeout=GLANCE, return_when=FIRST_COMPLETED)
                for found in (future.result() for future in done):
                    ended[found.template_id] = found
                    tell(found)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return tuple(ended[one.template_id] for one in wanted)


def _rehearsed(app: App, calls: Calls, stop: Event, template: HostTemplate, units: int) -> Rehearsal:
    try:
        part = _part(app, template, units)
    except OhfError as error:
        return Rehearsal(template.template_id, "failed", message=error.message, hint=error.hint, code=error.code)
    found = Rehearsal(template.template_id, "ok", part.stack, part.rendered.digest)
    try:
        seen = _made(app, calls, stop, part)
    except OhfError as error:
        found = replace(found, outcome="failed", message=error.message, hint=error.hint, code=error.code)
    else:
        found = replace(found, changes=seen.changes)
        if seen.stage != "ready":
            found = replace(found, outcome="failed", message=seen.reason or f"its change set is {seen.status}")
    finally:
        left = _removed(app, calls, part.stack)
    if left and found.outcome == "ok":
        return replace(found, outcome="left", message=left, hint="ohf gc --apply removes it")
    return replace(found, message=f"{found.message}; {left}") if left else found


def _part(app: App, template: HostTemplate, units: int) -> _Part:
    """Body, parameters and tags as a request has them; what makes a stack a request's is left out of the tags."""
    check_limits(template, units)
    rendered = render(template, app.settings.template.defaults, catalogue_files(app.settings))
    request = new_request(app, template, MachineAsk(template.template_id, units))
    tags = tags_for(request, rendered.digest, extra=app.settings.template.defaults.tags)
    return _Part(
        stack_name(rehearsal_id(app.now(), app.random_hex())),
        rendered,
        parameters_for(template, request),
        {key: value for key, value in tags.items() if key != TAG_REQUEST},
    )


def _shelf(app: App) -> Shelf:
    """Where a long body is put aside: what is rehearsed need be neither approved nor published."""
    return replace(shelf_of(app.settings), published=False, pinned=False)


def _made(app: App, calls: Calls, stop: Event, part: _Part) -> ChangeSetSeen:
    """The change set, made or failed."""
    change_sets.create_change_set(
        calls,
        stack=part.stack,
        name=NAME,
        template=sendable(calls, f"rehearse {part.stack}", part.rendered.body, _shelf(app)),
        parameters=part.parameters,
        tags=part.tags,
        role_arn=app.settings.provider.service_role_arn,
    )
    while True:
        seen = change_sets.describe_change_set(calls, part.stack, NAME)  # a new stack is invisible for a moment
        if seen is not None and seen.stage != "coming":
            return seen
        if stop.is_set():
            raise ProviderError(f"rehearse {part.stack}: broken off", sent=True)
        app.sleep(PACE)


def _removed(app: App, calls: Calls, stack: str) -> str:
    """Delete the stack, and its change set with it; why that was not possible, or ""."""
    time = Deadline.after(REMOVAL)
    own = calls.within(lambda: time.left)
    message = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            app.sleep(PACE)
        try:
            cloudformation.delete_stack(own, stack, f"{stack}-delete", app.settings.provider.service_role_arn)
        except OhfError as error:
            app.log.warning(f"rehearsal not removed: {error.message}", hint=error.hint)
            message = f"stack {stack} is left: {error.message}"
        else:
            return ""
    return message
