"""The versions of a template's body that can be compared: configured, approved, deployed, in a file, in a stack."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ohf_iac.approval.decide import BROKEN
from ohf_iac.bounded_json import LONGEST, OutOfBoundsError, parse_json
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.config.folders import read_file
from ohf_iac.config.lock_file import approved_body, lock_or_empty
from ohf_iac.config.yaml_text import YamlTextError, parse_yaml
from ohf_iac.errors import ApprovalError, StorageError, ValidationError
from ohf_iac.render import render
from ohf_iac.review.diff.comparison import Version, version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.config.folders import Read
    from ohf_iac.config.settings import Settings


def nothing(source: str) -> Version:
    """A version that there is not."""
    return version(source, {})


def configured(
    settings: Settings, source: str, template_id: str = "", read: Read = read_file, root: str = ""
) -> dict[str, Version]:
    """The bodies that the configuration renders, by template, or that of one; refused templates have none."""
    catalogue, files = load_catalogue(settings, read, root), catalogue_files(settings, read, root)
    wanted = (one for one in catalogue.templates if template_id in ("", one.template_id))
    stacks = [render(one, settings.template.defaults, files) for one in wanted]
    return {one.template_id: Version(source, json.loads(one.body), one.digest) for one in stacks}


def approved(settings: Settings, template_id: str, read: Read = read_file) -> Version:
    """What was approved last for a template, expired or not; ApprovalError when its file is missing or another."""
    entries = lock_or_empty(settings, read).of_template(template_id)
    if not entries:
        return nothing("approved")
    digest = entries[0].digest
    text = approved_body(settings, digest, read)
    if hashlib.sha256(text.encode("ascii")).hexdigest() != digest:
        raise ApprovalError(
            f"compare with what is approved for {template_id}: approved/{digest}.json holds another body",
            hint="restore it from version control; then ohf verify",
            code=BROKEN,
        )
    return Version("approved", _object(parse_json(text), f"approved/{digest}.json"), digest)


def of_file(path: str) -> Version:
    """The body in a file of JSON or YAML; StorageError when there is none, ValidationError when it is no body."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        raise StorageError(f"read {path}: {error.strerror}", hint="name a file that ohf render wrote") from error
    if len(content) > LONGEST:
        raise _no_body(path, f"it is longer than {LONGEST} bytes")
    try:
        text = content.decode("utf-8-sig")
        found = parse_yaml(text) if path.endswith((".yaml", ".yml")) else parse_json(text)
    except (ValueError, OutOfBoundsError, YamlTextError) as error:
        raise _no_body(path, str(error)) from error
    return version(path, _object(found, path))


def of_text(source: str, body: str) -> Version:
    """A body in its canonical form."""
    return version(source, _object(parse_json(body), source))


def _object(found: object, place: str) -> Mapping[str, Any]:
    if not isinstance(found, dict) or not found:
        raise _no_body(place, "it is no object with resources")
    return found


def _no_body(path: str, why: str) -> ValidationError:
    return ValidationError(f"read the body in {path}: {why}", hint="name a file that ohf render wrote")
