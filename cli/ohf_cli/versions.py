"""Which versions of bodies somebody means, by the words of the command line."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from ohf_cli.provider import provider_app, stateless_environ
from ohf_cli.templates_command import found_template
from ohf_iac.config import load
from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.errors import OhfError, ResourceNotFoundError
from ohf_iac.render.index import file_name
from ohf_iac.review.revision import at_revision
from ohf_iac.review.versions import approved, configured, nothing, of_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.config import Settings
    from ohf_iac.review.diff.comparison import Version

CONFIGURED: Final = "configuration"
_BODIES: Final = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is configured: the settings, and below which folder the catalogue's absolute paths lie, "" for none."""

    settings: Settings
    root: str


def version_named(configuration: Configuration, word: str) -> tuple[str, Version]:
    """The version that a word means, and its template's id, "" where that is not said.

    ResourceNotFoundError where there is none: a word that names a template is no question whether it is there.
    """
    kind, _, rest = word.partition(":")
    if kind == "git" and ":" in rest:
        revision, _, template_id = rest.rpartition(":")
        return template_id, _there(word, _at_revision(configuration, revision, template_id).get(template_id))
    if kind == "lock" and rest:
        found = approved(configuration.settings, rest)
        return rest, _there(word, found if found.sha256 else None)
    if kind == "stack" and rest:
        return "", _of_stack(rest)
    if kind in ("git", "lock", "stack") and kind != word:
        raise click.UsageError(f"{word!r}: write lock:TEMPLATE, git:REVISION:TEMPLATE or stack:NAME")
    if _is_file(word):
        return "", of_file(word)
    return word, of_template(configuration, word)


def _there(word: str, found: Version | None) -> Version:
    if found is None:
        raise ResourceNotFoundError(
            f"compare with {word}: there is no such body", hint="ohf verify shows what is approved"
        )
    return found


def of_template(configuration: Configuration, template_id: str) -> Version:
    """What the configuration renders for a template; errors say why there is none."""
    settings, root = configuration.settings, configuration.root
    found_template(load_catalogue(settings, root=root), template_id)
    return configured(settings, CONFIGURED, template_id, root=root)[template_id]


def of_all(configuration: Configuration) -> dict[str, Version]:
    """What the configuration renders, by template; of a template that is refused, no body."""
    settings, root = configuration.settings, configuration.root
    found = configured(settings, CONFIGURED, root=root)
    refused = load_catalogue(settings, root=root).refused
    return {**{one.template_id: nothing(f"{CONFIGURED} (refused)") for one in refused}, **found}


def versions_against(
    configuration: Configuration, against: str, template_ids: tuple[str, ...]
) -> dict[str, Version]:
    """What these templates are held against, by template; of a revision all that it had, for `--all`."""
    kind, _, rest = against.partition(":")
    if against == "approved":
        return {one: approved(configuration.settings, one) for one in template_ids}
    if against == "deployed":
        return _deployed(template_ids)
    if kind == "git" and rest:
        return _at_revision(configuration, rest, template_ids[0] if len(template_ids) == 1 else "")
    if os.path.isdir(against):
        files = {one: os.path.join(against, file_name(one)) for one in template_ids}
        return {one: of_file(path) for one, path in files.items() if os.path.exists(path)}
    if len(template_ids) == 1 and (kind in ("lock", "stack") or _is_file(against)):
        return {template_ids[0]: version_named(configuration, against)[1]}
    raise click.UsageError(f"--against {against}: expected approved, deployed, git:REVISION or a folder")


def _is_file(word: str) -> bool:
    return os.sep in word or word.endswith(_BODIES)


def _at_revision(configuration: Configuration, name: str, template_id: str) -> dict[str, Version]:
    found = at_revision(stateless_environ(), name)
    with _told_of(name):
        settings = load(found.environ, found.read)
        root = os.path.realpath(configuration.root) if configuration.root else ""
        return configured(settings, f"git:{name}", template_id, found.read, root)


@contextmanager
def _told_of(revision: str) -> Iterator[None]:
    """Files of a revision have the names of those of today; an error says which are meant."""
    try:
        yield
    except OhfError as error:
        error.message = f"{error.message} (at revision {revision})"
        raise


def _of_stack(name: str) -> Version:
    from ohf_iac.app import calls_of  # only who asks AWS pays for its SDK
    from ohf_iac.review.deployed_versions import of_stack

    return of_stack(calls_of(provider_app()), name)


def _deployed(template_ids: tuple[str, ...]) -> dict[str, Version]:
    from ohf_iac.app import calls_of  # as above
    from ohf_iac.review.deployed_versions import deployed

    app = provider_app()
    return deployed(calls_of(app), app.owner, template_ids)
