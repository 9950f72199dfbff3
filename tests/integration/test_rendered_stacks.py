"""Rendered bodies on the local AWS: CloudFormation takes them, and the machines are what was asked for."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from ohf_iac.request import Request
from ohf_iac.stack import parameters_for, tags_for
from ohf_iac.template.host_template import HostTemplate
from tests.golden.cases import CASES, HERE, catalogue_of, rendered
from tests.local_aws import LocalAws

UNITS = 8
SINGULAR = ("instant-efa", "asg-ratio", "instant-pools", "spotfleet-request-attributes", "request-heterogeneous")


def launched(local_aws: LocalAws, case: str, body: str = "") -> tuple[HostTemplate, Request, list[dict[str, Any]]]:
    """Create the stack of a case and wait for it; the machines that carry its request id."""
    (template,) = catalogue_of(HERE / case).templates
    now = int(local_aws.now())
    request = Request(
        request_id=f"req-{now:08x}-0123456789abcdef",
        template_id=template.template_id,
        kind=template.kind,
        units=UNITS,
        owner="me",
        created_at=now,
        deadline=now + template.validity,
        price_type=template.price_type,
        rc_account="project1",
    )
    name = f"ohf-{request.request_id}"
    cloudformation, ec2 = local_aws.client("cloudformation"), local_aws.client("ec2")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=body or rendered(case).body,
        Parameters=pairs(parameters_for(template, request), "ParameterKey", "ParameterValue"),
        Tags=pairs(tags_for(request, rendered(case).digest), "Key", "Value"),
    )
    local_aws.advance(90)
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", [one.get("ResourceStatusReason") for one in events]
    answer = ec2.describe_instances(Filters=[{"Name": "tag:ohf:request-id", "Values": [request.request_id]}])
    return template, request, [one for reservation in answer["Reservations"] for one in reservation["Instances"]]


def pairs(values: dict[str, str], key: str, value: str) -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in values.items()]


def check(template: HostTemplate, request: Request, machines: list[dict[str, Any]]) -> None:
    """Enough units, of the types asked for, bought as asked for, tagged as ours."""
    units = {machine["InstanceId"]: template.weights.get(machine["InstanceType"], 1) for machine in machines}
    assert sum(units.values()) >= UNITS
    part, whole = template.on_demand_share
    spot = {machine["InstanceId"] for machine in machines if machine.get("InstanceLifecycle") == "spot"}
    assert bool(spot) == (part < whole)
    assert bool(set(units) - spot) == (part > 0)
    for machine in machines:
        tags = {tag["Key"]: tag["Value"] for tag in machine["Tags"]}
        assert tags["ohf:template-id"] == request.template_id
        assert tags["ohf:owner"] == "me"
        assert tags["RC_ACCOUNT"] == "project1"
        assert template.tags.items() <= tags.items()
        assert machine["ImageId"] == "ami-0a1b2c3d4e5f60001"
        assert not machine.get("PublicIpAddress")


@pytest.mark.parametrize("case", [case for case in CASES if case.endswith("-full")] + list(SINGULAR))
def test_body_launches_what_the_catalogue_asks_for(local_aws: LocalAws, case: str) -> None:
    check(*launched(local_aws, case))


@pytest.mark.parametrize(
    "case", ["instant-foreign-launch-template", "asg-foreign-launch-template", "instant-fleet-file"]
)
def test_machines_of_a_foreign_launch_template_are_tagged_too(local_aws: LocalAws, case: str) -> None:
    ec2 = local_aws.client("ec2")
    data = {"ImageId": "ami-0a1b2c3d4e5f60001", "InstanceType": "m5.large"}
    name = ec2.create_launch_template(LaunchTemplateName="theirs", LaunchTemplateData=data)
    foreign = name["LaunchTemplate"]["LaunchTemplateId"]
    for _ in range(2):
        ec2.create_launch_template_version(LaunchTemplateId=foreign, LaunchTemplateData=data)
    check(*launched(local_aws, case, rendered(case).body.replace("lt-0a1b2c3d4e5f60001", foreign)))


def test_user_data_is_filled_in_and_the_shell_keeps_its_variables(local_aws: LocalAws) -> None:
    _, request, machines = launched(local_aws, "asg-spot-full")
    launch_template = {tag["Key"]: tag["Value"] for tag in machines[0]["Tags"]}["aws:ec2launchtemplate:id"]
    versions = local_aws.client("ec2").describe_launch_template_versions(LaunchTemplateId=launch_template)
    data = versions["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    script = base64.b64decode(data["UserData"]).decode()
    first, exports, rest = script.split("\n", 2)
    assert first == "#!/bin/bash"
    assert f"export HF_REQUEST_ID={request.request_id};" in exports
    assert exports.startswith("export pool=night;export queue=risk;export rc_account=project1;")
    assert rest == 'HOME_OF=${HOME}; LIST=("${!HF_@}"); echo "${HOME_OF:-${PWD}} $1 ${rc_account}"\n'
