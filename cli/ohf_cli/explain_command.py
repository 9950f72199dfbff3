"""`ohf explain`: one chain from what was asked to what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ohf_cli.explain_screen import explained_lines
from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_app, provider_options
from ohf_iac.review.explain.explaining import explained

if TYPE_CHECKING:
    from ohf_iac.review.explain.link import Explained, Gap, Link


@click.command("explain")
@click.argument("identifier", metavar="ID")
@provider_options
@output_option
def command(identifier: str, output: Output) -> None:
    """Tell how something came to be, and what became of it: each step with where that is known from.

    ID is a request, a return, a machine (i-...), a stack (its name, or its ARN for ninety days after its deletion)
    or a host template. The chain leads from the input to the catalogue's line, the body, its approval, parameters,
    stack, launch template and fleet or group, machines, returns and deletion.

    It reads and changes nothing. With memory lost it answers from AWS, with AWS out of reach from memory and
    files. What is not known is said to be unknown, and why; nothing is guessed.

    \b
    Examples:
      ohf explain req-6743a1c0-9f0c2d4e5a6b7c8d
      ohf explain i-0a1b2c3d4e5f60001
      ohf explain asg-ondemand --output json
    """
    found = explained(provider_app(), identifier)
    show(output, explained_document(found), lambda width: explained_lines(found, width))


def explained_document(found: Explained) -> dict[str, Any]:
    """The document `ohf/explain/v1`."""
    return {
        "schema": "ohf/explain/v1",
        "id": found.identifier,
        "subject": found.subject,
        "first": [_link(one) for one in found.first],
        "chains": [{"about": one.about, "steps": [_link(step) for step in one.links]} for one in found.chains],
        "others": list(found.others),
        "unread": [_gap(one) for one in found.gaps],
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "step": link.step,
        "state": link.state,
        "text": link.text,
        "sources": list(link.sources),
        "facts": dict(link.facts),
        "rows": [dict(one) for one in link.rows],
        "unknown": [_gap(one) for one in link.unknown],
    }


def _gap(gap: Gap) -> dict[str, str]:
    return {"what": gap.what, "why": gap.why}
