"""What is measured: the rows of the table of budgets that this version touches.

A row is a function from a host to a result; it says what it compares and what it may cost at most.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.host import NEVER, Host, template
from bench.measure import Run, alternate, run
from ohf_iac.render import render
from ohf_iac.template.catalogue import parse_catalogue
from ohf_iac.template.defaults import TemplateDefaults
from tests.local_aws import FLEET_ROLE

INSTANT = {"providerApi": "EC2Fleet", "fleetType": "instant"}
REFERENCE = str(Path(__file__).with_name("reference_calls.py"))


@dataclass(frozen=True, slots=True)
class Result:
    """What a row found. `cost` and `budget` are in `unit`; `detail` says how the cost came about."""

    cost: float
    budget: float
    unit: str
    detail: str

    @property
    def exact(self) -> bool:
        """Counts are exact; times and sizes are allowed a fifth over, because machines differ from run to run."""
        return self.unit == "calls"

    @property
    def over(self) -> bool:
        return self.cost > (self.budget if self.exact else self.budget * 1.2)


Row = Callable[[Host, int], Result]


def _ratio(
    budget: float, ours: Callable[[], float], reference: Callable[[], float], runs: int, calls: str = ""
) -> Result:
    pair = alternate(ours, reference, runs)
    detail = f"{pair.ours * 1000:.0f} ms against {pair.reference * 1000:.0f} ms"
    return Result(pair.ratio, budget, "×", f"{detail}: {calls}" if calls else detail)


def list_templates(host: Host, runs: int) -> Result:
    """getAvailableTemplates, 100 templates in JSON, against bare `python3 -c pass`"""
    host.catalogue(*(template(f"grid-{number}", INSTANT) for number in range(100)))
    listed = json.loads(host.operation("getAvailableTemplates", {}, aws=False).stdout)
    assert len(listed["templates"]) == 100, listed
    return _ratio(
        2.5,
        lambda: host.operation("getAvailableTemplates", {}, aws=False).wall,
        lambda: host.bare_python().wall,
        runs,
    )


def status_unsettled(host: Host, runs: int) -> Result:
    """getRequestStatus of one request whose machines are pending, against bare clients making the same calls"""
    return _unsettled(host, runs, {"times": {"pending": NEVER}})


def status_starting(host: Host, runs: int) -> Result:
    """getRequestStatus of one request without any machine yet, against bare clients making the same calls"""
    return _unsettled(host, runs, {"times": {"resourceStart": NEVER}})


def request_machines(host: Host, runs: int) -> Result:
    """requestMachines, the body rendered before, against bare botocore clients making the same calls"""
    (request,) = _requests(host, 1, 1, {"times": {"pending": NEVER}})
    return _requesting(host, runs, request)


def request_approved(host: Host, runs: int) -> Result:
    """requestMachines under `enforce`, the approved file with a signature, against the same bare calls"""
    (request,) = _requests(host, 1, 1, {"times": {"pending": NEVER}})
    _approve(host, "grid")
    return _requesting(host, runs, request)


def _requesting(host: Host, runs: int, request: str) -> Result:
    wish = {"template": {"templateId": "grid", "machineCount": 1}}
    made = host.calls_of("requestMachines", wish)
    sent = host.aws.client("cloudformation").get_template(StackName=f"ohf-{request}")["TemplateBody"]
    body = sent if isinstance(sent, str) else json.dumps(sent)
    parameters = host.aws.client("cloudformation").describe_stacks(StackName=f"ohf-{request}")["Stacks"][0][
        "Parameters"
    ]
    number = iter(range(NEVER))

    def reference() -> float:
        stack = {"StackName": f"bench-{next(number)}", "TemplateBody": body, "Parameters": parameters}
        return _bare_calls(host, made, {"CreateStack": stack, "DescribeInstances": _of_template()})

    calls = ", ".join(action for _, action in made)
    return _ratio(0.6, lambda: host.operation("requestMachines", wish).wall, reference, runs, calls)


def status_settled(host: Host, runs: int) -> Result:
    """getRequestStatus of a settled request that the store knows, against bare Python"""
    question = _settled(host, 1, 3)
    return _ratio(
        2.5, lambda: host.operation("getRequestStatus", question).wall, lambda: host.bare_python().wall, runs
    )


def status_settled_calls(host: Host, runs: int) -> Result:
    """AWS calls of getRequestStatus for settled requests that the store knows"""
    del runs
    return _count(host.calls_of("getRequestStatus", _settled(host, 5, 3)), 0)


def status_unsettled_calls(host: Host, runs: int) -> Result:
    """AWS calls for 20 unsettled requests with 60 machines, none short: ⌈R/200⌉ + ⌈M/1000⌉"""
    del runs
    requests = _requests(host, 20, 3, {"times": {"pending": NEVER}})
    return _count(host.calls_of("getRequestStatus", _question(requests)), 2)


def settling_calls(host: Host, runs: int) -> Result:
    """AWS calls of the poll that settles 10 requests: the describes and 2 per request"""
    del runs
    requests = _requests(host, 10, 3, {})
    host.aws.advance(120)
    return _count(host.calls_of("getRequestStatus", _question(requests)), 2 + 2 * 10)


def return_calls(host: Host, runs: int) -> Result:
    """AWS calls of a return of 1,000 machines over 10 stacks"""
    del runs
    question = _settled(host, 10, 100)
    answers = host.answer("getRequestStatus", question)["requests"]
    machines = [{"name": m["name"], "machineId": m["machineId"]} for one in answers for m in one["machines"]]
    assert len(machines) == 1000
    return _count(host.calls_of("requestReturnMachines", {"machines": machines}), 30)


def status_memory(host: Host, runs: int) -> Result:
    """peak memory of one getRequestStatus over 10,000 machines"""
    del runs
    requests = _requests(host, 10, 1000, {"times": {"pending": NEVER}})
    done = host.operation("getRequestStatus", _question(requests))
    return Result(done.peak, 150, "MiB", f"{done.wall:.1f} s")


def status_linear(host: Host, runs: int) -> Result:
    """CPU time of one getRequestStatus over 10,000 machines, against 1,000"""
    del runs
    times = []
    for count in (10, 1):
        question = _question(_requests(host, count, 1000, {"times": {"pending": NEVER}}))
        times.append(min(host.operation("getRequestStatus", question).cpu for _ in range(3)))
    return Result(times[0] / times[1], 12, "×", f"{times[0] * 1000:.0f} ms against {times[1] * 1000:.0f} ms")


def rendering(host: Host, runs: int) -> Result:
    """rendering one template, after import: the dearest of one template per kind"""
    del host
    kinds = [INSTANT, {"providerApi": "ASG"}, {"providerApi": "SpotFleet", "fleetRole": FLEET_ROLE}]
    catalogue = parse_catalogue(
        {"templates": [template(f"grid-{number}", kind) for number, kind in enumerate(kinds)]},
        TemplateDefaults(),
        {},
    )
    assert len(catalogue.templates) == len(kinds), catalogue.refused
    costs = {}
    for one in catalogue.templates:
        render(one, TemplateDefaults(), {})
        costs[one.kind] = min(_seconds(partial(render, one, TemplateDefaults(), {})) for _ in range(runs))
    dearest = max(costs, key=lambda kind: costs[kind])
    return Result(costs[dearest] * 1000, 5, "ms", str(dearest))


def further_lint(host: Host, runs: int) -> Result:
    """CPU time of `ohf lint` for a further template, cfn-lint and house rules, against one template alone"""
    kinds = [INSTANT, {"providerApi": "ASG"}, {"providerApi": "SpotFleet", "fleetRole": FLEET_ROLE}]
    kinds += [{"providerApi": "EC2Fleet", "fleetType": name} for name in ("request", "maintain")]
    further = 20
    alone, together = [], []
    for _ in range(max(3, runs // 5)):
        alone.append(_lint(host, 1, kinds).cpu)
        together.append(_lint(host, 1 + further, kinds).cpu)
    first = median(alone)
    each = (median(together) - first) / further
    return Result(each / first, 0.1, "×", f"{each * 1000:.0f} ms against {first * 1000:.0f} ms")


def parallel(host: Host, runs: int) -> Result:
    """CPU time of 20 requestMachines at once, against 20 in turn; none may be lost"""
    del runs
    wish = {"template": {"templateId": "grid", "machineCount": 1}}
    cpu = {}
    for at_once in (1, 20):
        _requests(host, 0, 1, {"times": {"pending": NEVER}})
        with ThreadPoolExecutor(at_once) as pool:
            done = list(pool.map(lambda _: host.operation("requestMachines", wish), range(20)))
        remembered = json.loads((host.folder / "work" / "bench-request_database.json").read_text())["requests"]
        assert set(remembered) == {json.loads(one.stdout)["requestId"] for one in done}
        cpu[at_once] = sum(one.cpu for one in done)
    return Result(cpu[20] / cpu[1], 1.5, "×", f"{cpu[20]:.1f} s against {cpu[1]:.1f} s")


ROWS: Mapping[str, Row] = {
    "list-templates": list_templates,
    "status-unsettled": status_unsettled,
    "status-starting": status_starting,
    "request-machines": request_machines,
    "request-approved": request_approved,
    "status-settled": status_settled,
    "status-settled-calls": status_settled_calls,
    "status-unsettled-calls": status_unsettled_calls,
    "settling-calls": settling_calls,
    "return-calls": return_calls,
    "status-memory": status_memory,
    "status-linear": status_linear,
    "rendering": rendering,
    "further-lint": further_lint,
    "parallel": parallel,
}


def _unsettled(host: Host, runs: int, scenario: Mapping[str, Any]) -> Result:
    (request,) = _requests(host, 1, 3, scenario)
    question = _question([request])
    assert host.answer("getRequestStatus", question)["requests"][0]["status"] == "running"
    made = host.calls_of("getRequestStatus", question)
    stack = {"StackName": f"ohf-{request}"}
    given = {
        "DescribeInstances": {"Filters": [{"Name": "tag:ohf:request-id", "Values": [request]}]},
        "DescribeStacks": stack,
        "DescribeStackEvents": stack,
        "DescribeStackResources": stack,
    }
    return _ratio(
        0.5,
        lambda: host.operation("getRequestStatus", question).wall,
        lambda: _bare_calls(host, made, given),
        runs,
        ", ".join(action for _, action in made),
    )


def _lint(host: Host, count: int, kinds: list[dict[str, str]]) -> Run:
    """A lint of `count` templates whose kinds take turns, all rules and cfn-lint."""
    host.catalogue(*(template(f"grid-{number}", kinds[number % len(kinds)]) for number in range(count)))
    words = ["lint", "--fail-on", "never", "--output", "json"]
    done = run([host.installation.python, "-m", "ohf_cli", *words], host.plain)
    told = json.loads(done.stdout)
    assert len(told["templates"]) == count
    assert told["cfnLint"]
    assert {one["template"] for one in told["findings"]} == set(told["templates"])
    return done


def _requests(host: Host, count: int, machines: int, scenario: Mapping[str, Any]) -> list[str]:
    """Request ids of `count` fresh requests of `machines` each, whose stacks are complete."""
    host.aws.reset(**scenario)
    host.catalogue(template("grid", INSTANT))
    wish = {"template": {"templateId": "grid", "machineCount": machines}}
    requests = [str(host.answer("requestMachines", wish)["requestId"]) for _ in range(count)]
    host.aws.advance(10)
    return requests


def _settled(host: Host, count: int, machines: int) -> dict[str, Any]:
    """The question about `count` requests that were answered `complete` before."""
    question = _question(_requests(host, count, machines, {}))
    host.aws.advance(120)
    statuses = Counter(one["status"] for one in host.answer("getRequestStatus", question)["requests"])
    assert statuses == {"complete": count}, statuses
    return question


def _approve(host: Host, template_id: str) -> None:
    """Approve what a template gives, signed, and demand approvals from now on."""
    conf = host.folder / "conf"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(conf / "key")], host.plain)
    (conf / "signers").write_text("bench " + " ".join((conf / "key.pub").read_text().split()[:2]) + "\n")
    approvals = {"approvals": {"mode": "enforce", "allowedSigners": "signers"}}
    (conf / "ohf.json").write_text(json.dumps(approvals))
    ohf = [host.installation.python, "-P", "-m", "ohf_cli"]  # -P: not the tree in which the bench runs
    index = json.loads(run([*ohf, "render", "--all", "--output", "json"], host.plain).stdout)
    digest = index["templates"][template_id]["sha256"]
    people = ["--by", "bench", "--author", "somebody", "--sign", str(conf / "key")]
    run([*ohf, "approve", template_id, "--yes", "--expect-sha256", digest, *people], host.plain)


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _question(requests: Iterable[str]) -> dict[str, Any]:
    return {"requests": [{"requestId": request} for request in requests]}


def _count(calls: list[tuple[str, str]], budget: int) -> Result:
    detail = ", ".join(f"{count} {action}" for (_, action), count in Counter(calls).items())
    return Result(len(calls), budget, "calls", detail or "none")


def _of_template() -> dict[str, Any]:
    return {"Filters": [{"Name": "tag:ohf:template-id", "Values": ["grid"]}]}


def _bare_calls(host: Host, calls: list[tuple[str, str]], parameters: Mapping[str, Any]) -> float:
    """Seconds that the yardstick takes for these calls; a call without parameters here is made without any."""
    given = [[service, _snake(action), parameters.get(action, {})] for service, action in calls]
    assert given, "the operation made no call: there is nothing to compare with"
    return run([host.installation.python, REFERENCE, json.dumps(given)], host.with_aws).wall


def _snake(action: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in action).lstrip("_")
