"""One entry of the catalogue -> a host template, or the first reason why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohf_iac.template import capacity_rules as capacity
from ohf_iac.template.attributes import basis_of, read_attributes
from ohf_iac.template.coerce import Refused, Unfit
from ohf_iac.template.host_template import HostTemplate
from ohf_iac.template.kind_choice import kind as choose_kind
from ohf_iac.template.kind_choice import price_type
from ohf_iac.template.kinds import ASG, SPOT_MAINTAIN, SPOT_REQUEST
from ohf_iac.template.machine_rules import check_machine
from ohf_iac.template.reading import read_fields
from ohf_iac.template.requirements import read_requirements
from ohf_iac.template.tags import fit_instances, read_tags
from ohf_iac.template.user_data import check_script, is_dynamic, read_variables, script_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.template.defaults import TemplateDefaults
    from ohf_iac.template.fleet_config import FleetConfig
    from ohf_iac.template.kinds import Kind


def parse_entry(
    entry: Mapping[str, object], defaults: TemplateDefaults, files: Mapping[str, bytes]
) -> HostTemplate:
    """The host template of one entry; `files` holds what the entry names. Raises `Refused`."""
    warn: list[str] = []
    values = read_fields(entry, warn)
    for name in ("templateId", "maxNumber"):
        if name not in values:
            raise Refused(name, "is required")
    fleet = _fleet(values, files, warn)
    price = price_type(values, fleet)
    kind = choose_kind(values, price, fleet)
    check_machine(values, kind, fleet, defaults)
    parts = {
        **_machine(values, kind, defaults, files, warn),
        **_capacity(values, fleet, kind, price, warn),
    }
    _check_complete(parts, kind, fleet)
    written = values.get("attributes", {})
    attributes = read_attributes(written, entry, lambda: basis_of(parts, fleet, files), warn)
    return HostTemplate(
        template_id=values["templateId"],
        max_number=values["maxNumber"],
        kind=kind,
        price_type=price,
        attributes=attributes,
        derived=tuple(name for name in attributes if written.get(name) is None),
        validity=capacity.validity(values, kind, warn),
        max_per_request=values.get("maxPerRequest", defaults.max_per_request),
        partial_status=values.get("partialStatus"),
        raw=entry,
        fleet_config=fleet,
        warnings=tuple(warn),
        **parts,
    )


def _fleet(values: Mapping[str, Any], files: Mapping[str, bytes], warn: list[str]) -> FleetConfig | None:
    if "ec2FleetConfig" not in values:
        return None
    # Few catalogues name such a file; the module costs every start of the machine face a twentieth of bare Python.
    from ohf_iac.template.fleet_config import read_fleet_config

    return read_fleet_config(values["ec2FleetConfig"], files, warn)


def _machine(
    values: Mapping[str, Any], kind: Kind, defaults: TemplateDefaults, files: Mapping[str, bytes], warn: list[str]
) -> dict[str, Any]:
    say = values.get
    metadata_tags = say("instanceMetadataTags", defaults.instance_metadata_tags)
    script, variables = _user_data(values, files, warn)
    return {
        "image_id": say("imageId", ""),
        "key_name": say("keyName", ""),
        "instance_profile": say("instanceProfile", ""),
        "security_groups": say("securityGroupIds", ()),
        "tags": _tags(values, kind, defaults, metadata_tags, warn),
        "user_data_script": script,
        "user_data": variables,
        "root_device_name": say("rootDeviceName", defaults.root_device_name),
        "volume_size": say("rootDeviceVolumeSize", 0),
        "volume_type": say("volumeType", defaults.volume_type),
        "iops": say("iops", 0),
        "encrypt_volumes": say("encryptVolumes", defaults.encrypt_volumes),
        "kms_key_id": say("kmsKeyId", defaults.kms_key_id),
        "delete_on_termination": say("deleteOnTermination", defaults.delete_on_termination),
        "http_tokens": say("httpTokens", defaults.http_tokens),
        "hop_limit": say("httpPutResponseHopLimit", defaults.http_put_response_hop_limit),
        "metadata_tags": metadata_tags,
        "public_address": say("associatePublicIpAddress", defaults.associate_public_ip_address),
        "monitoring": say("detailedMonitoring", defaults.detailed_monitoring),
        "ebs_optimized": say("ebsOptimized"),
        "placement_group": say("placementGroupName", ""),
        "tenancy": say("tenancy", ""),
        "interface_type": say("interfaceType", "efa" if say("efaCount") else ""),
        "interface_count": say("efaCount", 0) or 1,
    }


def _tags(
    values: Mapping[str, Any], kind: Kind, defaults: TemplateDefaults, metadata_tags: bool, warn: list[str]
) -> Mapping[str, str]:
    if "instanceTags" not in values and not defaults.tags:
        return {}
    try:
        own = read_tags(values["instanceTags"], warn) if "instanceTags" in values else {}
        tags = {**defaults.tags, **own}
        fit_instances(tags, of_group=kind == ASG, metadata_tags=metadata_tags)
    except Unfit as unfit:
        raise Refused("instanceTags" if "instanceTags" in values else "tags", str(unfit)) from None
    return tags


def _user_data(
    values: Mapping[str, Any], files: Mapping[str, bytes], warn: list[str]
) -> tuple[str, Mapping[str, str]]:
    try:
        variables = read_variables(values["userData"]) if "userData" in values else {}
    except Unfit as unfit:
        raise Refused("userData", str(unfit)) from None
    if "launchTemplateId" in values:
        return "", variables  # a launch template that is not ours has its own
    script = script_of(values.get("userDataScript", ""), files)
    if script:
        check_script(script, files)
        if variables and not is_dynamic(script, files[script]):
            warn.append(f"userData: {script} has no %EXPORT_USER_DATA%, so the variables do not reach it")
    return script, variables


def _capacity(
    values: Mapping[str, Any], fleet: FleetConfig | None, kind: Kind, price: str, warn: list[str]
) -> dict[str, Any]:
    types = capacity.machine_types(values, price, warn)
    if fleet:
        capacity.warn_overruled(values, fleet, warn)
    subnets: tuple[str, ...] = values.get("subnetId", ())
    capacity.check_pools(types, subnets, kind)
    share = capacity.on_demand_share(values, price, warn)
    spot, pools = capacity.spot_strategy(values, kind, types, warn, share[0] < share[1])
    on_demand = share[0] > 0 or price == "heterogeneous"
    if "fleetRole" in values and kind not in (SPOT_REQUEST, SPOT_MAINTAIN):
        warn.append(f"fleetRole: only Spot Fleets are given a role, and this template is {kind}")
    return {
        "weights": {**types.weights, **fleet.weights} if fleet else types.weights,
        "on_demand_share": share,
        "instance_types": types.first,
        "on_demand_types": types.rest,
        "priorities": values.get("vmTypesPriority", {}),
        "requirements": read_requirements(values.get("abisInstanceRequirements", {})),
        "subnets": subnets,
        "launch_template_id": values.get("launchTemplateId", ""),
        "launch_template_version": values.get("launchTemplateVersion", ""),
        "fleet_role": values.get("fleetRole", ""),
        "spot_price": capacity.spot_price(values, warn),
        "spot_strategy": spot,
        "on_demand_strategy": capacity.on_demand_strategy(values, types, warn, on_demand),
        "pools_count": pools,
        "context": values.get("context", fleet.context if fleet else ""),
    }


def _check_complete(parts: Mapping[str, Any], kind: Kind, fleet: FleetConfig | None) -> None:
    if kind == ASG and not parts["subnets"]:
        raise Refused("subnetId", "is required for a group")
    if parts["launch_template_id"] or (fleet and fleet.foreign_version):
        return
    if not parts["image_id"]:
        raise Refused("imageId", "is required, or else launchTemplateId")
    if not (parts["instance_types"] or parts["requirements"] or (fleet and fleet.has_types)):
        raise Refused("vmType", "is required, or else vmTypes or abisInstanceRequirements")
