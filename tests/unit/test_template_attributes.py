"""Attributes that the catalogue leaves out: derived from the instance types, never guessed, what is said wins."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.ec2.models.instance_types import INSTANCE_TYPES

from ohf_iac.local.hardware_table import lines
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue
from ohf_iac.template.hardware import Hardware, hardware_of
from ohf_iac.template.host_template import HostTemplate

ENTRY = {"templateId": "t1", "maxNumber": 1, "imageId": "ami-1", "subnetId": "subnet-1"}
REQUIREMENTS = {"VCpuCount": {"Min": 7, "Max": 16}, "MemoryMiB": {"Min": 30000}}


def served(files: dict[str, bytes] | None = None, **entry: Any) -> HostTemplate:
    catalogue = parse_catalogue([{**ENTRY, **entry}], TemplateDefaults(), files or {})
    assert not catalogue.refused, catalogue.refused[0].message
    return catalogue.templates[0]


def told(files: dict[str, bytes] | None = None, **entry: Any) -> dict[str, str]:
    return {name: text for name, (_, text) in served(files, **entry).attributes.items()}


def warned(**entry: Any) -> str:
    return "; ".join(one for one in served(**entry).warnings if one.startswith("attributes: "))


def published(name: str) -> Hardware:
    described = INSTANCE_TYPES[name]
    cpu, architectures = described["VCpuInfo"], described["ProcessorInfo"]["SupportedArchitectures"]
    return Hardware(
        cpu["DefaultVCpus"],
        cpu["DefaultCores"],
        cpu["DefaultThreadsPerCore"],
        described["MemoryInfo"]["SizeInMiB"],
        tuple(sorted(architectures)),
    )


def test_the_table_says_of_every_type_what_is_published() -> None:
    """Of a moto that is younger or older than the table, only the types of both can be compared."""
    found = {name: hardware for name in INSTANCE_TYPES if (hardware := hardware_of(name))}
    assert len(found) > 1000
    assert found == {name: published(name) for name in found}
    for one in found.values():
        assert one.vcpus == one.cores * one.threads
        assert one.threads in (1, 2)  # what the bound for selection by requirements rests on


@pytest.mark.parametrize(
    ("name", "cores", "threads", "gib", "architecture"),
    [
        ("m5.large", 1, 2, 8, "x86_64"),
        ("c5.xlarge", 2, 2, 8, "x86_64"),
        ("r5.24xlarge", 48, 2, 768, "x86_64"),
        ("t3.micro", 1, 2, 1, "x86_64"),
        ("t2.medium", 2, 1, 4, "x86_64"),
        ("c5n.18xlarge", 36, 2, 192, "x86_64"),
        ("m7a.large", 2, 1, 8, "x86_64"),
        ("hpc6a.48xlarge", 96, 1, 384, "x86_64"),
        ("m6g.large", 2, 1, 8, "arm64"),
        ("c7g.16xlarge", 64, 1, 128, "arm64"),
        ("p4d.24xlarge", 48, 2, 1152, "x86_64"),
    ],
)
def test_well_known_types_are_as_aws_describes_them(
    name: str, cores: int, threads: int, gib: int, architecture: str
) -> None:
    found = hardware_of(name)
    assert found is not None
    assert (found.cores, found.threads, found.memory) == (cores, threads, gib * 1024)
    assert architecture in found.architectures


def test_the_script_writes_one_line_per_type_in_order() -> None:
    described = {name: INSTANCE_TYPES[name] for name in ("t2.micro", "m5.large")}
    assert list(lines(described)) == ["m5.large 2 1 2 8192 x86_64", "t2.micro 1 1 1 1024 i386,x86_64"]


@pytest.mark.parametrize("name", ["", "m5", "m5.", "5.large", "m5.larg", "m5.large 2", "#", "ohf", "# type"])
def test_a_name_that_is_no_type_is_unknown(name: str) -> None:
    assert hardware_of(name) is None


def test_a_bare_entry_is_told_with_the_figures_of_its_type() -> None:
    assert told(vmType="c5.2xlarge") == {"type": "X86_64", "ncpus": "4", "nram": "16384", "ncores": "1"}
    assert served(vmType="c5.2xlarge").attributes["nram"] == ("Numeric", "16384")


@pytest.mark.parametrize(
    "entry",
    [
        {"vmType": "c5.4xlarge,c5.xlarge,r5.large"},
        {"vmTypes": {"c5.xlarge": 1, "r5.large": 1}},
        {"vmTypes": ["r5.large", "c5.xlarge"]},
        {
            "priceType": "heterogeneous",
            "vmTypes": {"c5.xlarge": 1},
            "vmTypesOnDemand": {"r5.large": 1},
        },
    ],
)
def test_each_figure_is_that_of_the_smallest_type(entry: dict[str, Any]) -> None:
    found = told(**entry)
    assert (found["ncpus"], found["nram"]) == ("1", "8192")  # r5.large: 1 core, 16 GiB; c5.xlarge: 2 cores, 8 GiB


@pytest.mark.parametrize(
    ("weights", "ncpus", "nram"),
    [
        ({"m5.xlarge": 1, "m5.2xlarge": 2, "m5.4xlarge": 4}, "2", "16384"),
        ({"m5.2xlarge": 4, "m5.4xlarge": 8}, "1", "8192"),
        ({"m5.2xlarge": 1, "c5.2xlarge": 2}, "2", "8192"),
        ({"m5.4xlarge": 3}, "2", "21845"),
        ({"m5.large": 2}, None, "4096"),
    ],
)
def test_of_weighted_types_the_figures_are_those_of_a_unit(
    weights: dict[str, int], ncpus: str | None, nram: str
) -> None:
    """Host Factory divides its demand by them and asks for units: more would leave it short of machines."""
    found = told(vmTypes=weights)
    assert (found.get("ncpus"), found["nram"]) == (ncpus, nram)


def fleet(*overrides: dict[str, Any], **specification: str) -> dict[str, bytes]:
    config = {"LaunchTemplateSpecification": specification, "Overrides": list(overrides)}
    return {"f.json": json.dumps({"Type": "instant", "LaunchTemplateConfigs": [config]}).encode()}


def test_types_of_a_fleet_file_count_in_the_place_of_the_entrys() -> None:
    files = fleet({"InstanceType": "c5.2xlarge"}, {"InstanceType": "m5.xlarge"})
    found = told(files, vmType="t3.micro", ec2FleetConfig="f.json")
    assert (found["ncpus"], found["nram"]) == ("2", "16384")


def test_an_override_without_a_type_is_of_the_entrys_own() -> None:
    files = fleet({"InstanceType": "c5.2xlarge"}, {"SubnetId": "subnet-1"})
    assert told(files, vmType="m5.large", ec2FleetConfig="f.json")["ncpus"] == "1"


def test_a_launch_template_that_is_not_ours_may_choose_any_type() -> None:
    foreign = {"LaunchTemplateId": "lt-1", "Version": "3"}
    entry = {"imageId": None, "subnetId": None, "ec2FleetConfig": "f.json"}
    assert told(fleet({"SubnetId": "subnet-1"}, **foreign), **entry) == {"ncores": "1"}
    assert told(fleet({"InstanceType": "m5.large"}, **foreign), **entry)["nram"] == "8192"
    assert told(imageId=None, launchTemplateId="lt-1", launchTemplateVersion="3") == {"ncores": "1"}


def test_what_is_written_wins() -> None:
    written = {"type": "NTX64", "ncpus": 9, "ncores": 2, "nram": ["Numeric", "77"], "rank": 5}
    found = told(vmType="m5.large", attributes=written)
    assert found == {"type": "NTX64", "ncpus": "9", "ncores": "2", "nram": "77", "rank": "5"}
    assert warned(vmType="m5.large", attributes=written) == ""


@pytest.mark.parametrize(
    ("each", "ncpus"), [(1, "36"), (18, "2"), ("5", "7"), (36, "1"), (37, None), ("[1:4]", None)]
)
def test_written_ncores_and_derived_ncpus_never_promise_more_cores_than_there_are(
    each: object, ncpus: str | None
) -> None:
    assert told(vmType="c5n.18xlarge", attributes={"ncores": each}).get("ncpus") == ncpus


@given(st.lists(st.sampled_from(sorted(INSTANCE_TYPES)), min_size=1, max_size=5))
def test_no_machine_has_less_than_is_told(types: list[str]) -> None:
    found = told(vmType=types)
    for name in types:
        machine = hardware_of(name)
        if machine is not None and "nram" in found:
            assert int(found["nram"]) <= machine.memory
            assert int(found["ncpus"]) * int(found["ncores"]) <= machine.cores


def test_one_unknown_type_leaves_out_what_the_smallest_would_have_said() -> None:
    assert told(vmType="m5.large,m0.huge") == {"ncores": "1"}
    assert warned(vmType="m5.large,m0.huge") == (
        "attributes: without type, ncpus, nram Host Factory cannot match this template; "
        "m0.huge is not in the table of instance types"
    )


def test_selection_by_requirements_gives_its_lower_bounds() -> None:
    """7 vCPUs are at least 4 cores, because no core has more than two threads."""
    found = told(abisInstanceRequirements=REQUIREMENTS)
    assert found == {"ncpus": "4", "nram": "30000", "ncores": "1"}
    assert "without type" in warned(abisInstanceRequirements=REQUIREMENTS)
    unbounded = {"VCpuCount": {"Max": 8}, "MemoryMiB": {"Min": 0}}
    assert told(abisInstanceRequirements=unbounded) == {"ncores": "1"}


def test_the_machine_type_is_told_only_where_the_instance_type_decides_it() -> None:
    assert "type is taken to be X86_64; where the image is Windows, write NTX64" in warned(vmType="m5.large")
    assert told(vmType="t2.micro")["type"] == "X86_64"  # i386 too, and nobody runs a grid on that
    for types, reason in (("m6g.large", "its arm64 machines"), ("m6g.large,m5.large", "without type Host Factory")):
        assert "type" not in told(vmType=types)
        assert reason in warned(vmType=types)


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("join.ps1", b"Write-Host"),
        ("join.BAT", b"@echo off"),
        ("join", b"\r\n<powershell>\r\n"),
        ("join", b"<script>"),
    ],
)
def test_a_script_for_windows_keeps_the_machine_type_open(name: str, script: bytes) -> None:
    found = served({name: script}, vmType="m5.large", userDataScript=name)
    assert "type" not in found.attributes
    assert any("for Windows write NTX64" in one for one in found.warnings)


@pytest.mark.parametrize(
    "mark",
    [
        {"priority": 0},
        {"gpuextend": "ngpus=1"},
        {"attributes": {"awshost": ["Boolean", "1"]}},
    ],
)
def test_an_entry_for_lsf_has_its_memory_under_lsfs_name_too(mark: dict[str, Any]) -> None:
    assert told(vmType="m5.large", **mark)["mem"] == "8192"
    assert "mem" not in told(vmType="m5.large")


def test_memory_under_either_name_stands_for_the_other() -> None:
    assert told(vmType="m5.large", attributes={"mem": 4096})["nram"] == "4096"
    assert told(vmType="m5.large", priority=1, attributes={"nram": 4096})["mem"] == "4096"


def test_what_was_derived_is_named() -> None:
    assert set(served(vmType="m5.large", attributes={"ncpus": 1}).derived) == {"type", "nram", "ncores"}
    whole = {"type": "X86_64", "ncpus": 1, "ncores": 1, "nram": 1}
    assert served(vmType="m5.large", attributes=whole).derived == ()
