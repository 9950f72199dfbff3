"""Which code answers which service: our own for what lives, moto's for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.core.request import Request
from moto.core.responses import BaseResponse

from ohf_iac.local.authorization import refusal_of_call, refusal_words
from ohf_iac.local.autoscaling_wire import LocalAutoScaling
from ohf_iac.local.call_permissions import asks_of
from ohf_iac.local.calls import Call, HttpAnswer, HttpRequest
from ohf_iac.local.cloudformation_wire import CloudFormationWire
from ohf_iac.local.ec2_wire import LocalEc2
from ohf_iac.local.role_sessions import refusal_of_session
from ohf_iac.local.sts_wire import LocalSts
from ohf_iac.local.wire import CALLER, KEY, WORLD
from ohf_iac.local.wire_errors import error_answer

if TYPE_CHECKING:
    from ohf_iac.local.world import World


OWN: Mapping[str, type[BaseResponse]] = {
    "cloudformation": CloudFormationWire,
    "ec2": LocalEc2,
    "autoscaling": LocalAutoScaling,
    "sts": LocalSts,
}
PASSIVE = frozenset({"iam", "kms", "s3", "secretsmanager", "servicequotas", "ssm"})


def carry_out(world: World, call: Call, request: HttpRequest) -> HttpAnswer:
    """Have the call carried out; what nobody offers answers NotImplemented with status 501."""
    if call.service not in OWN and call.service not in PASSIVE:
        return _not_there(call, f"service {call.service}")
    try:
        region = world.region(call.account, call.region)  # made and seeded before anybody looks
    except KeyError:
        return _not_there(call, f"region {call.region}")
    session = world.sessions.get(call.key)
    ended = refusal_of_session(session, call, request, world.timeline.now())
    if ended is not None:
        return error_answer(call.protocol, *ended)
    principal = session.role if session else call.key
    if principal in world.authorization.policies:
        refused = world.authorization.refuses(principal, asks_of(region, call, request))
        if refused is not None:
            words = refusal_words(call.account, principal, refused, session.name if session else "")
            return error_answer(call.protocol, *refusal_of_call(call.protocol, refused, words))
    asked = _moto_request(world, call, request, principal)
    try:
        return _dispatched(OWN[call.service], asked) if call.service in OWN else _passive(asked)
    except NotImplementedError:
        return _not_there(call, f"{call.service} {call.action}")


def _not_there(call: Call, what: str) -> HttpAnswer:
    return error_answer(call.protocol, 501, "NotImplemented", f"The local AWS has no {what}")


def _moto_request(world: World, call: Call, request: HttpRequest, principal: str) -> Request:
    host = request.headers.get("host", "127.0.0.1")
    headers = {**request.headers, "x-moto-account-id": call.account}
    asked = Request.from_primitives(request.method, f"http://{host}{request.target}", headers, request.body)
    asked.environ[WORLD], asked.environ[CALLER], asked.environ[KEY] = world, principal, call.key
    return asked


def _dispatched(response: type[BaseResponse], asked: Request) -> HttpAnswer:
    status, headers, body = response.dispatch(asked)
    content = body.encode() if isinstance(body, str) else body
    return HttpAnswer(
        int(status), {name: str(value) for name, value in headers.items() if name != "status"}, content
    )


def _passive(asked: Request) -> HttpAnswer:
    sent: dict[str, Any] = {}

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        del exc_info
        sent.update(status=int(status.split()[0]), headers=dict(headers))
        return lambda _: None

    body = b"".join(_moto_server()(asked.environ, start_response))
    return HttpAnswer(sent["status"], sent["headers"], body)


@cache
def _moto_server() -> Any:
    # Flask and these services cost half a second, and few callers need them: imported on first use.
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)
