"""Contract §2.1 and §1.6: getAvailableTemplates."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.contract.row import Flavor, Row
from tests.contract.rows.invocation import TEMPLATES, catalogue

ONE = "templates.0"
PLAIN: dict[str, Any] = json.loads(catalogue("given"))["templates"][0]


def serves(
    name: str, shows: tuple[str, ...], fields: dict[str, Any], flavor: Flavor = "symphony", **expects: Any
) -> Row:
    """A catalogue of one template with these fields, and what Host Factory is told (`__` for a dot)."""
    wanted = {f"{ONE}.{key.replace('__', '.')}": value for key, value in expects.items()}
    place = "conf/" if flavor == "symphony" else "lsf/conf/resource_connector/grid/conf/"
    files = {f"{place}awsprov_templates.json": catalogue(**{"template_id": "one", **fields})}
    return Row(name, shows, TEMPLATES, expects=wanted, files=files, flavor=flavor)


def attributes(**more: Any) -> dict[str, Any]:
    return {"attributes": {**PLAIN["attributes"], **more}}


ROWS = (
    Row(
        "templates-in-the-order-of-the-file",
        ("2.1-1", "2.1-2", "2.1-3", "1.6-11", "1.1-4"),
        TEMPLATES,
        given={},
        expects={
            "message": "16 templates",
            "templates.*.templateId": [
                *(
                    "grid",
                    "patient",
                    "kept",
                    "group",
                    "spot-request",
                    "spot-kept",
                    "spot-now",
                    "shared",
                    "weighted",
                ),
                *("spot-first", "short-lived", "strict", "public", "four", "small-steps", "disabled"),
            ],
        },
    ),
    Row(
        "templates-without-an-input",
        ("1.1-5",),
        TEMPLATES,
        arguments=(),
        expects={"message": "16 templates"},
    ),
    Row("templates-for-an-empty-file", ("1.1-5",), TEMPLATES, given=b"", expects={"message": "16 templates"}),
    Row("templates-for-a-blank-file", ("1.1-5",), TEMPLATES, given=b"\n\t\n", expects={"message": "16 templates"}),
    Row(
        "templates-given-are-echoed",
        ("1.1-5", "1.1-7"),
        TEMPLATES,
        given={"templates": [{**PLAIN, "maxNumber": "7"}]},
        expects={"templates.*.templateId": ["given"], "templates.*.maxNumber": [7]},
    ),
    Row(
        "templates-given-are-not-kept",
        ("1.1-7",),
        TEMPLATES,
        given={},
        expects={"message": "16 templates"},
        world="templates were given",
    ),
    Row(
        "templates-given-as-one-object",
        ("1.1-5",),
        TEMPLATES,
        given={"templates": PLAIN},
        expects={"templates.*.templateId": ["given"]},
    ),
    Row(
        "templates-given-are-checked",
        ("1.1-7",),
        TEMPLATES,
        given={"templates": [{**PLAIN, "tenancy": "host"}]},
        exit=1,
        expects={"message": re.compile("given.*tenancy")},
    ),
    Row("templates-given-make-no-sense", ("1.1-7",), TEMPLATES, given={"templates": 7}, exit=1),
    Row(
        "templates-for-unknown-keys", ("1.1-5",), TEMPLATES, given={"note": 1}, expects={"message": "16 templates"}
    ),
    serves("template-id-longest", ("2.1-3", "1.6-7"), {"template_id": "x" * 64}, templateId="x" * 64),
    serves("template-id-with-underscore", ("1.6-7",), {"template_id": "a_b-C9"}, templateId="a_b-C9"),
    serves("template-max-as-text", ("2.1-4", "1.6-8"), {"maxNumber": "4"}, maxNumber=4),
    serves("template-max-unlimited", ("2.1-4", "1.6-8"), {"maxNumber": -1}, maxNumber=-1),
    serves("template-max-highest", ("1.6-8",), {"maxNumber": 10000}, maxNumber=10000),
    serves("template-disabled", ("2.1-4", "1.6-8", "1.2-7"), {"maxNumber": 0}, maxNumber=0),
    serves("template-available-number", ("2.1-5",), {"availableNumber": 3}, availableNumber=3),
    serves(
        "template-requested-machines",
        ("2.1-6",),
        {"requestedMachines": ["ip-10-0-0-1.ec2.internal"]},
        requestedMachines=["ip-10-0-0-1.ec2.internal"],
    ),
    serves(
        "attributes-as-pairs",
        ("2.1-7", "2.1-8", "2.1-9", "2.1-10", "2.1-11", "1.6-5"),
        attributes(ncpus=["Numeric", "4"], ncores=["Numeric", "2"], nram=["Numeric", "16384"]),
        attributes__type=["String", "X86_64"],
        attributes__ncpus=["Numeric", "4"],
        attributes__ncores=["Numeric", "2"],
        attributes__nram=["Numeric", "16384"],
    ),
    serves(
        "attributes-as-bare-values",
        ("2.1-7", "1.6-5"),
        {"attributes": {"type": "NTX64", "ncpus": 4, "ncores": 1, "nram": 16384}},
        attributes__type=["String", "NTX64"],
        attributes__ncpus=["Numeric", "4"],
        attributes__nram=["Numeric", "16384"],
    ),
    serves(
        "attributes-with-unquoted-numbers",
        ("1.6-5",),
        attributes(ncpus=["Numeric", 4]),
        attributes__ncpus=["Numeric", "4"],
    ),
    serves(
        "attributes-without-ncores",
        ("2.1-10",),
        {"attributes": {key: PLAIN["attributes"][key] for key in ("type", "ncpus", "nram")}},
        attributes__ncores=["Numeric", "1"],
    ),
    serves(
        "attributes-with-lsf-memory",
        ("1.6-3", "2.1-11"),
        {
            "attributes": {
                "type": ["String", "X86_64"],
                "ncpus": ["Numeric", "1"],
                "ncores": ["Numeric", "1"],
                "mem": ["Numeric", "4096"],
            }
        },
        "lsf",
        attributes__mem=["Numeric", "4096"],
        attributes__nram=["Numeric", "4096"],
    ),
    serves(
        "attributes-boolean",
        ("1.6-4",),
        attributes(awshost=["Boolean", "1"]),
        "lsf",
        attributes__awshost=["Boolean", "1"],
    ),
    serves(
        "attributes-numeric-range",
        ("1.6-4",),
        attributes(scratch=["Numeric", "[1:512]"]),
        "lsf",
        attributes__scratch=["Numeric", "[1:512]"],
    ),
    serves(
        "attributes-rank-and-price",
        ("2.1-12",),
        attributes(rank=["Numeric", "5"], priceInfo=["String", "price:0.1,billingTimeUnitType:prorated_hour"]),
        attributes__rank=["Numeric", "5"],
        attributes__priceInfo=["String", "price:0.1,billingTimeUnitType:prorated_hour"],
    ),
    serves(
        "template-echoes-free-fields",
        ("2.1-13", "2.1-14"),
        {"vmTypes": {"c5.large": 1}, "instanceTags": "a=b", "onDemandCapacity": 0, "siteNote": {"rack": [7, None]}},
        vmTypes={"c5.large": 1},
        instanceTags="a=b",
        onDemandCapacity=0,
        siteNote={"rack": [7, None]},
    ),
    serves("template-keeps-nulls", ("2.1-15",), {"pgrpName": None}, pgrpName=None),
    serves("template-priority", ("1.6-11",), {"priority": 10}, "lsf", priority=10),
    Row(
        "template-id-misspelled",
        ("2.1-3",),
        TEMPLATES,
        files={"conf/awsprov_templates.json": catalogue("ignored").replace('"templateId"', '"templateID"')},
        expects={"templates.*.templateId": ["ignored"]},
    ),
    Row(
        "template-refused-among-others",
        ("2.1-1", "2.1-2"),
        TEMPLATES,
        files={
            "conf/awsprov_templates.json": json.dumps(
                {"templates": [{**PLAIN, "templateId": "bad", "providerApi": "RunInstances"}, PLAIN]}
            )
        },
        expects={"templates.*.templateId": ["given"], "message": re.compile("^1 template; refused: .*bad")},
    ),
)
