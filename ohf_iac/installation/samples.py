"""What a new provider begins with: its configuration, and a catalogue that runs against the local AWS as it is.

The ids are those that the local AWS has from the start; an administrator puts the account's own in their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ohf_iac.installation.places import Scheduler

USER_DATA: Final = "scripts/user_data.sh"
IMAGE: Final = "ami-0a1b2c3d4e5f60001"
_SUBNETS: Final = "subnet-0a1b2c3d4e5f60001,subnet-0a1b2c3d4e5f60002"
_GROUPS: Final = ("sg-0a1b2c3d4e5f60001",)


def catalogue(scheduler: Scheduler) -> dict[str, Any]:
    """One template on demand, one on the spot market, one as a group; ids without `_`, which LSF does not take."""
    place: dict[str, Any] = {
        "imageId": IMAGE,
        "subnetId": _SUBNETS,
        "securityGroupIds": list(_GROUPS),
        "userDataScript": USER_DATA,
    }
    if scheduler == "symphony":
        place["userData"] = "EGO_MASTER=management-host.example.com;EGO_TOP=/opt/ibm/spectrumcomputing"
    two, four = _attributes(scheduler, 1, 8192), _attributes(scheduler, 2, 16384)
    return {
        "templates": [
            {"templateId": "ondemand", "maxNumber": 10, "attributes": two, "vmType": "m5.large", **place},
            {
                "templateId": "spot",
                "maxNumber": 20,
                "attributes": four,
                "priceType": "spot",
                "allocationStrategy": "priceCapacityOptimized",
                "vmType": "m5.xlarge,m5a.xlarge,m6i.xlarge",
                **place,
            },
            {
                "templateId": "group",
                "maxNumber": 10,
                "attributes": two,
                "providerApi": "ASG",
                "vmType": "m5.large",
                **place,
            },
        ]
    }


def ibm_configuration(region: str) -> dict[str, Any]:
    """awsprov_config.json."""
    return {"AWS_REGION": region}


def own_configuration(owner: str) -> dict[str, Any]:
    """ohf.json."""
    return {"provider": {"owner": owner}}


def _attributes(scheduler: Scheduler, cores: int, megabytes: int) -> dict[str, list[str]]:
    """Attributes as the scheduler names them (hostfactory-contract.md §1.6, §2.1)."""
    figures = {"type": ["String", "X86_64"], "ncpus": ["Numeric", str(cores)], "ncores": ["Numeric", "1"]}
    if scheduler == "lsf":
        return {**figures, "mem": ["Numeric", str(megabytes)], "awshost": ["Boolean", "1"]}
    return {**figures, "nram": ["Numeric", str(megabytes)]}
