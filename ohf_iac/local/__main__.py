"""`python -m ohf_iac.local`: serve a local AWS on loopback until told to end."""

from __future__ import annotations

import argparse
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from ohf_iac.local.http_server import LoopbackServer
from ohf_iac.local.reading import DocumentRefused
from ohf_iac.local.scenario import Scenario, parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT (0); 1 when the scenario or the port cannot be used."""
    options = _options().parse_args(arguments)
    _forget_the_real_aws()
    from ohf_iac.local.server import open_server  # moto asks the AWS SDK for its profile while it is imported

    try:
        server = open_server(options.port, _scenario(options.scenario), options.clock_file, options.verbose)
    except DocumentRefused as refused:
        print(f"read the scenario {options.scenario}: {refused}", file=sys.stderr)  # noqa: T201 - the command line
        return 1
    except OSError as error:
        print(f"start the local AWS: {error}", file=sys.stderr)  # noqa: T201 - the command line
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    if options.end_with_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    gc.freeze()  # what moto loads stays: neither collections nor the end of the process need look at it
    with server:
        _announce(server, options.ready_file)
        server.serve_forever()
    return 0


def _forget_the_real_aws() -> None:
    """What a shell has set for the real AWS, a profile above all, is nothing to this one."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m ohf_iac.local", description="A local AWS on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0, the default, takes a free one")
    parser.add_argument("--ready-file", type=Path, help="file that gets url, port and pid as one line of JSON")
    parser.add_argument("--scenario", type=Path, help="scenario to start with, a JSON file")
    parser.add_argument(
        "--clock-file", type=Path, help="file that always holds the virtual clock's offset in seconds"
    )
    parser.add_argument(
        "--end-with-stdin", action="store_true", help="end once stdin ends: whoever holds its other end is gone"
    )
    parser.add_argument("--verbose", action="store_true", help="print a line for each request on stderr")
    return parser


def _scenario(path: Path | None) -> Scenario:
    if path is None:
        return Scenario()
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")))
    except json.JSONDecodeError as error:
        raise DocumentRefused(f"no JSON: {error}") from error


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(0)


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)


def _announce(server: LoopbackServer, ready_file: Path | None) -> None:
    line = json.dumps({"url": server.url, "port": server.server_port, "pid": os.getpid()})
    print(line, flush=True)  # noqa: T201 - the command line
    if ready_file is not None:
        draft = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
        draft.write_text(f"{line}\n", encoding="utf-8")
        draft.replace(ready_file)


if __name__ == "__main__":
    sys.exit(main())
