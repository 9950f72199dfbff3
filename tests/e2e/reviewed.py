"""A provider whose configuration is in git and is approved: what the tests of change control start from."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.e2e.human import Human
from tests.e2e.provider import EXAMPLE

AUTHOR = "bob@corp.example"
APPROVER = "alice@corp.example"
TEMPLATE = "instant-ondemand"


def git(folder: Path, *words: str) -> str:
    """What git prints, run as the author of the configuration."""
    identity = ("-c", f"user.email={AUTHOR}", "-c", "user.name=Bob", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, text=True, check=True)
    return done.stdout


def reviewed(human: Human, **approvals: Any) -> Path:
    """Give the human's provider a configuration of its own, committed by the author; its folder."""
    conf = human.provider.folder / "conf"
    shutil.copytree(EXAMPLE, conf)
    human.provider.conf = conf
    configure(conf, **approvals)
    git(conf, "init", "-q", ".")
    committed(conf)
    git(conf, "config", "user.email", APPROVER)
    return conf


def configure(conf: Path, **approvals: Any) -> None:
    """Set section `approvals` of ohf.json."""
    edited(conf / "ohf.json", lambda document: document.update(approvals=approvals))


def committed(conf: Path) -> None:
    """Commit everything there is, as the author."""
    git(conf, "add", "-A")
    git(conf, "commit", "-q", "--allow-empty", "-m", "change")


def edited(path: Path, change: Callable[[Any], object]) -> None:
    """Change a JSON file by a function that changes its document."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=2) + "\n")


def digest_of(human: Human, template: str = TEMPLATE) -> str:
    """The digest of the body that a template gives now."""
    human.says("render", "--all", "-d", str(human.provider.folder / "rendered"))
    index = json.loads((human.provider.folder / "rendered" / "index.json").read_text())
    return str(index["templates"][template]["sha256"])


def approve(human: Human, *more: str, template: str = TEMPLATE, code: int = 0) -> Any:
    """Approve what a template gives now, as a pipeline does; what the command prints."""
    digest = digest_of(human, template)
    return human.reads("approve", template, "--yes", "--expect-sha256", digest, *more, code=code)


def ssh_key(folder: Path, person: str, name: str = "key") -> Path:
    """A new key without passphrase; its line is added to the file of allowed signers."""
    key = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(key)]
    subprocess.run(command, check=True)
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    with (folder / "allowed_signers").open("a") as file:
        file.write(f"{person} {kind} {public}\n")
    return key
