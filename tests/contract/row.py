"""A row of the contract suite: one call of one script in one situation, and what must come of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from tests.contract.stage import Stage

#: whose variables the script finds: Symphony's, those of Symphony before 7.3, LSF's, or what the registration
#: files of examples/provider say
Flavor = Literal["symphony", "old-symphony", "lsf", "registered-symphony", "registered-lsf"]
Operation = Literal[
    "getAvailableTemplates",
    "requestMachines",
    "getRequestStatus",
    "requestReturnMachines",
    "getReturnRequests",
    "getAvailableMachines",
]
OPERATIONS: tuple[Operation, ...] = (
    "getAvailableTemplates",
    "requestMachines",
    "getRequestStatus",
    "requestReturnMachines",
    "getReturnRequests",
)
#: the operations of which a successful call changes what the next one finds
CHANGING = ("requestMachines", "requestReturnMachines")


@dataclass(frozen=True, slots=True)
class Row:
    """One call, and what must come of it.

    `shows`: ids of statements. `given`: an object, written as Host Factory writes it, or text or bytes as they are;
    `<request-1>`, `<machine-2>`, `<name-2>` … stand for what the world has made. `expects`: dotted path (`*`: of
    each) to a value, a pattern for a text, or a range for a whole number. `changes`: the changing AWS calls in the
    order of their first appearance; None where they are no matter. `files`: the configuration, by path below the
    stage's folder, in place of the suite's own. `environ`: variables on top; None takes one away.
    """

    name: str
    shows: tuple[str, ...]
    operation: Operation
    given: object = field(default_factory=dict)
    expects: Mapping[str, object] = field(default_factory=dict)
    world: str = "nothing"
    flavor: Flavor = "symphony"
    exit: int = 0
    changes: tuple[str, ...] | None = None
    files: Mapping[str, str] | None = None
    environ: Mapping[str, str | None] = field(default_factory=dict)
    arguments: tuple[str, ...] = ("-f", "<input>")
    afterwards: Callable[[Stage], None] | None = None

    @property
    def leaves_world(self) -> bool:
        """Whether the next row may find the world that this one found."""
        return self.operation not in CHANGING or self.exit == 1


def ask(template: str, count: object, **extra: object) -> dict[str, object]:
    """The input of requestMachines."""
    return {"template": {"templateId": template, "machineCount": count}, **extra}


def status_of(*ids: str) -> dict[str, object]:
    """The input of getRequestStatus."""
    return {"requests": [{"requestId": one} for one in ids]}


def hosts(*numbers: int) -> dict[str, object]:
    """Machines of the world by name and id, as Host Factory names them."""
    return {"machines": [{"name": f"<name-{one}>", "machineId": f"<machine-{one}>"} for one in numbers]}


def at(answer: Any, path: str) -> Any:
    """What lies at a dotted path of an answer; `*` gathers over a list."""
    step, _, rest = path.partition(".")
    if not step:
        return answer
    if step == "*":
        return [at(one, rest) for one in answer]
    return at(answer[int(step)] if isinstance(answer, list) else answer[step], rest)


def meets(found: Any, wanted: object) -> bool:
    """Whether a value is as expected, types included: 1 is neither 1.0 nor true."""
    if isinstance(wanted, re.Pattern):
        return isinstance(found, str) and wanted.search(found) is not None
    if isinstance(wanted, range):
        return type(found) is int and found in wanted
    return json.dumps(found) == json.dumps(wanted)
