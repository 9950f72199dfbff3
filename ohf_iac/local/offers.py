"""Instance types: processors, memory, architecture and a price, as far as fleets need them.

Sizes and prices are round figures of the right order, not AWS's price list: they only make `MaxPrice` and
attribute-based selection decide something.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TYPE = re.compile(r"[a-z][a-z0-9-]*\.(?:nano|micro|small|medium|large|(\d*)xlarge|metal(?:-\d+xl)?)")
SMALL = {"nano": 1, "micro": 1, "small": 1, "medium": 1, "large": 2}
MEMORY_PER_VCPU = {"c": 2048, "m": 4096, "r": 8192, "t": 2048}
PRICE_PER_VCPU = 0.048
SPOT_SHARE = 0.4
GENERATIONS = ("c5", "m5", "r5", "c6i", "m6i", "r6i", "c6g", "m6g", "r6g")
SIZES = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge")


@dataclass(frozen=True, slots=True)
class Offer:
    """An instance type; prices are dollars per hour."""

    name: str
    vcpus: int
    memory_mib: int
    architecture: str

    @property
    def price(self) -> float:
        return round(self.vcpus * PRICE_PER_VCPU, 4)

    @property
    def spot_price(self) -> float:
        return round(self.price * SPOT_SHARE, 4)


def offer(name: str) -> Offer | None:
    """The type of that name; None when no type can bear such a name."""
    found = TYPE.fullmatch(name)
    if found is None:
        return None
    family, size = name.split(".", 1)
    vcpus = SMALL.get(size) or 4 * int(found.group(1) or (24 if size.startswith("metal") else 1))
    arm = re.fullmatch(r"[a-z]+\d+g[a-z]*|a1", family) is not None
    memory = vcpus * MEMORY_PER_VCPU.get(family[0], 4096)
    return Offer(name, vcpus, memory, "arm64" if arm else "x86_64")


def matching(requirements: Mapping[str, Any], architecture: str) -> tuple[str, ...]:
    """The types that fulfil InstanceRequirements, cheapest first; `architecture` "" is any.

    Heeded are VCpuCount, MemoryMiB, AllowedInstanceTypes and ExcludedInstanceTypes.
    """
    names = (f"{generation}.{size}" for generation in GENERATIONS for size in SIZES)
    offers = [known for name in names if (known := offer(name)) and architecture in ("", known.architecture)]
    fitting = [
        known
        for known in offers
        if _within(known.vcpus, requirements.get("VCpuCount"))
        and _within(known.memory_mib, requirements.get("MemoryMiB"))
        and _named(known.name, requirements)
    ]
    return tuple(known.name for known in sorted(fitting, key=lambda known: (known.price, known.name)))


def _within(number: int, bounds: Mapping[str, Any] | None) -> bool:
    bounds = bounds or {}
    return int(bounds.get("Min") or 0) <= number <= int(bounds.get("Max") or number)


def _named(name: str, requirements: Mapping[str, Any]) -> bool:
    allowed = requirements.get("AllowedInstanceTypes")
    excluded = requirements.get("ExcludedInstanceTypes") or ()
    return not _any(name, excluded) and (not allowed or _any(name, allowed))


def _any(name: str, patterns: Any) -> bool:
    return any(re.fullmatch(re.escape(str(p)).replace(r"\*", ".*"), name) for p in patterns)
