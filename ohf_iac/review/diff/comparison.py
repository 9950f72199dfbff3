"""Two versions of a template's body, what differs, and the line by which a review ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.render.canonical import canonical, digest
from ohf_iac.review.diff.changes import changes_between
from ohf_iac.review.diff.groups import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.review.diff.changes import Change

SCHEMA: Final = "ohf/diff/v1"
#: hex digits of a digest that screens show
SHORT: Final = 12


@dataclass(frozen=True, slots=True)
class Version:
    """A body and where it came from. `body` is {} and `sha256` "" where there is none: never approved, say."""

    source: str
    body: Mapping[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a version becomes. `approved` tells who approved the later body, "" when nobody did or nobody asked."""

    name: str
    before: Version
    after: Version
    changes: tuple[Change, ...]
    approved: str = ""

    @property
    def broadening(self) -> tuple[Change, ...]:
        """The changes that allow more than before."""
        return tuple(one for one in self.changes if one.broadens)

    @property
    def verdict(self) -> str:
        """One line: whether the later body needs an approval, and why it may be a hard one."""
        if not self.changes:
            return "no differences"
        counts = [f"{len(self.broadening)} broadening"] if self.broadening else ["nothing broadens"]
        for group in GROUPS:
            number = sum(one.group == group and not one.broadens for one in self.changes)
            counts += [f"{number} {group}"] if number else []
        if not self.after.sha256:
            return f"the body is gone ({', '.join(counts)})"
        if self.approved:
            return f"approved by {self.approved} ({', '.join(counts)})"
        return f"needs approval ({', '.join(counts)})"


def version(source: str, body: Mapping[str, Any]) -> Version:
    """A body as a version; raises ValidationError for one that has no canonical form. {} is no body."""
    return Version(source, body, digest(canonical(body)) if body else "")


def compared(name: str, before: Version, after: Version, approved: str = "") -> Comparison:
    """The comparison of two versions under a name, which is a template's where it is known."""
    return Comparison(name, before, after, changes_between(before.body, after.body), approved)


def short(one: Version) -> str:
    """A version as screens show it."""
    return one.sha256[:SHORT] or "(none)"


def resources_of(version: Version) -> str:
    """The types of a body's resources, without the service's name."""
    resources = version.body.get("Resources")
    each = resources.values() if isinstance(resources, dict) else ()
    kinds = [str(one.get("Type", "?")) for one in each if isinstance(one, dict)]
    return " + ".join(dict.fromkeys(kind.rpartition("::")[2] for kind in kinds))


def document(comparisons: tuple[Comparison, ...]) -> dict[str, Any]:
    """All comparisons for programs (`schemas/diff.json`)."""
    return {
        "schema": SCHEMA,
        "differences": any(one.changes for one in comparisons),
        "diffs": [_document(one) for one in comparisons],
    }


def _document(one: Comparison) -> dict[str, Any]:
    return {
        "name": one.name,
        "before": {"source": one.before.source, "sha256": one.before.sha256 or None},
        "after": {"source": one.after.source, "sha256": one.after.sha256 or None},
        "changes": [_change(change) for change in one.changes],
        "broadening": len(one.broadening),
        "approved": one.approved or None,
        "verdict": one.verdict,
    }


def _change(change: Change) -> dict[str, Any]:
    values = {
        **({} if change.act == "added" else {"before": change.before}),
        **({} if change.act == "removed" else {"after": change.after}),
    }
    return {
        "group": change.group,
        "act": change.act,
        "places": list(change.places),
        **values,
        "broadens": list(change.broadens),
    }
