"""A host template, ready to be asked for machines: IBM's fields read, checked, and said in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.template.fleet_config import FleetConfig
    from ohf_iac.template.kinds import Kind


class HostTemplate(NamedTuple):
    """One entry of the catalogue that can be served. Absent texts are "", absent numbers 0, unless said otherwise.

    Everything that a body is made of is here; `raw` alone is the entry as it was written, to be echoed. A named
    tuple and not a dataclass: with this many fields the class alone would cost a listing of templates as much as
    bare Python's start.
    """

    # what Host Factory and a request need
    template_id: str
    max_number: int  # units; -1 unlimited, 0 disabled
    kind: Kind
    price_type: str  # "ondemand", "spot" or "heterogeneous"
    attributes: Mapping[str, tuple[str, str]]  # as the wire wants them: name -> (kind, value)
    derived: tuple[str, ...]  # the attributes that the entry leaves out
    weights: Mapping[str, int]  # instance type -> units that one machine delivers; empty: one each
    validity: int  # seconds from the request to its deadline
    max_per_request: int  # units; the body's MaxValue
    partial_status: str | None  # None: the setting decides
    on_demand_share: tuple[int, int]  # numerator, denominator: exact
    raw: Mapping[str, object]
    warnings: tuple[str, ...]

    # the machine
    image_id: str  # as the launch template wants it: an id, or a dynamic reference to an SSM parameter
    key_name: str
    instance_profile: str  # name or ARN
    security_groups: tuple[str, ...]
    tags: Mapping[str, str]  # on instances, volumes and interfaces: `tags` of the settings, then `instanceTags`
    user_data_script: str  # a name in the files handed to the parser
    user_data: Mapping[str, str]  # LSF's `userData`
    root_device_name: str  # "": no mapping is rendered
    volume_size: int  # GiB; 0: the image's
    volume_type: str
    iops: int
    encrypt_volumes: bool
    kms_key_id: str
    delete_on_termination: bool
    http_tokens: str
    hop_limit: int
    metadata_tags: bool
    public_address: bool
    monitoring: bool
    ebs_optimized: bool | None  # None: the type's own default
    placement_group: str
    tenancy: str
    interface_type: str
    interface_count: int

    # the capacity
    instance_types: tuple[str, ...]  # in order of preference; empty with requirements or a foreign launch template
    on_demand_types: tuple[str, ...]  # of the on-demand rest of a heterogeneous request
    priorities: Mapping[str, int]  # instance type -> priority, 0 first
    requirements: Mapping[str, object]  # attribute based selection, as AWS spells it; empty: by type
    subnets: tuple[str, ...]
    launch_template_id: str  # a foreign launch template; "": ours
    launch_template_version: str
    fleet_role: str  # name or ARN
    spot_price: str  # dollars per unit and hour
    spot_strategy: str  # AWS's kebab-case; "" leaves it to AWS
    on_demand_strategy: str
    pools_count: int
    context: str
    fleet_config: FleetConfig | None


def on_demand_units(template: HostTemplate, units: int) -> int:
    """How many of `units` are bought on demand: the template's share, rounded up."""
    part, whole = template.on_demand_share
    return -(-units * part // whole)
