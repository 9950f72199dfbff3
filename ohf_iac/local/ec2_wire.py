"""EC2 of the local AWS: our living actions over moto's passive ones."""

from __future__ import annotations

from moto.ec2.responses import EC2Response

from ohf_iac.local.attachment_wire import AttachmentCalls
from ohf_iac.local.fleet_wire import FleetCalls
from ohf_iac.local.instance_wire import InstanceCalls
from ohf_iac.local.launch_template_wire import TemplateCalls
from ohf_iac.local.place_wire import PlaceCalls
from ohf_iac.local.spot_wire import SpotCalls
from ohf_iac.local.tag_wire import TagCalls


class LocalEc2(
    InstanceCalls, AttachmentCalls, FleetCalls, SpotCalls, TagCalls, TemplateCalls, PlaceCalls, EC2Response
):
    """The class whose `dispatch` answers EC2 calls."""
