"""`ohf config`: every setting, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from ohf_cli.output import Output, output_option, show_table
from ohf_cli.provider import provider_options, provider_settings, stateless_environ
from ohf_cli.table import Cell, Table, row
from ohf_iac.config import Setting, origins
from ohf_iac.config.settings import Suppression


@click.command("config")
@click.option("--set-only", is_flag=True, help="Leave out what is at its default.")
@provider_options
@output_option
def command(set_only: bool, output: Output) -> None:
    """Print every setting with its value and where it comes from.

    A later layer wins: defaults, awsprov_config.json, ohf.json, environment (OHF_<SECTION>_<KEY>). What reaches a
    stack's body cannot be set in the environment.

    \b
    Examples:
      ohf config
      ohf config --set-only
      OHF_LIMITS_DEADLINE=30 ohf config --output json
    """
    provider_settings()
    settings = [one for one in origins(stateless_environ()) if not (set_only and one.origin == "default")]
    document = {"schema": "ohf/settings/v1", "settings": [_document(one) for one in settings]}
    rows = tuple(row(f"{one.section}.{one.key}", _value(one), note=_origin(one)) for one in settings)
    show_table(output, document, Table(("SETTING", "VALUE"), rows, "FROM"), "everything is at its default")


def _document(setting: Setting) -> dict[str, object]:
    value = dict(setting.value) if isinstance(setting.value, Mapping) else setting.value
    if isinstance(value, tuple):
        value = [one._asdict() if isinstance(one, Suppression) else one for one in value]
    return {"name": f"{setting.section}.{setting.key}", "value": value, "origin": setting.origin}


def _value(setting: Setting) -> str:
    if isinstance(setting.value, str):
        return setting.value or "-"
    return "-" if setting.value is None else json.dumps(_document(setting)["value"])


def _origin(setting: Setting) -> Cell:
    return Cell(setting.origin, "dim" if setting.origin == "default" else "")
