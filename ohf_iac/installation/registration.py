"""Registration entries merged into files that hold those of others: nothing of theirs is touched.

hostProviders.json and hostProviderPlugins.json of Symphony 7.3 have version 2; version 1 (Symphony 7.2) knows no
plug-ins, an entry names its scripts itself. LSF's hostProviders.json has no version
(hostfactory-contract.md §4).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ohf_iac.errors import BusinessRuleError
from ohf_iac.installation.json_text import appended, parsed_text, replaced, with_member

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Alike = Callable[[str, object, object], bool]

State = Literal["created", "merged", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Registry:
    """A registration file: its path, the list in it, and its version (None: it has none)."""

    path: str
    list_name: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Merged:
    """The text of a registration file, and what became of it."""

    text: str
    state: State
    note: str = ""


def merged(text: str | None, registry: Registry, entry: Mapping[str, Any], alike: Alike, force: bool) -> Merged:
    """The file's text (None: there is no file) with `entry` in it.

    `alike(key, theirs, ours)` tells whether two values mean the same; whether an entry is enabled is its
    administrator's choice. An entry of the same name that means another provider is refused, unless `force` has it
    changed; BusinessRuleError then, ValidationError when the file cannot be read as what it should be.
    """
    name = str(entry["name"])
    if text is None or not text.strip("\ufeff \t\r\n"):
        head = {} if registry.version is None else {"version": registry.version}
        document = {**head, registry.list_name: [entry]}
        return Merged(json.dumps(document, indent=2) + "\n", "created")
    entries = _entries(parsed_text(text, registry.path), registry)
    if entries is None:
        return Merged(with_member(text, (), registry.list_name, [entry]), "merged", f"entry {name} added")
    places = [place for place, one in enumerate(entries) if isinstance(one, dict) and one.get("name") == name]
    if not places:
        return Merged(appended(text, (registry.list_name,), entry), "merged", f"entry {name} added")
    if len(places) > 1:
        raise BusinessRuleError(
            f"register {name} in {registry.path}: it has {len(places)} entries of that name",
            hint="remove those that are not meant",
        )
    theirs = entries[places[0]]
    differing = {key: value for key, value in entry.items() if not alike(key, theirs.get(key), value)}
    differing.pop("enabled", None)
    if not differing:
        return Merged(text, "unchanged", "" if theirs.get("enabled", 1) else f"entry {name} is disabled there")
    told = _differences(theirs, differing)
    if not force:
        raise BusinessRuleError(
            f"register {name} in {registry.path}: it has an entry of that name with {told}",
            hint="choose another --name, or change the entry with --force (a backup of the file is kept)",
        )
    changed = replaced(text, (registry.list_name, places[0]), {**theirs, **differing})
    return Merged(changed, "updated", f"entry {name} changed: {told}")


def with_provider(text: str, path: str, requestor: str, provider: str) -> Merged:
    """hostRequestors.json with the provider in the `providers` of that requestor."""
    document = parsed_text(text, path)
    found = document.get("requestors")
    entries = found if isinstance(found, list) else []
    for place, one in enumerate(entries):
        if isinstance(one, dict) and one.get("name") == requestor:
            named = one.get("providers")
            if isinstance(named, list) and provider in named:
                return Merged(text, "unchanged")
            note = f"requestor {requestor} asks {provider} too"
            if isinstance(named, list):
                return Merged(appended(text, ("requestors", place, "providers"), provider), "merged", note)
            if named is None:
                return Merged(with_member(text, ("requestors", place), "providers", [provider]), "merged", note)
            raise BusinessRuleError(
                f"add {provider} to requestor {requestor} in {path}: its providers are no array",
                hint="mend the file by hand",
            )
    known = ", ".join(str(one.get("name")) for one in entries if isinstance(one, dict)) or "none"
    raise BusinessRuleError(
        f"add {provider} to requestor {requestor} in {path}: there is no such requestor", hint=f"known are: {known}"
    )


def _entries(document: Mapping[str, Any], registry: Registry) -> list[Any] | None:
    entries = document.get(registry.list_name)
    if entries is not None and not isinstance(entries, list):
        raise BusinessRuleError(
            f"register in {registry.path}: {registry.list_name} is no array", hint="mend the file by hand"
        )
    version = document.get("version", registry.version)
    if registry.version is not None and version not in (1, 2, "1", "2"):
        raise BusinessRuleError(
            f"register in {registry.path}: its version is {json.dumps(version)}, known are 1 and 2",
            hint="add the entries by hand, after those in examples/provider",
        )
    return entries


def _differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} {json.dumps(theirs.get(key))} instead of {json.dumps(value)}" for key, value in ours.items()
    )
