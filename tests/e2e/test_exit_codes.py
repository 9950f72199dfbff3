"""Exit codes: each of the table in docs/commands.md is provoked, for the commands of change control that have it.

2 is for --detailed-exitcode alone, and usage is 64: no two meanings share a code. That Ctrl-C is 130 is held in
test_human.py (watch) and test_rehearse.py; here it is a question that is answered with no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from ohf_cli.human import COMMANDS
from tests.e2e.every_command import CALLS, World, world
from tests.e2e.human import Human, on_terminal
from tests.e2e.planned import planned
from tests.e2e.provider import ROOT, Provider
from tests.e2e.reviewed import TEMPLATE, configure, edited
from tests.local_aws import LocalAws

#: the commands by which bodies and stacks are reviewed, approved, made and proven
CHANGE_CONTROL: Final = frozenset(
    {
        "render",
        "lint",
        "diff",
        "report",
        "rehearse",
        "pin",
        "approve",
        "verify",
        "evidence",
        "attest",
        "publish",
        "plan",
        "show",
        "apply",
        "explain",
        "drift",
        "iam-policy",
    }
)
#: those that work without a configuration, and those that write one
WITHOUT_CONFIGURATION: Final = ("show", "local", "init", "selftest", "replay")

Trouble = Callable[[World], None]


@pytest.fixture
def human(
    tmp_path: Path, local_aws: LocalAws, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Human]:
    yield Human(Provider(tmp_path, local_aws), capsys, monkeypatch)
    local_aws.reset()


#: what asks AWS, with what it is asked for
ASKING: Final = (
    "diff {template} stack:ohf-{request}",
    "report {request}",
    "rehearse {template}",
    "pin instant-spot --dry-run",
    "verify --deployed --since 1d",
    "attest {request}",
    "publish {template}",
    "plan {template} --count 1 --out {tmp}/{fresh}.plan",
    "apply {plan}",
    "drift {request}",
    "explain i-0123456789abcdef0",
    "request {template} 1",
)
UNKNOWN: Final = f"req-{1:08x}-{1:016x}"
#: what is not there, or not possible
FAILING: Final = (
    "render no-such-template",
    "render --all -d {tmp}/nothing-rendered --check",
    "lint no-such-template",
    "diff no-such-template --against approved",
    "report no-such-template",
    f"report {UNKNOWN}",
    "rehearse no-such-template",
    "pin {template}-x",
    "approve no-such-template --yes --expect-sha256 {digest}",
    "verify no-such-template",
    f"evidence {UNKNOWN} --to {{tmp}}/pack-{{fresh}}",
    "attest no-such-template",
    f"attest {UNKNOWN}",
    "publish no-such-template",
    "plan no-such-template --count 1 --out {tmp}/{fresh}.plan",
    "show {tmp}/no-such.plan",
    "apply {tmp}/no-such.plan",
    f"explain {UNKNOWN}",
    f"drift {UNKNOWN}",
    "iam-policy --template no-such-template",
)
#: what is not as it was approved, after `never_approved`
UNAPPROVED: Final = (
    "verify",
    "verify --deployed --since 1d",
    "request {template} 1",
    "plan {template} --count 1 --out {tmp}/{fresh}.plan",
)
#: what is refused, is late, differs or is found in the world as it is
OTHERS: Final[Mapping[int, tuple[str, ...]]] = {
    2: ("diff asg-ondemand instant-spot --detailed-exitcode", "drift {request} --detailed-exitcode"),
    3: ("lint --house-only --fail-on info",),
    4: (
        "approve {template} --yes --expect-sha256 {digest} --by bob@corp.example",
        f"approve {{template}} --yes --expect-sha256 {'0' * 64}",
        "publish {template} --check",
        "evidence --check {pack}",
        "verify --audit",
    ),
    5: (
        "apply {plan} --wait --timeout 0.1 --every 0.1",
        "drift {request} --timeout 1 --every 0.1",
        "watch {running} --timeout 0.1 --every 0.1",
    ),
}


def unreachable(place: World) -> None:
    place.human.provider.extra["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    place.human.provider.extra["OHF_PROVIDER_RETRY_ATTEMPTS"] = "0"


def denied(place: World) -> None:
    place.human.provider.aws.scenario(
        faults=[{"kind": "error", "status": 403, "code": "AccessDenied", "message": "no"}]
    )


def never_approved(place: World) -> None:
    lock = place.human.provider.conf / "ohf.lock"
    edited(lock, lambda document: document["entries"].clear())
    configure(place.human.provider.conf, mode="enforce", unsigned=True)


def test_usage_is_64_for_every_command(human: Human) -> None:
    for name in COMMANDS:
        human.hears(*name.split(), "--no-such-option", code=64)
    human.hears("no-such-command", code=64)


def test_a_configuration_that_cannot_be_used_is_78_for_every_command(human: Human) -> None:
    place = world(human)
    words = {name: place.words(calls[0]) for name, calls in CALLS.items() if name not in WITHOUT_CONFIGURATION}
    (human.provider.conf / "ohf.json").write_text('{"limits": {"deadline": 1000}}')
    for one in words.values():
        human.hears(*one, code=78)


@pytest.mark.parametrize(("trouble", "code"), [(unreachable, 69), (denied, 77)])
def test_aws_out_of_reach_is_69_and_a_denial_77(human: Human, trouble: Trouble, code: int) -> None:
    place = world(human)
    calls = [place.words(one) for one in ASKING]
    trouble(place)
    for one in calls:
        human.hears(*one, code=code)


def test_what_is_not_there_is_1(human: Human) -> None:
    place = world(human)
    for call in FAILING:
        human.hears(*place.words(call), code=1)


def test_what_nobody_approved_is_4_and_changes_nothing(human: Human) -> None:
    place = world(human)
    plan = place.words("apply {plan}")
    never_approved(place)
    human.provider.aws.clear_calls()
    for call in UNAPPROVED:
        human.hears(*place.words(call), code=4)
    human.hears(*plan, code=4)
    asked = {one["action"] for one in human.provider.aws.calls()}
    assert all(one.startswith(("Describe", "Get", "List", "DetectStackDrift")) for one in asked), asked


def test_differences_are_2_findings_3_tampering_4_and_time_5(human: Human) -> None:
    place = world(human)
    waiting = planned(human)
    tampered(place)
    for code in (2, 3, 4):
        for call in OTHERS[code]:
            human.hears(*place.words(call), code=code)
    for call in OTHERS[2]:
        human.hears(*place.words(call.replace(" --detailed-exitcode", "")), code=0)
    human.provider.aws.scenario(times={"drift": 3600, "launch": 3600})
    place.known["running"] = human.requests(TEMPLATE, 1)
    for call in OTHERS[5]:
        human.hears(*place.words(call.replace("{plan}", str(waiting.file))), code=5)


@pytest.mark.parametrize("words", [("approve", "asg-ondemand"), ("delete", "{request}")])
def test_a_question_that_is_answered_with_no_is_130(human: Human, words: tuple[str, ...]) -> None:
    place = world(human)
    code, screen = on_terminal(human.provider, *place.words(" ".join(words)), typed="n\n")
    assert code == 130, screen


def test_the_manual_lists_these_codes_and_no_others() -> None:
    listed = {
        int(one) for one in re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "commands.md").read_text(), re.MULTILINE)
    }
    assert listed == {0, 1, 64, 69, 77, 78, 130, *OTHERS}


def test_every_command_of_change_control_fails_here_too() -> None:
    """Each of them succeeds in test_every_command.py, and stands in one of these tables."""
    failing = {call.split()[0] for call in (*FAILING, *ASKING, *UNAPPROVED, *sum(OTHERS.values(), ()))}
    assert failing & {name.split()[0] for name in CALLS} >= CHANGE_CONTROL


def tampered(place: World) -> None:
    """Somebody changes a stack's launch template, a pack of evidence, and a line of the audit file."""
    provider = place.human.provider
    stack = f"ohf-{place.known['request']}"
    resources = provider.aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    (template,) = [one["PhysicalResourceId"] for one in resources if one["LogicalResourceId"] == "LaunchTemplate"]
    ec2 = provider.aws.client("ec2")
    data = {"ImageId": "ami-0a1b2c3d4e5f60666"}
    ec2.create_launch_template_version(LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData=data)
    ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    pack = Path(place.known["pack"]) / "stack.json"
    pack.write_text(pack.read_text().replace("us-east-1", "eu-west-1"))
    audit = provider.work / "grid-audit.jsonl"
    first, *rest = audit.read_text().splitlines(keepends=True)
    audit.write_text(first.replace("RequestCreated", "RequestRefused") + "".join(rest[1:]))
