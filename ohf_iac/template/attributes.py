"""`attributes`: what the catalogue writes, and what follows from the instance types where it writes nothing.

What Host Factory is told of a machine must hold for every machine that a template can give, so each figure is that
of the smallest of its types, and what does not follow for certain is left out, with a warning
(hostfactory-contract.md §1.6, §2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ohf_iac.template.coerce import Refused, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from ohf_iac.template.fleet_config import FleetConfig

    Attributes = MutableMapping[str, tuple[str, str]]

_NUMERIC: Final = ("ncpus", "ncores", "nram", "mem")
_NEEDED: Final = ("type", "ncpus", "nram")
#: Fields and attributes that LSF alone knows; such an entry gets `mem`, LSF's name for `nram`.
_LSF_FIELDS: Final = ("priority", "ec2FleetConfig", "gpuextend")
_LSF_ATTRIBUTE: Final = "awshost"
#: No type of EC2 has more; a test holds the table of types to it.
_MOST_THREADS: Final = 2


class Basis(NamedTuple):
    """What an entry says of its machines: their types, or requirements in the place of types; neither: nothing."""

    types: tuple[str, ...]
    requirements: Mapping[str, Any]
    windows: bool  # the script is one that only Windows runs
    lsf: bool


def basis_of(
    entry: Mapping[str, object], parts: Mapping[str, Any], fleet: FleetConfig | None, script: bytes
) -> Basis:
    """The basis of an entry, from the parts of the host template that it became; `script` is its user data."""
    windows = script.lstrip()[:12].lower().startswith((b"<powershell", b"<script")) or parts[
        "user_data_script"
    ].lower().endswith((".ps1", ".bat", ".cmd"))
    lsf = any(entry.get(name) is not None for name in _LSF_FIELDS)
    return Basis(_types(parts, fleet), parts["requirements"], windows, lsf)


def _types(parts: Mapping[str, Any], fleet: FleetConfig | None) -> tuple[str, ...]:
    """Every type that a machine may be of; none when a launch template that is not ours may choose one."""
    own = tuple(dict.fromkeys((*parts["instance_types"], *parts["on_demand_types"])))
    if fleet is None:
        return own
    found: dict[str, None] = {}
    for config in fleet.configs:
        overrides: list[Mapping[str, Any]] = config["overrides"] or [{}]
        for override in overrides:
            if "InstanceType" in override:
                found[override["InstanceType"]] = None
            elif own and not config["specification"]:
                found |= dict.fromkeys(own)
            else:
                return ()
    return tuple(found)


def read_attributes(written: Mapping[str, object], basis: Basis, warn: list[str]) -> Attributes:
    """`attributes` as the wire wants them: name -> (kind, text), whether written as `["Numeric", "4"]` or as 4.

    What is written wins. `type`, `ncpus` and `nram` are derived where they are missing; `ncores` is 1, because
    Symphony's requestor multiplies it by `ncpus` and skips hosts that lack either; `nram` and LSF's `mem` stand in
    for each other. Raises `Refused` for an attribute that is neither a value nor a pair.
    """
    found = {name: _attribute(name, value) for name, value in written.items() if value is not None}
    if "mem" in found:
        found.setdefault("nram", found["mem"])
    if any(name not in found for name in _NEEDED):
        _derive(found, basis, warn)
    found.setdefault("ncores", ("Numeric", "1"))
    if "nram" in found and (basis.lsf or _LSF_ATTRIBUTE in found):
        found.setdefault("mem", found["nram"])
    return found


def _derive(found: Attributes, basis: Basis, warn: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in found]
    least = _bounds(basis.requirements) if basis.requirements else _least(basis.types)
    if cores := _ncpus(least.cores, found):
        found.setdefault("ncpus", ("Numeric", str(cores)))
    if least.memory:
        found.setdefault("nram", ("Numeric", str(least.memory)))
    if "type" not in found and least.architecture == "x86_64" and not basis.windows:
        found["type"] = ("String", "X86_64")
        warn.append("attributes: type is taken to be X86_64; where the image is Windows, write NTX64")
    left = [name for name in missing if name not in found]
    if left:
        why = _why(least, basis) if left == ["type"] or least.unknown else ""
        warn.append(f"attributes: without {', '.join(left)} Host Factory cannot match this template{why}")


def _why(least: _Least, basis: Basis) -> str:
    if least.unknown:
        return f"; {least.unknown} is not in the table of instance types"
    if basis.windows:
        return "; for Windows write NTX64"
    if least.architecture:
        return f"; write what the cluster calls its {least.architecture} machines"
    return ""


def _ncpus(cores: int, found: Attributes) -> int:
    """Processors of so many cores in all, where `ncores` says how many cores one has; 0 when that is no number."""
    each = found.get("ncores", ("Numeric", "1"))[1]
    return cores // int(each) if each.isdecimal() and int(each) else 0


class _Least(NamedTuple):
    """The least that every machine has; 0 and "" where nothing is certain."""

    cores: int = 0
    memory: int = 0
    architecture: str = ""
    unknown: str = ""  # the type that is to blame


def _least(types: tuple[str, ...]) -> _Least:
    """What the smallest of these types has, and the architecture if they share one; nothing if one is unknown."""
    # few catalogues leave attributes out; the others must not pay for the table
    from ohf_iac.template.hardware import hardware_of

    machines = []
    for name in types:
        machine = hardware_of(name)
        if machine is None:
            return _Least(unknown=name)
        machines.append(machine)
    if not machines:
        return _Least()
    shared = {name for one in machines for name in one.architectures if name != "i386"}
    architecture = shared.pop() if len(shared) == 1 else ""
    return _Least(min(one.cores for one in machines), min(one.memory for one in machines), architecture)


def _bounds(requirements: Mapping[str, Any]) -> _Least:
    """What a machine that is selected by requirements has: half as many cores as vCPUs, at any rate."""
    vcpus = requirements["VCpuCount"].get("Min", 0)
    return _Least(-(-vcpus // _MOST_THREADS), requirements["MemoryMiB"].get("Min", 0))


def _attribute(name: str, written: object) -> tuple[str, str]:
    if type(written) is list:
        if len(written) != 2 or type(written[0]) is not str:
            raise Refused("attributes", f"{name} must be a kind and a value, not {shown(written)}")
        return written[0], _text(name, written[1])
    return _kind_of(name, written), _text(name, written)


def _kind_of(name: str, written: object) -> str:
    if type(written) is bool:
        return "Boolean"
    if type(written) is int or type(written) is float or name in _NUMERIC:
        return "Numeric"
    return "String"


def _text(name: str, written: object) -> str:
    if type(written) is str:
        return written
    if type(written) is bool:
        return "1" if written else "0"
    if type(written) is int:
        return str(written)
    if type(written) is float:
        return str(int(written)) if written.is_integer() else repr(written)
    raise Refused("attributes", f"{name} must be a text or a number, not {shown(written)}")
