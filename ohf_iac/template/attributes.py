"""`attributes`: what the catalogue writes, and what follows from the instance types where it writes nothing.

What Host Factory is told must hold for whatever a template can give, so each figure is that of the smallest of its
types, and what does not follow for certain is left out, with a warning (hostfactory-contract.md §1.6, §2.1). Host
Factory divides what it needs by these figures and asks for as many units; where types weigh several units, the
figures are therefore those of one unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ohf_iac.template.coerce import Refused, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

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
    weights: Mapping[str, int]  # type -> units that one machine delivers; without one: one
    requirements: Mapping[str, Any]
    windows: bool  # the script is one that only Windows runs


def basis_of(parts: Mapping[str, Any], fleet: FleetConfig | None, files: Mapping[str, bytes]) -> Basis:
    """The basis of an entry, from the parts of the host template that it became and the files that it names."""
    script = files.get(parts["user_data_script"], b"")
    windows = script.lstrip()[:12].lower().startswith((b"<powershell", b"<script")) or parts[
        "user_data_script"
    ].lower().endswith((".ps1", ".bat", ".cmd"))
    return Basis(_types(parts, fleet), parts["weights"], parts["requirements"], windows)


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


def read_attributes(
    written: Mapping[str, object], entry: Mapping[str, object], basis: Callable[[], Basis], warn: list[str]
) -> Attributes:
    """The `attributes` of an entry as the wire wants them: name -> (kind, text), be it written as a pair or as 4.

    What is written wins. `type`, `ncpus` and `nram` are derived where they are missing; `ncores` is 1, because
    Symphony's requestor multiplies it by `ncpus` and skips hosts that lack either; `nram` and LSF's `mem` stand in
    for each other. Raises `Refused` for an attribute that is neither a value nor a pair.
    """
    found = {name: _attribute(name, value) for name, value in written.items() if value is not None}
    if "mem" in found:
        found.setdefault("nram", found["mem"])
    if any(name not in found for name in _NEEDED):
        _derive(found, basis(), warn)
    if "ncores" not in found:
        found["ncores"] = ("Numeric", "1")
    if "nram" in found and "mem" not in found and _is_for_lsf(entry, found):
        found["mem"] = found["nram"]
    return found


def _is_for_lsf(entry: Mapping[str, object], found: Attributes) -> bool:
    return _LSF_ATTRIBUTE in found or any(entry.get(name) is not None for name in _LSF_FIELDS)


def _derive(found: Attributes, basis: Basis, warn: list[str]) -> None:
    missing = [name for name in _NEEDED if name not in found]
    least = _bounds(basis.requirements) if basis.requirements else _least(basis.types, basis.weights)
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
    """The least that every unit has; 0 and "" where nothing is certain."""

    cores: int = 0
    memory: int = 0
    architecture: str = ""
    unknown: str = ""  # the type that is to blame


def _least(types: tuple[str, ...], weights: Mapping[str, int]) -> _Least:
    """What a unit of the smallest of these types has, and the architecture if shared; nothing if one is unknown."""
    # few catalogues leave attributes out; the others must not pay for the table
    from ohf_iac.template.hardware import hardware_of

    cores, memory = [], []
    architectures: set[str] = set()
    for name in types:
        machine = hardware_of(name)
        if machine is None:
            return _Least(unknown=name)
        cores.append(machine.cores // weights.get(name, 1))
        memory.append(machine.memory // weights.get(name, 1))
        architectures.update(machine.architectures)
    architectures.discard("i386")
    architecture = architectures.pop() if len(architectures) == 1 else ""
    return _Least(min(cores, default=0), min(memory, default=0), architecture)


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
