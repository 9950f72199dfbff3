"""What an approved body is bound to: the hash of everything in catalogue and settings that reaches a body.

It is computed without rendering, so that a host sends the approved file with neither troposphere nor jinja2, and
stays equal when a new version of this tool renders otherwise. Hence the rule for whoever adds a field: what says
nothing ("", 0, false, empty) is not in the hash, so a new field that is not used changes none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.approval.values import canonical
from ohf_iac.template.kinds import ASG, SPOT_MAINTAIN, SPOT_REQUEST
from ohf_iac.template.user_data import JINJA_SUFFIX, is_dynamic

if TYPE_CHECKING:
    from ohf_iac.template.defaults import TemplateDefaults
    from ohf_iac.template.host_template import HostTemplate

FORM: Final = "ohf/input/v1"
#: fields of a host template that every body says, by their names there
_EVERYWHERE: Final = (
    "template_id",
    "kind",
    "price_type",
    "max_per_request",
    "on_demand_share",
    "instance_types",
    "weights",
    "requirements",
    "subnets",
    "spot_price",
    "spot_strategy",
    "on_demand_strategy",
    "pools_count",
    "context",
    "tags",
    "placement_group",
    "tenancy",
    "interface_count",
    "launch_template_id",
    "launch_template_version",
)
#: fields that the stack's own launch template says
_MACHINE: Final = (
    "image_id",
    "key_name",
    "instance_profile",
    "security_groups",
    "http_tokens",
    "hop_limit",
    "metadata_tags",
    "public_address",
    "monitoring",
    "interface_type",
)
_VOLUME: Final = (
    "root_device_name",
    "volume_size",
    "volume_type",
    "iops",
    "encrypt_volumes",
    "delete_on_termination",
)
_FLEET_FILE: Final = ("configs", "spot_options", "on_demand_options", "tags")


def input_hash(template: HostTemplate, defaults: TemplateDefaults, files: Mapping[str, bytes]) -> str:
    """The SHA-256, in hex, of what reaches the body of a template; `files` holds the script that it names.

    Not in it: `maxNumber`, attributes, validity, comments, the order of keys, how a path is spelled.
    """
    return hashlib.sha256(canonical(inputs_of(template, defaults, files))).hexdigest()


def inputs_of(template: HostTemplate, defaults: TemplateDefaults, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What `input_hash` hashes; what says nothing is left out."""
    found: dict[str, Any] = {**_picked(template, _EVERYWHERE), "shared_tags": dict(defaults.tags)}
    if template.kind != ASG:
        found["priorities"] = dict(template.priorities)
    if template.price_type == "heterogeneous":
        found["on_demand_types"] = list(template.on_demand_types)
    if template.kind in (SPOT_REQUEST, SPOT_MAINTAIN):
        found["fleet_role"] = template.fleet_role
    if template.fleet_config is not None:
        found |= {f"fleet_{name}": _plain(getattr(template.fleet_config, name)) for name in _FLEET_FILE}
    if not (template.launch_template_id or (template.fleet_config and template.fleet_config.foreign_version)):
        found |= _picked(template, _MACHINE) | _volume(template) | _user_data(template, defaults, files)
        if template.ebs_optimized is not None:
            found["ebs_optimized"] = "on" if template.ebs_optimized else "off"  # off is not silence here
    return {"form": FORM, **{name: value for name, value in found.items() if value}}


def _picked(template: HostTemplate, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _plain(getattr(template, name)) for name in names}


def _volume(template: HostTemplate) -> dict[str, Any]:
    """The root volume, of which nothing is rendered where its device's name is not known."""
    if not template.root_device_name:
        return {}
    return {**_picked(template, _VOLUME), "kms_key_id": template.kms_key_id if template.encrypt_volumes else ""}


def _user_data(template: HostTemplate, defaults: TemplateDefaults, files: Mapping[str, bytes]) -> dict[str, Any]:
    """The script by its bytes, not by its name; what fills it in, as far as anything does, in its order."""
    name = template.user_data_script
    found: dict[str, Any] = {}
    if name:
        found["script"] = hashlib.sha256(files[name]).hexdigest()
        if not is_dynamic(name, files[name]):
            return found
        found["jinja"] = name.endswith(JINJA_SUFFIX)
    elif not template.user_data:
        return found
    return {
        **found,
        "user_data": [[key, value] for key, value in template.user_data.items()],
        "provider_name": defaults.provider_name,
        "cluster_name": defaults.cluster_name,
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it, whatever kind of mapping or sequence it is."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
