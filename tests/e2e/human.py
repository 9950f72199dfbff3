"""The human face as people and pipelines use it, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from ohf_cli.edge import run
from ohf_cli.human import called
from ohf_cli.validation import schema_findings
from tests.e2e.provider import ROOT, Provider

#: options that let nothing wait in real time
QUICK = ("--every", "0.1")


@dataclass(frozen=True, slots=True)
class Human:
    """Somebody at a provider. Virtual time passes with each AWS call (see `clock.perCall` of the scenario)."""

    provider: Provider
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def says(self, *words: str, code: int = 0) -> str:
        """What a command prints; the exit code must be as expected, and be told on stderr unless it is 0."""
        return self.hears(*words, code=code)[0]

    def hears(self, *words: str, code: int) -> tuple[str, str]:
        """What a command prints on stdout and on stderr."""
        for name in ("work", "log"):
            (self.provider.folder / name).mkdir(parents=True, exist_ok=True)
        with self.monkeypatch.context() as patch:
            for name in os.environ:
                patch.delenv(name)
            for name, value in self.provider.environ.items():
                patch.setenv(name, value)
            found = run(called, words)
        spoken = self.capsys.readouterr()
        assert found == code, f"ohf {' '.join(words)} exits {found}: {spoken.out}{spoken.err}"
        if code:
            *_, error, fix = spoken.err.splitlines()
            assert error.startswith("ohf: error[E")
            assert fix.startswith("  fix: ")
        return spoken.out, spoken.err

    def reads(self, *words: str, code: int = 0) -> Any:
        """What a command prints for programs."""
        document = json.loads(self.says(*words, "--output", "json", code=code))
        name = str(document["schema"]).split("/")[1]
        assert (ROOT / "schemas" / f"{name}.json").is_file()
        assert schema_findings(name, document) == ()
        return document

    def requests(self, template: str, count: int) -> str:
        return str(self.reads("request", template, str(count))["requestId"])


def alone(provider: Provider, *words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """A command in a process of its own, its output piped."""
    return subprocess.run(
        [sys.executable, "-m", "ohf_cli", *words],
        env=provider.environ | environ,
        capture_output=True,
        timeout=60,
        check=False,
    )


def on_terminal(provider: Provider, *words: str, typed: str = "", **environ: str) -> tuple[int, str]:
    """A command on a terminal of 80 columns: its exit code and all that the terminal got."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ohf_cli", *words],
        env=provider.environ | {"TERM": "xterm", "COLUMNS": "80"} | environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    seen = b""
    while part := _read(ours):
        seen += part
    os.close(ours)
    return process.wait(timeout=60), seen.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that nobody holds the other end any more
        return b""
