"""`ohf gc --apply` while others are at work: other hosts' timers, polls that settle, returns that end machines."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from ohf_iac.app import app_for
from ohf_iac.operations.collecting import collect, find_orphans
from ohf_iac.orphans import GRACE
from ohf_iac.request import new_id
from ohf_iac.template.kinds import ASG, FLEET_REQUEST, INSTANT, Kind
from tests.e2e.human import alone
from tests.e2e.matrix import TEMPLATES
from tests.e2e.permitted import environment
from tests.e2e.provider import Provider, forget, live_machines, live_stacks

LONG = 4 * 3600


def outcomes(provider: Provider, between: Callable[[], object]) -> list[tuple[str, str]]:
    """What becomes of orphans where something happens between finding and collecting them."""
    with environment(provider.environ):
        app = app_for(provider.environ)
        found = find_orphans(app, GRACE)
    between()
    with environment(provider.environ):
        return [(one.orphan.reason, one.outcome) for one in collect(app, found, GRACE)]


def test_the_timers_of_several_hosts_at_once(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(profile="realistic")
    for template in ("asg-ondemand", "instant-ondemand", "maintain-spot"):
        quick.request(template, 2)
    theirs = Provider(quick.folder / "theirs", aws, extra={"OHF_PROVIDER_OWNER": "neighbors"})
    theirs.request("instant-ondemand", 1)
    aws.advance(LONG)
    hosts = [Provider(quick.folder / f"host{number}", aws) for number in range(3)]
    with ThreadPoolExecutor(len(hosts)) as pool:
        done = list(pool.map(lambda one: alone(one, "gc", "--apply", "--output", "json"), hosts))
    assert [one.returncode for one in done] == [0] * len(hosts), [one.stderr for one in done]
    told = [row["outcome"] for one in done for row in json.loads(one.stdout)["orphans"]]
    assert set(told) <= {"collected", "kept"}
    aws.advance(600)
    assert len(live_machines(aws)) == len(live_stacks(aws)) == 1, "another owner's stay"


@pytest.mark.parametrize("kind", [ASG, INSTANT, FLEET_REQUEST])
def test_a_poll_that_settles_meanwhile_keeps_its_machines(quick: Provider, kind: Kind) -> None:
    aws = quick.aws
    aws.reset(profile="realistic")
    request_id = quick.request(TEMPLATES[kind], 2)
    aws.advance(LONG)
    assert outcomes(quick, lambda: quick.settle(request_id)) == [("never-settled", "kept")]
    assert len(live_machines(aws)) == 2


def test_a_return_that_ends_its_machine_meanwhile(quick: Provider) -> None:
    aws = quick.aws
    aws.reset(profile="realistic")
    entry = quick.settle(quick.request("asg-ondemand", 2))
    one, other = entry["machines"]
    key = f"ohf:return:{new_id('ret', aws.now(), '1' * 16)}"
    aws.client("ec2").create_tags(Resources=[one["machineId"]], Tags=[{"Key": key, "Value": ""}])
    aws.advance(LONG)

    def between() -> None:
        quick.settle(quick.give_back([one]))

    assert outcomes(quick, between) == [("returned", "kept")]
    assert [machine["InstanceId"] for machine in live_machines(aws)] == [other["machineId"]]


def test_a_request_that_is_collected_while_it_is_polled_ends(quick: Provider) -> None:
    """A poll of another host sees the freeze, the end of the machines and of the stack; its answer stands."""
    aws = quick.aws
    aws.reset(profile="realistic")
    request_id = quick.request("asg-ondemand", 2)
    aws.advance(LONG)
    timer = Provider(quick.folder / "timer", aws)
    assert outcomes(timer, lambda: quick.status("req-00000000-0000000000000000")) == [
        ("never-settled", "collected")
    ]
    entry = quick.settle(request_id, patience=7200)
    assert entry["status"] == "complete_with_error"
    assert "succeed" not in {one["result"] for one in entry["machines"]}
    quick.polls(300, step=60)
    assert (live_machines(aws), live_stacks(aws)) == ([], [])
    forget(quick)
    assert quick.status(request_id)["status"] == "complete_with_error"
