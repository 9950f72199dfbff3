"""Quotas of an account that a refusal speaks of: their names, and how to have them raised.

A quota is how much there may be, and stays reached until something goes or AWS raises it; a rate is how fast calls
may come, and is over in a moment. Codes and texts are those of EC2's and Auto Scaling's error lists and of
CloudFormation's API reference (`aws-behaviour.md` §3, §5, §6); names and codes of quotas are those that Service
Quotas shows (docs.aws.amazon.com: EC2 on-demand and spot quotas, EBS, Auto Scaling and CloudFormation quotas).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota by its name in Service Quotas. `code` is "" where the name is one of several, or AWS has none."""

    name: str
    service: str
    code: str = ""

    @property
    def remedy(self) -> str:
        """What to do about it, as the next step of an error."""
        where = f"Service Quotas, {self.service}{f' {self.code}' if self.code else ''}"
        return f"quota {self.name!r} is reached; {where}, takes requests to raise it"


#: by the first letters of the instance type: quotas of running on-demand machines, and of spot requests, in vCPUs
_ON_DEMAND: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "standard": ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", "L-1216C47A"),
        "dl": ("Running On-Demand DL instances", "L-6E869C2A"),
        "f": ("Running On-Demand F instances", "L-74FC7D96"),
        "g": ("Running On-Demand G and VT instances", "L-DB2E81BA"),
        "hpc": ("Running On-Demand HPC instances", "L-F7808C92"),
        "inf": ("Running On-Demand Inf instances", "L-1945791B"),
        "p": ("Running On-Demand P instances", "L-417A185B"),
        "trn": ("Running On-Demand Trn instances", "L-2C3B7624"),
        "u": ("Running On-Demand High Memory instances", "L-43DA4232"),
        "x": ("Running On-Demand X instances", "L-7295265B"),
    }
)
_SPOT: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "standard": ("All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", "L-34B43A08"),
        "f": ("All F Spot Instance Requests", "L-88CF9481"),
        "g": ("All G and VT Spot Instance Requests", "L-3819A6DF"),
        "inf": ("All Inf Spot Instance Requests", "L-B5D1601B"),
        "p": ("All P Spot Instance Requests", "L-7212CCBC"),
        "trn": ("All Trn Spot Instance Requests", "L-6B0D517C"),
        "x": ("All X Spot Instance Requests", "L-E3A00192"),
    }
)
#: families that share a quota with others, or are counted under another letter
_FAMILIES: Final = MappingProxyType(
    {"vt": "g", **dict.fromkeys(("a", "c", "d", "h", "i", "is", "im", "m", "r", "t", "z"), "standard")}
)
_FAMILY: Final = re.compile(r"[a-z]+")

_STACKS: Final = Quota("Stack count", "cloudformation", "L-0485CB21")
_GROUPS: Final = Quota("Auto Scaling groups per region", "autoscaling", "L-CDE20ADC")
_TEMPLATES: Final = Quota("Launch templates", "ec2", "L-FB451C26")
_FLEETS: Final = Quota("EC2 Fleets and Spot Fleets per Region, or the target capacity of them", "ec2")
_STORAGE: Final = Quota("Storage of the volume's type (gp3: L-7A658B76), in TiB", "ebs")
_IOPS: Final = Quota("IOPS of the volume's type", "ebs")
_ADDRESSES: Final = "the subnets have no free address left: name larger or more subnets in the catalogue"

_ON_DEMAND_CODES: Final = frozenset({"VcpuLimitExceeded", "InstanceLimitExceeded"})
_SPOT_CODES: Final = frozenset({"MaxSpotInstanceCountExceeded", "spotInstanceCountLimitExceeded"})
_BY_CODE: Final[Mapping[str, Quota]] = MappingProxyType(
    {
        "MaxSpotFleetRequestCountExceeded": _FLEETS,
        "TargetCapacityLimitExceededException": _FLEETS,
        "MaxTemplateLimitExceeded": _TEMPLATES,
        "MaxTemplateVersionLimitExceeded": Quota("Launch template versions", "ec2"),
        "VolumeLimitExceeded": _STORAGE,
        "MaxIOPSLimitExceeded": _IOPS,
    }
)
#: codes that are the same for every quota: the thing that was refused tells which
_GENERAL: Final = frozenset({"LimitExceeded", "LimitExceededException", "ServiceLimitExceeded"})
_BY_WORDS: Final = (
    (re.compile(r"AutoScalingGroup|Auto Scaling group", re.IGNORECASE), _GROUPS),
    (re.compile(r"launch template", re.IGNORECASE), _TEMPLATES),
    (re.compile(r"\bfleet", re.IGNORECASE), _FLEETS),
    (re.compile(r"\bstacks?\b", re.IGNORECASE), _STACKS),
)
#: what AWS says where it gives no code: in scaling activities and in stack events (aws-behaviour §3)
_TEXTS: Final = (
    (re.compile(r"vCPU (?:capacity|limit)", re.IGNORECASE), "VcpuLimitExceeded"),
    (re.compile(r"max(?:imum)? spot instance count exceeded", re.IGNORECASE), "MaxSpotInstanceCountExceeded"),
    (re.compile(r"free addresses", re.IGNORECASE), "InsufficientFreeAddressesInSubnet"),
    (re.compile(r"maximum (?:number of volumes|volume|storage)", re.IGNORECASE), "VolumeLimitExceeded"),
    (re.compile(r"(?:maximum|max).{0,20}IOPS", re.IGNORECASE), "MaxIOPSLimitExceeded"),
)
#: a quota's code that botocore takes for a rate's, and would repeat in vain, to a code that it leaves alone
NOT_A_RATE: Final[Mapping[str, str]] = MappingProxyType({"LimitExceededException": "LimitExceeded"})

#: where AWS's own code stands then
AWS_CODE: Final = "OhfAwsCode"


def remedy(code: str, text: str, types: Iterable[str] = ()) -> str:
    """The quota that a refusal speaks of and how to raise it; "" when it speaks of none.

    `code` is AWS's or "", `text` its message with the thing that was refused. `types` are the instance types that
    were asked for, which have quotas by families.
    """
    code = _plain(code) or next((found for pattern, found in _TEXTS if pattern.search(text)), "")
    if code == "InsufficientFreeAddressesInSubnet":
        return _ADDRESSES
    if code in _ON_DEMAND_CODES:
        return _of_family(
            _ON_DEMAND, types, Quota("Running On-Demand instances of the type's family", "ec2")
        ).remedy
    if code in _SPOT_CODES:
        return _of_family(_SPOT, types, Quota("Spot Instance Requests of the type's family", "ec2")).remedy
    if code in _BY_CODE:
        return _BY_CODE[code].remedy
    if code in _GENERAL:
        return next((quota.remedy for words, quota in _BY_WORDS if words.search(text)), "")
    return ""


def _plain(code: str) -> str:
    """A code without the side that a state reason puts before it (`Client.VolumeLimitExceeded`)."""
    return code.removeprefix("Client.").removeprefix("Server.")


def _of_family(table: Mapping[str, tuple[str, str]], types: Iterable[str], otherwise: Quota) -> Quota:
    """The one quota that types share; `otherwise` where they share none, or none is named."""
    families = {found[0] for one in types if (found := _FAMILY.match(one))}
    names = {_FAMILIES.get(one, one) for one in families}
    if len(names) == 1 and (known := table.get(*names)):
        return Quota(known[0], "ec2", known[1])
    return otherwise
