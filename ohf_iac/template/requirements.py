"""Attribute based selection of instance types (`abisInstanceRequirements`), held to the names that EC2 knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.template.coerce import Refused, Unfit, boolean, decimal, mapping, names, shown, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIELD = "abisInstanceRequirements"
#: AWS::EC2::EC2Fleet InstanceRequirementsRequest: property -> what it holds (CloudFormation registry schema).
_SHAPE: Final[Mapping[str, str]] = {
    "VCpuCount": "range",
    "MemoryMiB": "range",
    "AcceleratorCount": "range",
    "AcceleratorTotalMemoryMiB": "range",
    "BaselineEbsBandwidthMbps": "range",
    "NetworkInterfaceCount": "range",
    "MemoryGiBPerVCpu": "decimals",
    "NetworkBandwidthGbps": "decimals",
    "TotalLocalStorageGB": "decimals",
    "AcceleratorManufacturers": "list",
    "AcceleratorNames": "list",
    "AcceleratorTypes": "list",
    "AllowedInstanceTypes": "list",
    "CpuManufacturers": "list",
    "ExcludedInstanceTypes": "list",
    "InstanceGenerations": "list",
    "LocalStorageTypes": "list",
    "BareMetal": "text",
    "BurstablePerformance": "text",
    "LocalStorage": "text",
    "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice": "number",
    "OnDemandMaxPricePercentageOverLowestPrice": "number",
    "SpotMaxPricePercentageOverLowestPrice": "number",
    "RequireHibernateSupport": "switch",
}
_BY_LOWER: Final[Mapping[str, str]] = {name.lower(): name for name in _SHAPE}
#: Those that a stack can say, as AWS spells them.
REQUIREMENTS: Final = frozenset(_SHAPE)


def read_requirements(written: Mapping[str, object]) -> dict[str, object]:
    """The requirements as AWS spells them, whatever the case of their names; numbers with decimals become texts.

    Raises `Refused` for a name that EC2 does not know, a value of the wrong form, or when VCpuCount or MemoryMiB,
    which EC2 requires, is missing.
    """
    found = {}
    for key, value in written.items():
        name = _BY_LOWER.get(key.lower())
        if name is None:
            raise Refused(_FIELD, f"{key} is no requirement that EC2 knows")
        try:
            found[name] = _read(_SHAPE[name], value)
        except Unfit as unfit:
            raise Refused(_FIELD, f"{key} {unfit}") from None
    for name in ("VCpuCount", "MemoryMiB"):
        if written and name not in found:
            raise Refused(_FIELD, f"{name} is required")
    return found


def _read(shape: str, value: object) -> object:
    if shape == "range" or shape == "decimals":
        return _range(value, decimals=shape == "decimals")
    if shape == "list":
        return list(names(value))
    if shape == "number":
        return whole(value)
    if shape == "switch":
        return boolean(value)
    return text(value)


def _range(value: object, *, decimals: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, bound in mapping(value).items():
        name = key.capitalize()
        if name not in ("Min", "Max"):
            raise Unfit(f"must have Min and Max, not {shown(key)}")
        found[name] = (decimal(bound) or "0") if decimals else whole(bound)
    if not found:
        raise Unfit("must have Min or Max")
    return found
