"""Quotas by name: what a refusal speaks of, wherever it comes from, and rates told apart from them."""

from __future__ import annotations

import pytest

from ohf_iac.cfn import StackEvent
from ohf_iac.quotas import NOT_A_RATE, remedy
from ohf_iac.status.shortage import why_short
from ohf_iac.template.kinds import ASG
from tests import seen
from tests.judged import FAILED

STANDARD = "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances"

TOLD = [
    ("LimitExceededException", "stack ohf-req-1: Limit for stack has been exceeded", "Stack count", "L-0485CB21"),
    ("LimitExceeded", "Maximum number of stacks (2000) reached", "Stack count", "cloudformation"),
    (
        "LimitExceeded",
        "You have reached the AutoScalingGroup limit",
        "Auto Scaling groups per region",
        "L-CDE20ADC",
    ),
    ("ServiceLimitExceeded", "the launch template limit is reached", "Launch templates", "L-FB451C26"),
    ("MaxTemplateLimitExceeded", "", "Launch templates", "L-FB451C26"),
    ("MaxTemplateVersionLimitExceeded", "", "Launch template versions", "ec2"),
    ("MaxSpotFleetRequestCountExceeded", "", "EC2 Fleets and Spot Fleets per Region", "ec2"),
    ("VcpuLimitExceeded", "", "Running On-Demand instances of the type's family", "ec2"),
    ("InstanceLimitExceeded", "", "Running On-Demand instances of the type's family", "ec2"),
    ("MaxSpotInstanceCountExceeded", "", "Spot Instance Requests of the type's family", "ec2"),
    ("spotInstanceCountLimitExceeded", "", "Spot Instance Requests of the type's family", "ec2"),
    ("Client.VolumeLimitExceeded", "", "Storage of the volume's type", "ebs"),
    ("MaxIOPSLimitExceeded", "", "IOPS of the volume's type", "ebs"),
    ("InsufficientFreeAddressesInSubnet", "", "no free address", "catalogue"),
    ("", "You have requested more vCPU capacity than your current vCPU limit of 32 allows", "On-Demand", "ec2"),
    ("", "Max spot instance count exceeded", "Spot Instance Requests", "ec2"),
    ("", "Not enough free addresses in subnet subnet-1", "no free address", "catalogue"),
]


@pytest.mark.parametrize(("code", "text", "name", "where"), TOLD)
def test_a_refusal_names_its_quota_and_where_it_is_raised(code: str, text: str, name: str, where: str) -> None:
    told = remedy(code, text)
    assert name in told
    assert where in told


@pytest.mark.parametrize(
    ("types", "name"),
    [
        (
            ["m5.large", "c6i.xlarge", "im4gn.large", "t3.micro"],
            f"{STANDARD}' is reached; Service Quotas, ec2 L-1216C47A",
        ),
        (["g5.xlarge", "vt1.3xlarge"], "G and VT instances"),
        (["p4d.24xlarge"], "On-Demand P instances"),
        (["inf2.xlarge"], "On-Demand Inf instances"),
        (["u-6tb1.metal"], "High Memory instances"),
        (["g5.xlarge", "p4d.24xlarge"], "of the type's family"),
        (["quantum1.large"], "of the type's family"),
    ],
)
def test_on_demand_quotas_are_those_of_the_types_family(types: list[str], name: str) -> None:
    assert name in remedy("VcpuLimitExceeded", "", types)


def test_spot_has_quotas_of_its_own() -> None:
    assert "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests" in remedy(
        "MaxSpotInstanceCountExceeded", "", ["r5.large"]
    )


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("Throttling", "Rate exceeded"),
        ("RequestLimitExceeded", "Request limit exceeded."),
        ("ThrottlingException", "Rate exceeded"),
        ("InsufficientInstanceCapacity", "We currently do not have sufficient m5.large capacity"),
        ("LimitExceeded", "of what?"),
        ("", ""),
    ],
)
def test_a_rate_and_a_lack_of_capacity_are_no_quotas(code: str, text: str) -> None:
    assert remedy(code, text) == ""


def test_what_botocore_would_repeat_in_vain_is_still_known() -> None:
    for code, plain in NOT_A_RATE.items():
        assert remedy(plain, "stack") == remedy(code, "stack") != ""


def test_a_shortage_names_the_quota_of_its_machines_family() -> None:
    short = seen.capacity(ASG, short=[("VcpuLimitExceeded", "You have requested more vCPU capacity")])
    observed = seen.look(*seen.running(1, 2, instance_type="m5.large"), capacities=[short])
    told = why_short(seen.request(), observed, "")
    assert told.startswith("Error Code: VcpuLimitExceeded: You have requested more vCPU capacity (quota ")
    assert "L-1216C47A" in told


def test_a_failed_stack_names_the_quota_in_its_events() -> None:
    reason = (
        'Resource handler returned message: "You have already reached the AutoScalingGroup limit (Service: '
        'AutoScaling, Status Code: 400, Request ID: 1)" (RequestToken: 2, HandlerErrorCode: ServiceLimitExceeded)'
    )
    event = StackEvent("1", 1.0, "Capacity", "AWS::AutoScaling::AutoScalingGroup", "CREATE_FAILED", reason=reason)
    assert "L-CDE20ADC" in why_short(seen.request(), seen.look(stack=FAILED, events=(event,)), "")
