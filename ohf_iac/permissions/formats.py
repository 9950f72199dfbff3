"""Policies as CloudFormation and Terraform take them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.permissions.policies import Policies

Role = Literal["caller", "service", "trust", "publisher"]


def as_cloudformation(policies: Policies, role: Role | None) -> dict[str, Any]:
    """A template that makes them: a managed policy for the caller, the service role with its own."""
    resources: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    if role in (None, "caller"):
        described = "What the management host's credentials of a Host Factory provider may do"
        properties: dict[str, Any] = {"Description": described, "PolicyDocument": policies.caller}
        resources["CallerPolicy"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
        outputs["CallerPolicyArn"] = {"Value": {"Ref": "CallerPolicy"}}
    if role in (None, "service", "trust"):
        properties = {"AssumeRolePolicyDocument": policies.trust}
        if policies.role_name:
            properties["RoleName"] = policies.role_name
        properties["Policies"] = [{"PolicyName": "stacks", "PolicyDocument": policies.service}]
        resources["ServiceRole"] = {"Type": "AWS::IAM::Role", "Properties": properties}
        outputs["ServiceRoleArn"] = {"Value": {"Fn::GetAtt": ["ServiceRole", "Arn"]}}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, "Outputs": outputs}


def as_terraform(policies: Policies, role: Role | None) -> dict[str, Any]:
    """The same in Terraform's JSON syntax (`.tf.json`)."""
    resource: dict[str, Any] = {}
    if role in (None, "caller"):
        resource["aws_iam_policy"] = {"ohf_caller": {"name": "ohf-caller", "policy": _encoded(policies.caller)}}
    if role in (None, "service", "trust"):
        named = {"name": policies.role_name or "ohf-cloudformation"}
        resource["aws_iam_role"] = {"ohf_service": {**named, "assume_role_policy": _encoded(policies.trust)}}
        attached = {"name": "stacks", "role": "${aws_iam_role.ohf_service.id}"}
        resource["aws_iam_role_policy"] = {"ohf_service": {**attached, "policy": _encoded(policies.service)}}
    return {"resource": resource}


def _encoded(policy: Mapping[str, Any]) -> str:
    """A policy as a text; what Terraform would take for a template in it is escaped."""
    return json.dumps(policy).replace("${", "$${").replace("%{", "%%{")
