"""The settings that reach a body: section `template` of `ohf.json`. An entry of the catalogue may override most."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class TemplateDefaults:
    """What a template gets where its entry says nothing; attributes are `BODY_SETTINGS` in snake_case."""

    root_device_name: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    max_per_request: int = 1000
    http_tokens: str = "required"
    http_put_response_hop_limit: int = 1
    instance_metadata_tags: bool = False
    associate_public_ip_address: bool = False
    encrypt_volumes: bool = True
    kms_key_id: str = ""
    volume_type: str = "gp3"
    delete_on_termination: bool = True
    detailed_monitoring: bool = False
    provider_name: str = ""
    cluster_name: str = ""


#: camelCase name in `ohf.json` -> what it is; the environment cannot set these (a pipeline must render the same).
BODY_SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "rootDeviceName": "root device of the images, such as /dev/xvda; without it no volume mapping is rendered",
        "tags": "tags of every stack, launch template, fleet, group, instance, volume and network interface",
        "maxPerRequest": "units that one request may ask for at most: the MaxValue of the approved body",
        "httpTokens": "required (IMDSv2 alone) or optional",
        "httpPutResponseHopLimit": "network hops that an answer of the metadata service may take, 1 to 64",
        "instanceMetadataTags": "whether a machine reads its own tags from the metadata service",
        "associatePublicIpAddress": "whether machines get a public address",
        "encryptVolumes": "whether the root volume is encrypted",
        "kmsKeyId": "key that encrypts the root volume; empty: the account's default key",
        "volumeType": "type of the root volume: gp2, gp3, io1, io2 or standard",
        "deleteOnTermination": "whether the root volume goes with its machine",
        "detailedMonitoring": "whether CloudWatch gets metrics every minute instead of every five",
        "providerName": "exported to user data as providerName; empty: the owner",
        "clusterName": "exported to user data as clustername; empty: not exported",
    }
)
