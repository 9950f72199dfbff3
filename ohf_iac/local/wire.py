"""How a response object, which moto makes for one request, finds the world that it answers from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ohf_iac.local.world import Region, World

WORLD = "ohf.world"  # its place in the request's environment
CALLER = "ohf.caller"  # the place of the principal that calls: an access key or the role of a session
KEY = "ohf.key"  # the place of the caller's access key


def world_of(response: Any) -> World:
    """The world behind the server that took the request."""
    world: World = response.normalized_request.environ[WORLD]
    return world


def caller_of(response: Any) -> str:
    """The principal that calls: the access key, or for a session of a role that role's ARN."""
    return str(response.normalized_request.environ[CALLER])


def key_of(response: Any) -> str:
    """The access key that the request was signed with."""
    return str(response.normalized_request.environ[KEY])


def region_of(response: Any) -> Region:
    """The account's region that the request is for."""
    return world_of(response).region(response.current_account, response.region)
