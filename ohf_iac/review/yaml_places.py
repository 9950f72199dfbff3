"""Where things stand in YAML, for texts that `parse_yaml` has read before, whose bounds therefore hold.

What an alias or `<<` brings along stands where it is written: there it would have to be changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from ohf_iac.review.places import Spot, Step

if TYPE_CHECKING:
    from collections.abc import Iterator


def yaml_places(text: str) -> Spot:
    """The places of a text that is one YAML document with texts for keys."""
    events = yaml.parse(text, Loader=yaml.SafeLoader)
    for event in events:
        if isinstance(event, yaml.NodeEvent):
            return _Reader(events).value(event, _spot(event))
    return Spot(1, 1)


class _Reader:
    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._anchors: dict[str, Spot] = {}

    def value(self, event: Any, spot: Spot) -> Spot:
        """The places of what begins with an event; what is inside it is put into `spot`."""
        if isinstance(event, yaml.AliasEvent):
            spot.inside = self._anchors[str(event.anchor)].inside
            return spot
        if isinstance(event, yaml.SequenceStartEvent):
            self._items(spot)
        elif isinstance(event, yaml.MappingStartEvent):
            self._members(spot)
        if event.anchor is not None:
            self._anchors[event.anchor] = spot
        return spot

    def _items(self, spot: Spot) -> None:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            spot.inside[len(spot.inside)] = self.value(event, _spot(event))

    def _members(self, spot: Spot) -> None:
        merged: dict[Step, Spot] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            held = self.value(next(self._events), _spot(key))
            if key.value == "<<" and key.implicit[0]:
                merged = _merged(held)
            else:
                spot.inside[str(key.value)] = held
        spot.inside = {**merged, **spot.inside}


def _merged(held: Spot) -> dict[Step, Spot]:
    """What `<<` brings along: the members of one object, or of several, of which an earlier one counts."""
    of_several = 0 in held.inside
    parts = reversed(held.inside.values()) if of_several else (held,)
    return {key: one for part in parts for key, one in part.inside.items()}


def _spot(event: Any) -> Spot:
    return Spot(event.start_mark.line + 1, event.start_mark.column + 1)
