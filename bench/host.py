"""A management host to measure on: an installation, a provider directory, a local AWS."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.installation import Installation, install
from bench.measure import Run, run
from tests.local_aws import IMAGE, SECURITY_GROUP, SUBNET_A, LocalAws, start, stop

#: a machine stays pending for as long as a benchmark may last
NEVER = 1_000_000


def template(name: str, kind: dict[str, Any]) -> dict[str, Any]:
    """An entry of the catalogue as IBM's sample files write it."""
    return {
        "templateId": name,
        "maxNumber": 10000,
        "attributes": {
            "type": ["String", "X86_64"],
            "ncpus": ["Numeric", "1"],
            "ncores": ["Numeric", "1"],
            "nram": ["Numeric", "8192"],
        },
        "imageId": IMAGE,
        "subnetId": SUBNET_A,
        "vmType": "m5.large",
        "securityGroupIds": [SECURITY_GROUP],
        "instanceTags": "department=grid;team=bench",
        **kind,
    }


@dataclass
class Host:
    """Everything below `folder`. The installation and the local AWS come into being when first asked for."""

    folder: Path

    @cached_property
    def installation(self) -> Installation:
        return install(self._made("installation"))

    @cached_property
    def aws(self) -> LocalAws:
        return start(self._made("aws"))

    def close(self) -> None:
        if "aws" in self.__dict__:
            stop(self.aws)

    def catalogue(self, *templates: dict[str, Any]) -> None:
        """Start afresh: this catalogue, an empty store, an empty log."""
        for name in ("conf", "work", "log"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
            self._made(name)
        (self.folder / "conf" / "awsprov_templates.json").write_text(json.dumps({"templates": templates}))
        (self.folder / "conf" / "awsprov_config.json").write_text(json.dumps({"AWS_REGION": "us-east-1"}))

    @property
    def plain(self) -> dict[str, str]:
        """The environment that Host Factory gives, without any AWS in it."""
        return {
            "PATH": os.environ["PATH"],
            "HF_PROVIDER_NAME": "bench",
            "HF_PROVIDER_CONFDIR": str(self.folder / "conf"),
            "HF_PROVIDER_WORKDIR": str(self.folder / "work"),
            "HF_PROVIDER_LOGDIR": str(self.folder / "log"),
        }

    @property
    def with_aws(self) -> dict[str, str]:
        names = ("AWS_", "OHF_", "NO_PROXY", "no_proxy")
        return {**self.plain, **{k: v for k, v in self.aws.environ().items() if k.startswith(names)}}

    def operation(self, name: str, document: object, *, aws: bool = True) -> Run:
        """Run one Host Factory operation as Host Factory does."""
        given = self.folder / f"hf_in_{uuid4().hex}"
        given.write_text(json.dumps(document))
        command = [self.installation.hostfactory, name, "-f", str(given)]
        return run(command, self.with_aws if aws else self.plain)

    def answer(self, name: str, document: object) -> Any:
        return json.loads(self.operation(name, document).stdout)

    def calls_of(self, name: str, document: object) -> list[tuple[str, str]]:
        """The AWS calls, as (service, action), that one operation makes."""
        self.aws.clear_calls()
        self.operation(name, document)
        return [(call["service"], call["action"]) for call in self.aws.calls()]

    def bare_python(self) -> Run:
        return run([self.installation.python, "-c", "pass"], self.plain)

    def _made(self, name: str) -> Path:
        (self.folder / name).mkdir()
        return self.folder / name
