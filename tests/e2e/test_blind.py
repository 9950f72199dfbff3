"""AWS cannot be asked: nothing is concluded from that."""

from __future__ import annotations

import pytest

from ohf_iac.request import new_id
from tests.e2e.provider import Provider, live_machines

DEAD = "http://127.0.0.1:9"
FAULTS = {
    "throttled": {"kind": "throttle", "service": "*", "action": "*"},
    "server error": {"kind": "error", "status": 500, "code": "InternalError", "service": "*", "action": "*"},
    "expired token": {"kind": "error", "status": 400, "code": "ExpiredToken", "service": "*", "action": "*"},
    "garbage": {"kind": "garbage", "service": "*", "action": "*"},
    "reset": {"kind": "reset", "service": "*", "action": "*"},
}


@pytest.fixture
def provider(quick: Provider) -> Provider:
    """A provider that does not retry for long."""
    quick.extra["OHF_PROVIDER_RETRY_ATTEMPTS"] = "0"
    return quick


@pytest.mark.parametrize("fault", FAULTS)
def test_an_unsettled_request_keeps_its_last_known_machines(provider: Provider, fault: str) -> None:
    aws = provider.aws
    aws.reset(times={"pending": 300})
    request_id = provider.request("instant-ondemand", 3)
    aws.advance(30)
    known = provider.status(request_id)
    assert [one["result"] for one in known["machines"]] == ["executing"] * 3
    aws.scenario(times={"pending": 300}, faults=[FAULTS[fault]])
    blind = provider.status(request_id)
    assert blind["status"] == "running"
    assert blind["machines"] == known["machines"]
    assert blind["message"]
    aws.scenario(times={"pending": 300})
    assert provider.settle(request_id)["status"] == "complete"


def test_unreachable_aws_and_a_lost_store(provider: Provider) -> None:
    aws = provider.aws
    request_id = provider.request("instant-ondemand", 3)
    for file in provider.work.iterdir():
        file.unlink()
    provider.extra["AWS_ENDPOINT_URL"] = DEAD
    blind = provider.status(request_id)
    assert blind["status"] == "running"
    assert blind["machines"] == []
    provider.extra["AWS_ENDPOINT_URL"] = aws.url
    assert provider.settle(request_id)["status"] == "complete"


def test_a_settled_answer_needs_no_aws(provider: Provider) -> None:
    request_id = provider.request("instant-ondemand", 2)
    entry = provider.settle(request_id)
    provider.extra["AWS_ENDPOINT_URL"] = DEAD
    assert provider.status(request_id) == entry


def test_a_return_is_remembered_when_aws_is_away_and_done_when_it_is_back(provider: Provider) -> None:
    aws = provider.aws
    entry = provider.settle(provider.request("asg-ondemand", 3))
    provider.extra["AWS_ENDPOINT_URL"] = DEAD
    return_id = provider.give_back(entry["machines"])
    assert provider.status(return_id)["status"] == "running"
    provider.extra["AWS_ENDPOINT_URL"] = aws.url
    done = provider.settle(return_id)
    assert done["status"] == "complete"
    assert {one["status"] for one in done["machines"]} == {"terminated"}


def test_a_return_by_name_alone_while_aws_is_away(provider: Provider) -> None:
    """The names are looked up once AWS answers, also when our memory does not hold them."""
    aws = provider.aws
    entry = provider.settle(provider.request("asg-ondemand", 2))
    for file in provider.work.iterdir():
        file.unlink()
    provider.extra["AWS_ENDPOINT_URL"] = DEAD
    hosts = [{"name": one["name"]} for one in entry["machines"]]
    return_id = provider.call("requestReturnMachines", {"machines": hosts})["requestId"]
    assert provider.status(return_id)["status"] == "running"
    provider.extra["AWS_ENDPOINT_URL"] = aws.url
    done = provider.settle(return_id)
    assert {one["machineId"] for one in done["machines"]} == {one["machineId"] for one in entry["machines"]}
    assert live_machines(aws) == []


def test_a_request_without_aws_is_refused_and_creates_nothing(provider: Provider) -> None:
    provider.extra["AWS_ENDPOINT_URL"] = DEAD
    document = {"template": {"templateId": "instant-ondemand", "machineCount": 1}}
    assert "not reached" in provider.call("requestMachines", document, code=1)["message"]


def test_reclaims_are_not_guessed(provider: Provider) -> None:
    entry = provider.settle(provider.request("instant-ondemand", 2))
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
    provider.extra["AWS_ENDPOINT_URL"] = DEAD
    answer = provider.call("getReturnRequests", {"machines": hosts})
    assert answer["requests"] == []
    assert "not reached" in answer["message"]


def test_an_unknown_id_while_young_and_when_old(provider: Provider) -> None:
    aws = provider.aws
    young = new_id("req", aws.now(), "0" * 16)
    old = new_id("req", aws.now() - 3600, "1" * 16)
    ancient = new_id("req", aws.now() - 100 * 86400, "2" * 16)
    assert provider.status(young)["status"] == "running"
    assert provider.status(old)["status"] == "complete_with_error"
    assert provider.status(ancient)["status"] == "complete"
    assert provider.status("not-one-of-ours")["status"] == "complete_with_error"
    assert provider.status(new_id("ret", aws.now() - 3600, "3" * 16))["status"] == "complete"


def test_an_unknown_id_from_the_time_to_come_is_not_waited_for(provider: Provider) -> None:
    """Another host's clock may be ahead, but not by more than AWS bears with; the latest id of all is of 2106."""
    ahead = provider.aws.now() + 300
    assert provider.status(new_id("req", ahead, "4" * 16))["status"] == "running"
    assert provider.status(new_id("ret", ahead, "4" * 16))["status"] == "running"
    assert provider.status("req-ffffffff-4444444444444444")["status"] == "complete_with_error"
    assert provider.status("ret-ffffffff-4444444444444444")["status"] == "complete"


def test_a_stack_is_not_taken_for_empty_by_another_owner(provider: Provider) -> None:
    """An owner that was changed hides our machines; their stack stays."""
    provider.settle(provider.request("asg-ondemand", 2))
    provider.extra["OHF_PROVIDER_OWNER"] = "somebody-else"
    for _ in range(2):
        provider.aws.advance(7200)
        provider.call("getReturnRequests", {"machines": []})
        provider.status(new_id("req", provider.aws.now() - 600, "0123456789abcdef"))
    del provider.extra["OHF_PROVIDER_OWNER"]
    provider.aws.advance(600)
    assert len(live_machines(provider.aws)) == 2


def test_what_memory_holds_of_another_owner_is_not_judged(provider: Provider) -> None:
    """Under another owner our machines cannot be found, and would count as gone or as foreign."""
    entry = provider.settle(provider.request("instant-ondemand", 3))
    first, second, third = ({"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"])
    returned = provider.give_back([first])
    provider.extra["OHF_PROVIDER_OWNER"] = "somebody-else"
    for operation, document in (
        ("getRequestStatus", {"requests": [{"requestId": entry["requestId"]}]}),
        ("getRequestStatus", {"requests": [{"requestId": returned}]}),
        ("requestReturnMachines", {"machines": [second]}),
        ("requestReturnMachines", {"machines": [{"name": second["name"]}]}),
    ):
        answer = provider.call(operation, document, code=1)
        assert "somebody-else" in answer["message"]
        assert "provider.owner" in answer["message"]
    reclaims = provider.call("getReturnRequests", {"machines": [second, {"name": third["name"]}]})
    assert reclaims["requests"] == []
    assert "somebody-else" in reclaims["message"]
    del provider.extra["OHF_PROVIDER_OWNER"]
    assert provider.settle(returned)["status"] == "complete"
    assert len(live_machines(provider.aws)) == 2


@pytest.mark.parametrize("there", [False, True], ids=["no folder", "an empty folder"])
def test_without_any_configuration_nothing_is_done(provider: Provider, there: bool) -> None:
    """A folder that is not mounted: the owner in it is not known, and nothing may be concluded."""
    entry = provider.settle(provider.request("instant-ondemand", 2))
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
    conf, provider.conf = provider.conf, provider.folder / "unmounted"
    if there:
        provider.conf.mkdir()
    documents = {
        "getAvailableTemplates": {},
        "requestMachines": {"template": {"templateId": "instant-ondemand", "machineCount": 1}},
        "getRequestStatus": {"requests": [{"requestId": entry["requestId"]}]},
        "requestReturnMachines": {"machines": hosts},
        "getReturnRequests": {"machines": hosts},
    }
    for operation, document in documents.items():
        answer = provider.call(operation, document, code=1)
        assert set(answer) == {"message"}
        assert "unmounted" in answer["message"]
    provider.conf = conf
    assert provider.status(entry["requestId"])["status"] == "complete"
    assert len(live_machines(provider.aws)) == 2
