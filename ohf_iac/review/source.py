"""A catalogue as its authors wrote it: which line holds which field of which template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohf_iac.config.catalogue_text import is_yaml
from ohf_iac.review.json_places import json_places
from ohf_iac.template.fields import ALIASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.config.folders import Found
    from ohf_iac.review.places import Spot
    from ohf_iac.template.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Source:
    """A catalogue's file as reports name it, and the places of its entries.

    `served` has those of the templates by id, `refused` those of the catalogue's refusals in their order.
    """

    file: str
    served: Mapping[str, Spot]
    refused: tuple[Spot, ...]


def field_spot(entry: Spot, field: str) -> Spot:
    """Where the field's key stands in an entry; of a field that is not written, where the entry's id does."""
    spellings = (field, *(alias for alias, known in ALIASES.items() if known == field))
    identity = ("templateId", "templateID")
    return next((entry.inside[name] for name in (*spellings, *identity) if name in entry.inside), entry)


def places_of(found: Found) -> Spot:
    """The places of a file that was parsed before, JSON or YAML."""
    text = found.content.decode("utf-8-sig")
    if is_yaml(found.path):
        from ohf_iac.review.yaml_places import yaml_places  # few catalogues are YAML

        return yaml_places(text)
    return json_places(text)


def source_of(found: Found, file: str, document: object, catalogue: Catalogue) -> Source:
    """The source of `catalogue`, which was parsed from `document`, which was read from `found`."""
    listed = places_of(found)
    written = document
    if isinstance(document, dict):
        listed, written = listed.inside["templates"], document["templates"]
    values = written if isinstance(written, list) else [written]
    spots = [listed.inside[place] for place in range(len(values))] if isinstance(written, list) else [listed]
    names = {id(one.raw): one.template_id for one in catalogue.templates}
    served = {names[id(value)]: spot for value, spot in zip(values, spots, strict=True) if id(value) in names}
    refused = tuple(spot for value, spot in zip(values, spots, strict=True) if id(value) not in names)
    return Source(file, served, refused)
