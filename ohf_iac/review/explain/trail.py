"""All that is known of one request, from every place: what links are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ohf_iac.render.canonical import digest
from ohf_iac.request import RETURN_TAG_PREFIX, TAG_DIGEST, TAG_TEMPLATE, id_kind
from ohf_iac.review.explain.kept import input_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.io_log import Call
    from ohf_iac.request import RequestRecord, ReturnRecord
    from ohf_iac.review.explain.link import Origin
    from ohf_iac.review.explain.shown import Shown
    from ohf_iac.store.event_table import EventRow


class Named(NamedTuple):
    """The machines of a request that one return named, and where that is known from."""

    machines: frozenset[str]
    sources: frozenset[Origin]


@dataclass(frozen=True, slots=True)
class Trail:
    """What memory, events, the I/O log and AWS hold of a request, each apart from the others.

    `calls_gap` tells why the I/O log holds nothing of it, "" where it does. `remembered` are the returns that
    memory holds.
    """

    request_id: str
    shown: Shown
    record: RequestRecord | None = None
    remembered: tuple[ReturnRecord, ...] = ()
    events: tuple[EventRow, ...] = ()
    calls: tuple[Call, ...] = ()
    calls_gap: str = ""

    @property
    def known(self) -> bool:
        """Whether anything at all is known of it, beyond its id."""
        return bool(
            self.record or self.events or self.calls or self.shown.stack or self.shown.instances or self.remembered
        )

    @property
    def template_id(self) -> tuple[str, Origin]:
        """The template, and where that is known from; ("", "id") where nobody tells."""
        return next(((name, source) for name, source in self._templates() if name), ("", "id"))

    @property
    def sent_digest(self) -> tuple[str, Origin, str]:
        """The digest of the body, where it is known from, and why the body itself was not read ("": it was)."""
        if self.shown.body:
            return digest(self.shown.body), "AWS", ""
        why = self.shown.gaps.get("body") or self.shown.gaps.get("stack") or "CloudFormation knows no such stack"
        if self.shown.stack is not None and (tag := self.shown.stack.tags.get(TAG_DIGEST, "")):
            return tag, "AWS", why
        return (self.record.digest if self.record else ""), "memory", why

    @property
    def asking(self) -> Call | None:
        """The call by which Host Factory asked for it."""
        return next((one for one in self.calls if one.answer.get("requestId") == self.request_id), None)

    @property
    def returns(self) -> dict[str, Named]:
        """The returns that named a machine of this request, oldest first."""
        named: dict[str, set[tuple[str, Origin]]] = {}
        places: dict[Origin, Iterator[tuple[str, str]]] = {
            "memory": self._in_memory(),
            "events": self._in_events(),
            "I/O log": self._in_calls(),
            "AWS": self._in_tags(),
        }
        for source, found in places.items():
            for return_id, machine in found:
                named.setdefault(return_id, set()).add((machine, source))
        return {
            one: Named(
                frozenset(machine for machine, _ in named[one]), frozenset(source for _, source in named[one])
            )
            for one in sorted(named)
        }

    def _templates(self) -> Iterator[tuple[str, Origin]]:
        if self.shown.stack is not None:
            yield self.shown.stack.tags.get(TAG_TEMPLATE, ""), "AWS"
        if self.record is not None:
            yield self.record.request.template_id, "memory"
        yield from ((one.tags.get(TAG_TEMPLATE, ""), "AWS") for one in self.shown.instances)
        yield from ((one.template_id, "events") for one in self.events)
        if self.asking is not None:
            template = input_of(self.asking).get("template")
            yield str(template.get("templateId", "")) if isinstance(template, dict) else "", "I/O log"

    def _in_memory(self) -> Iterator[tuple[str, str]]:
        for one in self.remembered:
            for machine in one.machines:
                if machine.request_id in ("", self.request_id) and machine.machine_id:
                    yield one.return_id, machine.machine_id

    def _in_events(self) -> Iterator[tuple[str, str]]:
        return ((one.return_id, one.machine_id) for one in self.events if one.return_id and one.machine_id)

    def _in_calls(self) -> Iterator[tuple[str, str]]:
        ours = {one.machine_id for one in self.events if one.machine_id}
        ours |= {one.instance_id for one in self.shown.instances}
        ours |= {one.machine_id for one in (self.record.machines if self.record else ())}
        for call in self.calls:
            return_id = str(call.answer.get("requestId", ""))
            if id_kind(return_id) == "ret":
                named = input_of(call).get("machines")
                for one in named if isinstance(named, list) else ():
                    if isinstance(one, dict) and one.get("machineId") in ours:
                        yield return_id, str(one["machineId"])

    def _in_tags(self) -> Iterator[tuple[str, str]]:
        for one in self.shown.instances:
            for key in one.tags:
                if id_kind(return_id := key.removeprefix(RETURN_TAG_PREFIX)) == "ret":
                    yield return_id, one.instance_id
