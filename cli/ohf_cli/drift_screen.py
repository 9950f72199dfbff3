"""What `ohf drift` tells, in each of its formats."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from ohf_cli.output import dumped
from ohf_cli.table import Cell, text_of
from ohf_cli.words import plural
from ohf_iac.request import request_id_of
from ohf_iac.review.diff.leaves import exact
from ohf_iac.review.diff.words import line_of
from ohf_iac.review.drift.choosing import template_of
from ohf_iac.review.junit import Case, Failure, junit
from ohf_iac.review.proving import DRIFTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ohf_cli.report_formats import Reports
    from ohf_cli.table import Line, Tone
    from ohf_iac.review.diff.changes import Change
    from ohf_iac.review.drift.origins import Origin
    from ohf_iac.review.drift.values import By, ResourceDrift, StackDrift, Verdict

    #: a change of a stack made from a template -> the field behind it
    Behind = Callable[[Change, str], Origin | None]

SCHEMA: Final = "ohf/drift/v1"
_WORDS: Final[Mapping[Verdict, tuple[str, Tone]]] = {
    "drifted": ("DRIFTED", "bad"),
    "unknown": ("UNKNOWN", "bad"),
    "not checked": ("not checked", "busy"),
    "in sync": ("in sync", "good"),
}
_LOOKED: Final[Mapping[By, str]] = {
    "cloudformation": "by CloudFormation",
    "ohf": "read by ohf, CloudFormation did not check it",
    "both": "by CloudFormation, and read by ohf",
    "nobody": "not checked",
}


def drift_reports(found: Sequence[StackDrift], behind: Behind) -> Reports:
    """Every format."""
    return {
        "table": lambda: "".join(f"{text_of(line)}\n" for line in drift_lines(found, behind, everything=True)),
        "json": lambda: dumped("json", drift_document(found, behind)) + "\n",
        "yaml": lambda: dumped("yaml", drift_document(found, behind)) + "\n",
        "junit": lambda: junit("ohf drift", [case for one in found for case in _cases(one)]),
    }


def drift_lines(found: Sequence[StackDrift], behind: Behind, *, everything: bool) -> Iterator[Line]:
    """The stacks for people; without `everything` what is in sync is one line, and what is expected is left out."""
    for one in found:
        yield from _stack_lines(one, behind, everything)
    counts = Counter(one.verdict for one in found)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in _WORDS if counts[verdict])
    yield (Cell(f"{plural(len(found), 'stack')}{f': {told}' if told else ''}"),)


def drift_document(found: Sequence[StackDrift], behind: Behind) -> dict[str, Any]:
    """The document `ohf/drift/v1`."""
    return {
        "schema": SCHEMA,
        "drifted": any(one.verdict == "drifted" for one in found),
        "stacks": [stack_document(one, behind) for one in found],
    }


def stack_document(one: StackDrift, behind: Behind) -> dict[str, Any]:
    """One stack of the document."""
    template = template_of(one.stack)
    return {
        "requestId": request_id_of(one.stack.name) or "",
        "stack": one.stack.name,
        "stackId": one.stack.stack_id,
        "status": one.stack.status,
        "template": template,
        "verdict": one.verdict,
        "reason": one.unread or one.idle,
        "resources": [_resource(each, template, behind) for each in one.resources],
    }


def _resource(one: ResourceDrift, template: str, behind: Behind) -> dict[str, Any]:
    return {
        "logicalId": one.logical_id,
        "physicalId": one.physical_id,
        "type": one.resource_type,
        "state": one.state,
        "by": one.by,
        "reason": one.why,
        "changes": [_change(each, behind(each, template)) for each in one.changes],
        "expected": [
            {"place": each.place, "before": each.before, "after": each.after, "why": each.why}
            for each in one.expected
        ],
    }


def _change(change: Change, origin: Origin | None) -> dict[str, Any]:
    return {
        "group": change.group,
        "act": change.act,
        "places": list(change.places),
        "before": change.before,
        "after": change.after,
        "broadens": list(change.broadens),
        "from": {"field": origin.field, "file": origin.file, "line": origin.line} if origin else None,
    }


def _stack_lines(one: StackDrift, behind: Behind, everything: bool) -> Iterator[Line]:
    word, tone = _WORDS[one.verdict]
    template = template_of(one.stack)
    head = f"  {template}  {one.stack.status}  "
    yield (Cell(request_id_of(one.stack.name) or one.stack.name, "head"), Cell(head), Cell(word, tone))
    if one.unread or one.idle:
        yield (Cell(f"  {one.unread or one.idle}"),)
    for each in one.resources:
        if everything or each.state != "in sync":
            yield from _resource_lines(each, template, behind)
        if everything:
            for other in each.expected:
                values = f"{exact(other.before)} -> {exact(other.after)}"
                yield (Cell("    expected  ", "dim"), Cell(f"{other.place}  {values}: {other.why}", "dim"))


def _resource_lines(one: ResourceDrift, template: str, behind: Behind) -> Iterator[Line]:
    tone: Tone = "bad" if one.drifted else "good" if one.state == "in sync" else "busy"
    told = f": {one.why}" if one.why else ""
    kind = f"  {one.logical_id}  {one.resource_type}  {one.physical_id}  "
    looked = "" if one.by == "nobody" else f" ({_LOOKED[one.by]})"
    yield (Cell(kind), Cell(one.state, tone), Cell(f"{looked}{told}"))
    for change in one.changes:
        yield (Cell(f"    {change.group:<10}", "head"), Cell(line_of(change), "bad" if change.broadens else ""))
        if origin := behind(change, template):
            where = f"from template {template}, field {origin.field} ({origin.file}:{origin.line})"
            yield (Cell(f"{' ' * 16}{where}", "dim"),)


def _cases(one: StackDrift) -> Iterator[Case]:
    name = one.stack.name
    if one.unread:
        yield Case(name, "drift", failures=(Failure(one.unread, "E411", one.stack.stack_id),))
    elif not one.resources:
        yield Case(name, "drift", skipped=one.idle or "it has no resources")
    for each in one.resources:
        expected = "\n".join(f"expected: {other.place}: {other.why}" for other in each.expected)
        lost = [Failure(f"{each.logical_id} was deleted", DRIFTED, expected)] if each.state == "deleted" else []
        changed = [Failure(line_of(change), DRIFTED, each.physical_id) for change in each.changes]
        if each.state == "drifted" and not changed:
            changed = [Failure(each.why, DRIFTED, each.physical_id)]
        skipped = each.why or "not checked" if each.state == "not checked" else ""
        yield Case(name, each.logical_id, failures=(*lost, *changed), skipped=skipped, note=expected)
