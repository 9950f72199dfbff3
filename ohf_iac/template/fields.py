"""Every field of a catalogue's entry that this provider knows, and how its value is read.

The fields are those of IBM's Symphony and LSF references and of open-resource-broker, as gathered in
hostfactory-contract.md §3.1, and a few of our own. What a field becomes is told in `docs/catalogue.md`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ohf_iac.template import coerce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.template.coerce import Reader

UNLIMITED = 10_000  #: units: Symphony's largest maxNumber, and AWS's largest target of one fleet

#: Spelling in lower case without hyphens -> AWS's. The catalogue writes lowestPrice (IBM) or lowest-price (AWS).
STRATEGIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "capacityoptimized": "capacity-optimized",
        "capacityoptimizedprioritized": "capacity-optimized-prioritized",
        "pricecapacityoptimized": "price-capacity-optimized",
        "diversified": "diversified",
        "lowestprice": "lowest-price",
    }
)
ON_DEMAND_STRATEGIES: Final[Mapping[str, str]] = MappingProxyType(
    {"lowestprice": "lowest-price", "prioritized": "prioritized"}
)

READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "templateId": coerce.word,
        "maxNumber": coerce.integer(-1, UNLIMITED),
        "attributes": coerce.mapping,
        "priceType": coerce.choice("ondemand", "on-demand", "spot", "heterogeneous"),
        "providerApi": coerce.choice("ASG", "EC2Fleet", "SpotFleet", "RunInstances"),
        "fleetType": coerce.choice("instant", "request", "maintain"),
        # machine
        "imageId": coerce.image,
        "vmType": coerce.instance_types,
        "vmTypes": coerce.weights,
        "vmTypesOnDemand": coerce.weights,
        "vmTypesPriority": coerce.priorities,
        "abisInstanceRequirements": coerce.mapping,
        "subnetId": coerce.identifiers("subnet-"),
        "securityGroupIds": coerce.identifiers("sg-"),
        "keyName": coerce.text,
        "instanceProfile": coerce.text,
        "instanceTags": lambda value: value,
        "userDataScript": coerce.text,
        "userData": lambda value: value,
        "rootDeviceName": coerce.text,
        "rootDeviceVolumeSize": coerce.integer(1, 16384),
        "volumeType": coerce.choice("gp2", "gp3", "io1", "io2", "standard"),
        "iops": coerce.integer(100, 64000),
        "encryptVolumes": coerce.boolean,
        "kmsKeyId": coerce.text,
        "deleteOnTermination": coerce.boolean,
        "ebsOptimized": coerce.boolean,
        "placementGroupName": coerce.text,
        "tenancy": coerce.choice("default", "dedicated", "host"),
        "interfaceType": coerce.choice("interface", "efa"),
        "efaCount": coerce.integer(0, 64),
        "httpTokens": coerce.choice("required", "optional"),
        "httpPutResponseHopLimit": coerce.integer(1, 64),
        "instanceMetadataTags": coerce.boolean,
        "associatePublicIpAddress": coerce.boolean,
        "detailedMonitoring": coerce.boolean,
        # capacity
        "launchTemplateId": coerce.text,
        "launchTemplateVersion": coerce.text,
        "fleetRole": coerce.role,
        "spotPrice": coerce.decimal,
        "maxSpotPrice": coerce.decimal,
        "spotFleetRequestExpiry": coerce.integer(1, 525_600),
        "requestValidity": coerce.clock_span,
        "durationInHours": coerce.decimal,
        "allocationStrategy": coerce.text,
        "allocationStrategyOnDemand": coerce.text,
        "percentOnDemand": coerce.integer(0, 100),
        "onDemandTargetCapacityRatio": coerce.fraction,
        "poolsCount": coerce.integer(0, 1000),
        "ec2FleetConfig": coerce.text,
        "context": coerce.text,
        # ours
        "maxPerRequest": coerce.integer(1, UNLIMITED),
        "partialStatus": coerce.choice("complete", "complete_with_error"),
    }
)

#: Other spellings of fields above, seen in real files and in IBM's own output.
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {"templateID": "templateId", "subnetIds": "subnetId", "pgrpName": "placementGroupName"}
)

#: Known, echoed to Host Factory, and nothing that AWS is told.
ECHOED: Final[frozenset[str]] = frozenset(
    {
        "availableNumber",
        "requestedMachines",
        "priority",
        "marketSpotPrice",
        "computeUnit",
        "gpuextend",
        "ttl",
        "machineCount",
        "customScriptUri",
    }
)

#: Those of them that a user may take for more, and what to do instead.
ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {"customScriptUri": "is another cloud's; let userDataScript download what it needs"}
)

#: Fields that describe a machine and therefore go into a launch template of ours; a foreign one already says them.
OF_LAUNCH_TEMPLATE: Final[tuple[str, ...]] = (
    "imageId",
    "keyName",
    "instanceProfile",
    "securityGroupIds",
    "userDataScript",
    "userData",
    "rootDeviceName",
    "rootDeviceVolumeSize",
    "volumeType",
    "iops",
    "encryptVolumes",
    "kmsKeyId",
    "deleteOnTermination",
    "ebsOptimized",
    "interfaceType",
    "efaCount",
    "httpTokens",
    "httpPutResponseHopLimit",
    "instanceMetadataTags",
    "associatePublicIpAddress",
    "detailedMonitoring",
)
