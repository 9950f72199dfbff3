"""EC2's instance calls over the wire: run, describe, terminate, stop, start, attributes."""

from __future__ import annotations

from typing import Any

from ohf_iac.local.answers import Answer
from ohf_iac.local.ec2_call import Call
from ohf_iac.local.instance_search import filters_of, matches, named, page, search
from ohf_iac.local.instance_shape import reservations, state
from ohf_iac.local.launches import launch
from ohf_iac.local.machines import Machine, start, stop, terminate
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import Template, find_template, recipe, truth

NOT_DATA = ("LaunchTemplate", "MinCount", "MaxCount", "DryRun", "ClientToken")
MAX_TERMINATED, MAX_STATUS_IDS = 1000, 100


class InstanceCalls(Call):
    """Actions on instances."""

    def run_instances(self) -> Answer:
        self.check_dry_run()
        specification = self.params.get("LaunchTemplate")
        base = find_template(self.here, specification) if specification else Template("", "", "", {})
        own = {key: value for key, value in self.params.items() if key not in NOT_DATA}
        template = Template(base.id, base.name, base.version, {**base.data, **own})
        spot = (template.data.get("InstanceMarketOptions") or {}).get("MarketType") == "spot"
        made_of = recipe(self.here, template, {}, spot)
        machines: list[Machine] = []
        for place in range(int(self.params.get("MaxCount") or 1)):
            try:
                reservation = machines[0].reservation_id if machines else ""
                machines.append(launch(self.here, made_of, {}, lost=_nobody, reservation_id=reservation))
            except Refused:
                if place < int(self.params.get("MinCount") or 1):
                    for machine in machines:
                        terminate(self.here, machine)
                    raise
                break
        return self.reply(**reservations(self.here, machines)[0])

    def describe_instances(self) -> Answer:
        ids, limit = self.params.get("InstanceIds"), self.params.get("MaxResults")
        if ids and limit is not None:
            raise Refused(
                "InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults",
            )
        filters = filters_of(self.params)
        if not ids:
            shown, token = page(search(self.here, filters), limit, self.params.get("NextToken"))
            return self.reply(Reservations=reservations(self.here, shown), NextToken=token)
        wanted = named(self.here, ids)
        if filters:
            passing = {machine.id for machine in search(self.here, filters)}
            wanted = [machine for machine in wanted if machine.id in passing]
        return self.reply(Reservations=reservations(self.here, wanted))

    def describe_instance_status(self) -> Answer:
        """Only running ones unless IncludeAllInstances; at most 100 ids."""
        ids = self.params.get("InstanceIds") or ()
        if len(ids) > MAX_STATUS_IDS:
            raise Refused("InvalidParameterValue", f"Only {MAX_STATUS_IDS} instance ids may be given at a time")
        everything = truth(self.params.get("IncludeAllInstances"))
        filters = filters_of(self.params)
        events = filters.pop("event.code", None)
        found = named(self.here, ids) if ids else search(self.here, filters)
        wanted = [
            machine
            for machine in found
            if (everything or machine.state == "running")
            and (events is None or matches(events, (event["Code"] for event in machine.events)))
        ]
        shown, token = page(wanted, self.params.get("MaxResults"), self.params.get("NextToken"))
        return self.reply(InstanceStatuses=[_status(machine) for machine in shown], NextToken=token)

    def terminate_instances(self) -> Answer:
        """All or nothing for a wrong id; a protected machine spares those of its own zone."""
        ids = self.params.get("InstanceIds") or ()
        if len(ids) > MAX_TERMINATED:
            raise Refused(
                "InvalidParameterValue", f"Cannot terminate more than {MAX_TERMINATED} instances in one call"
            )
        machines = named(self.here, ids)
        self.check_dry_run()
        protected = {machine.recipe.subnet.zone: machine.id for machine in machines if _is_protected(machine)}
        before = {machine.id: state(machine) for machine in machines}
        for machine in machines:
            if machine.recipe.subnet.zone not in protected:
                terminate(self.here, machine)
        if protected:
            raise Refused(
                "OperationNotPermitted",
                f"The instance '{next(iter(protected.values()))}' may not be terminated. Modify its "
                "'disableApiTermination' instance attribute and try again.",
            )
        return self.reply(TerminatingInstances=_changes(machines, before))

    def stop_instances(self) -> Answer:
        machines = named(self.here, self.params.get("InstanceIds") or ())
        for machine in machines:
            if machine.recipe.spot:
                raise Refused("UnsupportedOperation", "You can't stop the Spot Instance '" + machine.id + "'")
        before = {machine.id: state(machine) for machine in machines}
        for machine in machines:
            stop(self.here, machine)
        return self.reply(StoppingInstances=_changes(machines, before))

    def start_instances(self) -> Answer:
        machines = named(self.here, self.params.get("InstanceIds") or ())
        before = {machine.id: state(machine) for machine in machines}
        for machine in machines:
            start(self.here, machine)
        return self.reply(StartingInstances=_changes(machines, before))

    def describe_instance_attribute(self) -> Answer:
        machine = named(self.here, [self.params["InstanceId"]])[0]
        data = machine.recipe.data
        values: dict[str, tuple[str, Any]] = {
            "disableApiTermination": ("DisableApiTermination", {"Value": machine.protected}),
            "instanceType": ("InstanceType", {"Value": machine.recipe.instance_type}),
            "userData": ("UserData", {"Value": data.get("UserData")}),
            "rootDeviceName": ("RootDeviceName", {"Value": machine.recipe.image.root_device}),
            "instanceInitiatedShutdownBehavior": (
                "InstanceInitiatedShutdownBehavior",
                {"Value": data.get("InstanceInitiatedShutdownBehavior") or "stop"},
            ),
        }
        wanted = self.params["Attribute"]
        if wanted not in values:
            raise Refused("InvalidParameterValue", f"Value ({wanted}) for parameter attribute is invalid.")
        name, value = values[wanted]
        return self.reply(**{"InstanceId": machine.id, name: value})

    def modify_instance_attribute(self) -> Answer:
        machine = named(self.here, [self.params["InstanceId"]])[0]
        given = self.params.get("DisableApiTermination")
        if given is None and self.params.get("Attribute") == "disableApiTermination":
            given = {"Value": self.params.get("Value")}
        if given is None:
            raise Refused("InvalidParameterCombination", "Only disableApiTermination can be modified here.")
        machine.protected = truth(given.get("Value"))
        return self.reply()


def _is_protected(machine: Machine) -> bool:
    return machine.protected and machine.state not in ("shutting-down", "terminated")


def _nobody(machine: Machine) -> None:
    """Machines of RunInstances belong to nobody who would replace them."""


def _changes(machines: list[Machine], before: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"InstanceId": machine.id, "CurrentState": state(machine), "PreviousState": before[machine.id]}
        for machine in machines
    ]


def _status(machine: Machine) -> dict[str, Any]:
    health = "ok" if machine.state == "running" else "not-applicable"
    return {
        "AvailabilityZone": machine.recipe.subnet.zone,
        "InstanceId": machine.id,
        "InstanceState": state(machine),
        "InstanceStatus": {"Status": health, "Details": []},
        "SystemStatus": {"Status": health, "Details": []},
        "Events": machine.events,
    }
