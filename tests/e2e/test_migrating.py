"""What docs/migrating.md promises: two providers of one catalogue side by side, and one of them drained."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from ohf_iac.installation.carrying_out import carry_out, look
from ohf_iac.installation.places import in_symphony, symphony_variables
from ohf_iac.installation.planning import Wish, planned
from tests.e2e.provider import EXAMPLE, Provider, live_machines
from tests.local_aws import LocalAws

TEMPLATE = "asg-ondemand"


def beside(top: Path, name: str, aws: LocalAws, max_number: int) -> Provider:
    """A provider of that name in one Host Factory, with the common catalogue and its share of the limit."""
    places = in_symphony(name, "", symphony_variables(str(top), {}))
    carry_out(planned(places, Wish({}, b"", "us-east-1"), look, lambda: "0a1b2c3d"))
    conf = Path(places.conf)
    shutil.copytree(EXAMPLE / "scripts", conf / "scripts", dirs_exist_ok=True)
    share(conf, max_number)
    return Provider(Path(places.work), aws, conf, extra={"HF_PROVIDER_NAME": name})


def share(conf: Path, max_number: int) -> None:
    document = json.loads((EXAMPLE / "awsprov_templates.json").read_text())
    for one in document["templates"]:
        one["maxNumber"] = max_number
    (conf / "awsprov_templates.json").write_text(json.dumps(document))


@pytest.fixture
def both(tmp_path: Path, local_aws: LocalAws) -> tuple[Provider, Provider]:
    """The old provider with most of the limit, and the new one."""
    return beside(tmp_path, "old", local_aws, 3), beside(tmp_path, "new", local_aws, 2)


def hosts_of(provider: Provider, count: int) -> list[Mapping[str, str]]:
    entry = provider.settle(provider.request(TEMPLATE, count))
    return [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]


def live_ids(aws: LocalAws) -> set[str]:
    return {one["InstanceId"] for one in live_machines(aws)}


def test_both_are_registered(tmp_path: Path, local_aws: LocalAws) -> None:
    for name in ("old", "new"):
        beside(tmp_path, name, local_aws, 1)
    document = json.loads((tmp_path / "conf/providers/hostProviders.json").read_text())
    assert [one["name"] for one in document["providers"]] == ["old", "new"]


def test_neither_touches_or_reports_the_machines_of_the_other(both: tuple[Provider, Provider]) -> None:
    old, new = both
    theirs, ours = hosts_of(old, 2), hosts_of(new, 1)
    new.give_back(theirs)
    new.aws.advance(60)
    assert live_ids(new.aws) == {one["machineId"] for one in theirs + ours}
    old.aws.client("ec2").terminate_instances(InstanceIds=[theirs[0]["machineId"]])
    old.aws.advance(60)
    assert new.call("getReturnRequests", {})["requests"] == []
    (reclaimed,) = old.call("getReturnRequests", {})["requests"]
    assert reclaimed["machineId"] == theirs[0]["machineId"]


def test_each_counts_its_own_share_of_the_limit(both: tuple[Provider, Provider]) -> None:
    old, new = both
    hosts_of(old, 3)
    hosts_of(new, 2)
    ask = {"template": {"templateId": TEMPLATE, "machineCount": 1}}
    for provider in both:
        assert "maxNumber" in provider.call("requestMachines", ask, code=1)["message"]


def test_one_that_is_drained_starts_nothing_and_returns_what_it_has(both: tuple[Provider, Provider]) -> None:
    old, new = both
    hosts = hosts_of(old, 2)
    share(old.conf, 0)
    ask = {"template": {"templateId": TEMPLATE, "machineCount": 1}}
    assert "maxNumber" in old.call("requestMachines", ask, code=1)["message"]
    offered = old.call("getAvailableTemplates", {})["templates"]
    assert {one["maxNumber"] for one in offered} == {0}
    assert old.call("getReturnRequests", {"machines": hosts})["requests"] == []
    entry = old.settle(old.give_back(hosts))
    assert (entry["status"], live_ids(old.aws)) == ("complete", set())
    assert len(hosts_of(new, 2)) == 2
