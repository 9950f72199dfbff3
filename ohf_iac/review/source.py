"""A catalogue as its authors wrote it: which line holds which field of which template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ohf_iac.config.catalogue_text import is_yaml
from ohf_iac.review.json_places import json_places, repeated_keys
from ohf_iac.template.fields import ALIASES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.config.folders import Found
    from ohf_iac.review.places import Spot, Step
    from ohf_iac.template.catalogue import Catalogue


class Repeated(NamedTuple):
    """A key that stood there before; `path` begins in the entry of `template`, or with "" at the top."""

    template: str
    path: tuple[Step, ...]
    spot: Spot


@dataclass(frozen=True, slots=True)
class Source:
    """A catalogue's file as reports name it, and the places of its entries.

    `served` has those of the templates by id, `refused` those of the catalogue's refusals in their order.
    """

    file: str
    served: Mapping[str, Spot]
    refused: tuple[Spot, ...]
    repeated: tuple[Repeated, ...]


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
    above: tuple[Step, ...] = ("templates",) if isinstance(document, dict) else ()
    written = document["templates"] if isinstance(document, dict) else document
    values = {(*above, place): one for place, one in enumerate(written)} if isinstance(written, list) else {}
    values = values or {above: written}
    names = {id(one.raw): one.template_id for one in catalogue.templates}
    refusals = iter(catalogue.refused)
    whole = places_of(found)
    served: dict[str, Spot] = {}
    refused: list[Spot] = []
    owners: dict[tuple[Step, ...], str] = {}
    for path, value in values.items():
        spot = whole.nearest(path)
        if id(value) in names:
            owners[path] = names[id(value)]
            served[owners[path]] = spot
        else:
            owners[path] = next(refusals).template_id
            refused.append(spot)
    return Source(file, served, tuple(refused), _repeated(found, owners))


def _repeated(found: Found, owners: Mapping[tuple[Step, ...], str]) -> tuple[Repeated, ...]:
    """The keys that are written twice, each with the template in whose entry it stands; YAML has none."""
    if is_yaml(found.path):
        return ()
    depth = max(map(len, owners), default=0)  # all entries lie equally deep
    listed = []
    for path, spot in repeated_keys(found.content.decode("utf-8-sig")):
        owner = owners.get(path[:depth], "") if len(path) > depth else ""
        listed.append(Repeated(owner, path[depth:] if owner else path, spot))
    return tuple(listed)
