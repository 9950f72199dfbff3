"""What the README and the registration files claim, as far as a test can tell."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ohf_cli.human import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
#: the folders and files that the README may name as ours
OURS = ("cli/", "docs/", "examples/", "schemas/", "templates/", "bench/", "tests/", "Makefile", "LICENSE")
REGISTRATION = ROOT / "examples" / "provider"


def paths() -> set[str]:
    """Every path below one of our folders that the README names, in links, code and shell lines."""
    words = set(re.findall(r"[\w./*-]+", README))
    return {word.rstrip(".") for word in words if word.startswith(OURS)}


def test_every_file_that_is_named_exists() -> None:
    assert "examples/iam/provider.json" in paths()
    assert sorted(name for name in paths() if not list(ROOT.glob(name))) == []


def test_every_page_of_the_manual_is_linked() -> None:
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert "docs/errors.md" in pages
    assert pages <= set(re.findall(r"\]\(([\w./-]+)\)", README))


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", README))
    assert {"demo", "test"} <= named <= targets


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"`ohf ([a-z-]+)", README))
    assert {"render", "status", "doctor", "local"} <= named <= set(COMMANDS)


def test_the_excerpt_has_the_headings_of_the_demo() -> None:
    demo = (ROOT / "examples" / "demo.py").read_text()
    headings = re.findall(r"^== (?:3|Returned:)?(.*?)(?:  \[.*\])?$", README, re.MULTILINE)
    assert len(headings) >= 3
    assert [heading for heading in headings if heading.strip() not in demo] == []


def test_the_provider_is_registered_with_the_plugin_that_is_registered() -> None:
    (provider,) = json.loads((REGISTRATION / "hostProviders.json").read_text())["providers"]
    (plugin,) = json.loads((REGISTRATION / "hostProviderPlugins.json").read_text())["providerplugins"]
    assert provider["plugin"] == plugin["name"]
    assert provider["enabled"] == plugin["enabled"] == 1
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,64}", provider["name"])
    # in the variables that Host Factory expands
    assert plugin["scriptPath"] == "${HF_TOP}/${HF_VERSION}/providerplugins/ohf/scripts/"
    assert provider["confPath"] == "${HF_CONFDIR}/providers/ohf/"
    assert provider["workPath"] == "${HF_WORKDIR}/providers/ohf/"


def test_lsf_is_told_a_type_that_it_knows() -> None:
    (provider,) = json.loads((REGISTRATION / "lsf" / "hostProviders.json").read_text())["providers"]
    assert provider["type"] == "awsProv"
    assert provider["confPath"] == provider["scriptPath"] == "resource_connector/ohf"
