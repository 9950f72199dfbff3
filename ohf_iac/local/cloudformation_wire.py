"""CloudFormation on the wire: each action asks the module that knows the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import BaseResponse

from ohf_iac.local import change_sets, stack_drift, stack_orders, stack_reads, template_reads
from ohf_iac.local.answers import Answer
from ohf_iac.local.resource_types import RESOURCE_TYPES
from ohf_iac.local.stack_record import Site
from ohf_iac.local.wire import caller_of, region_of

Params = Mapping[str, Any]


class CloudFormationWire(BaseResponse):
    """moto parses the request and finds the method named after the action; nothing else of it is used."""

    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True

    def _read(self, ask: Callable[[Site, Params], Mapping[str, Any]]) -> Answer:
        return Answer(ask(Site(region_of(self), RESOURCE_TYPES, caller_of(self)), self.params))

    def _order(self, order: Callable[[Site, Params], Any]) -> Answer:
        return self._read(lambda site, params: {"StackId": order(site, params).id})

    def create_stack(self) -> Answer:
        return self._order(stack_orders.create_stack)

    def update_stack(self) -> Answer:
        return self._order(stack_orders.update_stack)

    def update_termination_protection(self) -> Answer:
        return self._order(stack_orders.protect)

    def delete_stack(self) -> Answer:
        return self._read(stack_orders.delete_stack)

    def describe_stacks(self) -> Answer:
        return self._read(stack_reads.describe_stacks)

    def list_stacks(self) -> Answer:
        return self._read(stack_reads.list_stacks)

    def describe_stack_events(self) -> Answer:
        return self._read(stack_reads.describe_stack_events)

    def describe_stack_resources(self) -> Answer:
        return self._read(stack_reads.describe_stack_resources)

    def describe_stack_resource(self) -> Answer:
        return self._read(stack_reads.describe_stack_resource)

    def list_stack_resources(self) -> Answer:
        return self._read(stack_reads.list_stack_resources)

    def describe_account_limits(self) -> Answer:
        return self._read(stack_reads.account_limits)

    def get_template(self) -> Answer:
        return self._read(template_reads.get_template)

    def get_template_summary(self) -> Answer:
        return self._read(template_reads.template_summary)

    def validate_template(self) -> Answer:
        return self._read(template_reads.validate_template)

    def create_change_set(self) -> Answer:
        return self._read(change_sets.create_change_set)

    def describe_change_set(self) -> Answer:
        return self._read(change_sets.describe_change_set)

    def list_change_sets(self) -> Answer:
        return self._read(change_sets.list_change_sets)

    def execute_change_set(self) -> Answer:
        return self._read(change_sets.execute_change_set)

    def delete_change_set(self) -> Answer:
        return self._read(change_sets.delete_change_set)

    def detect_stack_drift(self) -> Answer:
        return self._read(stack_drift.detect_drift)

    def describe_stack_drift_detection_status(self) -> Answer:
        return self._read(stack_drift.drift_status)

    def describe_stack_resource_drifts(self) -> Answer:
        return self._read(stack_drift.resource_drifts)
