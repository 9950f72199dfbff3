"""Bad days, swept: an operation is listened to on a good day, then each of its calls is made to fail in each way.

Run as a program: `python -m tests.faults.bad_days FOLDER EVERY OFFSET "SITUATION|KIND" ...`. It prints one JSON
object for each situation: how many calls, how many bad days, and the complaints about them. A process of its own,
because it forks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from ohf_iac.aws import ec2
from ohf_iac.template.kinds import Kind
from tests.faults.branches import Trunk
from tests.faults.days import TROUBLES, Trouble, faults_for
from tests.faults.lives import complaints, live
from tests.faults.situations import SITUATIONS, Ask, Situation, prepared

#: instances of one page, so that a few machines make several; EC2 takes no fewer
SMALL_PAGE: Final = 5
#: attempts at bringing a situation about
PATIENCE: Final = 3
#: operations that may be repeated while the bad day lasts: the others ask for something new each time
REPEATED: Final = ("getRequestStatus", "getReturnRequests")


def sweep(folder: Path, situation: Situation, kind: Kind, every: int, offset: int) -> dict[str, Any]:
    """Each `every`th bad day of a situation, from the `offset`th on."""
    ec2.PAGE = SMALL_PAGE
    trunk, ask = _brought_about(folder, situation, kind)
    good = trunk.branch(lambda provider: live(provider, ask))
    if "broken" in good or good["end"]["left"] or good["end"]["changed"]:
        return {"calls": 0, "days": 0, "wrong": [f"the good day went wrong: {good}"]}
    wrong, days, whole = [], 0, 0
    for number, (trouble, place) in enumerate(_days(good["calls"])):
        if (number - offset) % every:
            continue
        days += 1
        bad = trunk.branch(_bad_day(ask, trouble, good, place))
        whole += "end" in bad
        for one in complaints(ask, situation.lost, trouble.denied, good, bad):
            action = good["calls"][place]["action"]
            wrong.append(f"{trouble.name} {trouble.span}, call {place} {action}: {one}")
    return {"calls": len(good["calls"]), "days": days, "whole": whole, "wrong": wrong}


def _brought_about(folder: Path, situation: Situation, kind: Kind) -> tuple[Trunk, Ask]:
    """The situation. On a machine that is busy beyond all measure a call of a good day may time out: then anew."""
    for attempt in range(PATIENCE):
        trunk = Trunk(folder / str(attempt))
        try:
            return trunk, trunk.prepared(lambda provider: prepared(situation, kind, provider))
        except AssertionError as error:
            print(f"{situation.name}: {error}", file=sys.stderr)  # noqa: T201
    raise AssertionError(f"{situation.name} was not brought about")


def _days(calls: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Trouble, int]]:
    for place in range(len(calls)):
        for trouble in TROUBLES:
            yield trouble, place


def _bad_day(ask: Ask, trouble: Trouble, good: Mapping[str, Any], place: int) -> Any:
    repeats = 2 if trouble.span != "once" and ask.operation in REPEATED else 0
    faults = faults_for(trouble, good["calls"], place)
    return lambda provider: live(provider, ask, faults, repeats, trouble.slow, good["mark"])


def main(folder: str, every: str, offset: str, *pairs: str) -> None:
    """One line of JSON for each SITUATION|KIND."""
    for number, pair in enumerate(pairs):
        name, _, kind = pair.partition("|")
        situation = next(one for one in SITUATIONS if one.name == name)
        found = sweep(Path(folder) / str(number), situation, cast("Kind", kind), int(every), int(offset) + number)
        print(json.dumps({"pair": pair, **found}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
