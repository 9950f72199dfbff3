"""An Auto Scaling group and its activities, as remembered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Activity:
    group: str


@dataclass(slots=True)
class Group:
    name: str
