"""`ohf attest`: an in-toto statement of how a body came to be."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import click

from ohf_cli.provider import provider_app, provider_options, provider_settings, stateless_environ
from ohf_cli.rendering import root_option
from ohf_cli.report_formats import write_file
from ohf_cli.templates_command import found_template
from ohf_iac.clock import Deadline, clock_for
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.request import id_kind
from ohf_iac.review.attestation.of_template import of_template
from ohf_iac.review.attestation.statement import statement_of


@click.command("attest")
@click.argument("subject", metavar="TEMPLATE|ID")
@click.option("--to", "--output-file", "target", metavar="FILE", help="Write it there instead of printing it.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="Of a request: read for so many seconds.",
)
@root_option
@provider_options
def command(subject: str, target: str | None, timeout: float, root: str) -> None:
    """State how a body came to be, as in-toto and SLSA have it: for policies, and for whoever signs statements.

    Of a template: the body that it gives now, what of catalogue and settings reached it, image, user data and
    approvals. Asks no AWS. Of a request: the body that CloudFormation was given, with the parameters and AWS's
    times, for ninety days after the stack's deletion.

    A statement states facts: the verdict on the approvals is in it, and does not change the exit code. What cannot
    be read is not attested. Secrets are masked, user data stand in it by their hash alone. It is not signed.

    \b
    Examples:
      ohf attest asg-ondemand
      ohf attest req-6743a1c0-9f0c2d4e5a6b7c8d --to statement.json
    """
    if id_kind(subject) == "req":
        if root:
            raise click.UsageError("--root is for templates")
        # what asks AWS takes longer to import than a template's statement to be made
        from ohf_iac.review.attestation.of_request import of_request

        what = of_request(replace(provider_app(), deadline=Deadline.after(timeout)), subject)
    else:
        settings = provider_settings()
        catalogue, files = load_catalogue(settings, root=root), catalogue_files(settings, root=root)
        now = clock_for(settings, stateless_environ(), lambda _told: None)()
        what = of_template(settings, found_template(catalogue, subject), files, now)
    text = json.dumps(statement_of(what), indent=2) + "\n"
    if target is None:
        sys.stdout.write(text)
        return
    write_file(target, text)
