"""An audit file cut anywhere, any bit flipped: other lines are told, nothing raises, and the next line counts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from ohf_iac.app import App, app_for
from ohf_iac.chained_file import ChainedFile
from ohf_iac.events import Event, RequestCreated
from ohf_iac.log import audit_handler
from ohf_iac.operations.happenings import happenings

NUMBER = 12


def event(number: int) -> Event:
    return RequestCreated(
        1_700_000_000 + number, request_id=f"req-6553f100-{number:016x}", template_id="small", units=number + 1
    )


@contextmanager
def installation() -> Iterator[tuple[App, ChainedFile]]:
    """A provider with an audit file of a dozen events."""
    with tempfile.TemporaryDirectory() as name:
        for folder in ("conf", "work", "log"):
            (Path(name) / folder).mkdir()
        (Path(name) / "conf" / "ohf.json").write_text("{}")
        app = app_for({
            "HF_PROVIDER_NAME": "ohf",
            "HF_PROVIDER_CONFDIR": f"{name}/conf",
            "HF_PROVIDER_WORKDIR": f"{name}/work",
            "HF_PROVIDER_LOGDIR": f"{name}/log",
        })  # fmt: skip
        file = ChainedFile(app.settings.audit_file, 1_000_000, 1)
        keep = audit_handler(file, lambda: 1_700_000_000.0)
        for number in range(NUMBER):
            keep(event(number))
        yield app, file


def units(app: App) -> list[int]:
    return [one.units for one in happenings(app, 0.0).events]


@given(cut=st.booleans(), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@example(cut=True, where=0.0, bit=0)
def test_damage_takes_only_the_lines_that_it_hits(cut: bool, where: float, bit: int) -> None:
    with installation() as (app, file):
        path = Path(file.path)
        content = bytearray(path.read_bytes())
        place = int(where * len(content))
        hit = content[:place].count(b"\n")
        if cut:
            del content[place:]
        else:
            content[place] ^= 1 << bit
        path.write_bytes(content)
        audit_handler(file, lambda: 1_700_000_000.0)(replace(event(NUMBER), units=99))
        after = [] if cut else [*range(hit + 3, NUMBER + 1)]
        found = units(app)
        assert found[:hit] == [*range(1, hit + 1)]
        assert found[len(found) - len(after) - 1 :] == [*after, 99]


@given(garbage=st.binary(max_size=300))
@example(garbage=b"[" * 100_000)
@example(garbage=b'{"at": "2026-01-01T00:00:00Z", "what": {"a": 1}, "units": "many"}')
@example(garbage=b'{"at": "2026-01-01T00:00:00Z", "what": "RequestCreated", "units": "many"}')
def test_garbage_is_no_event(garbage: bytes) -> None:
    with installation() as (app, file):
        with open(file.path, "ab") as audit:
            audit.write(garbage)
        audit_handler(file, lambda: 1_700_000_000.0)(replace(event(NUMBER), units=99))
        assert units(app) == [*range(1, NUMBER + 1), 99]
