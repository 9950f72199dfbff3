"""What a call needs to be permitted: actions, the ARNs that they are about, and the keys that conditions look at.

Which action knows which resource type and condition key stands in the service authorization reference; calls that
are not in the table here are about everything (`*`), as all describes are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from moto.secretsmanager.models import secretsmanager_backends

from ohf_iac.local.arns import arn_of_id, group_arn, request_tags, resource_tags, stack_arn, tags_of_id
from ohf_iac.local.iam_policy import Ask

if TYPE_CHECKING:
    from ohf_iac.local.calls import Call, HttpRequest
    from ohf_iac.local.world import Region

Params = Mapping[str, str]
Asking = Callable[["Region", str, Params], Iterator[Ask]]
#: whoever has valid credentials may ask who he is (STS API reference)
FREE = frozenset({"sts:GetCallerIdentity"})
BUCKET_HOST = re.compile(r"https://(?P<bucket>[^/.]+)\.s3[^/]*/(?P<key>.+)")


def asks_of(region: Region, call: Call, request: HttpRequest) -> tuple[Ask, ...]:
    """The permissions that a call needs, all of them."""
    if call.protocol == "s3":
        return _object_asks(request)
    action = f"{call.service}:{call.action}"
    if action in FREE:
        return ()
    if call.protocol == "json":
        return tuple(_named_asks(region, action, request))
    return tuple(_TABLE.get(action, _everything)(region, action, _params(request)))


def _params(request: HttpRequest) -> Params:
    query = request.target.partition("?")[2]
    return dict(parse_qsl(f"{query}&{request.body.decode(errors='replace')}", keep_blank_values=True))


def _listed(params: Params, stem: str) -> Iterator[str]:
    """The values of a list in the query protocols: `Stem.1` or `Stem.member.1`, and so on."""
    for number in range(1, len(params) + 1):
        found = params.get(f"{stem}.{number}", params.get(f"{stem}.member.{number}"))
        if found is None:
            return
        yield found


def _tags(params: Params, stem: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for number in range(1, len(params) + 1):
        for between in (f"{stem}.{number}", f"{stem}.member.{number}"):
            if f"{between}.Key" in params:
                found[params[f"{between}.Key"]] = params.get(f"{between}.Value", "")
    return found


def _everything(region: Region, action: str, params: Params) -> Iterator[Ask]:
    del region, params
    yield Ask(action)


def _by_id(stem: str) -> Asking:
    """An action on each EC2 resource that the call names."""

    def asking(region: Region, action: str, params: Params) -> Iterator[Ask]:
        for one in (params[stem],) if stem in params else _listed(params, stem):
            yield Ask(action, arn_of_id(region, one), resource_tags(tags_of_id(region, one)))

    return asking


def _tagging(region: Region, action: str, params: Params) -> Iterator[Ask]:
    given = request_tags(_tags(params, "Tag"))
    for one in _listed(params, "ResourceId"):
        yield Ask(action, arn_of_id(region, one), {**resource_tags(tags_of_id(region, one)), **given})


def _group(region: Region, action: str, params: Params) -> Iterator[Ask]:
    yield Ask(action, group_arn(region, params.get("AutoScalingGroupName", "")))


def _group_tagging(region: Region, action: str, params: Params) -> Iterator[Ask]:
    for number in range(1, len(params) + 1):
        stem = f"Tags.member.{number}"
        if f"{stem}.Key" in params:
            context = request_tags({params[f"{stem}.Key"]: params.get(f"{stem}.Value", "")})
            yield Ask(action, group_arn(region, params.get(f"{stem}.ResourceId", "")), context)


def _stack(region: Region, action: str, params: Params) -> Iterator[Ask]:
    """A stack's action with all that it brings along: tags, a role to hand over, a template to read."""
    name, role, url = params.get("StackName", ""), params.get("RoleARN", ""), params.get("TemplateURL", "")
    if not name:
        yield Ask(action)
        return
    tags = _tags(params, "Tags")
    context = request_tags(tags)
    context |= {"cloudformation:RoleArn": (role,)} if role else {}
    context |= {"cloudformation:TemplateUrl": (url,)} if url else {}
    yield Ask(action, stack_arn(region, name), context)
    if tags:
        yield Ask("cloudformation:TagResource", stack_arn(region, name), request_tags(tags))
    if role:
        yield Ask("iam:PassRole", role, {"iam:PassedToService": ("cloudformation.amazonaws.com",)})
    if found := BUCKET_HOST.match(url):
        key, _, query = found["key"].partition("?")
        yield Ask(_reading(query), f"arn:aws:s3:::{found['bucket']}/{unquote(key)}")


def _drift(region: Region, action: str, params: Params) -> Iterator[Ask]:
    """A detection takes more than its own action (CloudFormation user guide, "Detect drift": permissions)."""
    for one in (action, "cloudformation:DetectStackResourceDrift"):
        yield Ask(one, stack_arn(region, params.get("StackName", "")))
    yield Ask("cloudformation:BatchDescribeTypeConfigurations")


def _object_asks(request: HttpRequest) -> tuple[Ask, ...]:
    """S3 by path, `/bucket/key`; other operations than objects' are named by their method."""
    target, _, query = request.target.partition("?")
    path, reading = unquote(target).strip("/"), _reading(query)
    known = {"PUT": "s3:PutObject", "GET": reading, "HEAD": reading, "DELETE": "s3:DeleteObject"}
    if "/" in path and request.method in known:
        return (Ask(known[request.method], f"arn:aws:s3:::{path}"),)
    return (Ask(f"s3:{request.method.title()}Bucket", f"arn:aws:s3:::{path}"),)


def _reading(query: str) -> str:
    """Reading an object, or one version of it, which is another action (S3 user guide, actions)."""
    return "s3:GetObjectVersion" if "versionId" in dict(parse_qsl(query)) else "s3:GetObject"


def _named_asks(region: Region, action: str, request: HttpRequest) -> Iterator[Ask]:
    """Systems Manager's parameters and secrets by name; whatever else speaks JSON is about everything."""
    document = json.loads(request.body or b"{}")
    if action == "secretsmanager:GetSecretValue":
        yield Ask(action, secret_arn(region, str(document.get("SecretId", ""))))
        return
    names = [document["Name"]] if "Name" in document else document.get("Names", [])
    if not action.startswith("ssm:") or not names:
        yield Ask(action)
    for name in names if action.startswith("ssm:") else ():
        yield Ask(action, parameter_arn(region, str(name)))


def parameter_arn(region: Region, name: str) -> str:
    """The ARN of a parameter of Systems Manager; AWS's public ones have no account in theirs."""
    account = "" if name.startswith("/aws/") else region.account
    return f"arn:aws:ssm:{region.name}:{account}:parameter/{name.strip('/')}"


def secret_arn(region: Region, name: str) -> str:
    """The ARN of a secret, which ends in six characters of AWS's choice."""
    found: Any = secretsmanager_backends[region.account][region.name].secrets.get(name)
    whole = f"arn:aws:secretsmanager:{region.name}:{region.account}:secret:{name}-AbCdEf"
    return str(found.arn) if found is not None else name if name.startswith("arn:") else whole


def _assuming(region: Region, action: str, params: Params) -> Iterator[Ask]:
    del region
    yield Ask(action, params.get("RoleArn", ""))


_TABLE: Mapping[str, Asking] = {
    **dict.fromkeys(["ec2:TerminateInstances", "ec2:StopInstances", "ec2:StartInstances"], _by_id("InstanceId")),
    **dict.fromkeys(["ec2:CreateTags", "ec2:DeleteTags"], _tagging),
    "sts:AssumeRole": _assuming,
    "ec2:ModifyFleet": _by_id("FleetId"),
    "ec2:DeleteFleets": _by_id("FleetId"),
    "ec2:ModifySpotFleetRequest": _by_id("SpotFleetRequestId"),
    "ec2:CancelSpotFleetRequests": _by_id("SpotFleetRequestId"),
    "ec2:DeleteLaunchTemplate": _by_id("LaunchTemplateId"),
    "ec2:ModifyInstanceAttribute": _by_id("InstanceId"),
    **dict.fromkeys(
        [
            f"autoscaling:{name}"
            for name in (
                "CreateAutoScalingGroup",
                "DeleteAutoScalingGroup",
                "DetachInstances",
                "ResumeProcesses",
                "SetDesiredCapacity",
                "SuspendProcesses",
                "UpdateAutoScalingGroup",
            )
        ],
        _group,
    ),
    **dict.fromkeys(["autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"], _group_tagging),
    **dict.fromkeys(
        [
            f"cloudformation:{name}"
            for name in (
                "CreateChangeSet",
                "CreateStack",
                "DeleteChangeSet",
                "DeleteStack",
                "DescribeChangeSet",
                "DescribeStackEvents",
                "DescribeStackResourceDrifts",
                "DescribeStackResources",
                "DescribeStacks",
                "ExecuteChangeSet",
                "GetTemplate",
                "ListChangeSets",
                "ListStackResources",
                "UpdateStack",
            )
        ],
        _stack,
    ),
    "cloudformation:DetectStackDrift": _drift,
}
