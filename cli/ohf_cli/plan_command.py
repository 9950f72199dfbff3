"""`ohf plan`: a request's change set, saved for judgement; `ohf plan rm` removes it."""

from __future__ import annotations

import sys

import click

from ohf_cli.output import Output, output_option
from ohf_cli.plan_files import ended, new_plan_file, read_plan, show_plan, write_plan
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.spans import Span
from ohf_iac.hostfactory import MachineAsk
from ohf_iac.review.planning import make_plan, remove_plan


@click.command("plan")
@click.argument("words", metavar="TEMPLATE | rm FILE", nargs=-1, required=True)
@click.option("--count", type=click.IntRange(min=1), help="Machines (units) to ask for; required.")
@click.option("--ticket", metavar="TEXT", default="", help="The change ticket, for whoever reads the plan.")
@click.option("--out", metavar="FILE", help="Where to save it; else TEMPLATE.plan. Nothing is overwritten.")
@click.option(
    "--valid-for",
    type=Span(60, 7 * 86400, "the request's own time begins when it is over"),
    metavar="SPAN",
    default="1h",
    show_default=True,
    help="How long it may be applied: 30m, 8h. The request's own time begins after that.",
)
@click.option(
    "--account", metavar="NAME", default="default", help="LSF's account that the machines are charged to."
)
@provider_options
@output_option
def command(
    words: tuple[str, ...],
    count: int | None,
    ticket: str,
    out: str | None,
    valid_for: int,
    account: str,
    output: Output,
) -> None:
    """Have AWS make the change set of a request, and save it with all that binds it.

    Nothing is launched. The file (mode 0600) holds body, parameters, tags and role of the request that ohf apply
    begins; user data and secrets stand in it as hashes. ohf show prints it. It is good for one use, in this account
    and region, for as long as --valid-for says.

    ohf plan rm FILE deletes the change set and its empty stack.

    \b
    Examples:
      ohf plan asg-ondemand --count 50 --ticket CHG0041999 --out grid.plan
      ohf show grid.plan
      ohf apply grid.plan
      ohf plan rm grid.plan
    """
    if words[0] == "rm" and len(words) == 2:
        _remove(words[1], output)
        return
    if len(words) != 1:
        raise click.UsageError("name one template, or: rm FILE")
    if count is None:
        raise click.UsageError("say how many with --count")
    path = out or f"{words[0]}.plan"
    app = provider_app()
    with new_plan_file(path):
        plan = make_plan(app, MachineAsk(words[0], count, account), ticket, valid_for)
        try:
            write_plan(path, plan)
        except BaseException:
            remove_plan(app, plan)
            raise
    show_plan(output, plan, path, app.now())
    if output == "table":
        print(f"apply it: ohf apply {path}", file=sys.stderr)


def _remove(path: str, output: Output) -> None:
    plan = read_plan(path)
    app = provider_app()
    remove_plan(app, plan)
    plan = ended(plan, "removed", app.now()) if plan.state == "planned" else plan
    write_plan(path, plan)
    show_plan(output, plan, path, app.now())
