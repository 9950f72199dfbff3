"""Processes of the product by the hundred: `python -m tests.crashes.children` forks one for each line on stdin.

A line names a function of `tests.crashes`, its arguments, and a file for what it returns; the answer tells the
signal that ended the child, 0 if none did. All imports are done beforehand, so that a process costs what it does
and no more. It is a real process all the same, and a real SIGKILL that ends it. The clock of all of them stands
still, as that of the split local AWS, and goes on with the offset in its file.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ohf_iac.app import app_for, calls_of
from tests.crashes.crash import provider_at
from tests.crashes.splitting_aws import STANDSTILL
from tests.e2e.permitted import environment

#: what the operations import when they need it
PRELOADED = """
ohf_cli.machine ohf_cli.human ohf_cli.edge ohf_cli.cancel_command ohf_cli.delete_command ohf_cli.gc_command
ohf_cli.recover_command ohf_cli.plan_command ohf_cli.apply_command ohf_cli.store_command ohf_cli.validation
ohf_iac.app ohf_iac.aws.calls ohf_iac.aws.session
ohf_iac.operations.chores ohf_iac.operations.chore_work ohf_iac.operations.polling ohf_iac.operations.reclaiming
ohf_iac.operations.requesting ohf_iac.operations.return_polling ohf_iac.operations.returning
ohf_iac.operations.status ohf_iac.operations.templates ohf_iac.render ohf_iac.store.sqlite ohf_iac.watch
ohf_iac.store.event_table tests.crashes.crash tests.crashes.afterwards tests.crashes.stages
"""


def main() -> None:
    for name in PRELOADED.split():
        importlib.import_module(name)
    time.time = lambda: STANDSTILL
    for line in sys.stdin:
        job = json.loads(line)
        _warm_up(job["arguments"]["place"])
        process = os.fork()
        if not process:
            _work(job)
        _, status = os.waitpid(process, 0)
        ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        os.write(1, f"{json.dumps({'signal': ended})}\n".encode())


def _warm_up(place: Mapping[str, Any]) -> None:
    """Clients are made once, not in every child; after some minutes they count as old, and are made anew."""
    provider = provider_at(place)
    with environment(provider.environ):
        calls = calls_of(app_for(os.environ))
        for service in ("ec2", "cloudformation", "autoscaling", "sts"):
            calls.client(service)


def _work(job: dict[str, Any]) -> None:
    """Do one job and end, whatever comes of it."""
    out = Path(job["out"])
    try:
        module, name = job["job"].split(":")
        work: Callable[..., Any] = getattr(importlib.import_module(f"tests.crashes.{module}"), name)
        result = {"result": work(**job["arguments"])}
    except BaseException:  # noqa: BLE001 -- the other process raises it
        result = {"error": traceback.format_exc()}
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(descriptor, json.dumps(result).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
