"""Catalogues for lint that exist in memory only, and the docs' examples of rules."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ohf_iac.config.keys import SECTIONS
from ohf_iac.review.findings import Finding
from ohf_iac.review.lint import Linted, linted
from ohf_iac.review.lint_input import lintable, suppressions
from tests.config_files import settings_of

if TYPE_CHECKING:
    from ohf_iac.review.cfn_lint import BodyCheck

MANUAL = (Path(__file__).parents[1] / "docs" / "lint.md").read_text("utf-8")
TODAY = "2026-11-24"
#: an entry in which lint finds nothing
SOUND: dict[str, Any] = {
    "templateId": "sound",
    "maxNumber": 10,
    "maxPerRequest": 10,
    "requestValidity": "00:30",
    "imageId": "ami-0a1b2c3d4e5f60001",
    "vmType": "m5.large",
    "subnetId": "subnet-0a1b2c3d4e5f60001",
    "securityGroupIds": ["sg-0a1b2c3d4e5f60001"],
    "rootDeviceName": "/dev/xvda",
    "attributes": {
        "type": ["String", "X86_64"],
        "ncpus": ["Numeric", "1"],
        "ncores": ["Numeric", "1"],
        "nram": ["Numeric", "8192"],
    },
}


@dataclass(frozen=True, slots=True)
class Example:
    """What a page shows of a rule: fields (None leaves one out), `ohf.json`, and the script."""

    fields: Mapping[str, Any]
    own: Mapping[str, Any] = field(default_factory=dict)
    script: bytes | None = None

    def entry(self, name: str) -> dict[str, Any]:
        written = {**SOUND, "templateId": name, **self.fields}
        return {key: value for key, value in written.items() if value is not None}


def sections() -> dict[str, str]:
    """The manual's text on each rule."""
    parts = re.split(r"^### (OHF-\w+)$", MANUAL, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def examples_of(text: str) -> tuple[Example, Example]:
    """What is found, and what is not: the code before the fix, and the one behind it."""
    found, fixed = text.split("\nFix: ")
    return _example(found), _example(fixed)


def _example(text: str) -> Example:
    fields: dict[str, Any] = {}
    own: dict[str, Any] = {}
    script = None
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        if language == "sh":
            script = code.encode()
        else:
            document = json.loads(code)
            (own if document.keys() <= set(SECTIONS) else fields).update(document)
    return Example(fields, own, script)


def review(
    entries: list[dict[str, Any]],
    own: Mapping[str, Any] | None = None,
    *,
    form: str = "json",
    files: Mapping[str, bytes] | None = None,
    check: BodyCheck | None = None,
    today: str = TODAY,
) -> tuple[Linted, list[str]]:
    """What lint finds in a catalogue of these entries, and the catalogue's lines."""
    text = catalogue_text(entries, form)
    return review_text(text, own, form=form, files=files, check=check, today=today), text.splitlines()


def catalogue_text(entries: list[dict[str, Any]], form: str) -> str:
    if form == "yaml":
        return yaml.safe_dump({"templates": entries}, sort_keys=False, indent=2)
    return json.dumps({"templates": entries}, indent=2)


def review_text(
    text: str,
    own: Mapping[str, Any] | None = None,
    *,
    form: str = "json",
    files: Mapping[str, bytes] | None = None,
    check: BodyCheck | None = None,
    today: str = TODAY,
) -> Linted:
    contents = {f"/conf/{name}": content for name, content in (files or {}).items()}
    contents[f"/conf/awsprov_templates.{form}"] = text.encode()
    if own:
        contents["/conf/ohf.json"] = json.dumps(own, indent=2).encode()
    settings = settings_of(own, read_also=contents)
    what = lintable(settings, "/conf", read=contents.get)
    return linted(what, None, check, suppressions(settings, "/conf", read=contents.get), today)


def of_rule(found: Linted, rule: str, template: str) -> list[Finding]:
    return [one for one in found.findings if (one.rule, one.template) == (rule, template)]
