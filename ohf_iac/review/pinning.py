"""An image behind a parameter, named by its id in the catalogue: only what is named can be approved."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ohf_iac.app import calls_of
from ohf_iac.aws.parameters import parameter_value
from ohf_iac.config.catalogue_file import find_catalogue, named_files
from ohf_iac.config.catalogue_text import is_yaml
from ohf_iac.config.documents import parsed
from ohf_iac.config.folders import Found
from ohf_iac.errors import BusinessRuleError, ConfigurationError, ResourceNotFoundError, StorageError
from ohf_iac.file_replace import replace_file
from ohf_iac.review.source import field_spot, source_of
from ohf_iac.template.catalogue import parse_catalogue

if TYPE_CHECKING:
    from ohf_iac.app import App
    from ohf_iac.config import Settings
    from ohf_iac.review.places import Spot
    from ohf_iac.template.catalogue import Catalogue

FIELD: Final = "imageId"
_REFERENCE: Final = re.compile(r"\{\{resolve:ssm:([^}]+)\}\}")
_IMAGE: Final = re.compile(r"ami-[0-9a-f]{8,32}")
#: a key with its text, from where the key begins; group 1 is the text as it is written
_IN_JSON: Final = re.compile(r'"(?:[^"\\]|\\.)*"\s*:\s*("(?:[^"\\]|\\.)*")')
_IN_YAML: Final = re.compile(
    r"""["']?\w+["']?\s*:[ \t]+("[^"\n]*"|'[^'\n]*'|[^\s#,}\n][^#,}\n]*?)(?=\s*(?:[#,}]|$))""", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Pin:
    """A template's image before and after; `text` is the catalogue's new text, "" where nothing changes."""

    template_id: str
    before: str
    after: str
    path: str
    text: str = ""


def pin(app: App, template_id: str) -> Pin:
    """What pinning a template's image would change in the catalogue; one call to AWS, none without a parameter.

    BusinessRuleError when the parameter holds no image, or the catalogue's text cannot be changed at that place
    alone.
    """
    found = find_catalogue(app.settings)
    document = parsed(found)
    catalogue = _catalogue(app.settings, found, document)
    template = catalogue.find(template_id)
    if template is None:
        raise ResourceNotFoundError(
            f"pin {template_id}: no template of that id is served", hint="ohf templates list"
        )
    reference = _REFERENCE.fullmatch(template.image_id)
    if reference is None:
        return Pin(template_id, template.image_id, template.image_id, found.path)
    image = parameter_value(calls_of(app), reference[1]).strip()
    if not _IMAGE.fullmatch(image):
        raise BusinessRuleError(
            f"pin {template_id}: parameter {reference[1]} holds no image id", hint="name the image in the catalogue"
        )
    spot = field_spot(source_of(found, found.path, document, catalogue).served[template_id], FIELD)
    text = _with_image(found, spot, template_id, image)
    _check(app.settings, Found(found.path, text.encode()), catalogue, template_id, image)
    return Pin(template_id, template.image_id, image, found.path, text)


def write_pin(made: Pin) -> None:
    """Put the catalogue's new text in its place, in one piece; StorageError."""
    try:
        there = os.stat(made.path)
        replace_file(made.path, made.text.encode(), stat.S_IMODE(there.st_mode), there)
    except OSError as error:
        raise StorageError(
            f"write {error.filename or made.path}: {error.strerror}",
            hint=f"write {made.after} as {FIELD} of {made.template_id} by hand",
        ) from error


def _catalogue(settings: Settings, found: Found, document: object) -> Catalogue:
    return parse_catalogue(document, settings.template.defaults, named_files(found, document))


def _with_image(found: Found, spot: Spot, template_id: str, image: str) -> str:
    """The catalogue's text with another image at the place where the template names its own."""
    text = found.content.decode("utf-8-sig")
    lines = text.split("\n")
    offset = sum(len(line) + 1 for line in lines[: spot.line - 1]) + spot.column - 1
    value = (_IN_YAML if is_yaml(found.path) else _IN_JSON).match(text, offset)
    if value is None:
        raise _by_hand(template_id, image)
    return f'{text[: value.start(1)]}"{image}"{text[value.end(1) :]}'


def _check(settings: Settings, found: Found, before: Catalogue, template_id: str, image: str) -> None:
    """The new text says the same of every other template, and of this one everything but the image."""
    try:
        after = _catalogue(settings, found, parsed(found))
    except ConfigurationError as error:
        raise _by_hand(template_id, image) from error
    expected = {one.template_id: dict(one.raw) for one in before.templates}
    expected[template_id] |= {FIELD: image}
    if {one.template_id: dict(one.raw) for one in after.templates} != expected:
        raise _by_hand(template_id, image)


def _by_hand(template_id: str, image: str) -> BusinessRuleError:
    return BusinessRuleError(
        f"pin {template_id}: the catalogue names the image in a way that cannot be changed for it alone",
        hint=f'write "{FIELD}": "{image}" into its entry by hand',
    )
