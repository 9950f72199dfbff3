"""A provider under exactly the policies that `ohf iam-policy` prints for it, on a local AWS that enforces them."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, Literal

import boto3
from botocore.config import Config

from ohf_cli.edge import run
from ohf_cli.human import called
from tests.e2e.provider import EXAMPLE, Provider
from tests.local_aws import ACCOUNT, REGION, LocalAws

Who = Literal["caller", "service"]
KEY: Final = f"AKIA{ACCOUNT}HOST"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/ohf-cloudformation"
BUCKET: Final = "grid-bodies"
PRINCIPALS: Final[Mapping[Who, str]] = {"caller": KEY, "service": ROLE}
#: stands for the launch template that is not ours, whose id is made anew in each world
FOREIGN: Final = "lt-00000000000000abc"
_PLAIN: Final = {
    "maxNumber": 100,
    "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "2"], "nram": ["Numeric", "8192"]},
    "subnetId": "subnet-0a1b2c3d4e5f60001",
}
_OWN: Final = {"imageId": "ami-0a1b2c3d4e5f60001", "securityGroupIds": ["sg-0a1b2c3d4e5f60001"]}
_THEIRS: Final = {"launchTemplateId": FOREIGN, "launchTemplateVersion": 1}
_LONG: Final = {
    "vmType": ",".join(
        f"{family}.{size}" for family in ("m5", "c5", "r5") for size in ("large", "xlarge", "2xlarge")
    ),
    "subnetId": ",".join(f"subnet-0a1b2c3d4e5f7{number:04d}" for number in range(80)),
}
_REQUIREMENTS: Final = {"VCpuCount": {"Min": 2, "Max": 4}, "MemoryMiB": {"Min": 4096}}
#: beside the example catalogue: what its templates do not need
MORE: Final[Mapping[str, Mapping[str, Any]]] = {
    "foreign-group": {"providerApi": "ASG", **_THEIRS},
    "foreign-instant": _THEIRS,
    "encrypted": {**_OWN, "vmType": "m5.large", "rootDeviceName": "/dev/xvda", "kmsKeyId": "alias/grid"},
    "long": {**_OWN, **_LONG},
    "reserved": {**_OWN, "vmType": "m5.large", "ec2FleetConfig": "reserved.json"},
    "by-attributes": {**_OWN, "abisInstanceRequirements": _REQUIREMENTS, "providerApi": "ASG"},
}


#: a fleet file that asks for reserved capacity first
_RESERVED: Final = {
    "Type": "instant",
    "LaunchTemplateConfigs": [{"Overrides": []}],
    "TargetCapacitySpecification": {"TotalTargetCapacity": "$LSF_TOTAL_TARGET_CAPACITY"},
    "OnDemandOptions": {"CapacityReservationOptions": {"UsageStrategy": "use-capacity-reservations-first"}},
}


@dataclass(frozen=True, slots=True)
class Installation:
    """A provider's folder; whether it has a service role, and groups in its catalogue."""

    provider: Provider
    role: bool = True
    groups: bool = True

    def prepare(self, world: Mapping[str, Any]) -> dict[Who, Any]:
        """An empty world with what administrators make by hand; the policies that are printed for it, in force."""
        aws = self.provider.aws
        aws.control("PUT", "policies", {})
        aws.reset(**world)
        data = {"ImageId": "ami-0a1b2c3d4e5f60001", "InstanceType": "m5.large"}
        made = aws.client("ec2").create_launch_template(LaunchTemplateName="theirs", LaunchTemplateData=data)
        aws.client("s3").create_bucket(Bucket=BUCKET)
        write(self, made["LaunchTemplate"]["LaunchTemplateId"])
        printed = said(self.provider, "iam-policy", "--account", ACCOUNT, "--with-import", "--with-review")
        policies: dict[Who, Any] = {who: json.loads(printed)[who] for who in PRINCIPALS}
        self.enforce(policies)
        return policies

    def enforce(self, policies: Mapping[Who, Any]) -> None:
        """Nobody may do more than this."""
        named = {PRINCIPALS[who]: policies[who] for who in PRINCIPALS if self.role or who == "caller"}
        self.provider.aws.control("PUT", "policies", {"policies": named})


def installation(folder: Path, aws: LocalAws, *, role: bool = True, groups: bool = True) -> Installation:
    """A provider of its own, called in this process with the restricted key."""
    conf = folder / "conf"
    conf.mkdir(parents=True)
    for file in EXAMPLE.glob("awsprov_config.json"):
        (conf / file.name).write_bytes(file.read_bytes())
    shutil.copytree(EXAMPLE / "scripts", conf / "scripts")
    (conf / "reserved.json").write_text(json.dumps(_RESERVED))
    return Installation(Provider(folder, aws, conf=conf, extra={"AWS_ACCESS_KEY_ID": KEY}), role, groups)


def write(installed: Installation, foreign: str = FOREIGN) -> None:
    """The example catalogue and more, and the settings."""
    conf = installed.provider.conf
    catalogue = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    catalogue["templates"] += [{"templateId": name, **_PLAIN, **entry} for name, entry in MORE.items()]
    if not installed.groups:
        catalogue["templates"] = [one for one in catalogue["templates"] if one.get("providerApi") != "ASG"]
    (conf / "awsprov_templates.json").write_text(json.dumps(catalogue).replace(FOREIGN, foreign))
    settings = {"owner": "ohf", "templateBucket": BUCKET, **({"serviceRoleArn": ROLE} if installed.role else {})}
    (conf / "ohf.json").write_text(json.dumps({"provider": settings}))


def said(provider: Provider, *words: str, code: int = 0) -> str:
    """What a command of `ohf` prints, run in this process with the provider's environment."""
    for name in ("work", "log"):
        (provider.folder / name).mkdir(parents=True, exist_ok=True)
    out, err = io.StringIO(), io.StringIO()
    with environment(provider.environ), redirect_stdout(out), redirect_stderr(err):
        found = run(called, words)
    assert found == code, f"ohf {' '.join(words)} exits {found}: {out.getvalue()}{err.getvalue()}"
    return out.getvalue()


@contextmanager
def environment(names: Mapping[str, str]) -> Iterator[None]:
    """These variables and no others."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(names)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def actions_of(policy: Mapping[str, Any]) -> set[str]:
    """The actions as the policy writes them."""
    given = [one["Action"] for one in policy["Statement"]]
    return {name for one in given for name in ([one] if isinstance(one, str) else one)}


def without(policy: Mapping[str, Any], action: str) -> dict[str, Any]:
    """The policy with that one action taken out of all its statements."""
    statements = []
    for one in policy["Statement"]:
        names = [one["Action"]] if isinstance(one["Action"], str) else one["Action"]
        if left := [name for name in names if name != action]:
            statements.append({**one, "Action": left})
    return {**policy, "Statement": statements}


def client_of(aws: LocalAws, service: str) -> Any:
    """A client with the host's credentials, in anybody's hands."""
    session: Any = boto3.Session(KEY, "fake", region_name=REGION)
    settings = Config(proxies={}, retries={"total_max_attempts": 1})
    return session.client(service, endpoint_url=aws.url, config=settings)


def denied(aws: LocalAws) -> list[tuple[str, str, str]]:
    """What has been denied since the policies were set: who, action, resource."""
    return [(one["principal"], one["action"], one["resource"]) for one in aws.control("GET", "policies")["denied"]]


def asked(aws: LocalAws, who: Who, action: str) -> bool:
    """Whether somebody needed that action of a policy, wildcards and all."""
    names = aws.control("GET", "policies")["asked"].get(PRINCIPALS[who], [])
    return any(fnmatchcase(name, action) for name in names)
