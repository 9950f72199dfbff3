"""The whole life of requests against a local AWS, through the very scripts that Host Factory calls.

`make demo` runs this. It starts a local AWS on a free port of this machine, with a virtual clock, and keeps all its
files in a temporary folder: nothing of a real AWS account, its configuration or its credentials is read or used.
The provider is `examples/provider` as it stands. Everything that is shown is also checked; exit 1 when something is
not as it should be.
"""

from __future__ import annotations

import io
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final, NoReturn

import boto3
from demo_stage import Stage, WrongError, local_aws, passing_folder

ASKED: Final = 3
#: template -> kind of stack, as the tables show it
KINDS: Final = {
    "asg-ondemand": "Auto Scaling group",
    "instant-ondemand": "EC2 Fleet instant",
    "request-spot": "EC2 Fleet request",
    "maintain-spot": "EC2 Fleet maintain",
    "spotfleet-request": "Spot Fleet request",
    "spotfleet-maintain": "Spot Fleet maintain",
}
LIVE: Final = ["pending", "running", "stopping", "stopped"]
#: seconds of the virtual clock between two polls of Host Factory
POLL: Final = 10
#: ... and while machines and stacks end
LATE_POLL: Final = 30
#: polls after which something has gone wrong
PATIENCE: Final = 40


def main() -> int:
    """Play the demo; 0 when everything was as it should be."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it otherwise
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a log file, too, is to show how far it is
    began = time.monotonic()
    try:
        with passing_folder() as folder, local_aws(folder) as stage:
            play(stage)
    except WrongError as error:
        print(f"\nNOT as it should be: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the local AWS is ended", file=sys.stderr)
        return 130
    print(f"\nEverything as it should be, in {time.monotonic() - began:.0f} s. No AWS account was touched.")
    return 0


def play(stage: Stage) -> None:
    """The six acts."""
    show_templates(stage)
    ids = request_all(stage)
    machines, waited = wait_for_machines(stage, ids)
    show_events(ids)
    return_some(stage, "one machine of each request", [one[0] for one in machines.values()])
    stage.advance(3600)
    left = live_machines(ids)
    check(left, dict.fromkeys(ids, ASKED - 1), "machines an hour later")
    print("   an hour later: 2 machines each; nothing replaced what was returned")
    return_some(stage, "the rest", [host for hosts in machines.values() for host in hosts[1:]])
    gone = wait_for_stacks(stage, ids)
    conclude(stage, ids, waited, left, gone)


def show_templates(stage: Stage) -> None:
    """Act 1: what Host Factory is offered."""
    heading("Templates that Host Factory is offered", "getAvailableTemplates.sh")
    answer = stage.script("getAvailableTemplates", {})
    for one in answer["templates"]:
        mark = "->" if one["templateId"] in KINDS else "  "
        print(f"   {mark} {one['templateId']:<20} maxNumber {one['maxNumber']}")
    missing = KINDS.keys() - {one["templateId"] for one in answer["templates"]}
    check(sorted(missing), [], "templates missing in the catalogue")


def request_all(stage: Stage) -> dict[str, str]:
    """Act 2: three machines of each kind."""
    heading(f"{ASKED} machines of each kind: one CloudFormation stack per request", "requestMachines.sh")

    def ask(template: str) -> str:
        document = {"template": {"templateId": template, "machineCount": ASKED}}
        return str(stage.script("requestMachines", document)["requestId"])

    ids = dict(zip(KINDS, side_by_side(ask, KINDS), strict=True))
    for template, request_id in ids.items():
        print(f"   {KINDS[template]:<20} {request_id}")
    return ids


def wait_for_machines(
    stage: Stage, ids: Mapping[str, str]
) -> tuple[dict[str, list[dict[str, str]]], dict[str, int]]:
    """Act 3: polls until all are complete; the machines, and the virtual seconds that each kind took."""
    heading("Polled until complete; the virtual clock runs ahead between polls", "getRequestStatus.sh")
    print("           " + "".join(f"{kind:<20}" for kind in KINDS.values()).rstrip())
    waited: dict[str, int] = {}
    asked = {"requests": [{"requestId": one} for one in ids.values()]}
    for poll in range(PATIENCE):
        rows = {one["requestId"]: one for one in stage.script("getRequestStatus", asked)["requests"]}
        print(
            f"   {poll * POLL:>4} s  " + "".join(f"{brief(rows[ids[template]]):<20}" for template in ids).rstrip()
        )
        for template, request_id in ids.items():
            if rows[request_id]["status"] == "complete":
                waited.setdefault(template, poll * POLL)
        if len(waited) == len(ids):
            return {
                template: checked_machines(template, rows[one]["machines"]) for template, one in ids.items()
            }, waited
        wrong = [one["message"] for one in rows.values() if one["status"] == "complete_with_error"]
        check(wrong, [], "requests that ended with an error")
        stage.advance(POLL)
    raise WrongError(f"after {PATIENCE} polls only {sorted(waited)} are complete")


def show_events(ids: Mapping[str, str]) -> None:
    """Act 4: what CloudFormation tells of the stacks."""
    heading("What happened in the stacks, by CloudFormation's own events", "ohf events REQUEST")
    client = boto3.client("cloudformation")
    for template, request_id in ids.items():
        events = client.describe_stack_events(StackName=f"ohf-{request_id}")["StackEvents"][::-1]
        done = [one for one in events if one["ResourceStatus"] == "CREATE_COMPLETE"]
        print(f"   {KINDS[template]:<20} " + ", ".join(told(one, events[0]["Timestamp"]) for one in done))
        made = [one["LogicalResourceId"] for one in done[:-1]]
        check(made, ["LaunchTemplate", "Capacity"], f"resources of {template} created")


def return_some(stage: Stage, what: str, hosts: list[dict[str, str]]) -> None:
    """Act 5: machines given back, and polled until they are gone."""
    heading(f"Returned: {what}", "requestReturnMachines.sh, getRequestStatus.sh")
    return_id = stage.script("requestReturnMachines", {"machines": hosts})["requestId"]
    print(f"   {return_id}: {len(hosts)} machines")
    for _ in range(PATIENCE):
        row = stage.script("getRequestStatus", {"requests": [{"requestId": return_id}]})["requests"][0]
        ended = sum(one["result"] == "succeed" for one in row["machines"])
        print(f"   {row['status']}: {ended} of {len(hosts)} terminated")
        if row["status"] != "running":
            check((row["status"], ended), ("complete", len(hosts)), "the return")
            return
        stage.advance(LATE_POLL)
    raise WrongError(f"{return_id} is still running after {PATIENCE} polls")


def wait_for_stacks(stage: Stage, ids: Mapping[str, str]) -> dict[str, bool]:
    """Act 6: Host Factory polls on, and what is empty is deleted."""
    heading("Empty stacks are deleted; CloudFormation and EC2 are asked themselves", "")
    asked = {"requests": [{"requestId": one} for one in ids.values()]}
    for _ in range(PATIENCE):
        names = {one["StackName"] for one in boto3.client("cloudformation").describe_stacks()["Stacks"]}
        gone = {template: f"ohf-{one}" not in names for template, one in ids.items()}
        print(f"   {sum(gone.values())} of {len(gone)} stacks gone")
        if all(gone.values()):
            check(live_machines(ids), dict.fromkeys(ids, 0), "machines after the end")
            return gone
        stage.advance(LATE_POLL)
        stage.script("getRequestStatus", asked)
    raise WrongError(f"stacks left after {PATIENCE} polls: {[one for one, done in gone.items() if not done]}")


def conclude(
    stage: Stage,
    ids: Mapping[str, str],
    waited: Mapping[str, int],
    left: Mapping[str, int],
    gone: Mapping[str, bool],
) -> None:
    """The final table."""
    heading("In one table (seconds are the virtual clock's)", "")
    print(
        f"   {'KIND':<20} {'TEMPLATE':<19} {'ASKED':>5} {'COMPLETE AFTER':>15} {'LEFT AFTER 1 RETURN':>20}  STACK"
    )
    for template in ids:
        counts = f"{ASKED:>5} {waited[template]:>13} s {left[template]:>20}"
        print(f"   {KINDS[template]:<20} {template:<19} {counts}  {'gone' if gone[template] else 'left'}")
    print(f"   {stage.calls()} AWS calls in all")


def checked_machines(template: str, rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The machines of a complete request as Host Factory gives them back."""
    check([one["result"] for one in rows], ["succeed"] * ASKED, f"machines of {template}")
    for one in rows:
        check(
            (one["name"].endswith(".internal"), type(one["launchtime"])), (True, int), f"name and launch of {one}"
        )
    return [{"name": one["name"], "machineId": one["machineId"]} for one in rows]


def live_machines(ids: Mapping[str, str]) -> dict[str, int]:
    """Live machines per template, as EC2 itself shows them."""
    names = {request_id: template for template, request_id in ids.items()}
    found = dict.fromkeys(ids, 0)
    filters = [
        {"Name": "tag:ohf:request-id", "Values": list(names)},
        {"Name": "instance-state-name", "Values": LIVE},
    ]
    for reservation in boto3.client("ec2").describe_instances(Filters=filters)["Reservations"]:
        for one in reservation["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
            found[names[tags["ohf:request-id"]]] += 1
    return found


def told(event: Mapping[str, Any], start: datetime) -> str:
    """An event in a few words, with the seconds since the stack's first."""
    seconds = (event["Timestamp"] - start).seconds
    if event["ResourceType"] == "AWS::CloudFormation::Stack":
        return f"stack complete after {seconds} s"
    name = event["LogicalResourceId"]
    return f"{event['PhysicalResourceId']} {seconds} s" if name == "Capacity" else f"{name} {seconds} s"


def brief(row: Mapping[str, Any]) -> str:
    """A request's progress in a few characters."""
    good = sum(one["result"] == "succeed" for one in row["machines"])
    return f"{good}/{ASKED} {row['status']}"


def check(found: object, wanted: object, what: str) -> None:
    """Stop the demo unless what was found is what should be."""
    if found != wanted:
        raise WrongError(f"{what}: {found}, expected {wanted}")


def heading(what: str, how: str) -> None:
    print(f"\n== {what}" + (f"  [{how}]" if how else ""))


def side_by_side(work: Callable[[str], Any], items: Iterable[str]) -> list[Any]:
    """Several processes at once, in order; more of them than two would only wait for each other."""
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(work, items))


def _end(number: int, frame: object) -> NoReturn:
    """A signal ends the demo as an exception does, so that the server is ended too."""
    del frame
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
