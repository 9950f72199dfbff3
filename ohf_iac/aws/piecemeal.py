"""One call on many ids, where EC2 refuses all of them because of one.

A vanished id refuses the whole call, by name; a protected machine refuses those of its zone; and under a condition
on tags a machine that has vanished, lost its tags or belongs to somebody else makes the call unauthorized, without
saying which it was (aws-behaviour §2.5, §8, §10). So a refusal is taken apart before it is believed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ohf_iac.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_ID: Final = re.compile(r"(?:i|lt|fleet)-[0-9a-f-]+")
_VANISHED: Final = frozenset(
    {"InvalidInstanceID.NotFound", "InvalidLaunchTemplateId.NotFound", "InvalidFleetId.NotFound"}
)
_PROTECTED: Final = "OperationNotPermitted"
_UNAUTHORIZED: Final = "UnauthorizedOperation"
#: so many ids refused one by one, and none accepted: the permission is missing, and asking on would be in vain
ENOUGH: Final = 3


def on_each(
    ids: Iterable[str],
    attempt: Callable[[tuple[str, ...]], object],
    still_ours: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> Mapping[str, ProviderError]:
    """Have `attempt` done on all ids; the refusals of those that are refused by themselves.

    Vanished ids are dropped. `still_ours` describes ids anew and leaves out those that are gone or not ours; it is
    asked once a call is unauthorized. ProviderError for every other refusal, and when the permission is missing.
    """
    refused: dict[str, ProviderError] = {}
    todo, described, accepted = [tuple(ids)], False, False
    while todo:
        part = todo.pop()
        if not part:
            continue
        try:
            attempt(part)
            accepted = True
        except ProviderError as error:
            if error.aws_code == _UNAUTHORIZED and not described:
                described = True
                todo = [still_ours(one) for one in (*todo, part)]
            elif error.aws_code not in (_UNAUTHORIZED, _PROTECTED):
                todo.append(_without_vanished(part, error))
            elif len(part) > 1:
                middle = len(part) // 2
                todo += [part[middle:], part[:middle]]
            else:
                refused[part[0]] = error
        denied = [error for error in refused.values() if error.aws_code == _UNAUTHORIZED]
        if denied and not accepted and (len(denied) >= ENOUGH or not any(todo)):
            raise denied[0]
    return refused


def _without_vanished(ids: tuple[str, ...], error: ProviderError) -> tuple[str, ...]:
    """The ids without those that EC2's refusal names; the refusal itself when it names none of them."""
    if error.aws_code not in _VANISHED:
        raise error
    gone = set(_ID.findall(error.message))
    left = tuple(one for one in ids if one not in gone)
    if len(left) == len(ids):
        raise error
    return left
