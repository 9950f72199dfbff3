"""What `ohf init` will write: files and folders as values, told from what is there already; pure.

Files of the administrator are kept as they are: catalogue, configuration, user data. Scripts are ours and are
written anew where they differ. Registration files are merged into. Everything can be planned again at any time,
and what is as it should be is left alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ohf_iac.config.folders import Found, ibm_names
from ohf_iac.config.load import OWN_FILE
from ohf_iac.errors import BusinessRuleError
from ohf_iac.installation import samples
from ohf_iac.installation.json_text import parsed_text
from ohf_iac.installation.registration import Merged, Registry, State, merged, with_provider
from ohf_iac.installation.scripts import is_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.installation.places import Places

#: modes: configuration says where credentials are, registration files hold what others have to read
PRIVATE: Final = 0o600
SHARED: Final = 0o644
PROGRAM: Final = 0o755
_CATALOGUE_ENDINGS: Final = ("json", "yaml", "yml")
_YOURS: Final = "yours, kept as it is"


@dataclass(frozen=True, slots=True)
class Present:
    """A file that is there."""

    content: bytes
    mode: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What the administrator asks for; "" is "not said". `scripts` and `user_data` are the contents to install."""

    scripts: Mapping[str, bytes]
    user_data: bytes
    region: str
    owner: str = ""
    requestor: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file as it shall be; `before` is what is there now (None: nothing). A `backup` keeps that."""

    path: str
    content: bytes
    mode: int
    state: State
    before: bytes | None = None
    note: str = ""
    backup: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """Folders to make, then files to write, in this order; `sample` tells that the catalogue is the example."""

    places: Places
    owner: str
    folders: tuple[str, ...]
    files: tuple[PlannedFile, ...]
    sample: bool
    provider_listed: bool = field(default=False)


def planned(places: Places, wish: Wish, look: Callable[[str], Present | None], mint: Callable[[], str]) -> Plan:
    """The plan; `look` reads a file, `mint` makes the random part of an owner's id.

    BusinessRuleError where something of others is in the way, ValidationError for a file that cannot be read.
    Registration comes last, so that nothing registered is ever missing.
    """
    own, owner = _own_file(places, wish, look, mint)
    catalogue = _catalogue(places, look)
    files = [own, _ibm_file(places, wish, look), catalogue]
    files += _user_data(places, wish, look, catalogue)
    files += [_script(places, wish, name, look) for name in wish.scripts]
    files += _registration(places, wish, look)
    made = (places.home, places.conf, places.scripts, f"{places.conf}/scripts", places.work, places.log)
    folders = tuple(dict.fromkeys(one for one in made if one))
    return Plan(places, owner, folders, tuple(files), _is_sample(catalogue, places), bool(wish.requestor))


def _own_file(
    places: Places, wish: Wish, look: Callable[[str], Present | None], mint: Callable[[], str]
) -> tuple[PlannedFile, str]:
    """ohf.json and the owner. A provider that has run without one was owned by its name, and stays so."""
    found = _first(places, (OWN_FILE,), look)
    if found is None:
        databases = (f"{places.work}/{places.name}-request_database.{kind}" for kind in ("json", "sqlite"))
        ran = places.work and any(map(look, databases))
        owner = wish.owner or (places.name if ran else f"{places.name[:55]}-{mint()}")
        content = _document(samples.own_configuration(owner))
        return PlannedFile(f"{places.conf}/{OWN_FILE}", content, PRIVATE, "created", note=f"owner {owner}"), owner
    section = parsed_text(_text(found.path, found.content), found.path).get("provider")
    said = section.get("owner") if isinstance(section, dict) else None
    owner = str(said or places.name)
    if wish.owner not in ("", owner):
        raise BusinessRuleError(
            f"take {wish.owner} for the owner: {found.path} has {owner}, and machines of that owner may be alive",
            hint="keep it; or change the file by hand once ohf status shows no live machine",
        )
    return _kept(found, f"owner {owner}"), owner


def _ibm_file(places: Places, wish: Wish, look: Callable[[str], Present | None]) -> PlannedFile:
    names = ibm_names(places.name, "config.json")
    found = _first(places, names, look)
    if found:
        return _kept(found, _YOURS)
    content = _document(samples.ibm_configuration(wish.region))
    return PlannedFile(f"{places.conf}/{names[-1]}", content, PRIVATE, "created", note=f"region {wish.region}")


def _catalogue(places: Places, look: Callable[[str], Present | None]) -> PlannedFile:
    stems = ibm_names(places.name, "templates")
    found = _first(places, tuple(f"{stem}.{ending}" for stem in stems for ending in _CATALOGUE_ENDINGS), look)
    if found:
        return _kept(found, _YOURS)
    content = _document(samples.catalogue(places.scheduler))
    return PlannedFile(
        f"{places.conf}/{stems[-1]}.json", content, PRIVATE, "created", note="an example: put your ids in"
    )


def _is_sample(catalogue: PlannedFile, places: Places) -> bool:
    """Whether nobody has put ids of their own into the catalogue yet."""
    return catalogue.content == _document(samples.catalogue(places.scheduler))


def _user_data(
    places: Places, wish: Wish, look: Callable[[str], Present | None], catalogue: PlannedFile
) -> Iterator[PlannedFile]:
    """The example's user data, where the catalogue is the example or was when this was last run."""
    path = f"{places.conf}/{samples.USER_DATA}"
    present = look(path)
    if present:
        yield _kept(Found(path, present.content), _YOURS)
    elif catalogue.state == "created" or samples.USER_DATA.encode() in catalogue.content:
        yield PlannedFile(path, wish.user_data, PROGRAM, "created", note="what machines run first")


def _script(places: Places, wish: Wish, name: str, look: Callable[[str], Present | None]) -> PlannedFile:
    path, content = f"{places.scripts}/{name}", wish.scripts[name]
    mode = SHARED if name.endswith(".bat") else PROGRAM
    present = look(path)
    if present is None:
        return PlannedFile(path, content, mode, "created")
    if present.content == content and present.mode & mode == mode:
        return PlannedFile(path, content, mode, "unchanged", present.content)
    if not (is_ours(present.content) or wish.force):
        raise BusinessRuleError(
            f"write {path}: there is a script of that name that is not ours",
            hint="choose another directory with -d, or replace it with --force (a backup is kept)",
        )
    foreign = not is_ours(present.content)
    return PlannedFile(path, content, mode, "updated", present.content, backup=foreign)


def _registration(places: Places, wish: Wish, look: Callable[[str], Present | None]) -> Iterator[PlannedFile]:
    version = _version(places, look)
    plain = places.scheduler == "lsf"
    if places.plugins_file and version == 2:
        plugins = Registry(places.plugins_file, "providerplugins", 2)
        yield _merged(
            look, plugins.path, lambda text: merged(text, plugins, places.plugin, places.alike, wish.force)
        )
    providers = Registry(places.providers_file, "providers", None if plain else version)
    entry = places.entry(version)
    yield _merged(look, providers.path, lambda text: merged(text, providers, entry, places.alike, wish.force))
    if wish.requestor:
        path = places.requestors_file
        if not path:
            raise BusinessRuleError(
                f"add {places.name} to requestor {wish.requestor}: there is no Host Factory to be changed",
                hint="give --hf-top DIR as well",
            )
        yield _merged(look, path, lambda text: with_provider(text or "{}", path, wish.requestor, places.name))


def _version(places: Places, look: Callable[[str], Present | None]) -> int:
    """2, or 1 where hostProviders.json says so, or says nothing in a Host Factory that knows no plug-ins."""
    present = look(places.providers_file)
    if places.scheduler == "lsf" or present is None or not present.content.strip():
        return 2
    document = parsed_text(_text(places.providers_file, present.content), places.providers_file)
    said = document.get("version")
    if said is None:
        return 2 if look(places.plugins_file) or not document.get("providers") else 1
    return 1 if said in (1, "1") else 2


def _merged(look: Callable[[str], Present | None], path: str, merge: Callable[[str | None], Merged]) -> PlannedFile:
    present = look(path)
    before = present.content if present else None
    done = merge(_text(path, before) if before is not None else None)
    mode = present.mode if present else SHARED
    changed = before is not None and done.state != "unchanged"
    return PlannedFile(
        path, done.text.encode(), mode, done.state, before, done.note, backup=changed and bool(before)
    )


def _first(places: Places, names: tuple[str, ...], look: Callable[[str], Present | None]) -> Found | None:
    """The file that the scripts will find of these: an earlier name wins over an earlier folder."""
    for name in names:
        for folder in places.search:
            if present := look(f"{folder}/{name}"):
                return Found(f"{folder}/{name}", present.content)
    return None


def _kept(found: Found, note: str = "") -> PlannedFile:
    return PlannedFile(found.path, found.content, 0, "unchanged", found.content, note)


def _document(content: object) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BusinessRuleError(
            f"read {path}: byte {error.start} is not UTF-8", hint="save the file as UTF-8"
        ) from error
