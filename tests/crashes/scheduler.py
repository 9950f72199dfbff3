"""What Host Factory knows and does: it polls what it was told of, returns machines, and judges every answer.

Plays in a child process (`tests.crashes.children`), through the faces of the product and real HTTP.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, Final

from ohf_cli.edge import run
from ohf_cli.human import called
from tests.e2e.permitted import environment, said
from tests.e2e.processes import legal
from tests.e2e.provider import Provider

LIVE: Final = ("pending", "running")
#: seconds between polls: Host Factory's pace, then longer ones so that hours pass in few calls
PAUSES: Final = (30, 30, 60, 120, 300, 600, 1200, 1200, 1200, 1200, 1200, 3600, 3600)


@dataclass(slots=True)
class Scheduler:
    """`requests` and `returns` are the ids it was told, with their verdicts once it heard them ("" before);
    `machines` are hosts that it uses, by id; `given` are those that somebody asked to end."""

    provider: Provider
    requests: dict[str, str] = field(default_factory=dict)
    returns: dict[str, str] = field(default_factory=dict)
    machines: dict[str, dict[str, str]] = field(default_factory=dict)
    given: list[str] = field(default_factory=list)

    def knowledge(self) -> dict[str, Any]:
        """All that it knows, for another process."""
        return {
            "requests": self.requests,
            "returns": self.returns,
            "machines": self.machines,
            "given": self.given,
        }

    def call(self, operation: str, document: object) -> dict[str, Any]:
        """A call; the answer must be a legal one, and is taken note of."""
        code, answer = self.provider.tried(operation, document)
        assert legal(operation, code, answer), (operation, code, answer)
        assert "unexpected" not in answer.get("message", ""), (operation, answer)
        self.hear(operation, document, code, answer)
        return answer

    def hear(self, operation: str, document: object, code: int, answer: Mapping[str, Any]) -> None:
        """Take note of an answer; one that takes back what was said before is an error."""
        if code or operation == "getAvailableTemplates":
            return
        if operation == "requestMachines":
            self.requests.setdefault(answer["requestId"], "")
        elif operation == "requestReturnMachines":
            self.returns.setdefault(answer["requestId"], "")
            for host in _hosts(document):
                self.machines.pop(host["machineId"], None)
            self.given += ids_of(document)
        elif operation == "getRequestStatus":
            for entry in answer["requests"]:
                self._told(entry)
        else:
            for host in answer["requests"]:
                if not host["gracePeriod"]:
                    self.machines.pop(host["machineId"], None)

    def _told(self, entry: Mapping[str, Any]) -> None:
        identifier, status = entry["requestId"], entry["status"]
        known = self.requests if identifier.startswith("req-") else self.returns
        before = known.get(identifier, "")
        if before:
            assert status == before, f"{identifier} was {before}: {entry}"
            return
        if status == "running":
            return
        known[identifier] = status
        if known is self.requests:
            good = (one for one in entry["machines"] if one["result"] == "succeed")
            self.machines |= {one["machineId"]: {key: one[key] for key in ("name", "machineId")} for one in good}

    def request(self, template: str, count: int) -> str:
        answer = self.call("requestMachines", {"template": {"templateId": template, "machineCount": count}})
        return str(answer["requestId"])

    def poll(self, ids: Iterable[str]) -> None:
        """One poll over these ids."""
        self.call("getRequestStatus", asking(ids))

    def poll_to_the_end(self) -> None:
        """Poll whatever it waits for until all has ended."""
        for pause in PAUSES:
            if not (waiting := self.waiting()):
                return
            self.poll(waiting)
            if self.waiting():
                self.provider.aws.advance(pause)
        assert not self.waiting(), f"never settled: {self.waiting()}"

    def waiting(self) -> list[str]:
        """The ids without a verdict yet."""
        return [one for known in (self.requests, self.returns) for one, verdict in known.items() if not verdict]

    def give_back(self) -> None:
        """Return all that it uses."""
        if self.machines:
            self.call("requestReturnMachines", {"machines": list(self.machines.values())})

    def reclaims(self) -> None:
        """Host Factory's question what is being taken away, with chores behind it."""
        self.call("getReturnRequests", {"machines": list(self.machines.values())})

    def says(self, *words: str) -> str:
        """A command of the human face, which must succeed."""
        return said(self.provider, *words)

    def says_or_refuses(self, *words: str) -> None:
        """The same, or one that says why there is nothing to do (exit code 1), and never a fault of its own."""
        out, err = io.StringIO(), io.StringIO()
        with environment(self.provider.environ), redirect_stdout(out), redirect_stderr(err):
            code = run(called, words)
        assert code in (0, 1), err.getvalue()
        assert "E199" not in err.getvalue(), err.getvalue()

    def offers(self) -> None:
        self.call("getAvailableTemplates", {})

    def ask_for_one(self) -> None:
        """Another request."""
        self.request("instant-ondemand", 1)

    def collects(self) -> None:
        """Collect orphans; no machine that Host Factory was told of, and nobody asked to end, may be among them."""
        found = self.reads("gc", "--apply")["orphans"]
        assert all(one["outcome"] == "collected" for one in found), found
        told = {machine for one in found for machine in one["machines"]} & set(self.machines) - set(self.given)
        assert not told, f"collected though told of: {found}"

    def recovers(self) -> None:
        self.says("recover")

    def reads(self, *words: str) -> Any:
        return json.loads(self.says(*words, "--output", "json"))

    def alive(self) -> dict[str, dict[str, Any]]:
        """The machines that live in AWS, whatever anybody says."""
        return {
            one["id"]: one
            for region in self.provider.aws.state()["regions"]
            for one in region["machines"]
            if one["state"] in LIVE
        }

    def stacks(self) -> list[dict[str, Any]]:
        """All stacks that AWS knows, deleted ones too."""
        return [one for region in self.provider.aws.state()["regions"] for one in region["stacks"]]


def asking(ids: Iterable[str]) -> dict[str, Any]:
    """The input of getRequestStatus."""
    return {"requests": [{"requestId": one} for one in ids]}


def ids_of(document: object) -> list[str]:
    """The machines that a return names."""
    return [one["machineId"] for one in _hosts(document)]


def _hosts(document: object) -> list[dict[str, str]]:
    assert isinstance(document, dict)
    return list(document["machines"])
