"""Checks of an installation: configuration, catalogue, memory, credentials, clock, and one call per API.

Each check has a code that stays (docs/errors.md lists them), asks for nothing that a request would not ask for, and
changes nothing.
"""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from glob import escape, glob
from shlex import quote
from typing import TYPE_CHECKING, Final, Literal

from ohf_iac.app import calls_of
from ohf_iac.aws.credential_files import check_keys_file
from ohf_iac.clock import CLOCK_VARIABLE, endpoints_outside
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import OhfError
from ohf_iac.operations.approved import refusals
from ohf_iac.render import render
from ohf_iac.store.aside import set_aside_before
from ohf_iac.store.memory import unsettled
from ohf_iac.template.kinds import ASG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.app import App
    from ohf_iac.aws.calls import Calls

Severity = Literal["ok", "warn", "fail"]

#: AWS refuses signatures whose time is off by more than five minutes (AWS General Reference, Signature Version 4)
SKEW_FATAL: Final = 300
#: seconds of skew at which deadlines of requests become visibly wrong
SKEW_WARN: Final = 30
#: stacks that an account may have in a region unless its quota was raised (CloudFormation quotas)
STACK_QUOTA: Final = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `fix` is "" where nothing is to be done."""

    code: str
    name: str
    severity: Severity
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What checks look at; `shape` are the schema's findings about the catalogue."""

    app: App
    environ: Mapping[str, str]
    calls: Calls
    shape: tuple[str, ...]


Found = tuple[Severity, str, str]


def examine(app: App, environ: Mapping[str, str], shape: tuple[str, ...] = ()) -> Iterator[Finding]:
    """Every check, one after the other; a check that fails hinders none of the others.

    `shape`: what a schema found wrong with the catalogue, which only the caller can ask.
    """
    patient = Patient(app, environ, calls_of(app), shape)
    for code, name, check in _CHECKS:
        yield _finding(code, name, check, patient)


def _finding(code: str, name: str, check: Callable[[Patient], Found], patient: Patient) -> Finding:
    try:
        return Finding(code, name, *check(patient))
    except OhfError as error:
        return Finding(code, name, "fail", error.message, error.hint)
    except OSError as error:
        return Finding(code, name, "fail", f"{error.filename}: {error.strerror}", "mend the file or folder")


def _configuration(patient: Patient) -> Found:
    settings = patient.app.settings
    outside = endpoints_outside(settings, patient.environ) if patient.environ.get(CLOCK_VARIABLE) else ()
    if outside:
        text = f"{CLOCK_VARIABLE} is set and ignored, because {', '.join(outside)} is not on loopback"
        return "warn", text, f"unset {CLOCK_VARIABLE}"
    if settings.warnings:
        return "warn", "; ".join(settings.warnings), "correct or remove these keys; ohf config shows what counts"
    return "ok", f"{settings.conf_dir}, owner {patient.app.owner}", ""


def _catalogue(patient: Patient) -> Found:
    catalogue = load_catalogue(patient.app.settings)
    served = f"{len(catalogue.templates)} served"
    if catalogue.refused:
        reasons = "; ".join(one.message for one in catalogue.refused)
        return (
            ("warn" if catalogue.templates else "fail"),
            f"{served}; refused: {reasons}",
            "ohf templates validate",
        )
    if not catalogue.templates:
        return "fail", "the catalogue is empty", "put host templates into it"
    if patient.shape:
        return "warn", "; ".join(patient.shape), "docs/catalogue.md describes every field"
    return "ok", served, ""


def _bodies(patient: Patient) -> Found:
    settings = patient.app.settings
    files = catalogue_files(settings)
    stacks = [render(one, settings.template.defaults, files) for one in load_catalogue(settings).templates]
    largest = max((len(one.body) for one in stacks), default=0)
    if any(one.kind == ASG for one in stacks) and not settings.provider.service_role_arn:
        text = f"{len(stacks)} render; stacks with groups run under the caller's credentials, which may end first"
        return "warn", text, "set provider.serviceRoleArn in ohf.json (README, roles)"
    return "ok", f"{len(stacks)} render, the largest has {largest} bytes", ""


def _approvals(patient: Patient) -> Found:
    mode = patient.app.settings.approvals.mode
    if mode == "off":
        return "ok", "off: what is sent needs no approval", ""
    refused = refusals(patient.app)
    if not refused:
        return "ok", f"{mode}: every template that is served is approved", ""
    told = f"{mode}: {len(refused)} would be refused: {'; '.join(one.reason for one in refused)}"
    return "fail" if mode == "enforce" else "warn", told, "ohf verify"


def _memory(patient: Patient) -> Found:
    settings = patient.app.settings
    for folder in (settings.work_dir, settings.log_dir):
        if not os.path.isdir(folder):
            return "warn", f"{folder} does not exist", f"mkdir -p {folder}"
        if not os.access(folder, os.W_OK | os.X_OK):
            return "fail", f"{folder} may not be written", "run ohf as the user that runs Host Factory"
    memory = patient.app.store.read()
    patient.app.store.everything()
    damaged = set_aside_before(settings.database_file)
    if damaged:
        return "warn", f"memory was damaged and is set aside as {', '.join(damaged)}", "look at it, then remove it"
    return "ok", f"{len(memory.requests)} requests, {len(unsettled(memory))} of them unsettled", ""


def _credentials(patient: Patient) -> Found:
    caller = patient.calls.call("sts", "get_caller_identity", "identify", "the caller")
    return "ok", f"{caller['Arn']} in {patient.calls.region}, by {patient.calls.keys_from}", ""


def _private_files(patient: Patient) -> Found:
    """Files that hold keys, and what we write: requests, answers, keys of assumed roles."""
    settings = patient.app.settings
    if settings.provider.credentials_file:
        check_keys_file(settings.provider.credentials_file, must_exist=True)
    if os.name == "nt":
        return "ok", "not checked on Windows, which has no such modes", ""
    folders = (settings.work_dir, settings.log_dir)
    for folder in (settings.work_dir, settings.conf_dir):
        if os.path.isdir(folder) and os.stat(folder).st_mode & stat.S_IWOTH:
            told = f"everybody may write to {folder}, and so decide what this provider does"
            return "warn", told, f"chmod o-w {quote(folder)}"
    ours = [path for folder in folders for path in glob(f"{escape(folder)}/{settings.provider_name}-*")]
    too_open = sorted({one for one in ours if os.path.isfile(one) and os.stat(one).st_mode & 0o077})
    if too_open:
        told = ", ".join(too_open)
        return "warn", f"others than their owner may read {told}", f"chmod 600 {' '.join(map(quote, too_open))}"
    return "ok", "for their owner alone", ""


def _clock(patient: Patient) -> Found:
    answer = patient.calls.call("sts", "get_caller_identity", "identify", "the caller")
    told = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    if not told:
        return "ok", "AWS's answer bears no date to compare with", ""
    skew = abs(parsedate_to_datetime(told).timestamp() - patient.app.now())
    severity: Severity = "fail" if skew > SKEW_FATAL else "warn" if skew > SKEW_WARN else "ok"
    return severity, f"{skew:.0f} s off AWS's", "" if severity == "ok" else "let NTP set this host's clock"


def _probe(service: str, operation: str, **parameters: object) -> Callable[[Patient], Found]:
    """The check that an API answers."""

    def check(patient: Patient) -> Found:
        began = time.monotonic()
        patient.calls.call(service, operation, "try", f"{service} {operation}", **parameters)
        return "ok", f"answered in {(time.monotonic() - began) * 1000:.0f} ms", ""

    return check


def _if_used(prefix: str, check: Callable[[Patient], Found]) -> Callable[[Patient], Found]:
    """The check of an API that one kind of stack alone needs: least policies allow it only to whoever uses that."""

    def checked(patient: Patient) -> Found:
        kinds = _kinds(patient)
        if kinds and not any(kind.startswith(prefix) for kind in kinds):
            return "ok", f"not asked: no template of the catalogue is of kind {prefix}", ""
        return check(patient)

    return checked


def _kinds(patient: Patient) -> frozenset[str]:
    """The kinds that the catalogue serves; none when it cannot be read, of which another check tells."""
    try:
        templates = load_catalogue(patient.app.settings).templates
    except OhfError:
        return frozenset()
    rest = {"EC2Fleet" for one in templates if one.price_type == "heterogeneous"}
    spot = {"spot" for one in templates if one.price_type != "ondemand" or one.launch_template_id}
    return frozenset({one.kind for one in templates} | rest | spot)


def _stacks(patient: Patient) -> Found:
    pages = patient.calls.pages("cloudformation", "describe_stacks", "count", "stacks")
    count = sum(len(page["Stacks"]) for page in pages)
    if count > STACK_QUOTA * 0.8:
        return "warn", f"{count} of usually {STACK_QUOTA} stacks in use", "ask AWS for a higher quota of stacks"
    return "ok", f"{count} of usually {STACK_QUOTA} in use", ""


#: one describe for each API that requests, polls and returns use, after the checks that need no AWS
_CHECKS: Final[tuple[tuple[str, str, Callable[[Patient], Found]], ...]] = (
    ("D101", "configuration", _configuration),
    ("D102", "catalogue", _catalogue),
    ("D103", "bodies", _bodies),
    ("D104", "memory", _memory),
    ("D105", "approvals", _approvals),
    ("D201", "credentials", _credentials),
    ("D202", "clock", _clock),
    ("D203", "private files", _private_files),
    ("D301", "cloudformation", _probe("cloudformation", "describe_stacks")),
    ("D302", "ec2 instances", _probe("ec2", "describe_instances", MaxResults=5)),
    ("D303", "ec2 fleets", _if_used("EC2Fleet", _probe("ec2", "describe_fleets", MaxResults=1))),
    ("D304", "spot fleets", _if_used("SpotFleet", _probe("ec2", "describe_spot_fleet_requests", MaxResults=1))),
    ("D305", "spot requests", _if_used("spot", _probe("ec2", "describe_spot_instance_requests", MaxResults=5))),
    ("D306", "autoscaling", _if_used("ASG", _probe("autoscaling", "describe_auto_scaling_groups", MaxRecords=1))),
    ("D401", "stack quota", _stacks),
)
