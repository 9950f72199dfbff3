"""The table of instance types that the catalogue's attributes are derived from: `make hardware` writes it.

The source is the copy of EC2's DescribeInstanceTypes that moto publishes with each release; the figures are AWS's.
A line holds one type: name, vCPUs, default cores, threads per core, MiB of memory, architectures of its processor.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES


def table() -> str:
    """The table with its heading, sorted by name, so that a new edition shows what is new."""
    source = f"EC2's DescribeInstanceTypes as published with moto {version('moto')}, made by `make hardware`"
    heading = f"# {source}: type vCPUs cores threadsPerCore MiB architectures"
    return "".join(f"{line}\n" for line in (heading, *lines(INSTANCE_TYPES)))


def lines(described: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """One line for each type that DescribeInstanceTypes describes whole."""
    for name in sorted(described):
        cpu, architectures = described[name]["VCpuInfo"], described[name]["ProcessorInfo"]["SupportedArchitectures"]
        figures = (
            cpu["DefaultVCpus"],
            cpu["DefaultCores"],
            cpu["DefaultThreadsPerCore"],
            described[name]["MemoryInfo"]["SizeInMiB"],
        )
        yield f"{name} {' '.join(map(str, figures))} {','.join(sorted(architectures))}"


if __name__ == "__main__":
    sys.stdout.write(table())
