"""What the tests of the wire answer with: a catalogue, and machines in every condition."""

from __future__ import annotations

from typing import Any

from ohf_iac.machine import Instance, gone, reported
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue

ENTRY: dict[str, Any] = {
    "templateID": "grid",
    "maxNumber": "10",
    "attributes": {"type": ["String", "X86_64"], "ncpus": 4, "nram": ["Numeric", 16384]},
    "imageId": "ami-0a1b2c3d4e5f60001",
    "vmType": "m5.xlarge",
    "subnetId": "subnet-0a1b2c3d4e5f60001",
    "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
    "pgrpName": None,
    "priceType": "ondemand",
    "siteNote": {"rack": 7},
}
REFUSED: dict[str, Any] = {**ENTRY, "templateID": "dedicated", "tenancy": "host"}
CATALOGUE = parse_catalogue({"templates": [ENTRY, REFUSED]}, TemplateDefaults(), {})

MACHINE = reported(
    Instance(
        "i-0a1b2c3d4e5f60001",
        "running",
        name="ip-10-0-1-9.ec2.internal",
        private_ip="10.0.1.9",
        instance_type="m5.xlarge",
        launch_time=1_700_000_061,
        spot=True,
        cores=2,
        threads=2,
        tags={"RC_ACCOUNT": "project_a", "ohf:owner": "here", "aws:ec2:fleet-id": "fleet-1", "site": "lab"},
    ),
    "succeed",
)
STARTING = reported(Instance("i-0a1b2c3d4e5f60002", "pending", launch_time=1_700_000_062), "executing")
DEAD = reported(
    Instance("i-0a1b2c3d4e5f60003", "terminated", launch_time=1_700_000_063),
    "fail",
    "i-0a1b2c3d4e5f60003 is terminated: Client.InternalError",
)
GONE = gone("i-0a1b2c3d4e5f60004", "ip-10-0-1-12.ec2.internal")
