"""Rules that tie fields of the machine together: volumes, tenancy, foreign launch templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_iac.template.coerce import Refused
from ohf_iac.template.fields import OF_LAUNCH_TEMPLATE
from ohf_iac.template.kinds import ASG, INSTANT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.template.defaults import TemplateDefaults
    from ohf_iac.template.fleet_config import FleetConfig
    from ohf_iac.template.kinds import Kind

_OF_ROOT_VOLUME = (
    "rootDeviceVolumeSize",
    "volumeType",
    "iops",
    "encryptVolumes",
    "kmsKeyId",
    "deleteOnTermination",
)
#: EC2: inputs and outputs per second that a type can be told, and the most of them per GiB
_IOPS = {"io1": (100, 64000, 50), "io2": (100, 64000, 1000), "gp3": (3000, 16000, 500)}
#: EC2: GiB of a volume
_SIZES = {"io1": (4, 16384), "io2": (4, 16384), "gp2": (1, 16384), "gp3": (1, 16384), "standard": (1, 1024)}


def check_machine(
    values: Mapping[str, Any], kind: Kind, fleet: FleetConfig | None, defaults: TemplateDefaults
) -> None:
    """Raises `Refused` for a machine that AWS could not be asked for."""
    if values.get("tenancy") == "host":
        raise Refused(
            "tenancy", "host needs dedicated hosts, which fleets and groups cannot be told; use dedicated"
        )
    if values.get("durationInHours"):
        raise Refused("durationInHours", "AWS ended spot blocks in 2022; remove it")
    if fleet and "launchTemplateId" in values:
        raise Refused("launchTemplateId", "stands beside ec2FleetConfig, which names launch templates itself")
    if fleet and fleet.foreign_version:
        _check_foreign("ec2FleetConfig", "ec2FleetConfig", fleet.foreign_version, values, kind)
    elif "launchTemplateId" in values:
        if not values["launchTemplateId"].startswith("lt-"):
            found = values["launchTemplateId"]
            raise Refused("launchTemplateId", f"must be an id such as lt-0123456789abcdef0, not {found}")
        version = values.get("launchTemplateVersion", "$Default")
        _check_foreign("launchTemplateId", "launchTemplateVersion", version, values, kind)
    elif "launchTemplateVersion" in values:
        raise Refused("launchTemplateVersion", "is the version of a launchTemplateId, and there is none")
    _check_root_volume(values, defaults)


def _check_foreign(field: str, version_field: str, version: str, values: Mapping[str, Any], kind: Kind) -> None:
    """A foreign launch template needs a numeric version and a kind that tags machines itself."""
    if kind not in (ASG, INSTANT):
        reason = f"machines of {kind} could not be tagged with a launch template that is not ours"
        raise Refused(field, f"{reason}; use ASG or an instant EC2 Fleet, or describe the machine here")
    if not version.isdecimal():
        reason = "an approved stack must not change by itself"
        raise Refused(version_field, f"the launch template's version must be a number, not {version}: {reason}")
    for name in OF_LAUNCH_TEMPLATE:
        if name in values:
            raise Refused(name, f"belongs to the launch template, which is not ours; remove it or {field}")
    if kind == ASG and "tenancy" in values:
        raise Refused("tenancy", f"belongs to the launch template, which is not ours; remove it or {field}")


def _check_root_volume(values: Mapping[str, Any], defaults: TemplateDefaults) -> None:
    asked = [name for name in _OF_ROOT_VOLUME if name in values]
    if not (values.get("rootDeviceName") or defaults.root_device_name):
        if asked:
            hint = "give rootDeviceName here or in section template of ohf.json"
            raise Refused(asked[0], f"needs the name of the image's root device, such as /dev/xvda; {hint}")
        return
    volume_type = values.get("volumeType", defaults.volume_type)
    _check_iops(values, volume_type)
    size, (low, high) = values.get("rootDeviceVolumeSize"), _SIZES[volume_type]
    if size is not None and not low <= size <= high:
        raise Refused("rootDeviceVolumeSize", f"must be from {low} to {high} for {volume_type}, not {size}")
    if "kmsKeyId" in values and not values.get("encryptVolumes", defaults.encrypt_volumes):
        raise Refused("kmsKeyId", "needs encrypted volumes, and encryptVolumes is off")


def _check_iops(values: Mapping[str, Any], volume_type: str) -> None:
    iops, size = values.get("iops"), values.get("rootDeviceVolumeSize")
    if iops is None:
        if volume_type in ("io1", "io2"):
            raise Refused("volumeType", f"{volume_type} needs iops")
        return
    if volume_type not in _IOPS:
        raise Refused("iops", f"volume type {volume_type} has none; use gp3, io1 or io2")
    low, high, per_gib = _IOPS[volume_type]
    if not low <= iops <= high:
        raise Refused("iops", f"must be from {low} to {high} for {volume_type}, not {iops}")
    if size is not None and iops > max(per_gib * size, 3000 if volume_type == "gp3" else 100):
        raise Refused("iops", f"must be at most {per_gib} per GiB for {volume_type}, not {iops} on {size} GiB")
