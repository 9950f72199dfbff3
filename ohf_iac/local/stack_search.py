"""Stacks found by name or id, as far as readers may see them yet or still."""

from __future__ import annotations

from ohf_iac.local.stack_checks import invalid
from ohf_iac.local.stack_record import Site, Stack

MISSING = "Stack with id {} does not exist"
MISSING_IN_BRACKETS = "Stack [{}] does not exist"


def live_stack(site: Site, name_or_id: str) -> Stack | None:
    """The stack that stands under this name or id; its readers may not see it yet."""
    for stack in _stacks(site):
        if stack.live and name_or_id in (stack.name, stack.id):
            return stack
    return None


def readable_stack(site: Site, name_or_id: str, words: str = MISSING) -> Stack:
    """The stack as readers see it: by name while it lives, by id for as long as AWS remembers it.

    Raises Refused (ValidationError) in these `words` when there is none, or none yet.
    """
    for stack in readable_stacks(site):
        if name_or_id == stack.id or (stack.live and name_or_id == stack.name):
            return stack
    raise invalid(words.format(name_or_id))


def readable_stacks(site: Site) -> list[Stack]:
    """Every stack that readers see, newest first."""
    seen_from = site.now() - site.scenario.lag.new_stack
    return [stack for stack in reversed(_stacks(site)) if stack.created_at <= seen_from]


def _stacks(site: Site) -> list[Stack]:
    """All stacks, oldest first, without those whose deletion AWS has forgotten by now."""
    kept_for = site.scenario.forget.deleted_stacks
    stacks = site.region.stacks
    if kept_for is not None:
        too_old = site.now() - kept_for
        for stack in list(stacks.values()):
            if stack.deleted_at is not None and stack.deleted_at < too_old:
                del stacks[stack.id]
    return list(stacks.values())
