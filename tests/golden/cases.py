"""Reading golden cases: `template.json`, and where needed `settings.json` (section `template`) and `files/`."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

from ohf_iac.render import render
from ohf_iac.stack import RenderedStack
from ohf_iac.template.catalogue import Catalogue, TemplateDefaults, parse_catalogue

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/template.json"))
REJECTED = sorted(path.parent.name for path in HERE.glob("rejected/*/template.json"))


def defaults_of(folder: Path) -> TemplateDefaults:
    """The settings of a case; their names are those of `ohf.json`."""
    path = folder / "settings.json"
    written: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return TemplateDefaults(
        **{re.sub("[A-Z]", lambda c: f"_{c[0].lower()}", name): v for name, v in written.items()}
    )


def files_of(folder: Path) -> dict[str, bytes]:
    root = folder / "files"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def catalogue_of(folder: Path) -> Catalogue:
    document = {"templates": [json.loads((folder / "template.json").read_text())]}
    return parse_catalogue(document, defaults_of(folder), files_of(folder))


@functools.cache
def rendered(case: str) -> RenderedStack:
    """The body of a case, rendered once per test process."""
    return fresh(case)


def fresh(case: str) -> RenderedStack:
    folder = HERE / case
    catalogue = catalogue_of(folder)
    assert not catalogue.refused, catalogue.refused[0].message
    return render(catalogue.templates[0], defaults_of(folder), files_of(folder))


def document(case: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(rendered(case).body)
    return body
