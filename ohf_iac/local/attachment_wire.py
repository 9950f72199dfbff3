"""What hangs on machines, over the wire: volumes and network interfaces."""

from __future__ import annotations

from typing import Any

from ohf_iac.local.answers import Answer
from ohf_iac.local.ec2_call import Call
from ohf_iac.local.instance_search import filters_of, matches
from ohf_iac.local.instance_shape import interface
from ohf_iac.local.machines import Machine
from ohf_iac.local.refusals import Refused
from ohf_iac.local.templates import truth


class AttachmentCalls(Call):
    """Describes of volumes and network interfaces; those of machines are all there are."""

    def describe_network_interfaces(self) -> Answer:
        """The primary interfaces of living machines, by attachment.instance-id, network-interface-id or tag."""
        filters = filters_of(self.params)
        ids = self.params.get("NetworkInterfaceIds") or ()
        found = [
            m for m in self.here.machines.values() if m.state != "terminated" and (not ids or m.interface_id in ids)
        ]
        shown = [
            {
                **interface(self.here, machine),
                "AvailabilityZone": machine.recipe.subnet.zone,
                "TagSet": [{"Key": key, "Value": value} for key, value in machine.interface_tags.items()],
            }
            for machine in found
            if attached_passes(
                filters, machine, machine.interface_id, "network-interface-id", machine.interface_tags
            )
        ]
        return self.reply(NetworkInterfaces=shown)

    def describe_volumes(self) -> Answer:
        """The volumes of machines, as long as they exist."""
        filters = filters_of(self.params)
        ids = self.params.get("VolumeIds") or ()
        shown = [
            _volume(machine, volume.id, volume.device, dict(volume.ebs), volume.tags)
            for machine in self.here.machines.values()
            for volume in machine.volumes
            if (not ids or volume.id in ids)
            and (machine.state != "terminated" or not truth(volume.ebs.get("DeleteOnTermination", True)))
            and attached_passes(filters, machine, volume.id, "volume-id", volume.tags)
        ]
        return self.reply(Volumes=shown)


def attached_passes(
    filters: dict[str, Any], machine: Machine, identifier: str, id_filter: str, tags: dict[str, str]
) -> bool:
    """Whether something attached to a machine passes the filters. Raises Refused for an unknown filter."""
    for name, values in filters.items():
        if name == "attachment.instance-id":
            found: tuple[str, ...] = (machine.id,)
        elif name == id_filter:
            found = (identifier,)
        elif name == "tag-key":
            found = tuple(tags)
        elif name.startswith("tag:"):
            found = (tags[name[4:]],) if name[4:] in tags else ()
        else:
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
        if not matches(values, found):
            return False
    return True


def _volume(
    machine: Machine, volume_id: str, device: str, ebs: dict[str, Any], tags: dict[str, str]
) -> dict[str, Any]:
    attached = machine.state != "terminated"
    attachment = {
        "InstanceId": machine.id,
        "VolumeId": volume_id,
        "Device": device,
        "State": "attached",
        "AttachTime": machine.launched,
        "DeleteOnTermination": truth(ebs.get("DeleteOnTermination", True)),
    }
    return {
        "VolumeId": volume_id,
        "Size": int(ebs.get("VolumeSize") or 8),
        "VolumeType": ebs.get("VolumeType") or "gp2",
        "Encrypted": truth(ebs.get("Encrypted")),
        "KmsKeyId": ebs.get("KmsKeyId"),
        "Iops": ebs.get("Iops"),
        "Throughput": ebs.get("Throughput"),
        "AvailabilityZone": machine.recipe.subnet.zone,
        "CreateTime": machine.launched,
        "State": "in-use" if attached else "available",
        "Attachments": [attachment] if attached else [],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
