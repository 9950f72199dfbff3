"""All situations of rows by name, each of them made in an empty account."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tests.contract.worlds.requested import (
    World,
    accounted,
    asked,
    full,
    hundreds,
    many,
    memory_lost_after,
    nameless,
    nothing,
    polled,
    rest_bought,
    scattered,
    settled,
    shared_folders,
    starting,
    strangers,
    templates_were_given,
    then,
    unknown_ids,
    waiting,
)
from tests.contract.worlds.returned import (
    returned,
    returned_across,
    returned_for_good,
    returned_in_part,
    returned_stranger,
    returned_unheard,
    returned_unknown,
    returned_vanished,
    returned_while_running,
    returned_while_starting,
)
from tests.contract.worlds.short import (
    blind,
    died,
    failed_launch,
    failed_stack,
    none_launched,
    overdue,
    refusing,
    short,
    strict_by_setting,
)
from tests.contract.worlds.taken import all_lost, interrupted, interrupted_early, lost_outside, protected, retired

#: templates of the kinds that go on launching until they are told not to
KINDS = ("patient", "kept", "group", "spot-request", "spot-kept")
#: the states of EC2 in which a machine is of no use any more
STATES = ("shutting-down", "terminated", "stopping", "stopped")
#: situations that go by the name of the function that makes them
_PLAIN: tuple[World, ...] = (
    nothing,
    settled,
    asked,
    starting,
    nameless,
    waiting,
    scattered,
    many,
    hundreds,
    full,
    accounted,
    rest_bought,
    shared_folders,
    templates_were_given,
    unknown_ids,
    strangers,
    failed_launch,
    failed_stack,
    overdue,
    blind,
    short,
    none_launched,
    interrupted_early,
    retired,
    all_lost,
    returned,
    returned_for_good,
)
WORLDS: Mapping[str, World] = {
    **{made.__name__.replace("_", " "): made for made in _PLAIN},
    **{f"settled {template}": partial(settled, template=template) for template in (*KINDS, "spot-now", "public")},
    **{f"died: {one}": partial(died, state=one) for one in STATES},
    **{f"died, still waiting: {one}": partial(died, state=one, template="patient") for one in STATES},
    **{f"lost outside: {one}": partial(lost_outside, state=one) for one in ("terminated", "stopped")},
    **{
        f"returned unheard: {state}": partial(returned_unheard, state=state)
        for state in ("pending", "running", "stopping", "stopped")
    },
    **{f"short {template}": partial(short, template=template) for template in (*KINDS, "strict")},
    "returned while running": partial(returned_while_running, template="patient"),
    **{f"none launched {one}": partial(none_launched, template=one) for one in ("group", "patient")},
    **{
        f"interrupted {one}": partial(interrupted, template=one)
        for one in ("spot-now", "kept", "spot-request", "spot-kept")
    },
    "interrupted and ended": then(interrupted, 180),
    "short, strict by setting": strict_by_setting,
    "group past its time": polled(partial(waiting, template="short-lived"), 600),
    "waiting group": partial(waiting, template="group"),
    "strangers, later": then(strangers, 200),
    "asked, memory lost": memory_lost_after(asked),
    "settled, protected": protected,
    "settled long ago": then(settled, 600),
    "returned an unknown": returned_unknown,
    "returned a stranger": returned_stranger,
    "returned across": returned_across,
    "returned one after the other": returned_in_part,
    "returned, forgotten by EC2": returned_vanished,
    "returned while starting": returned_while_starting,
    "returned while running group, later": polled(partial(returned_while_running, template="group"), 300),
    "forgotten": memory_lost_after(settled),
    "returned, memory lost": memory_lost_after(returned),
    "returned, gone": partial(returned, seconds=150),
    "returned protected": partial(returned, protect=True),
    "nameless for long": partial(nameless, after=900),
    "lost outside, forgotten": partial(lost_outside, state="terminated", forgotten=True),
    "asked for weighted": partial(settled, template="weighted", count=10),
    "mixed": partial(settled, template="shared", count=4),
    "group in time": partial(waiting, template="short-lived"),
    "denied": partial(
        refusing,
        service="cloudformation",
        action="CreateStack",
        kind="error",
        status=403,
        code="AccessDenied",
        message="User is not authorized to perform: cloudformation:CreateStack",
    ),
    "limited": partial(
        refusing,
        service="cloudformation",
        action="CreateStack",
        kind="error",
        status=400,
        code="LimitExceededException",
        message="Limit for stack has been exceeded",
    ),
    "reply lost": partial(refusing, service="cloudformation", action="CreateStack", kind="lost"),
}
