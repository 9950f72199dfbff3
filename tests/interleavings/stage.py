"""A stage for operations that take turns: every AWS call of an actor waits until it is that actor's turn.

The local AWS of this process stands behind the gate, on a wall clock that stands still, so that a run depends on
the order of turns alone. An actor is known by its access key; what has none of theirs passes freely.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ohf_iac.local.calls import HttpAnswer, HttpRequest, recognize
from ohf_iac.local.clock import Timeline
from ohf_iac.local.front import Front
from ohf_iac.local.http_server import LoopbackServer
from ohf_iac.local.machines import terminate
from ohf_iac.local.scenario import Scenario, parse
from ohf_iac.local.server import answer
from ohf_iac.local.state import state_of
from ohf_iac.local.world import World
from tests.interleavings.orders import Turn
from tests.local_aws import ACCOUNT, REGION

ACTORS = ("ADAM", "BERTA", "CAESAR")
#: 2030-01-01; where it stands does not matter, that it stands does
STILL = 1_893_456_000.0
#: real seconds after which an actor that has not come back counts as stuck
STUCK = 300.0


def key_of(actor: str) -> str:
    return f"AKIA{ACCOUNT}{actor}"


@dataclass(slots=True, repr=False)
class Stage:
    """The local AWS behind the gate, and who stands there. `log` are the actors' calls in order."""

    front: Front = field(default_factory=lambda: Front(World(Timeline(wall=lambda: STILL), Scenario())))
    log: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _turn: str = ""
    _waiting: set[str] = field(default_factory=set)
    _ended: dict[str, Any] = field(default_factory=dict)
    _acting: dict[str, str] = field(default_factory=dict)

    def reset(self, **scenario: Any) -> None:
        with self.front.lock:
            self.front.reset(parse(scenario))

    def obey(self, **scenario: Any) -> None:
        with self.front.lock:
            self.front.obey(parse(scenario))

    def advance(self, seconds: float) -> None:
        with self.front.lock:
            self.front.world.timeline.advance(seconds)

    def now(self) -> float:
        return self.front.world.timeline.now()

    def take(self, ids: Iterable[str]) -> None:
        """EC2 ends machines by itself."""
        with self.front.lock:
            for region in self.front.world.regions.values():
                for one in ids:
                    terminate(region, region.machines[one], "Server.InternalError", "hardware")
            self.front.world.timeline.drain()

    def region(self) -> Mapping[str, Any]:
        """What lives."""
        with self.front.lock:
            self.front.world.timeline.drain()
            (found,) = state_of(self.front.world)["regions"]
        return dict(found)

    def answering(self, request: HttpRequest) -> HttpAnswer:
        """The answer to a call, given when it is its caller's turn."""
        call = recognize(request)
        with self._changed:
            actor = self._acting.get(call.key)
            if actor is not None:
                self._waiting.add(actor)
                self._changed.notify_all()
                self._wait(lambda: self._turn == actor, f"turn of {actor}")
                self._turn = ""
                self._waiting.discard(actor)
                self.log.append((actor, call.action))
        return answer(self.front, request)

    def play(self, works: Mapping[str, Callable[[], Any]], choose: Callable[[Turn], str]) -> dict[str, Any]:
        """What the actors' works return or raise, in the order of turns that `choose` gives.

        A turn is one AWS call and what follows until the next one; the first is what comes before any call.
        """
        self.log.clear()
        self._ended, self._waiting, self._turn = {}, set(), ""
        self._acting = {key_of(one): one for one in works}
        try:
            started: set[str] = set()
            last = ""
            while enabled := tuple(one for one in works if one not in self._ended):
                last = choose(Turn(enabled, last))
                if last in started:
                    self._grant(last)
                else:
                    started.add(last)
                    self._start(last, works[last])
            return dict(self._ended)
        finally:
            self._acting = {}

    def _start(self, actor: str, work: Callable[[], Any]) -> None:
        def act() -> None:
            try:
                result = work()
            except Exception as error:  # noqa: BLE001 -- what became of the work is looked at by the play
                result = error
            with self._changed:
                self._ended[actor] = result
                self._changed.notify_all()

        threading.Thread(target=act, daemon=True).start()
        with self._changed:
            self._wait(lambda: actor in self._waiting or actor in self._ended, f"start of {actor}")

    def _grant(self, actor: str) -> None:
        with self._changed:
            self._turn = actor
            self._waiting.discard(actor)
            self._changed.notify_all()
            self._wait(
                lambda: not self._turn and (actor in self._waiting or actor in self._ended), f"call of {actor}"
            )

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        assert self._changed.wait_for(condition, STUCK), f"{what} does not come"


@contextmanager
def stage_in(folder: Path) -> Iterator[tuple[Stage, dict[str, str]]]:
    """A stage that is served, and the variables that lead the SDK to it; actors are profiles."""
    stage = Stage()
    with LoopbackServer(0, partial(stage.answering)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        stage.url = server.url
        keys = folder / "credentials"
        keys.write_text(
            "".join(
                f"[{one}]\naws_access_key_id = {key_of(one)}\naws_secret_access_key = x\n"
                for one in (*ACTORS, "NOBODY")
            )
        )
        keys.chmod(0o600)
        yield (
            stage,
            {
                "AWS_ENDPOINT_URL": server.url,
                "AWS_REGION": REGION,
                "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": str(keys),
                "AWS_EC2_METADATA_DISABLED": "true",
                "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # half a second at each reset
                "NO_PROXY": "127.0.0.1",
            },
        )
        server.shutdown()
        thread.join()
