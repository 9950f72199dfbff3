"""`ohf watch`: a viewer. Leaving it changes nothing."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from ohf_cli.edge import DetachedError, FailedError, NotYetError
from ohf_cli.plain_text import plain
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.terminal import styled, terminal_of
from ohf_cli.watch_screen import HEARTBEAT, changes, heartbeat, screen
from ohf_iac.request import id_kind
from ohf_iac.watch import Pace, follow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_iac.watch import Frame


@click.command("watch")
@click.argument("request_id", metavar="ID")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds between looks."
)
@click.option("--timeout", type=click.FloatRange(min=0), help="Give up after so many seconds (exit 5).")
@provider_options
def command(request_id: str, every: float, timeout: float | None) -> None:
    """Follow a request or a return until it has ended: stack events, machines, and why something is missing.

    On a terminal the screen is drawn anew; elsewhere there is one line per change, and one every 30 s without any.
    Ctrl-C leaves; the request goes on. Each look polls as Host Factory does.

    Exits 0 when it ended complete, 1 when it ended with an error, 5 when --timeout came first.

    \b
    Examples:
      ohf watch req-6743a1c0-9f0c2d4e5a6b7c8d
      ohf watch ret-6743a1c0-9f0c2d4e5a6b7c8d --timeout 300
    """
    frames = follow(provider_app(), request_id, Pace(every, timeout))
    conclude(shown(frames, request_id), request_id)


def shown(frames: Iterator[Frame], request_id: str) -> Frame | None:
    """Show looks until they end; the last one. DetachedError when somebody presses Ctrl-C."""
    try:
        return _live(frames) if terminal_of(sys.stdout, os.environ).live else _lines(frames)
    except KeyboardInterrupt:
        end = f", ohf cancel {request_id} ends the request" if id_kind(request_id) == "req" else ""
        raise DetachedError(
            f"stopped watching {request_id}, which goes on", hint=f"ohf watch {request_id} resumes{end}"
        ) from None


def conclude(last: Frame | None, request_id: str) -> None:
    """Turn the last look into the way to exit."""
    answer = last.seen.answer if last else None
    if answer is None or answer.status == "running":
        raise NotYetError(
            f"watch {request_id}: it has not ended in the time given",
            hint=f"ohf watch {request_id} goes on watching",
        )
    if answer.status == "complete_with_error":
        raise FailedError(
            f"{request_id} ended with an error: {answer.message or 'a machine failed'}",
            hint=f"ohf events {request_id}",
        )


def _live(frames: Iterator[Frame]) -> Frame | None:
    from rich.console import Console, Group  # lines need none of it
    from rich.live import Live

    terminal = terminal_of(sys.stdout, os.environ)
    console = Console(no_color=not terminal.color, highlight=False)
    last = None
    with Live(console=console, auto_refresh=False, transient=False, vertical_overflow="crop") as live:
        for last in frames:
            live.update(Group(*map(styled, screen(last, console.width))), refresh=True)
    return last


def _lines(frames: Iterator[Frame]) -> Frame | None:
    last, spoken = None, time.monotonic()
    for frame in frames:
        news = list(changes(last, frame))
        if not news and time.monotonic() - spoken >= HEARTBEAT:
            news = [heartbeat(frame)]
        for text in news:
            print(plain(text), flush=True)
        if news:
            spoken = time.monotonic()
        last = frame
    return last
