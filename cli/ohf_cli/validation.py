"""Documents held against their JSON Schemas: on the human face there is time for it, and people want every finding.

The hand-written checks of the library decide; a schema that exists is asked first, because it names all that is
wrong at once and where.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING, Any

from ohf_iac.config import load
from ohf_iac.config.catalogue_file import find_catalogue
from ohf_iac.config.documents import parsed
from ohf_iac.config.folders import first_found, folders_from, read_file
from ohf_iac.config.load import OWN_FILE
from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jsonschema import ValidationError

    from ohf_iac.config import Settings

#: findings of one document that are told; more would hide the first
_MOST = 10


def validated_settings(environ: Mapping[str, str]) -> Settings:
    """The settings; ConfigurationError names every place where ohf.json does not fit its schema."""
    found = first_found((OWN_FILE,), folders_from(environ).search, read_file)
    if found:
        _refuse(found.path, schema_findings("config", parsed(found)))
    return load(environ)


def catalogue_findings(settings: Settings) -> tuple[str, ...]:
    """Where the catalogue does not have the shape of one; () when it fits. What can be served is served anyway."""
    return schema_findings("catalogue", parsed(find_catalogue(settings)))


def schema_findings(name: str, document: object) -> tuple[str, ...]:
    """What `schemas/<name>.json` finds wrong, each as `place: what`; nothing where there is no such schema."""
    file = resources.files("ohf_iac.schemas") / f"{name}.json"
    if not file.is_file():
        return ()
    from jsonschema import Draft202012Validator  # a tenth of a second, for those who have a document

    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    nearest = map(_nearest, Draft202012Validator(schema).iter_errors(document))
    findings = sorted(nearest, key=lambda one: one.json_path)
    return tuple(f"{one.json_path.removeprefix('$').lstrip('.') or 'top'}: {_told(one)}" for one in findings)


def _told(error: ValidationError) -> str:
    """What is wrong, without the value where that is a secret, or may be a password before a host."""
    schema: Any = error.schema
    if schema.get("writeOnly") or (schema.get("pattern") and "@" in str(error.instance)):
        return f"expected another {error.validator}, what was found is not shown ({schema.get('description', '')})"
    return error.message


def _nearest(error: ValidationError) -> ValidationError:
    """Of alternatives that all do not fit, what is wrong with the one that fits furthest down."""
    if not error.context:
        return error
    return _nearest(max(error.context, key=lambda one: len(one.absolute_path)))


def _refuse(path: str, findings: tuple[str, ...]) -> None:
    if not findings:
        return
    told = "; ".join(findings[:_MOST]) + (f"; and {len(findings) - _MOST} more" if len(findings) > _MOST else "")
    raise ConfigurationError(f"Cannot use {path}: {told}", hint="docs/ describes every field and setting.")
