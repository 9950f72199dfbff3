"""Which changes allow more than before. Each rule is named, told in docs/review.md, and errs on the strict side.

What cannot be shown to be as narrow as before counts as wider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.review.diff.edits import ABSENT
from ohf_iac.review.diff.envelope_rules import ENVELOPE_RULES
from ohf_iac.review.diff.machine_rules import MACHINE_RULES
from ohf_iac.review.diff.rule import Rule, gone_with_what_held_it

if TYPE_CHECKING:
    from ohf_iac.review.diff.edits import Edit, Sides

RULES: Final[tuple[Rule, ...]] = (*MACHINE_RULES, *ENVELOPE_RULES)


def broadens(edit: Edit, sides: Sides) -> tuple[Rule, ...]:
    """The rules that a changed leaf is a case of."""
    if edit.after is ABSENT and gone_with_what_held_it(edit.path, sides):
        return ()
    return tuple(rule for rule in RULES if rule.applies(edit, sides))
