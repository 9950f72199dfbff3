"""What was seen of a request: phases, and the fleets that it names."""

from __future__ import annotations

import pytest

from ohf_iac.observation import StackSeen, fleet_ids
from ohf_iac.template.kinds import FLEET_MAINTAIN, KINDS, SPOT_MAINTAIN, SPOT_REQUEST, Kind
from tests.seen import capacity, fleet_tags, glance, look, running, stack


def test_a_stack_has_the_phase_of_its_status() -> None:
    assert stack("CREATE_IN_PROGRESS").phase == "creating"
    with pytest.raises(KeyError):
        _ = StackSeen("id", "name", "PAUSED").phase


@pytest.mark.parametrize("kind", [FLEET_MAINTAIN, SPOT_MAINTAIN, SPOT_REQUEST])
def test_machines_name_their_fleet(kind: Kind) -> None:
    named = fleet_tags(kind)
    assert fleet_ids(kind, glance(*running(1, 2, tags=named))) == tuple(named.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_fleet_is_named_once_however_it_is_known(kind: Kind) -> None:
    machines = running(1, 2, tags=fleet_tags(kind))
    assert len(fleet_ids(kind, look(*machines, capacities=[capacity(kind)]))) == 1


def test_a_fleet_that_is_gone_names_nothing() -> None:
    assert fleet_ids(FLEET_MAINTAIN, look(capacities=[capacity(FLEET_MAINTAIN, gone=True)])) == ()


def test_tags_of_the_other_sort_of_fleet_do_not_count() -> None:
    assert fleet_ids(FLEET_MAINTAIN, glance(*running(1, tags=fleet_tags(SPOT_MAINTAIN)))) == ()
