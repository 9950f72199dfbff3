"""LSF's `ec2FleetConfig`: a file with the request of an EC2 Fleet, as EC2's CreateFleet takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_fleet_config(name: str, files: Mapping[str, bytes], warn: list[str]) -> dict[str, Any]:  # noqa: ARG001
    """The fleet that file `name` describes; {} when `name` is empty. Raises `Refused`."""
    return {}
