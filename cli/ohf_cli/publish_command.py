"""`ohf publish`: approved bodies on S3, from which alone stacks can be made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from ohf_cli.edge import FailedError
from ohf_cli.output import Output, output_option, show_table
from ohf_cli.provider import provider_app, provider_options
from ohf_cli.table import Cell, Table, row
from ohf_iac.aws.bodies import NOT_PUBLISHED
from ohf_iac.operations.delivering import shelf_of
from ohf_iac.operations.publishing import publish_approved
from ohf_iac.operations.requesting import template_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_cli.table import Row, Tone
    from ohf_iac.operations.publishing import Outcome, Published

_TONES: Final[Mapping[Outcome, Tone]] = {
    "published": "good",
    "there": "good",
    "replaced": "bad",
    "missing": "bad",
    "refused": "bad",
}


@click.command("publish")
@click.argument("names", metavar="[TEMPLATE]...", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; exit 4 when something is missing or was replaced.")
@click.option("--replace", "again", is_flag=True, help="Write over an object that is not the approved body.")
@provider_options
@output_option
def command(names: tuple[str, ...], check: bool, again: bool, output: Output) -> None:
    """Put approved bodies on S3 under their digest, and read back what lies there.

    Every body of ohf.lock that may be sent now, of the templates named or of all. With approvals.publish requests
    create stacks from these objects alone. Nothing is written over; an object that is not the approved body is told
    of, and --replace puts the approved one in its place.

    Exits 4 when a body of the lock may not be sent, or something else lies in its place.

    \b
    Examples:
      ohf publish
      ohf publish asg-ondemand
      ohf publish --check --output json
    """
    if check and again:
        raise click.UsageError("--check writes nothing: leave --replace out")
    app = provider_app()
    wanted = frozenset(template_of(app, one).template_id for one in names)
    found = tuple(publish_approved(app, wanted, check=check, again=again))
    shelf = shelf_of(app.settings)
    document = {
        "schema": "ohf/publish/v1",
        "bucket": shelf.bucket,
        "prefix": shelf.prefix,
        "versioned": all(one.version for one in found if one.good),
        "bodies": [_document(one) for one in found],
    }
    rows = tuple(map(_row, found))
    show_table(
        output, document, Table(("TEMPLATE", "SHA256", "STATE", "VERSION"), rows, "WHY"), "nothing is approved"
    )
    _conclude(found, wanted)


def _conclude(found: tuple[Published, ...], wanted: frozenset[str]) -> None:
    bad = [one for one in found if not one.good]
    lacking = sorted(wanted - {one.template_id for one in found if one.good})
    if not (bad or lacking):
        return
    if not bad:
        cause, hint = f"nothing of {lacking[0]} is approved", f"a second person runs: ohf approve {lacking[0]}"
    else:
        cause = f"{bad[0].template_id} {bad[0].digest[:12]}: {bad[0].message}"
        hint = "ohf publish TEMPLATE, with --replace where something else lies there"
    raise FailedError(f"publish approved bodies: {cause}", hint=hint, code=NOT_PUBLISHED)


def _document(one: Published) -> dict[str, Any]:
    return {
        "templateId": one.template_id,
        "digest": one.digest,
        "state": one.outcome,
        "url": one.url,
        "version": one.version,
        "message": one.message,
    }


def _row(one: Published) -> Row:
    state = Cell(one.outcome, _TONES[one.outcome])
    return row(one.template_id, one.digest[:12], state, one.version or "-", note=one.message)
