"""The gateway as tests use it: our own calls against the local AWS, and one request's stack made through them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ohf_iac.aws import cloudformation
from ohf_iac.aws.calls import Calls
from ohf_iac.aws.session import Access
from ohf_iac.observation import Observation, StackSeen
from ohf_iac.queries import look, machines_of
from ohf_iac.request import Request, RequestRecord, new_id
from ohf_iac.stack import tags_for, timestamp
from ohf_iac.template.kinds import (
    ASG,
    FLEET_MAINTAIN,
    FLEET_REQUEST,
    INSTANT,
    SPOT_MAINTAIN,
    SPOT_REQUEST,
    Kind,
)
from tests.local_aws import REGION, LocalAws

GOLDEN = Path(__file__).parents[1] / "golden"
BODIES: dict[Kind, str] = {
    ASG: "asg-ondemand-minimal",
    INSTANT: "instant-ondemand-minimal",
    FLEET_REQUEST: "request-ondemand-minimal",
    FLEET_MAINTAIN: "maintain-ondemand-minimal",
    SPOT_REQUEST: "spotfleet-request-spot-minimal",
    SPOT_MAINTAIN: "spotfleet-maintain-spot-minimal",
}
OWNER = "here"
EXTRA = "0123456789abcdef"


def calls_to(aws: LocalAws, *, attempts: int = 1, **access: object) -> Calls:
    """Our calls to the local AWS, tried once."""
    places = tuple((service, aws.url) for service in ("ec2", "cloudformation", "autoscaling", "sts", "s3"))
    return Calls(Access(**{"region": REGION, "endpoints": places, "attempts": attempts, **access}))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Made:
    """A request whose stack was created through the gateway."""

    aws: LocalAws
    calls: Calls
    record: RequestRecord

    @property
    def request(self) -> Request:
        return self.record.request

    @property
    def name(self) -> str:
        return f"ohf-{self.request.request_id}"

    def stack(self) -> StackSeen:
        """The stack, which must be there."""
        found = cloudformation.describe_stack(self.calls, self.record.stack_id)
        assert found is not None
        return found

    def seen(self) -> Observation:
        """A close look."""
        one = self.request.request_id
        glance = machines_of(self.calls, OWNER, [one])[one]
        return look(self.calls, self.record, glance)

    def settle_down(self, seconds: int = 60) -> Made:
        """Let virtual time pass in small steps."""
        for _ in range(seconds // 10):
            self.aws.advance(10)
        return self


def make(aws: LocalAws, calls: Calls, kind: Kind, units: int = 3, extra: str = EXTRA, body: str = "") -> Made:
    """Create the stack of a request of this kind from its golden body, or from the one named."""
    now = int(aws.now())
    request_id = new_id("req", now, extra)
    request = Request(request_id, "grid", kind, units, OWNER, now, now + 1800)
    text = (GOLDEN / (body or BODIES[kind]) / "stack.json").read_text()
    given = {
        "RequestId": request_id,
        "TemplateId": "grid",
        "Owner": OWNER,
        "TargetCapacity": str(units),
        "ValidUntil": timestamp(request.deadline - 60),
    }
    stack_id = cloudformation.create_stack(
        calls,
        name=f"ohf-{request_id}",
        template={"TemplateBody": text},
        parameters={key: value for key, value in given.items() if key in json.loads(text)["Parameters"]},
        tags=tags_for(request, "5f2d"),
        token=f"{request_id}-create",
    )
    return Made(aws, calls, RequestRecord(request, "created", stack_id))


@contextmanager
def counted(aws: LocalAws) -> Iterator[list[str]]:
    """The actions called inside, filled in at the end."""
    actions: list[str] = []
    aws.clear_calls()
    yield actions
    actions += [call["action"] for call in aws.calls()]
