"""A management host on which the scripts lie copied, with a configuration that leads to the local AWS by itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.provider import EXAMPLE, SCRIPTS
from tests.local_aws import ACCOUNT, REGION, LocalAws

#: the interpreter that has the project installed, named in a file beside the scripts
INTERPRETER = "interpreter"
ENDPOINTS = (
    "AWS_ENDPOINT_URL",
    "AWS_CLOUDFORMATION_ENDPOINT_URL",
    "AWS_AUTOSCALING_ENDPOINT_URL",
    "AWS_STS_ENDPOINT_URL",
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a script said: exit code and the one JSON object."""

    code: int
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Host:
    """A management host: a folder with copied scripts, and the folders of one provider, all with odd names."""

    folder: Path

    @property
    def scripts(self) -> Path:
        return self.folder / "scripts of ohf"

    @property
    def conf(self) -> Path:
        return self.folder / "conf é"

    @property
    def work(self) -> Path:
        return self.folder / "work dir"

    @property
    def log(self) -> Path:
        return self.folder / "log dir"

    @property
    def symphony(self) -> dict[str, str]:
        """What Host Factory of Symphony 7.3 sets for a provider, and nothing else."""
        return {
            "HF_PROVIDER_NAME": "ohf",
            "HF_PROVIDER_CONFDIR": f"{self.conf}/",
            "HF_PROVIDER_WORKDIR": f"{self.work}/",
            "HF_PROVIDER_LOGDIR": f"{self.log}/",
        }

    def call(
        self,
        operation: str,
        document: object = None,
        environ: Mapping[str, str] | None = None,
        arguments: tuple[str, ...] | None = None,
        **process: Any,
    ) -> Said:
        """Call a script with this environment alone; `document` becomes an input file as Host Factory writes it."""
        source = self.folder / "hf_in_Xy12Zz"
        if document is not None:
            source.write_text(document if isinstance(document, str) else json.dumps(document, indent="\t"))
        done = subprocess.run(
            [str(self.scripts / f"{operation}.sh"), *(("-f", str(source)) if arguments is None else arguments)],
            env=self.symphony if environ is None else environ,
            capture_output=True,
            timeout=120,
            check=False,
            **{"cwd": "/", **process},
        )
        assert done.stderr == b"", done.stderr
        assert done.returncode in (0, 1)
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        assert done.returncode == 0 or answer["message"]
        return Said(done.returncode, answer)

    def templates(self, environ: Mapping[str, str] | None = None, **process: Any) -> Said:
        return self.call("getAvailableTemplates", {}, environ, **process)


def bare_host(folder: Path, local_aws: LocalAws) -> Host:
    """Scripts, a configuration that leads to the local AWS by itself, empty work and log folders."""
    found = Host(folder)
    shutil.copytree(SCRIPTS, found.scripts, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    (found.scripts / INTERPRETER).write_text(f"{sys.executable}\n")
    for place in (found.conf, found.work, found.log):
        place.mkdir()
    shutil.copy(EXAMPLE / "awsprov_templates.json", found.conf)
    shutil.copytree(EXAMPLE / "scripts", found.conf / "scripts", ignore=shutil.ignore_patterns("*.py"))
    config = {"AWS_REGION": REGION, "AWS_CREDENTIAL_FILE": "credentials", **dict.fromkeys(ENDPOINTS, local_aws.url)}
    (found.conf / "awsprov_config.json").write_text(json.dumps(config))
    (found.conf / "credentials").touch(mode=0o600)
    (found.conf / "credentials").write_text(
        f"[default]\naws_access_key_id = AKIA{ACCOUNT}\naws_secret_access_key = none\n"
    )
    return found


def ids(said: Said) -> list[str]:
    return [one["templateId"] for one in said.answer["templates"]]


ASK = {"template": {"templateId": "instant-ondemand", "machineCount": 1}}
