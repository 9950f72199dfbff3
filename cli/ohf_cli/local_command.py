"""`ohf local`: the local AWS, run as the module that it is; nothing here imports it."""

from __future__ import annotations

import runpy
import sys

import click

from ohf_cli.edge import FailedError
from ohf_iac.errors import ConfigurationError


@click.command("local")
@click.option("--port", default=0, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--ready-file", metavar="FILE", help="File that gets url, port and pid as one line of JSON.")
@click.option("--scenario", metavar="FILE", help="Scenario to start with: times, capacity, faults (JSON).")
@click.option(
    "--clock-file", metavar="FILE", help="File that holds the virtual clock's offset, for OHF_CLOCK_FILE."
)
@click.option("--verbose", is_flag=True, help="Print a line for each request on stderr.")
def command(port: int, ready_file: str | None, scenario: str | None, clock_file: str | None, verbose: bool) -> None:
    """Serve a local AWS on 127.0.0.1 until Ctrl-C: stacks, fleets, groups and machines that take their time.

    Needs the extra [local]. Time in it is virtual and passes with the wall clock, or faster when told so.

    \b
    Examples:
      ohf local --port 5000 --clock-file /tmp/clock &
      export AWS_ENDPOINT_URL=http://127.0.0.1:5000 OHF_CLOCK_FILE=/tmp/clock
      export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_REGION=us-east-1
      ohf request instant-ondemand 3
      curl -s -d '{"advance": 60}' http://127.0.0.1:5000/_ohf/clock

    docs/local.md describes scenarios and the control endpoint.
    """
    given = {"--ready-file": ready_file, "--scenario": scenario, "--clock-file": clock_file}
    words = ["--port", str(port), *(word for name, value in given.items() if value for word in (name, value))]
    sys.argv[1:] = words + (["--verbose"] if verbose else [])
    try:
        runpy.run_module("ohf_iac.local", run_name="__main__", alter_sys=True)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"start the local AWS: {error.name} is not installed",
            hint="pip install 'ohf_iac[local]' (a bundle: EXTRAS=local)",
        ) from error
    except SystemExit as end:
        if end.code:
            raise FailedError(
                f"serve the local AWS: it ended with {end.code}", hint="the line above says why; docs/local.md"
            ) from end
