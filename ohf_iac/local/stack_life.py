"""Stacks brought up: resources in the order of their needs, and what a failure leads to."""

from __future__ import annotations

from ohf_iac.local.intrinsics import TemplateError, evaluate
from ohf_iac.local.stack_end import begin_deletion, begin_rollback
from ohf_iac.local.stack_record import Site, Stack, after, planned, record, scope_of
from ohf_iac.local.stack_steps import make
from ohf_iac.local.template_body import live_outputs

CANCELLED = "Resource creation cancelled"
TOO_LONG = "Stack creation time exceeded the specified timeout. "


def begin_creation(site: Site, stack: Stack) -> None:
    """Start the creation of everything the stack's version asks for."""
    stack.operation += 1
    stack.resources = {name: planned(stack.version, name) for name in stack.version.needs}
    record(site, stack, None, "CREATE_IN_PROGRESS", "User Initiated")
    if stack.terms.timeout_minutes:
        after(site, stack, stack.terms.timeout_minutes * 60.0, lambda: _give_up(site, stack, TOO_LONG))
    _go_on(site, stack)


def _go_on(site: Site, stack: Stack) -> None:
    for resource in stack.resources.values():
        needed = (stack.resources[other].status for other in resource.needs)
        if not resource.status and all(status == "CREATE_COMPLETE" for status in needed):
            make(site, stack, resource, lambda: _go_on(site, stack), lambda _: _give_up(site, stack))
    if all(resource.status == "CREATE_COMPLETE" for resource in stack.resources.values()):
        stack.operation += 1
        _complete(site, stack)


def _complete(site: Site, stack: Stack) -> None:
    try:
        stack.outputs = outputs_of(site, stack)
    except TemplateError as error:
        _end_failed(site, stack, f"{error} ")
        return
    record(site, stack, None, "CREATE_COMPLETE")


def outputs_of(site: Site, stack: Stack) -> dict[str, str]:
    """The stack's outputs as what stands answers them. Raises TemplateError."""
    scope = scope_of(site, stack)
    live = live_outputs(stack.version.template, scope)
    return {name: str(evaluate(output["Value"], scope)) for name, output in live.items()}


def _give_up(site: Site, stack: Stack, words: str = "") -> None:
    stack.operation += 1
    for resource in stack.resources.values():
        if resource.status == "CREATE_IN_PROGRESS":
            record(site, stack, resource, "CREATE_FAILED", CANCELLED)
    failed = [name for name, resource in stack.resources.items() if resource.status == "CREATE_FAILED"]
    _end_failed(site, stack, f"{words}The following resource(s) failed to create: [{', '.join(failed)}]. ")


def _end_failed(site: Site, stack: Stack, words: str) -> None:
    if stack.terms.on_failure == "DO_NOTHING":
        record(site, stack, None, "CREATE_FAILED", words)
    elif stack.terms.on_failure == "DELETE":
        begin_deletion(site, stack, f"{words}Delete requested by user.")
    else:
        begin_rollback(site, stack, f"{words}Rollback requested by user.")
