"""Requests in every state of their lives, what may be done about them, and the end that they come to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from ohf_iac.app import App, app_for
from ohf_iac.aws.groups import FROZEN_PROCESSES
from ohf_iac.clock import Deadline
from ohf_iac.hostfactory import HostRef, MachineAsk
from ohf_iac.operations.cancelling import cancel_request
from ohf_iac.operations.chores import carry_out_all_chores, carry_out_chores
from ohf_iac.operations.collecting import collect, find_orphans
from ohf_iac.operations.deleting import delete_request
from ohf_iac.operations.reclaiming import reclaimed_hosts
from ohf_iac.operations.requesting import request_machines
from ohf_iac.operations.returning import return_machines
from ohf_iac.operations.status import request_statuses
from ohf_iac.orphans import GRACE
from ohf_iac.request import TAG_SETTLED
from ohf_iac.status.answer import RequestStatus
from ohf_iac.template.kinds import Kind
from tests.e2e.matrix import TEMPLATES
from tests.e2e.provider import EXAMPLE, NAME
from tests.interleavings.stage import Stage

UNITS: Final = 3
#: a process may be held up between any two calls, and a group or fleet that is not frozen replaces what it lost
PACE: Final[Mapping[str, Any]] = {"clock": {"perCall": 3}, "times": {"replace": 2}}
#: with room for so many machines a request is short
SHORT: Final[Mapping[str, Any]] = {**PACE, "times": {"replace": 30}, "capacity": {"*": 2}}
#: between two calls machines come, and run
QUICK: Final[Mapping[str, Any]] = {"clock": {"perCall": 8}, "times": {"replace": 2, "pending": 6}}


@dataclass(slots=True)
class Scene:
    """One request in a world of its own; `hosts` are folders of management hosts that share nothing.

    `taken` are machines that EC2 took, `returned` those that somebody gave back, `heard` all answers; in the end
    there are `expected` machines, or as many as there were at the beginning.
    """

    stage: Stage = field(repr=False)
    folder: Path
    environ: Mapping[str, str]
    kind: Kind
    request_id: str = ""
    machines: tuple[str, ...] = ()
    returned: set[str] = field(default_factory=set)
    returns: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    heard: list[RequestStatus] = field(default_factory=list)
    expected: int = 0
    numbers: Any = field(default_factory=itertools.count)

    def app(self, host: int = 0, actor: str = "NOBODY") -> App:
        """A call's wiring on a host; its clock is the local AWS's."""
        home = self.folder / f"host-{host}"
        (home / "work").mkdir(parents=True, exist_ok=True)
        (home / "log").mkdir(exist_ok=True)
        return replace(
            configured(home, actor, tuple(self.environ.items())),
            now=self.stage.now,
            deadline=Deadline(100_000.0, lambda: 0.0),
            random_hex=lambda: f"{next(self.numbers):016x}",
            sleep=lambda _seconds: None,
        )

    def poll(self, app: App, *, chores: bool = True) -> None:
        """Host Factory asks for the request and for all returns."""
        ids = [self.request_id, *self.returns]
        self.heard += request_statuses(app, ids)
        if chores:
            carry_out_chores(app)

    def give_back(self, app: App, *machines: str) -> None:
        self.returned.update(machines)
        return_id, _ = return_machines(app, [HostRef("", one) for one in machines])
        self.returns.append(return_id)


@cache
def configured(home: Path, actor: str, environ: tuple[tuple[str, str], ...]) -> App:
    """An installation's configuration, read once for all runs."""
    folders = {
        "HF_PROVIDER_NAME": NAME,
        "HF_PROVIDER_CONFDIR": str(EXAMPLE),
        "HF_PROVIDER_WORKDIR": str(home / "work"),
        "HF_PROVIDER_LOGDIR": str(home / "log"),
    }
    settings = {
        "OHF_PROVIDER_PROFILE": actor,
        "OHF_EVENTS_AUDIT": "false",
        "OHF_EVENTS_LOG": "false",
        "OHF_LIMITS_CHORE_SECONDS": "60",
    }
    return app_for({**dict(environ), **folders, **settings})


Work = Callable[[Scene, App], object]


def _gc(_: Scene, app: App) -> None:
    carry_out_all_chores(app)
    tuple(collect(app, find_orphans(app, GRACE), GRACE))


def _reclaims(_: Scene, app: App) -> None:
    reclaimed_hosts(app, None)
    carry_out_chores(app)


def _delete(scene: Scene, app: App) -> None:
    scene.returned.update(scene.machines)
    delete_request(app, scene.request_id)


WORKS: Final[Mapping[str, Work]] = {
    "poll": lambda scene, app: scene.poll(app),
    "return first": lambda scene, app: scene.give_back(app, scene.machines[0]),
    "return second": lambda scene, app: scene.give_back(app, scene.machines[1]),
    "return all": lambda scene, app: scene.give_back(app, *scene.machines),
    "reclaims": _reclaims,
    "chores": lambda _, app: carry_out_chores(app),
    "cancel": lambda scene, app: cancel_request(app, scene.request_id),
    "delete": _delete,
    "gc": _gc,
}


def _asked(scene: Scene, *, template: str = "", **scenario: Any) -> None:
    """Three machines asked for, and time for all that come."""
    scene.stage.reset(**(scenario or PACE))
    scene.request_id, _ = request_machines(scene.app(), MachineAsk(template or TEMPLATES[scene.kind], UNITS))
    for _ in range(4):
        scene.stage.advance(20)
    scene.machines = tuple(one["id"] for one in scene.stage.region()["machines"])


def _starting(scene: Scene) -> None:
    """Asked for a moment ago: machines come while they are looked for."""
    scene.stage.reset(**QUICK)
    scene.request_id, _ = request_machines(scene.app(), MachineAsk(TEMPLATES[scene.kind], UNITS))
    scene.expected = UNITS


def _short(scene: Scene) -> None:
    _asked(scene, **SHORT)


def _overdue(scene: Scene) -> None:
    _short(scene)
    scene.stage.advance(1800)


def _first_look(scene: Scene) -> None:
    _overdue(scene)
    scene.poll(scene.app())
    scene.stage.advance(20)


def _settled(scene: Scene) -> None:
    _asked(scene)
    scene.poll(scene.app())


def _emptied(scene: Scene) -> None:
    """Settled long ago, and EC2 has taken all of its machines."""
    _settled(scene)
    scene.stage.advance(600)
    scene.stage.take(scene.machines)
    scene.taken.update(scene.machines)
    scene.stage.advance(60)


def _silent(scene: Scene) -> None:
    """All machines run, and nobody has asked for more than two hours past the deadline."""
    _asked(scene)
    scene.stage.advance(1800 + 2 * GRACE)


def _rest_due(scene: Scene) -> None:
    """A heterogeneous request whose spot fleet has ended short: the rest is bought on demand."""
    _asked(scene, template="heterogeneous-spot", **SHORT)
    scene.stage.advance(500)  # its spot fleet ends 540 seconds after it was asked for
    scene.stage.obey(**PACE)
    scene.expected = UNITS


STATES: Final[Mapping[str, Callable[[Scene], None]]] = {
    "starting": _starting,
    "full": _asked,
    "short": _short,
    "overdue": _overdue,
    "first look": _first_look,
    "settled": _settled,
    "emptied": _emptied,
    "silent": _silent,
    "rest due": _rest_due,
}


class End(NamedTuple):
    """What a request came to, without the machines that were given back: on each host, and in AWS."""

    verdicts: frozenset[str]
    told: frozenset[frozenset[str]]
    returns: frozenset[str]
    live: frozenset[tuple[str, str]]
    launched: int
    stack: str
    frozen: bool


def end_of(scene: Scene, hosts: int) -> End:
    """Let all hosts poll until everything has ended, then do their chores, and look what is left."""
    answers = _polled(scene, hosts)
    for _ in range(5):
        scene.stage.advance(200)
        for host in range(hosts):
            carry_out_chores(scene.app(host))
    region = scene.stage.region()
    own = [answers[host][scene.request_id] for host in range(hosts)]
    (stack,) = region["stacks"]
    return End(
        verdicts=frozenset(one.status for one in own),
        told=frozenset(told(one) - scene.returned for one in own),
        returns=frozenset(answers[host][one].status for host in range(hosts) for one in scene.returns),
        live=frozenset(
            (one["id"], one["tags"].get(TAG_SETTLED, ""))
            for one in region["machines"]
            if one["state"] in ("pending", "running")
        ),
        launched=len(region["machines"]),
        stack=stack["status"],
        frozen=_all_frozen(region),
    )


def told(answer: RequestStatus) -> frozenset[str]:
    """The machines that Host Factory may use by an answer."""
    return frozenset(one.machine_id for one in answer.machines if one.result == "succeed")


def _polled(scene: Scene, hosts: int) -> list[dict[str, RequestStatus]]:
    for number in range(60):
        found = []
        for host in range(hosts):
            before = len(scene.heard)
            scene.poll(scene.app(host), chores=False)
            found.append({one.request_id: one for one in scene.heard[before:]})
        if all(one.status != "running" for answers in found for one in answers.values()):
            return found
        scene.stage.advance(30 if number < 4 else 300)
    raise AssertionError(f"never ends: {found}")


def _all_frozen(region: Mapping[str, Any]) -> bool:
    """Whether nothing replaces a machine any more; instant and request fleets never do."""
    fleets = [one for one in region["fleets"] + region["spotFleets"] if one["kind"] == "maintain"]
    groups = all(set(FROZEN_PROCESSES) <= set(one["suspended"]) for one in region["groups"])
    return groups and all(one["closed"] or one["target"] == 0 for one in fleets)
