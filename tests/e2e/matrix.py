"""The cells of the matrix: every kind under every value of every switch of the local AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from ohf_iac.local.scenario import SWITCHES, Scenario, parse
from ohf_iac.template.kinds import ASG, FLEET_MAINTAIN, FLEET_REQUEST, INSTANT, SPOT_MAINTAIN, SPOT_REQUEST, Kind
from tests.local_aws import switched

#: the example catalogue's template for each kind
TEMPLATES: Final[Mapping[Kind, str]] = {
    INSTANT: "instant-ondemand",
    FLEET_REQUEST: "request-spot",
    FLEET_MAINTAIN: "maintain-spot",
    ASG: "asg-ondemand",
    SPOT_REQUEST: "spotfleet-request",
    SPOT_MAINTAIN: "spotfleet-maintain",
}
CELL_TEST: Final = "test_a_request_lives_and_ends_under_every_switch"


class Cell(NamedTuple):
    """One kind under one value of one switch; all else as in the profile `realistic`."""

    kind: Kind
    switch: str
    value: Any

    @property
    def name(self) -> str:
        return f"{self.kind}|{self.switch}={self.value}"


CELLS: Final = tuple(
    Cell(kind, switch, value) for switch, values in SWITCHES.items() for value in values for kind in TEMPLATES
)


def run_of(cell: Cell) -> Cell:
    """The cell whose run shows this one: the first of the same kind under the very same scenario.

    A value that `realistic` has anyway makes no scenario of its own.
    """
    scenario = _scenario(cell)
    return next(one for one in CELLS if one.kind == cell.kind and _scenario(one) == scenario)


@cache
def _scenario(cell: Cell) -> Scenario:
    return parse({"profile": "realistic", **switched(cell.switch, cell.value)})


#: the cells that are run; every cell is shown by one of them
RUNS: Final = tuple(cell for cell in CELLS if run_of(cell) == cell)


def table(outcomes: Mapping[str, str]) -> Iterator[str]:
    """The matrix as text: a row per switch and value, a column per kind."""
    kinds = list(TEMPLATES)
    yield f"{'':44}" + "".join(f"{kind.replace('Fleet', ''):>14}" for kind in kinds)
    for switch, values in SWITCHES.items():
        for value in values:
            marks = [outcomes.get(run_of(Cell(kind, switch, value)).name, "MISSING") for kind in kinds]
            yield f"{f'{switch}={value}':44}" + "".join(f"{mark:>14}" for mark in marks)
