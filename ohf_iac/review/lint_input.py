"""What lint looks at, read from the configuration folder. No AWS, no home folder, no network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from ohf_iac.config.catalogue_file import find_catalogue, named_files
from ohf_iac.config.documents import parsed
from ohf_iac.config.folders import first_found, read_file
from ohf_iac.config.load import OWN_FILE
from ohf_iac.errors import ConfigurationError, ValidationError
from ohf_iac.review.findings import Related
from ohf_iac.review.json_places import repeated_keys
from ohf_iac.review.lint import Lintable, OwnFile
from ohf_iac.review.places import Spot
from ohf_iac.review.rule import Policy
from ohf_iac.review.source import places_of, source_of
from ohf_iac.review.suppressing import Suppressions
from ohf_iac.template.catalogue import parse_catalogue

if TYPE_CHECKING:
    from ohf_iac.config import Settings
    from ohf_iac.config.folders import Found, Read

_UNKNOWN: Final = Spot(1, 1)
#: settings whose field has another name
_FIELDS: Final = {"tags": "instanceTags"}


def lintable(settings: Settings, base: str, root: str = "", read: Read = read_file) -> Lintable:
    """The catalogue of a configuration, with its lines; ConfigurationError where there is none that can be read.

    Files are named relative to the folder `base` where they lie in it, else relative to the configuration folder.
    Absolute paths of the catalogue are looked for below `root`.
    """
    found = find_catalogue(settings, read)
    document = parsed(found)
    files = named_files(found, document, read, root)
    try:
        catalogue = parse_catalogue(document, settings.template.defaults, files)
    except ValidationError as error:
        raise ConfigurationError(f"Cannot use {found.path}: {error.message}", hint=error.hint) from error
    folder = os.path.dirname(found.path)
    return Lintable(
        catalogue,
        source_of(found, shown_path(found.path, settings.conf_dir, base), document, catalogue),
        files,
        _policy(settings),
        lambda name: name if os.path.isabs(name) else shown_path(f"{folder}/{name}", settings.conf_dir, base),
        _own_file(settings, base, read),
    )


def suppressions(settings: Settings, base: str, read: Read = read_file) -> Suppressions:
    """The suppressions of a configuration, with their lines; file names as `lintable` has them."""
    own = first_found((OWN_FILE,), settings.search, read)
    listed = settings.lint.suppress
    if own is None or not listed:
        return Suppressions((), "", ())
    return Suppressions(listed, shown_path(own.path, settings.conf_dir, base), _spots(own, len(listed)))


def default_base(conf_dir: str, here: str) -> str:
    """The folder that paths start from: the current one where the configuration lies in it, as in a pipeline's
    checkout, else the configuration folder."""
    return here if _lies_in(conf_dir, here) else conf_dir


def shown_path(path: str, conf_dir: str, base: str) -> str:
    """A file as reports name it on every machine: relative, with `/`."""
    start = base if _lies_in(path, base) else conf_dir
    return os.path.relpath(path, start).replace(os.sep, "/")


def _lies_in(path: str, folder: str) -> bool:
    return os.path.normpath(path).startswith(os.path.join(os.path.normpath(folder), ""))


def _policy(settings: Settings) -> Policy:
    return Policy(
        defaults=settings.template.defaults,
        required_tags=settings.template.required_tags,
        service_role=settings.provider.service_role_arn,
        assumed_role=settings.provider.assume_role_arn,
        bucket=settings.provider.template_bucket,
    )


def _own_file(settings: Settings, base: str, read: Read) -> OwnFile:
    own = first_found((OWN_FILE,), settings.search, read)
    if own is None:
        return OwnFile()
    file = shown_path(own.path, settings.conf_dir, base)
    section = places_of(own).find(("template",))
    places = section.inside.items() if section else ()
    said = {str(name): Related(file, spot.line, "it is set here") for name, spot in places}
    repeated = repeated_keys(own.content.decode("utf-8-sig"))
    return OwnFile(
        file,
        {_FIELDS.get(name, name): place for name, place in said.items()},
        tuple((".".join(map(str, path)), spot) for path, spot in repeated),
    )


def _spots(own: Found, count: int) -> tuple[Spot, ...]:
    whole = places_of(own)
    return tuple(whole.find(("lint", "suppress", place)) or _UNKNOWN for place in range(count))
