"""The human face: `ohf COMMAND`. Each command lives in a module of its own, imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from ohf_cli.edge import run
from ohf_cli.provider import provider_options
from ohf_iac import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: command -> its line in the help; its module is ohf_cli.<command>_command, with _ for -
COMMANDS: Final[Mapping[str, str]] = {
    "init": "Write a provider directory and register it with Symphony or LSF",
    "selftest": "Play Host Factory through the installed scripts",
    "templates": "List, show and validate the host templates of the catalogue",
    "lint": "Check templates and bodies, each finding with its line",
    "render": "Write the stacks that requests would create, for review",
    "diff": "Compare bodies by what they mean, and mark what broadens",
    "report": "Write one page about a template or a request, for people who decide",
    "rehearse": "Have AWS check what requests would create, and create nothing",
    "pin": "Name an image by its id in the catalogue, where a parameter leads to it",
    "approve": "Approve the body that a template gives, for whoever sends it",
    "verify": "Hold the configuration against what was approved",
    "evidence": "Gather all that is known of a request, in files that anybody can check",
    "attest": "State how a body came to be, as in-toto and SLSA have it",
    "plan": "Save the change set of a request, for judgement",
    "publish": "Put approved bodies on S3, from which alone stacks are made",
    "show": "Print a saved plan",
    "apply": "Begin the request of a saved plan, once",
    "request": "Ask for machines of a template",
    "status": "Show requests: state, machines, stack, and why",
    "watch": "Follow a request or a return until it has ended",
    "events": "Tell the story of a request's stack, root cause first",
    "explain": "Tell how something came to be, from the input to the deletion, and how that is known",
    "drift": "Hold live stacks against their templates: what was changed behind their back?",
    "return": "Give machines back",
    "cancel": "End a request now, with the machines there are",
    "delete": "Return all machines of a request and delete its stack",
    "recover": "Rebuild the memory of requests from AWS, and say what was found",
    "gc": "List, and collect, what nobody will ask for any more",
    "iam-policy": "Print the least IAM policies that the configured templates need",
    "doctor": "Check configuration, credentials, endpoints and permissions",
    "store": "Copy the memory of requests between its two kinds of store",
    "config": "Print every setting and where it comes from",
    "replay": "Play an I/O log again against a local AWS, and compare the answers",
    "local": "Serve a local AWS on this machine, to try everything without an account",
}


class LazyGroup(click.Group):
    """A group whose commands are imported by name; its own help needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"ohf_cli.{cmd_name.replace('-', '_')}_command").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"there is no command {args[0]!r}{_meant(args[0])}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@provider_options
@click.version_option(VERSION, prog_name="ohf")
@click.option("--debug", is_flag=True, expose_value=False, help="Print the traceback of a fault in ohf itself.")
@click.pass_context
def command(context: click.Context) -> None:
    """Machines for Host Factory, one CloudFormation stack per request.

    \b
    A first look, without an AWS account:
      ohf templates list --conf examples/provider     what can be asked for
      ohf render --all --conf examples/provider       what would be created
      ohf local                                       a local AWS to try it on

    \b
    Against a provider that Host Factory runs, with its variables set (or the options below):
      ohf doctor                                      is everything as it should be?
      ohf status                                      what is going on
      ohf watch REQUEST                               ... and follow it

    Exit codes: 0 done, 1 failed, 2 different (only with --detailed-exitcode), 3 findings, 4 not approved,
    5 time is up, 64 usage, 69 AWS not reached, 77 not permitted, 78 configuration, 130 interrupted.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> int:
    """The console script."""
    return run(called, sys.argv[1:])


def called(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; what it raises is for `edge.run` to tell."""
    words = [word for word in arguments if word != "--debug"]  # it may stand anywhere; the edge looks for it
    try:
        with command.make_context("ohf", words) as context:
            command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0


def _meant(name: str) -> str:
    from difflib import get_close_matches  # only for a word that was mistyped

    found = get_close_matches(name, COMMANDS, 1)
    return f"; did you mean {found[0]}?" if found else ""
