"""A request before its stack: within its template's limits, and kept in memory before anything is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.app import announce
from ohf_iac.aws import ec2
from ohf_iac.errors import BusinessRuleError
from ohf_iac.events import request_changes
from ohf_iac.request import TAG_REQUEST, Request, new_id
from ohf_iac.status.tally import units_of
from ohf_iac.store.memory import unsettled, with_due_chores, with_request
from ohf_iac.template.host_template import on_demand_units

if TYPE_CHECKING:
    from collections.abc import Callable

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls
    from ohf_iac.hostfactory import MachineAsk
    from ohf_iac.machine import Instance
    from ohf_iac.request import RequestRecord
    from ohf_iac.store.memory import Memory
    from ohf_iac.template.host_template import HostTemplate


def check_limits(template: HostTemplate, units: int) -> None:
    """BusinessRuleError for more units than one request, or the template, may have."""
    if template.max_number == 0:
        raise BusinessRuleError(
            f"request machines: template {template.template_id} is disabled (maxNumber is 0)",
            hint="set maxNumber in the catalogue",
        )
    if units > template.max_per_request:
        raise BusinessRuleError(
            f"request machines: {units} asked for, template {template.template_id} gives at most "
            f"{template.max_per_request} in one request",
            hint="raise maxPerRequest in the catalogue",
        )
    if 0 < template.max_number < units:
        raise BusinessRuleError(
            f"request machines: {units} asked for, maxNumber of template {template.template_id} "
            f"is {template.max_number}",
            hint="ask for fewer, or raise maxNumber in the catalogue",
        )


def new_request(app: App, template: HostTemplate, ask: MachineAsk) -> Request:
    """The request that an ask is, under an id of its own, from now to the end of its template's validity."""
    now = app.now()
    return Request(
        request_id=new_id("req", now, app.random_hex()),
        template_id=template.template_id,
        kind=template.kind,
        units=ask.units,
        owner=app.owner,
        created_at=int(now),
        deadline=int(now) + template.validity,
        price_type=template.price_type,
        rc_account=ask.rc_account,
        on_demand_units=on_demand_units(template, ask.units),
        own_template=not template.launch_template_id,
        weights=template.weights,
    )


def keep_intent(
    app: App,
    calls: Calls,
    template: HostTemplate,
    record: RequestRecord,
    check: Callable[[Memory], None] = lambda _memory: None,
) -> None:
    """Keep the intent if maxNumber allows it: what lives of the template and what is asked for counts (design §5).

    BusinessRuleError if it does not, or whatever `check` raises about the memory. Counted, checked and written in
    one change of the store, or two calls at once would both find room for the last machine.
    """
    since = int(app.now())
    limited = template.max_number >= 0
    live = ec2.live_of_template(calls, app.owner, template.template_id) if limited else ()

    def edit(memory: Memory) -> Memory:
        check(memory)
        if limited:
            _check_room(memory, template, record, live, since)
        return with_request(memory, record)

    app.store.change(edit)
    announce(app, request_changes(None, record, int(app.now())))


def _check_room(
    memory: Memory, template: HostTemplate, record: RequestRecord, live: tuple[Instance, ...], since: int
) -> None:
    used = units_of(record.request, live) + _units_to_come(memory, template, live, since)
    if used + record.request.units > template.max_number:
        raise BusinessRuleError(
            f"request machines: {record.request.units} asked for, {used} of template {template.template_id} "
            f"are in use or asked for, maxNumber is {template.max_number}",
            hint="return machines, or raise maxNumber in the catalogue",
        )


def _units_to_come(memory: Memory, template: HostTemplate, live: tuple[Instance, ...], since: int) -> int:
    """Units asked for that were not seen live: of open requests, and of those that settled since the look.

    An open request with a chore has been frozen, because nobody asks for it: nothing more comes of it.
    """
    open_ones = [
        one for one in unsettled(memory) if one.request.template_id == template.template_id and not one.chore_at
    ]
    asked = 0
    for record in open_ones:
        own = [one for one in live if one.tags.get(TAG_REQUEST) == record.request.request_id]
        asked += max(0, record.request.units - units_of(record.request, own))
    known = {one.instance_id for one in live}
    fresh = [
        machine
        for record in with_due_chores(memory, float("inf"))
        if record.settled_at >= since and record.request.template_id == template.template_id
        for machine in record.machines
        if machine.result == "succeed" and machine.machine_id not in known
    ]
    return asked + sum(template.weights.get(one.instance_type, 1) for one in fresh)
