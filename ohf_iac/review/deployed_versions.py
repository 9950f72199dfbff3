"""Bodies as CloudFormation was given them: of one stack, and of the newest stack of each template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.aws.sent_bodies import sent_body
from ohf_iac.queries import stacks_of_owner
from ohf_iac.request import TAG_TEMPLATE
from ohf_iac.review.versions import of_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.aws.calls import Calls
    from ohf_iac.observation import StackSeen
    from ohf_iac.review.diff.comparison import Version


def of_stack(calls: Calls, stack: str) -> Version:
    """The body of a stack by name, or for ninety days after its deletion by its ARN; ProviderError without one."""
    return of_text(f"stack:{stack}", sent_body(calls, stack))


def deployed(calls: Calls, owner: str, template_ids: Iterable[str]) -> dict[str, Version]:
    """The body of each template's newest live stack; templates without one are not in it."""
    newest: dict[str, StackSeen] = {}
    for one in stacks_of_owner(calls, owner).values():
        known = newest.get(one.tags.get(TAG_TEMPLATE, ""))
        if known is None or (known.created_at, known.name) < (one.created_at, one.name):
            newest[one.tags.get(TAG_TEMPLATE, "")] = one
    return {name: of_stack(calls, newest[name].name) for name in template_ids if name in newest}
