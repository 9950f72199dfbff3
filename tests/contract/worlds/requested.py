"""Situations of rows: what was asked for and came, or is on its way."""

from __future__ import annotations

from collections.abc import Callable

from ohf_iac.request import new_id
from tests.contract.stage import Stage

World = Callable[[Stage], None]
SLOW = {"pending": 900}


def nothing(stage: Stage) -> None:
    """An account without machines."""


def settled(stage: Stage, template: str = "grid", count: int = 2) -> None:
    """A request that is complete."""
    stage.complete(template, count)


def asked(stage: Stage, template: str = "grid", count: int = 2) -> None:
    """A request a moment after it was made."""
    stage.aws.reset(times={"resourceStart": 600})
    stage.request(template, count)


def starting(stage: Stage, template: str = "grid", count: int = 2) -> None:
    """A request whose machines are pending."""
    stage.aws.reset(times=SLOW)
    stage.request(template, count)
    stage.aws.advance(30)
    stage.remember_all()


def nameless(stage: Stage, after: float = 60) -> None:
    """A request whose machine runs, and EC2 does not tell its private DNS name yet."""
    stage.aws.reset(times={"name": 3600})
    stage.request("patient", 1)
    stage.aws.advance(after)
    stage.remember_all()


def waiting(stage: Stage, template: str = "patient") -> None:
    """A request that waits for the last of three machines."""
    stage.aws.reset(capacity={"*": 2})
    stage.request(template, 3)
    stage.aws.advance(60)
    stage.remember_all()


def scattered(stage: Stage) -> None:
    """Three complete requests of different kinds: six machines, the first two of the first request."""
    for template in ("grid", "group", "spot-request"):
        stage.complete(template, 2)


def many(stage: Stage) -> None:
    """Eight machines of two requests."""
    stage.complete("grid", 5)
    stage.complete("group", 3)


def hundreds(stage: Stage) -> None:
    """A hundred and twenty machines of one request."""
    stage.complete("grid", 120)


def full(stage: Stage) -> None:
    """The template `four` has three of its four machines."""
    stage.complete("four", 3)


def accounted(stage: Stage) -> None:
    """A complete request that LSF made for an account."""
    document = {"template": {"templateId": "grid", "machineCount": 1}, "rc_account": "project_a", "userData": {}}
    request_id = str(stage.provider.call("requestMachines", document)["requestId"])
    stage.names.request(request_id)
    stage.remember(stage.provider.settle(request_id)["machines"])


def rest_bought(stage: Stage) -> None:
    """A heterogeneous request: spot gave one of two machines, the rest was bought on demand."""
    stage.aws.reset(capacity={"us-east-1a/c5.large": 1})
    stage.complete("spot-first", 2, step=60)


def shared_folders(stage: Stage) -> None:
    """The work folder holds the files of LSF's ebrokerd."""
    stage.provider.work.mkdir(parents=True)
    for name in ("hosts.json", "requests.json"):
        (stage.provider.work / name).write_text("ebrokerd's")


def templates_were_given(stage: Stage) -> None:
    """A template document was given to getAvailableTemplates before."""
    given = {"templateId": "given", "maxNumber": 1, "imageId": "ami-0a1b2c3d4e5f60001", "vmType": "m5.large"}
    stage.provider.call("getAvailableTemplates", {"templates": [given]})


def unknown_ids(stage: Stage) -> None:
    """Ids that this provider could have made and did not: young, an hour old, older than AWS's memory."""
    now = stage.aws.now()
    for age, seconds in {"young": 0, "old": 3600, "ancient": 100 * 86400}.items():
        stage.names.learn(f"<unknown-req-{age}>", new_id("req", now - seconds, "0123456789abcdef"))
        stage.names.learn(f"<unknown-ret-{age}>", new_id("ret", now - seconds, "0123456789abcdef"))


def strangers(stage: Stage) -> None:
    """A complete request of ours, then one of another installation: its machines have the next numbers."""
    stage.complete("grid", 2)
    other = stage.elsewhere("others")
    request_id = other.request("grid", 2)
    stage.names.request(request_id)
    stage.remember(other.settle(request_id)["machines"])


def memory_lost_after(first: World) -> World:
    """A world after which the provider's memory is lost."""

    def made(stage: Stage) -> None:
        first(stage)
        stage.forget()

    return made


def then(first: World, seconds: float) -> World:
    """A world some time later, in which nobody asked."""

    def made(stage: Stage) -> None:
        first(stage)
        stage.aws.advance(seconds)

    return made


def polled(first: World, seconds: float) -> World:
    """A world in which Host Factory asked for the first request every minute for a while."""

    def made(stage: Stage) -> None:
        first(stage)
        for _ in range(int(seconds / 60)):
            stage.provider.status(stage.first_request)
            stage.aws.advance(60)
        stage.remember_all()

    return made
