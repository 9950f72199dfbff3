"""The keys of section `template` that reach a stack's body: those of `BODY_SETTINGS`, with their checks."""

from __future__ import annotations

from typing import Any, Final

from ohf_iac.config.keys import Key, Kind, snake
from ohf_iac.template.defaults import TemplateDefaults

_BARE: Final = TemplateDefaults()


def _key(name: str, kind: Kind, low: float = 0, high: float = 0, choices: tuple[str, ...] = ()) -> Key:
    default = getattr(_BARE, snake(name))
    return Key("template", name, kind, default, low, high, choices, reaches_body=True)


TEMPLATE_KEYS: Final[tuple[Key, ...]] = (
    _key("rootDeviceName", "text"),
    _key("tags", "texts"),
    _key("maxPerRequest", "whole", 1, 10000),
    _key("httpTokens", "text", choices=("required", "optional")),
    _key("httpPutResponseHopLimit", "whole", 1, 64),
    _key("instanceMetadataTags", "flag"),
    _key("associatePublicIpAddress", "flag"),
    _key("encryptVolumes", "flag"),
    _key("kmsKeyId", "text"),
    _key("volumeType", "text", choices=("gp2", "gp3", "io1", "io2", "standard")),
    _key("deleteOnTermination", "flag"),
    _key("detailedMonitoring", "flag"),
    _key("providerName", "text"),
    _key("clusterName", "text"),
)


def template_defaults(values: dict[str, Any]) -> TemplateDefaults:
    """The defaults of all host templates out of checked values by their snake_case names."""
    return TemplateDefaults(**values)
