"""The launch template: what each machine is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from troposphere import ec2

from ohf_iac.render import words
from ohf_iac.render.user_data import user_data
from ohf_iac.template.kinds import ASG

if TYPE_CHECKING:
    from ohf_iac.stack import StackSpec
    from ohf_iac.template.host_template import HostTemplate

_WHY = "What each machine is: image, network, volumes, metadata service, and the tags by which it is found."


def launch_template(spec: StackSpec) -> ec2.LaunchTemplate:
    """The stack's own launch template, named after the request."""
    return ec2.LaunchTemplate(
        words.LAUNCH_TEMPLATE,
        LaunchTemplateName=words.own_name(),
        LaunchTemplateData=ec2.LaunchTemplateData(**_data(spec)),
        TagSpecifications=[_tagged("launch-template", words.resource_tags(spec))],
        Metadata=words.why(_WHY),
    )


def _data(spec: StackSpec) -> dict[str, Any]:
    template = spec.template
    data: dict[str, Any] = {
        "ImageId": template.image_id,
        "MetadataOptions": _metadata_options(template),
        "NetworkInterfaces": _interfaces(spec),
        "TagSpecifications": [_tagged(kind, words.machine_tags(spec)) for kind in _tagged_kinds(spec)],
        "Monitoring": ec2.Monitoring(Enabled=template.monitoring),
    }
    if len(template.instance_types) == 1:
        data["InstanceType"] = template.instance_types[0]
    if template.key_name:
        data["KeyName"] = template.key_name
    if template.instance_profile:
        data["IamInstanceProfile"] = _instance_profile(template.instance_profile)
    if template.root_device_name:
        data["BlockDeviceMappings"] = [_root_volume(template)]
    if template.ebs_optimized is not None:
        data["EbsOptimized"] = template.ebs_optimized
    if placement := placement_of(template):
        data["Placement"] = ec2.Placement(**placement)
    if (script := user_data(spec)) is not None:
        data["UserData"] = script
    return data


def _tagged_kinds(spec: StackSpec) -> list[str]:
    """What a launch tags. Spot requests only where nothing is bought on demand: that launch refuses their tags."""
    kinds = ["instance", "volume", "network-interface"]
    if spec.purchase == "spot" and spec.template.price_type == "spot":
        kinds.append("spot-instances-request")
    return kinds


def _tagged(kind: str, tags: list[dict[str, Any]]) -> ec2.TagSpecifications:
    return ec2.TagSpecifications(ResourceType=kind, Tags=tags)


def _metadata_options(template: HostTemplate) -> ec2.MetadataOptions:
    return ec2.MetadataOptions(
        HttpEndpoint="enabled",
        HttpTokens=template.http_tokens,
        HttpPutResponseHopLimit=template.hop_limit,
        InstanceMetadataTags="enabled" if template.metadata_tags else "disabled",
    )


def _interfaces(spec: StackSpec) -> list[ec2.NetworkInterfaces]:
    """The security groups stand inside the interface, because the public address does (EC2 takes no mixture).

    EC2 takes no word about public addresses with several interfaces, and assigns none.
    """
    template, count = spec.template, spec.template.interface_count
    interfaces = []
    for number in range(count):
        interface: dict[str, Any] = {"DeviceIndex": min(number, 1), "DeleteOnTermination": True}
        if count == 1:
            interface["AssociatePublicIpAddress"] = template.public_address
        else:
            interface["NetworkCardIndex"] = number
        if template.security_groups:
            interface["Groups"] = list(template.security_groups)
        if template.interface_type:
            interface["InterfaceType"] = template.interface_type
        if subnet_in_interfaces(spec):
            interface["SubnetId"] = template.subnets[0]
        interfaces.append(ec2.NetworkInterfaces(**interface))
    return interfaces


def subnet_in_interfaces(spec: StackSpec) -> bool:
    """Whether the one subnet stands in the interfaces: EC2 wants it there when a fleet's machine has several."""
    template = spec.template
    return template.interface_count > 1 and len(template.subnets) == 1 and template.kind != ASG


def _root_volume(template: HostTemplate) -> ec2.LaunchTemplateBlockDeviceMapping:
    volume: dict[str, Any] = {
        "DeleteOnTermination": template.delete_on_termination,
        "Encrypted": template.encrypt_volumes,
        "VolumeType": template.volume_type,
    }
    if template.volume_size:
        volume["VolumeSize"] = template.volume_size
    if template.iops:
        volume["Iops"] = template.iops
    if template.kms_key_id and template.encrypt_volumes:
        volume["KmsKeyId"] = template.kms_key_id
    return ec2.LaunchTemplateBlockDeviceMapping(
        DeviceName=template.root_device_name, Ebs=ec2.EBSBlockDevice(**volume)
    )


def placement_of(template: HostTemplate) -> dict[str, str]:
    """Placement group and tenancy, as far as the template names them."""
    placement = {"GroupName": template.placement_group, "Tenancy": template.tenancy}
    return {name: value for name, value in placement.items() if value}


def _instance_profile(name: str) -> ec2.IamInstanceProfile:
    return ec2.IamInstanceProfile(**{"Arn" if name.startswith("arn:") else "Name": name})
