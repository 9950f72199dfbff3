"""One call of a script as Host Factory makes it: an input file with tabs and without suffix, in the root folder."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: seconds after which Host Factory gives a script up (HF_PROVIDER_ACTION_TIMEOUT, hostfactory-contract.md §1.4)
ACTION_TIMEOUT: Final = 300.0


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a script printed, and the seconds that it took; `code` is None when it did not start or end."""

    code: int | None
    text: str
    errors: str
    seconds: float


def call_script(script: str, environ: Mapping[str, str], document: object) -> Spoken:
    """Run a script with this environment and no other; an interrupt from the terminal does not reach it."""
    handle, source = tempfile.mkstemp(prefix="hf_in_")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent="\t")
        return _run([script, "-f", source], environ)
    finally:
        os.unlink(source)


def _run(command: list[str], environ: Mapping[str, str]) -> Spoken:
    start = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603 -- the provider's own script
            command,
            env=environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ACTION_TIMEOUT,
            start_new_session=True,
            check=False,
        )
    except OSError as error:
        return Spoken(None, "", f"it cannot be run: {error.strerror}", time.monotonic() - start)
    except subprocess.TimeoutExpired:
        return Spoken(None, "", f"it has not ended after {ACTION_TIMEOUT:.0f} s", time.monotonic() - start)
    text, errors = (part.decode("utf-8", "replace") for part in (done.stdout, done.stderr))
    return Spoken(done.returncode, text, errors, time.monotonic() - start)
