"""getAvailableTemplates: the catalogue as Host Factory wants it. No AWS, no renderer."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

from ohf_iac.app import announce
from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.errors import ConfigurationError, StorageError
from ohf_iac.events import template_changes
from ohf_iac.store.memory import with_templates
from ohf_iac.store.records import TemplateRecord
from ohf_iac.template.catalogue import parse_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.app import App
    from ohf_iac.template.catalogue import Catalogue


def available_templates(app: App) -> Catalogue:
    """The catalogue; ConfigurationError when it cannot be read, or when every template in it is refused.

    An empty list would take the provider out of Host Factory until its next start (contract §1.2).
    """
    catalogue = load_catalogue(app.settings)
    for refusal in catalogue.refused:
        app.log.warning(f"refused: {refusal.message}", template=refusal.template_id, field=refusal.field)
    for warning in catalogue.warnings:
        app.log.debug(warning)
    _serving(catalogue)
    _note_changes(app, catalogue)
    return catalogue


def echoed_templates(app: App, document: Mapping[str, object]) -> Catalogue:
    """A template document given in the call: checked and echoed, not kept (contract §1.1)."""
    return _serving(parse_catalogue(dict(document), app.settings.template.defaults, {}))


def _serving(catalogue: Catalogue) -> Catalogue:
    """The catalogue, if it serves anything."""
    if catalogue.templates:
        return catalogue
    reasons = "; ".join(catalogue.complaints) or "it is empty"
    raise ConfigurationError(
        f"Cannot serve any template of the catalogue: {reasons}", hint="ohf templates validate"
    )


def _note_changes(app: App, catalogue: Catalogue) -> None:
    """Remember the templates and tell what changed since the last look; a store that fails changes no answer."""
    new = {one.template_id: _fingerprint(one.raw) for one in catalogue.templates}
    try:
        old = {key: one.fingerprint for key, one in app.store.read().templates.items()}
        changes = template_changes(old, new, int(app.now()))
        if changes:
            records = tuple(TemplateRecord(key, value, int(app.now())) for key, value in new.items())
            app.store.change(lambda memory: with_templates(memory, records))
            announce(app, changes)
    except StorageError as error:
        app.log.warning(f"templates not remembered: {error.message}")


def _fingerprint(raw: Mapping[str, object]) -> str:
    """Tells a changed entry of the catalogue from the same one; it protects nothing, so a checksum will do."""
    return f"{zlib.crc32(json.dumps(raw, sort_keys=True).encode()):08x}"
