"""`{{resolve:ssm:NAME:VERSION}}` in properties, which CloudFormation replaces before a type's handler sees them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ohf_iac.local.places import parameter_value
from ohf_iac.local.resources import ResourceRefused

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

REFERENCE = re.compile(r"\{\{resolve:ssm:([a-zA-Z0-9_./-]+)(?::(\d+))?\}\}")


def resolved(region: Region, document: Any) -> Any:
    """The document with each reference replaced by its parameter's value.

    Raises ResourceRefused for a parameter, or a version of it, that does not exist.
    """
    if isinstance(document, str):
        return REFERENCE.sub(lambda found: _value(region, found), document)
    if isinstance(document, Mapping):
        return {key: resolved(region, value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [resolved(region, value) for value in document]
    return document


def _value(region: Region, found: re.Match[str]) -> str:
    name, version = found.group(1), found.group(2)
    value = parameter_value(region, f"{name}:{version}" if version else name)
    if value is None:
        raise ResourceRefused(f"Parameters: [ssm:{name}:{version or ''}] cannot be found.")
    return value
