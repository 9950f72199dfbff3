"""Bodies out of the configuration, as several commands need them: render, diff, and whatever judges bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ohf_cli.templates_command import found_template
from ohf_iac.config.catalogue_file import catalogue_files
from ohf_iac.render import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from ohf_iac.config import Settings
    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.catalogue import Catalogue


def root_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--root DIR`, handed over as `root`, "" where it is not given."""
    return click.option(
        "--root",
        metavar="DIR",
        default="",
        help="Look for the catalogue's absolute paths below DIR, a copy of the host's files.",
    )(function)


def rendered_stacks(
    settings: Settings, catalogue: Catalogue, template_id: str, root: str
) -> tuple[RenderedStack, ...]:
    """The stack of one template, or of all that can be served where `template_id` is ""; errors say why not."""
    wanted = (found_template(catalogue, template_id),) if template_id else catalogue.templates
    files = catalogue_files(settings, root=root)
    return tuple(render(one, settings.template.defaults, files) for one in wanted)
