"""Stable names for what differs from run to run: ids, addresses, times. `<machine-1>` bears `<name-1>`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

REQUEST = re.compile(r"\b(req|ret)-[0-9a-f]{8}-[0-9a-f]{16}\b")
MACHINE = re.compile(r"\bi-[0-9a-f]{17}\b")
UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
KINDS = {"req": "request", "ret": "return"}


@dataclass(slots=True)
class Names:
    """Values seen, in both directions. `launched`: epoch second of each machine's launch, as EC2 says it."""

    placeholders: dict[str, str] = field(default_factory=dict)
    launched: dict[str, tuple[int, str]] = field(default_factory=dict)
    _machines: int = 0

    def learn(self, placeholder: str, value: str) -> None:
        """Call a value by this placeholder; what is empty or known already keeps what it has."""
        if value and value not in self.placeholders:
            self.placeholders[value] = placeholder

    def request(self, identifier: str) -> None:
        """Number a request or return."""
        kind = KINDS[identifier[:3]]
        count = sum(1 for one in self.placeholders.values() if one.startswith(f"<{kind}-"))
        self.learn(f"<{kind}-{count + 1}>", identifier)

    def machine(self, row: Mapping[str, Any]) -> None:
        """Number a machine that DescribeInstances shows; its name and addresses get the same number."""
        key = row["InstanceId"]
        if key not in self.placeholders:
            self._machines += 1
            self.learn(f"<machine-{self._machines}>", key)
            self.launched[key] = (int(row["LaunchTime"].timestamp()), f"<launched-{self._machines}>")
        number = self.placeholders[key].strip("<>").partition("-")[2]
        self.learn(f"<name-{number}>", row.get("PrivateDnsName", ""))
        self.learn(f"<address-{number}>", row.get("PrivateIpAddress", ""))
        self.learn(f"<public-address-{number}>", row.get("PublicIpAddress", ""))
        self.learn(f"<public-name-{number}>", row.get("PublicDnsName", ""))

    def machines_in(self, text: str, shown: Mapping[str, Mapping[str, Any]]) -> None:
        """Number the machines of a text that EC2 shows, in the order in which they appear."""
        for key in MACHINE.findall(text):
            if key in shown:
                self.machine(shown[key])

    def filled_in(self, text: str) -> str:
        """A text with the values in place of their placeholders."""
        for value, placeholder in self.placeholders.items():
            text = text.replace(placeholder, value)
        return text

    def hidden(self, text: str) -> str:
        """A text with placeholders in place of the values."""
        for value in _longest_first(self.placeholders):
            text = text.replace(value, self.placeholders[value])
        return UUID.sub("<uuid>", text)

    def normal(self, answer: Any, given: str) -> Any:
        """An answer as it is kept: new ids as `<request-new>`, ids that were given as they were given."""
        if isinstance(answer, list):
            return [self.normal(one, given) for one in answer]
        if isinstance(answer, dict):
            return {key: self._moment(answer, key, self.normal(value, given)) for key, value in answer.items()}
        if not isinstance(answer, str):
            return answer
        text = self.hidden(answer)
        return REQUEST.sub(lambda one: one[0] if one[0] in given else f"<{KINDS[one[1]]}-new>", text)

    def _moment(self, row: Mapping[str, Any], key: str, value: Any) -> Any:
        """A launch time by the machine's number, if it is EC2's; seconds of grace without their number."""
        if key == "launchtime" and type(value) is int:
            second, placeholder = self.launched.get(row.get("machineId", ""), (None, ""))
            return placeholder if value == second else value
        return "<seconds>" if key == "gracePeriod" and type(value) is int and value else value


def _longest_first(values: Iterable[str]) -> list[str]:
    return sorted(values, key=len, reverse=True)
