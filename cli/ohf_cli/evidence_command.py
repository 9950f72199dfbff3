"""`ohf evidence`: everything that is known of a request, in files that anybody can check."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ohf_cli.edge import AfterOutputError
from ohf_cli.evidence_check import check_pack
from ohf_cli.evidence_words import INCOMPLETE, verdict_cell
from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Cell
from ohf_cli.words import plural
from ohf_iac.clock import Deadline
from ohf_iac.review.evidence.folder import check_free, write_pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.table import Line, Tone
    from ohf_iac.app import App
    from ohf_iac.review.evidence.pack import Pack


@click.command("evidence")
@click.argument("request_id", metavar="[ID]", default="")
@click.option("--to", "target", metavar="DIR|FILE.zip", help="Write the pack there; nothing is written over.")
@click.option(
    "--since",
    metavar="TIME",
    help="Of all whose stacks lived then or later; ISO 8601 in UTC, or an age as 6h, 7d.",
)
@click.option("--drift", is_flag=True, help="Hold the live stack of ID against its template, too.")
@click.option("--check", "pack", metavar="DIR|FILE.zip", help="Check a pack instead, from its files alone.")
@click.option(
    "--allowed-signers", metavar="FILE", default="", help="With --check: the keys by which signatures are checked."
)
@click.option(
    "--expect-sha256", metavar="DIGEST", default="", help="With --check: the manifest's digest, kept elsewhere."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=600.0,
    show_default=True,
    help="Read for so many seconds.",
)
@provider_options
@output_option
def command(
    request_id: str,
    target: str | None,
    since: str | None,
    drift: bool,
    pack: str | None,
    allowed_signers: str,
    expect_sha256: str,
    timeout: float,
    output: Output,
) -> None:
    """Gather what is known of a request in files that anybody can check, without this tool and without AWS.

    The body as it was sent and as it was approved, parameters and tags, the approvals with their signatures,
    findings, events, machines and returns, the audit lines with the stretch that shows their place in the chain,
    and the verdict of `ohf verify --deployed --no-drift`; with --drift what `ohf drift` tells of a live stack, too.
    It works for ninety days after the stack's deletion. What could not be read is in the manifest with its reason;
    then the exit code is 1.

    User data are in the body, which is the evidence: the files are for their owner alone (mode 0600).

    --since makes a zip file of each request of this installation in one new folder, with a list over them.

    --check tells whether a pack is what was written, and exits 4 when it is not. Keep the manifest's digest, which
    is printed, in another place, and give it back with --expect-sha256.

    \b
    Examples:
      ohf evidence req-6743a1c0-9f0c2d4e5a6b7c8d --to evidence.zip
      ohf evidence req-6743a1c0-9f0c2d4e5a6b7c8d --to evidence/ --output json
      ohf evidence --since 7d --to evidence-of-the-week
      ohf evidence --check evidence.zip --allowed-signers auditors_signers
    """
    if pack is not None:
        _refuse(
            "--check is about a pack that is there: without ID, --since, --drift and --to",
            request_id,
            target,
            since,
            drift,
        )
        check_pack(pack, allowed_signers, expect_sha256, output)
        return
    if bool(request_id) == bool(since) or not target:
        raise click.UsageError("give the ID of a request, or --since, and --to; or --check")
    _refuse("--allowed-signers and --expect-sha256 are for --check", allowed_signers, expect_sha256)
    _refuse("--drift is about one request; ohf verify --deployed tells the drift of all", since and drift)
    check_free(target)
    app = replace(provider_app(), deadline=Deadline.after(timeout))
    if since:
        from ohf_cli.evidence_since import gather_since  # a check of a pack needs nothing of what asks AWS

        gather_since(app, since, target, output)
        return
    _gather(app, request_id, target, output, drift=drift)


def _refuse(told: str, *given: object) -> None:
    """UsageError where anything was given that does not go with the rest."""
    if any(given):
        raise click.UsageError(told)


def _gather(app: App, request_id: str, target: str, output: Output, *, drift: bool) -> None:
    """Write the pack of a request, and print its manifest; AfterOutputError where something was not read."""
    from ohf_iac.review.evidence.making import evidence_of  # as above

    made = evidence_of(app, request_id, drift=drift)
    write_pack(target, made.contents)
    document = {**made.manifest, "file": target, "manifestSha256": made.digest}
    show(output, document, lambda _width: _lines(made, target))
    if made.unread:
        told = f"evidence of {request_id}: {plural(len(made.unread), 'part')} could not be read"
        raise AfterOutputError(told, code=INCOMPLETE, hint=f"{made.unread[0].name}: {made.unread[0].reason}")


def _lines(pack: Pack, target: str) -> Iterator[Line]:
    manifest: dict[str, Any] = pack.manifest
    for one in manifest["missing"]:
        tone: Tone = "bad" if one["lack"] == "unread" else "dim"
        yield (Cell(f"{one['lack'].upper()}  ", tone), Cell(f"{one['name']}: {one['reason']}"))
    about = f"{target}: {plural(len(manifest['files']), 'file')} about {manifest['requestId']}, stack "
    yield (Cell(about), verdict_cell(manifest["verdict"]))
    yield (Cell(f"body {manifest['sha256'] or 'unknown'}"),)
    yield (Cell(f"manifest {pack.digest}"),)
