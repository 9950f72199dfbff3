"""The catalogue: found, read with the files that it names, and handed to `ohf_iac.template` as values."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ohf_iac.bounded_json import LONGEST
from ohf_iac.config.documents import parsed
from ohf_iac.config.folders import first_found, ibm_names, read_file
from ohf_iac.config.named_file import content_of
from ohf_iac.errors import ConfigurationError, ValidationError
from ohf_iac.template.catalogue import files_named, parse_catalogue

if TYPE_CHECKING:
    from ohf_iac.config.folders import Found, Read
    from ohf_iac.config.settings import Settings
    from ohf_iac.template.catalogue import Catalogue

_ENDINGS: Final = ("json", "yaml", "yml")


def load_catalogue(settings: Settings, read: Read = read_file, root: str = "") -> Catalogue:
    """The host templates; ConfigurationError when there is no catalogue or it cannot be read as one.

    A file that the catalogue names (paths are relative to the catalogue) and that is missing, or may not be sent
    (`named_file`), refuses the templates that name it, not the others. Absolute paths are looked for below `root`.
    """
    found = find_catalogue(settings, read)
    document = parsed(found)
    try:
        return parse_catalogue(document, settings.template.defaults, named_files(found, document, read, root))
    except ValidationError as error:
        raise ConfigurationError(f"Cannot use {found.path}: {error.message}", hint=error.hint) from error


def catalogue_files(settings: Settings, read: Read = read_file, root: str = "") -> dict[str, bytes]:
    """The content of the files that the catalogue names, by the name as written; missing ones are not in it."""
    found = find_catalogue(settings, read)
    return named_files(found, parsed(found), read, root)


def named_files(found: Found, document: object, read: Read = read_file, root: str = "") -> dict[str, bytes]:
    """The content of the files that this catalogue names; templates whose files are not in it are refused.

    ConfigurationError when together they are longer than is read.
    """
    folder = os.path.dirname(found.path)
    contents: dict[str, bytes] = {}
    left = LONGEST
    for name in files_named(document):
        content = content_of(name, folder, read, root)
        if content is None:
            continue
        left -= len(content)
        if left < 0:
            raise ConfigurationError(
                f"Cannot use {found.path}: the files that it names are longer than {LONGEST} bytes together",
                hint="Let templates share scripts, and scripts fetch what is large.",
            )
        contents[name] = content
    return contents


def find_catalogue(settings: Settings, read: Read = read_file) -> Found:
    """The catalogue's file; ConfigurationError when there is none, or two of which only one would count."""
    stems = ibm_names(settings.provider_name, "templates")
    for stem in stems:
        for folder in settings.search:
            found = [one for ending in _ENDINGS if (one := first_found((f"{stem}.{ending}",), (folder,), read))]
            if len(found) > 1:
                raise ConfigurationError(
                    f"Cannot tell which catalogue counts: {' and '.join(one.path for one in found)}",
                    hint="Keep one of them and move the other out of the folder.",
                )
            if found:
                return found[0]
    raise ConfigurationError(
        f"Cannot find the catalogue: no {' or '.join(stems)} (.json, .yaml, .yml) in {', '.join(settings.search)}",
        hint="Put the host templates there; examples/provider/ holds a complete set.",
    )
