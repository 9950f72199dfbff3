"""What a call of the machine face imports: its start-up is the product (design §2.9, §9)."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.e2e.provider import ROOT, Provider

HEAVY = ("boto3", "botocore", "troposphere", "jinja2", "click", "rich", "jsonschema", "yaml")
PROBE = """
import json, sys
from ohf_cli import machine
code = machine.main()
sys.stdout.write(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
sys.exit(code)
"""


def imported_by(provider: Provider, operation: str, document: object) -> tuple[int, set[str]]:
    """The exit code of an operation, and the top-level modules that its process had imported at the end."""
    for name in ("work", "log"):
        (provider.folder / name).mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", PROBE, operation, "--data", json.dumps(document)],
        env={**provider.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'cli'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, set(json.loads(done.stdout.splitlines()[-1]))


def test_templates_are_listed_without_any_heavy_library(quick: Provider) -> None:
    code, modules = imported_by(quick, "getAvailableTemplates", {})
    assert code == 0
    assert modules.isdisjoint(HEAVY)


def test_a_settled_request_is_answered_without_an_sdk(quick: Provider) -> None:
    request_id = quick.request("instant-ondemand", 1)
    quick.settle(request_id)
    quick.polls(300, step=100)
    code, modules = imported_by(quick, "getRequestStatus", {"requests": [{"requestId": request_id}]})
    assert code == 0
    assert modules.isdisjoint(HEAVY)


def test_a_malformed_request_costs_no_sdk(quick: Provider) -> None:
    code, modules = imported_by(quick, "requestMachines", {"template": {}})
    assert code == 1
    assert modules.isdisjoint(HEAVY)


def test_the_probe_sees_what_is_imported(quick: Provider) -> None:
    code, modules = imported_by(quick, "getReturnRequests", {"machines": [{"machineId": "i-0123456789abcdef0"}]})
    assert code == 0
    assert "botocore" in modules
    assert modules.isdisjoint({"boto3", "troposphere", "jinja2", "click", "rich", "jsonschema", "yaml"})
