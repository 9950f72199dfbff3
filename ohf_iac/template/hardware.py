"""What EC2's instance types are made of, from the table beside this module (`make hardware` writes it)."""

from __future__ import annotations

import os
from functools import cache
from typing import NamedTuple


class Hardware(NamedTuple):
    """One instance type with the processor options that it has by default (EC2, DescribeInstanceTypes)."""

    vcpus: int
    cores: int
    threads: int  # of one core: 1 or 2
    memory: int  # MiB
    architectures: tuple[str, ...]  # as EC2 spells them: x86_64, arm64, i386 …


def hardware_of(instance_type: str) -> Hardware | None:
    """The figures of an instance type; None for one that the table does not know."""
    table = _table()
    start = table.find(f"\n{instance_type} ") + 1
    if not start:
        return None
    name, *figures, architectures = table[start : table.index("\n", start)].split(" ")
    if name != instance_type:
        return None
    vcpus, cores, threads, memory = map(int, figures)
    return Hardware(vcpus, cores, threads, memory, tuple(architectures.split(",")))


@cache
def _table() -> str:
    # not through importlib.resources: its import takes longer than bare Python's start (design §9)
    with open(os.path.join(os.path.dirname(__file__), "hardware.txt"), encoding="ascii") as file:
        return file.read()
