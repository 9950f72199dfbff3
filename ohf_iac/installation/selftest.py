"""A provider put to the test as Host Factory would use it: each step checks one answer against the contract.

The steps are those of a request's life: templates, a request, polls, reclaims, a return, polls; and besides, an
input that makes no sense, an id that nobody knows, one more poll of what has ended. Checked are exit code, empty
stderr, one JSON object, its schema, and what the step is about.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ohf_iac.installation.script_call import Spoken

#: attributes without which Symphony does not use a template (hostfactory-contract.md §2.1); LSF names memory `mem`
_ATTRIBUTES: Final = ("type", "ncpus")
_MEMORY: Final = ("nram", "mem")
_UNKNOWN: Final = "selftest-unknown-id"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `seconds` is what the slowest call of the step took."""

    operation: str
    what: str
    ok: bool
    seconds: float
    note: str = ""


@dataclass(slots=True)
class Trial:
    """What a test has at hand and what it holds: `ask` calls a script, `pause` lets `every` seconds pass.

    `findings(schema, document)` tells what does not fit a schema. `request_id` is set from the answer of
    requestMachines until all machines are known to be gone.
    """

    ask: Callable[[str, object], Spoken]
    findings: Callable[[str, object], tuple[str, ...]]
    pause: Callable[[], None]
    polls: int
    template: str = ""
    count: int = 1
    weighted: bool = False
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A script's answer after the checks that hold for every call; `wrong` says what is not as it should be."""

    document: Mapping[str, Any]
    seconds: float
    wrong: str


def offered(trial: Trial, choose: Callable[[Mapping[str, Any]], bool]) -> tuple[Check, Mapping[str, Any] | None]:
    """The first step, and the template to go on with: the one asked for, or the first that `choose` takes."""
    answer = _asked(trial, "getAvailableTemplates", {})
    templates = answer.document.get("templates") or []
    wrong = answer.wrong or ("" if templates else "no template is offered")
    for one in templates if not wrong else ():
        missing = [name for name in _ATTRIBUTES if name not in one["attributes"]]
        missing += [] if any(name in one["attributes"] for name in _MEMORY) else [" or ".join(_MEMORY)]
        wrong = wrong or (f"{one['templateId']} lacks {', '.join(missing)}" if missing else "")
    wanted = [one for one in templates if (one["templateId"] == trial.template if trial.template else choose(one))]
    if not wrong and not wanted:
        wrong = f"{trial.template} is not offered" if trial.template else "no template that a test could use"
    note = wrong or str(answer.document.get("message", ""))
    return Check("getAvailableTemplates", "templates", not wrong, answer.seconds, note), next(iter(wanted), None)


def lived(trial: Trial) -> Iterator[Check]:
    """The steps after the first, for the template and count of the trial; they end where one cannot go on."""
    yield _refused_input(trial)
    yield _unknown_id(trial)
    request = _asked(trial, "requestMachines", _request_input(trial))
    trial.request_id = str(request.document.get("requestId", ""))
    yield _check(
        "requestMachines", "a request", request, "" if trial.request_id else "no requestId", trial.request_id
    )
    if not trial.request_id:
        return
    created, entry = _ended(trial, trial.request_id, "the request", lambda entry: _creation(trial, entry))
    yield created
    if not entry:
        return
    again, second = _ended(trial, trial.request_id, "the same again", lambda _entry: "")
    yield again if second == entry else Check(again.operation, again.what, False, again.seconds, "another answer")
    hosts = [{"name": one["name"], "machineId": one["machineId"]} for one in entry["machines"]]
    if not hosts:
        trial.request_id = ""
        return
    yield _nothing_reclaimed(trial, "its machines", hosts)
    yield from _given_back(trial, hosts)


def _given_back(trial: Trial, hosts: list[dict[str, str]]) -> Iterator[Check]:
    """The machines returned, and polled until they are gone."""
    answer = _asked(trial, "requestReturnMachines", {"machines": hosts})
    return_id = str(answer.document.get("requestId", ""))
    yield _check("requestReturnMachines", "a return", answer, "" if return_id else "no requestId", return_id)
    if not return_id:
        return
    done, _ = _ended(trial, return_id, "the return", lambda entry: _return(hosts, entry))
    yield done
    if done.ok:
        trial.request_id = ""
        yield _nothing_reclaimed(trial, "our own return", hosts)


def _refused_input(trial: Trial) -> Check:
    answer = _asked(trial, "requestMachines", {}, code=1)
    wrong = "" if answer.document.get("message") and "requestId" not in answer.document else "no message alone"
    return _check("requestMachines", "an input without a template", answer, wrong, "refused, as it should be")


def _unknown_id(trial: Trial) -> Check:
    answer = _asked(trial, "getRequestStatus", {"requests": [{"requestId": _UNKNOWN}]})
    entry = _entry(answer)
    found = (entry.get("requestId"), entry.get("status"), entry.get("machines"))
    wrong = "" if found == (_UNKNOWN, "complete_with_error", []) else f"answered {json.dumps(entry)}"
    return _check("getRequestStatus", "an id that nobody knows", answer, wrong, "ended, as it should be")


def _nothing_reclaimed(trial: Trial, what: str, hosts: list[dict[str, str]]) -> Check:
    answer = _asked(trial, "getReturnRequests", {"machines": hosts})
    reclaimed = [one.get("machine") for one in answer.document.get("requests") or ()]
    wrong = f"reclaimed: {', '.join(map(str, reclaimed))}" if reclaimed else ""
    return _check("getReturnRequests", what, answer, wrong, "nothing is reclaimed")


def _ended(
    trial: Trial, request_id: str, what: str, judge: Callable[[Mapping[str, Any]], str]
) -> tuple[Check, Mapping[str, Any]]:
    """Polls until the answer is terminal; the entry then, {} when it does not come."""
    slowest, polls = 0.0, 0
    while True:
        answer = _asked(trial, "getRequestStatus", {"requests": [{"requestId": request_id}]})
        slowest, polls = max(slowest, answer.seconds), polls + 1
        entry = _entry(answer)
        wrong = answer.wrong or ("" if entry.get("requestId") == request_id else "no entry for the id")
        if wrong:
            return Check("getRequestStatus", what, False, slowest, wrong), {}
        if entry["status"] != "running":
            wrong = judge(entry)
            note = wrong or f"{entry['status']} after {polls} poll{'' if polls == 1 else 's'}"
            return Check("getRequestStatus", what, not wrong, slowest, _with_message(note, entry)), entry
        if polls >= trial.polls:
            told = _with_message(f"still running after {polls} polls", entry)
            return Check("getRequestStatus", what, False, slowest, told), {}
        trial.pause()


def _creation(trial: Trial, entry: Mapping[str, Any]) -> str:
    """What is wrong with a finished request. Units of a weighted template are not machines."""
    good = [one for one in entry["machines"] if one["result"] == "succeed"]
    if entry["status"] != "complete":
        return f"it ended {entry['status']}"
    if len(good) != len(entry["machines"]):
        return "complete with a machine that did not succeed"
    if not good or (len(good) != trial.count and not trial.weighted):
        return f"{len(good)} of {trial.count} machines"
    nameless = [one["machineId"] for one in good if not one["name"] or not one["launchtime"]]
    return f"no name or launch time: {', '.join(nameless)}" if nameless else ""


def _return(hosts: list[dict[str, str]], entry: Mapping[str, Any]) -> str:
    gone = {one["machineId"] for one in entry["machines"] if one["result"] == "succeed"}
    missing = [one["machineId"] for one in hosts if one["machineId"] not in gone]
    return (
        "" if entry["status"] == "complete" and not missing else f"not terminated: {', '.join(missing) or 'none'}"
    )


def _asked(trial: Trial, operation: str, document: object, code: int = 0) -> _Answer:
    spoken = trial.ask(operation, document)
    try:
        found = json.loads(spoken.text)
    except ValueError:
        found = None
    answer = found if isinstance(found, dict) else {}
    return _Answer(answer, spoken.seconds, _wrong(trial, operation, spoken, found, code))


def _wrong(trial: Trial, operation: str, spoken: Spoken, found: object, code: int) -> str:
    if spoken.code is None:
        return spoken.errors
    if not isinstance(found, dict):
        return f"stdout is not one JSON object: {spoken.text[:200]!r} (stderr: {spoken.errors[:200]!r})"
    if spoken.code != code:
        return f"exit code {spoken.code}: {found.get('message', spoken.text[:200])}"
    if spoken.errors:
        return f"stderr is not empty: {spoken.errors[:200]!r}"
    return "; ".join(trial.findings(f"{operation}.output", found)[:3])


def _check(operation: str, what: str, answer: _Answer, wrong: str, note: str) -> Check:
    found = answer.wrong or wrong
    return Check(operation, what, not found, answer.seconds, found or note)


def _request_input(trial: Trial) -> dict[str, Any]:
    return {"template": {"templateId": trial.template, "machineCount": trial.count}}


def _entry(answer: _Answer) -> dict[str, Any]:
    requests = answer.document.get("requests")
    entry = requests[0] if isinstance(requests, list) and requests else {}
    return entry if isinstance(entry, dict) else {}


def _with_message(note: str, entry: Mapping[str, Any]) -> str:
    return f"{note}: {entry['message']}" if entry.get("message") else note
