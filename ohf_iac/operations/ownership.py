"""Whose memory this is: what it holds of another owner is not judged by what this owner's tag finds in AWS.

An owner that changes under an installation (ohf.json out of reach, replaced, or from another host) hides every
machine of the requests in memory. They would count as gone or foreign, and a return of them as done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ohf_iac.errors import ConfigurationError
from ohf_iac.store.memory import ids_of_hosts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ohf_iac.app import App
    from ohf_iac.hostfactory import HostRef
    from ohf_iac.store.memory import Memory


def check_requests(app: App, memory: Memory, request_ids: Iterable[str]) -> None:
    """ConfigurationError when memory holds one of these requests as another owner's; unknown ids are not judged."""
    for one in dict.fromkeys(request_ids):
        record = memory.requests.get(one)
        if record is not None and record.request.owner != app.owner:
            raise ConfigurationError(
                f"serve {one}: it belongs to owner {record.request.owner}, the configuration in "
                f"{app.settings.conf_dir} says {app.owner}",
                hint="put the owner of this installation back into ohf.json (provider.owner)",
            )


def check_hosts(app: App, memory: Memory, hosts: Iterable[HostRef]) -> None:
    """The same for the requests of the machines that memory knows by these ids or names."""
    ids = ids_of_hosts(memory, hosts).values()
    check_requests(app, memory, (memory.machines[one].request_id for one in ids if one in memory.machines))
