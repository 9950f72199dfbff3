"""`ohf report`: one page about a template or a request, for people who decide."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Literal

import click

from ohf_cli.provider import provider_app, provider_options, provider_settings
from ohf_cli.report_formats import write_file
from ohf_cli.templates_command import found_template
from ohf_iac.config.documents import parsed
from ohf_iac.config.folders import Found, read_file
from ohf_iac.config.lock_file import lock_or_empty
from ohf_iac.errors import ConfigurationError
from ohf_iac.render import render
from ohf_iac.request import id_kind
from ohf_iac.review.lint import linted
from ohf_iac.review.lint_input import default_base, lintable, suppressions
from ohf_iac.review.report.html import html
from ohf_iac.review.report.markdown import markdown
from ohf_iac.review.report.of_template import template_page
from ohf_iac.review.report.prices import parse_prices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from ohf_iac.config import Settings
    from ohf_iac.review.report.page import Page

Form = Literal["html", "markdown"]


@click.command("report")
@click.argument("subject", metavar="TEMPLATE|ID")
@click.option(
    "--format", "form", type=click.Choice(["html", "markdown"]), default="html", show_default=True, help="The form."
)
@click.option("--to", "target", metavar="FILE", help="Write it to this file instead of printing it.")
@click.option("--prices", metavar="FILE", help="Dollars an hour by instance type, or by region and type.")
@provider_options
def command(subject: str, form: Form, target: str | None, prices: str | None) -> None:
    """Write one page about a template, or about a request and all that became of it.

    A template's page needs no AWS: the stack as a picture and in words, what its machines may do, what a request
    may ask, approvals and findings. A request's page adds what AWS tells: the body that was really sent,
    parameters, tags, events and machines, for ninety days after the stack's deletion.

    The HTML page needs nothing else: no network, no scripts. It prints, and reads on a phone. What user data says
    is never shown.

    \b
    Examples:
      ohf report asg-ondemand --to asg-ondemand.html
      ohf report asg-ondemand --format markdown --prices prices.json
      ohf report req-6743a1c0-9f0c2d4e5a6b7c8d --to request.html
    """
    if id_kind(subject) == "req":
        from ohf_iac.review.report.of_request import request_page  # a template's page needs nothing that asks AWS

        app = provider_app()
        page = request_page(app, subject, _prices(prices, app.settings))
    else:
        settings = provider_settings()
        page = _of_template(settings, subject, _prices(prices, settings))
    text = html(page) if form == "html" else markdown(page)
    if target is None:
        sys.stdout.buffer.write(text.encode("utf-8"))  # the page says so itself, whatever the terminal speaks
        return
    write_file(target, text)


def _of_template(settings: Settings, template_id: str, prices: Mapping[str, Decimal] | None) -> Page:
    base = default_base(settings.conf_dir, os.getcwd())
    what = lintable(settings, base)
    template = found_template(what.catalogue, template_id)
    rendered = render(template, settings.template.defaults, what.files)
    entry = lock_or_empty(settings).entries.get(rendered.digest)
    now = time.time()
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    # the house's rules alone: cfn-lint takes ten times as long as the page, and `ohf lint` tells what it finds
    found = linted(what, (template,), None, suppressions(settings, base), today)
    return template_page(template, rendered, entry=entry, findings=found.findings, prices=prices, now=now)


def _prices(name: str | None, settings: Settings) -> Mapping[str, Decimal] | None:
    if name is None:
        return None
    content = read_file(os.path.abspath(name))
    if content is None:
        raise ConfigurationError(f"Cannot read {name}: there is no such file", hint="give a JSON or YAML file")
    return parse_prices(parsed(Found(name, content)), settings.provider.region)
