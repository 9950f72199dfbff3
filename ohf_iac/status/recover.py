"""A request read back from what AWS holds of it: stack, or its machines alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.request import (
    TAG_DEADLINE,
    TAG_DIGEST,
    TAG_KIND,
    TAG_OWNER,
    TAG_PRICE_TYPE,
    TAG_RC_ACCOUNT,
    TAG_REQUEST,
    TAG_TEMPLATE,
    Request,
    RequestRecord,
    minted_at,
)
from ohf_iac.template.kinds import INSTANT, KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.machine import Instance
    from ohf_iac.observation import StackSeen

#: Seconds for which AWS keeps the events of a deleted stack: ninety days.
STACK_MEMORY: Final = 90 * 86400
#: Seconds after which a stack that CloudFormation does not show was never created.
STACK_PATIENCE: Final = 120
#: Seconds after which no plan may be applied any more, and its request would have ended.
PLAN_LIFE: Final = 8 * 86400
#: Seconds by which an id may be ahead of our clock: AWS refuses calls of hosts that are more than five minutes off
#: (AWS Signature Version 4), and two hosts may be off in opposite directions.
CLOCKS_APART: Final = 600
#: Seconds between an id and AWS's time for its stack from which the clock of the host that minted it was off.
MISDATED: Final = 120


def maybe_unseen(identifier: str, *clocks: float) -> bool:
    """Whether AWS may not show yet what an id of ours stands for: it is young by one of these clocks, AWS's or this
    host's (who minted it may be as far off as we are), or some other host's clock is ahead.

    An id from further ahead was never minted by a host that AWS listens to, and would be polled till its time.
    """
    minted = minted_at(identifier) or 0
    return any(-CLOCKS_APART <= now - minted < STACK_PATIENCE for now in clocks)


def deadline_by_aws(request: Request, stack: StackSeen | None) -> int:
    """A request's deadline by AWS's clock: that of the host that minted it was off if its stack, which is made at
    once, is much older or younger than its id."""
    off = stack.created_at - request.created_at if stack and stack.created_at else 0
    return request.deadline + (off if abs(off) > MISDATED else 0)


def record_from_stack(stack: StackSeen, weights: Mapping[str, int]) -> RequestRecord | None:
    """The request behind a stack of ours; None for a stack whose tags are not ours."""
    tags, parameters = stack.tags, stack.parameters
    kind = tags.get(TAG_KIND, "")
    if kind not in KINDS or TAG_REQUEST not in tags or TAG_OWNER not in tags:
        return None
    created = minted_at(tags[TAG_REQUEST]) or stack.created_at
    request = Request(
        request_id=tags[TAG_REQUEST],
        template_id=tags.get(TAG_TEMPLATE, ""),
        kind=kind,
        units=_whole(parameters.get("TargetCapacity", ""), 1),
        owner=tags[TAG_OWNER],
        created_at=created,
        deadline=_whole(tags.get(TAG_DEADLINE, ""), created),
        price_type=tags.get(TAG_PRICE_TYPE, "ondemand"),
        rc_account=tags.get(TAG_RC_ACCOUNT, "default"),
        on_demand_units=_whole(parameters.get("OnDemandCapacity", ""), 0),
        own_template="LaunchTemplateId" in stack.outputs,
        weights=weights,
    )
    return RequestRecord(request, "created", stack.stack_id, tags.get(TAG_DIGEST, ""))


def record_from_machines(
    request_id: str, owner: str, instances: tuple[Instance, ...], *, units: int = 0
) -> RequestRecord:
    """A request of which only machines are left: asked for as many as live, and long past its deadline."""
    created = minted_at(request_id) or 0
    request = Request(
        request_id=request_id,
        template_id=instances[0].tags.get(TAG_TEMPLATE, "") if instances else "",
        kind=INSTANT,
        units=units or max(1, sum(1 for one in instances if one.live)),
        owner=owner,
        created_at=created,
        deadline=created,
    )
    return RequestRecord(request, "created")


def _whole(text: str, otherwise: int) -> int:
    """A number as we wrote it; `otherwise` where somebody edited it into something else."""
    return int(text) if text.isascii() and text.isdigit() else otherwise
