"""Which stacks are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.aws import cloudformation
from ohf_iac.errors import ResourceNotFoundError
from ohf_iac.request import TAG_TEMPLATE, id_kind, stack_name
from ohf_iac.review.proving import is_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.aws.calls import Calls
    from ohf_iac.observation import StackSeen


def template_of(stack: StackSeen) -> str:
    """The template that a stack was made from, as its parameter or tag tells; "" where neither does."""
    return stack.parameters.get("TemplateId", "") or stack.tags.get(TAG_TEMPLATE, "")


def chosen_stacks(calls: Calls, owner: str, names: Iterable[str] = (), template: str = "") -> tuple[StackSeen, ...]:
    """The live stacks of an owner, or those named by request, stack name or ARN; with `template` its stacks alone.

    ResourceNotFoundError for a name that AWS does not know, or that is somebody else's.
    """
    wanted = tuple(dict.fromkeys(names))
    if wanted:
        found = tuple(_named(calls, owner, one) for one in wanted)
    else:
        live = cloudformation.walk_stacks(calls)
        found = tuple(one for one in live if one.phase != "review" and is_of(one, owner))
    return tuple(one for one in found if template in ("", template_of(one)))


def _named(calls: Calls, owner: str, name: str) -> StackSeen:
    found = cloudformation.describe_stack(calls, stack_name(name) if id_kind(name) == "req" else name)
    if found is None or not is_of(found, owner):
        why = "AWS knows none of that name" if found is None else "it is not this installation's"
        raise ResourceNotFoundError(f"find the stack of {name}: {why}", hint="ohf status lists the requests")
    return found
