"""What the catalogue says of requests that already run: policies and weights by template."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.errors import OhfError
from ohf_iac.status.judge import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.app import App
    from ohf_iac.request import Verdict
    from ohf_iac.template.catalogue import Catalogue


def policies_for(app: App, catalogue: Catalogue | None = None) -> dict[str, Policy]:
    """The policy of each template that has its own, and under "" that of all others."""
    known = catalogue or catalogue_if_readable(app)
    timeout = app.settings.provider.pending_timeout
    own = {one.template_id: one.partial_status for one in known.templates if one.partial_status} if known else {}
    found = {one: Policy(cast("Verdict", status), timeout) for one, status in own.items()}
    return {"": Policy(cast("Verdict", app.settings.template.partial_status), timeout), **found}


def weights_of(catalogue: Catalogue | None) -> dict[str, Mapping[str, int]]:
    """Units per instance type, by template."""
    return {one.template_id: one.weights for one in catalogue.templates} if catalogue else {}


def catalogue_if_readable(app: App) -> Catalogue | None:
    """The catalogue; None when it cannot be read: that must not end a request that already runs."""
    try:
        return load_catalogue(app.settings)
    except OhfError as error:
        app.log.warning(f"catalogue not readable: {error.message}")
        return None
