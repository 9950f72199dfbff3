"""A world in which every command of `ohf` has something to say, and words for each of them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.e2e.human import Human
from tests.e2e.planned import planned
from tests.e2e.reviewed import TEMPLATE, approve, committed, edited, reviewed

BUCKET: Final = "grid-bodies"

#: command -> its calls; what stands in braces is filled in by the world. Those that change something come last.
CALLS: Final[Mapping[str, tuple[str, ...]]] = {
    "init": ("init -d {tmp}/new --name grid2 --scheduler symphony --dry-run", "init -d {tmp}/new --name grid2"),
    "templates list": ("templates list",),
    "templates show": ("templates show {template}",),
    "templates validate": ("templates validate",),
    "templates import": ("templates import {launch_template} --version 1",),
    "lint": ("lint --house-only --fail-on never",),
    "render": (
        "render {template}",
        "render --all -d {tmp}/rendered",
        "render --all -d {tmp}/rendered --check",
    ),
    "diff": ("diff {template} --against approved", "diff asg-ondemand instant-spot"),
    "report": ("report {template} --format markdown", "report {request}"),
    "rehearse": ("rehearse {template}",),
    "pin": ("pin instant-spot --dry-run",),
    "approve": ("approve {template} --yes --expect-sha256 {digest}",),
    "verify": ("verify {template}", "verify --deployed --since 1d", "verify --audit"),
    "evidence": (
        "evidence {request} --to {tmp}/pack-{fresh}",
        "evidence --since 7d --to {tmp}/packs-{fresh}",
        "evidence --check {pack}",
    ),
    "attest": ("attest {template}", "attest {request}"),
    "publish": ("publish {template}", "publish {template} --check"),
    "plan": ("plan {template} --count 1 --out {tmp}/{fresh}.plan",),
    "plan rm": ("plan rm {plan}",),
    "show": ("show {plan}",),
    "status": ("status", "status {request} {return}"),
    "watch": ("watch {request} --every 0.1", "watch {return} --every 0.1"),
    "events": ("events {request}", "events --history"),
    "explain": ("explain {request}", "explain {machine}", "explain {return}", "explain {template}"),
    "drift": ("drift {request}",),
    "recover": ("recover --dry-run",),
    "gc": ("gc",),
    "iam-policy": ("iam-policy --account 123456789012",),
    "doctor": ("doctor",),
    "store copy": ("store copy --to sqlite --dry-run",),
    "config": ("config",),
    "apply": ("apply {plan}",),
    "request": ("request {template} 1",),
    "return": ("return {machine}",),
    "cancel": ("cancel {request} --yes --every 0.1",),
    "delete": ("delete {request} --yes --every 0.1",),
}
#: commands with a local AWS of their own, and the tests that look at what they print
ELSEWHERE: Final[Mapping[str, str]] = {
    "selftest": "test_selftest.py",
    "replay": "test_replay.py",
    "local": "test_human_local.py",
}


@dataclass(frozen=True, slots=True)
class World:
    """A provider whose template is approved and published, with a request of which one machine was returned."""

    human: Human
    known: dict[str, str]

    def words(self, call: str) -> tuple[str, ...]:
        """The words of a call, filled in; plans and names that may be used once are new each time."""
        fresh = str(len(self.known))
        self.known[fresh] = ""
        plan = str(planned(self.human).file) if "{plan}" in call else ""
        return tuple(shlex.split(call.format(**self.known, fresh=fresh, plan=plan)))


def world(human: Human) -> World:
    """The world, made anew."""
    provider = human.provider
    provider.aws.scenario(clock={"perCall": 2})
    conf = reviewed(human, mode="warn", unsigned=True)
    section = {"templateBucket": BUCKET, "templatePrefix": "bodies"}
    edited(conf / "ohf.json", lambda one: one.setdefault("provider", {}).update(section))
    edited(conf / "ohf.json", lambda one: one.setdefault("logging", {}).update(ioLog=True))
    committed(conf)
    store = provider.aws.client("s3")
    store.create_bucket(Bucket=BUCKET)
    store.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    told = approve(human, "--ticket", "CHG1")
    data = {"ImageId": "ami-0a1b2c3d4e5f60001", "InstanceType": "m5.large"}
    foreign = provider.aws.client("ec2").create_launch_template(
        LaunchTemplateName="theirs", LaunchTemplateData=data
    )
    entry = provider.settle(provider.request(TEMPLATE, 2))
    returned = provider.give_back(entry["machines"][:1])
    provider.settle(returned)
    pack = str(provider.folder / "pack")
    human.says("evidence", entry["requestId"], "--to", pack)
    known = {
        "tmp": str(provider.folder),
        "template": TEMPLATE,
        "digest": str(told["sha256"]),
        "launch_template": str(foreign["LaunchTemplate"]["LaunchTemplateId"]),
        "request": str(entry["requestId"]),
        "return": returned,
        "machine": str(entry["machines"][0]["machineId"]),
        "pack": pack,
        "io_log": str(provider.folder / "log" / "grid-io.jsonl"),
    }
    return World(human, known)
