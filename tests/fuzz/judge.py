"""The judge: whatever a file from outside holds, one call of the machine face is to end like this.

No traceback on stdout, on stderr or in the log, exit 0 or 1, one JSON object that the output's schema takes, no
hang, and for an input that makes no sense no call of AWS and nothing written but the log.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from ohf_cli import machine as face
from tests.e2e.processes import OPERATIONS, legal
from tests.fuzz.counting_aws import CountingAws
from tests.fuzz.watchdog import HungError, watchdog

#: operations for which an empty file counts as `{}`
MAY_BE_EMPTY = ("getAvailableTemplates", "getReturnRequests")
#: targets that are files of the configuration folder
FILES = {
    "catalogue": "awsprov_templates.json",
    "yaml": "awsprov_templates.yaml",
    "own": "ohf.json",
    "ibm": "awsprov_config.json",
    "fleet": "fleet.json",
    "script": "script.sh",
    "jinja": "script.sh.j2",
}
TARGETS = (*OPERATIONS, *FILES)
ASK = b'{"template": {"templateId": "t", "machineCount": 1}}'
ENTRY = {
    "templateId": "t",
    "maxNumber": -1,
    "imageId": "ami-0a1b2c3d4e5f60001",
    "vmType": "m5.large",
    "subnetId": "subnet-0a1b2c3d4e5f60001",
}
NAMING = {
    "fleet": {"ec2FleetConfig": "fleet.json"},
    "script": {"userDataScript": "script.sh", "userData": "a=b"},
    "jinja": {"userDataScript": "script.sh.j2", "userData": "a=b"},
}


@dataclass(frozen=True, slots=True)
class Site:
    """An installed provider whose every file may be written over, and its AWS."""

    folder: Path
    aws: CountingAws

    @property
    def conf(self) -> Path:
        return self.folder / "conf"

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HF_PROVIDER_NAME": "grid",
            "HF_PROVIDER_CONFDIR": str(self.conf),
            "HF_PROVIDER_WORKDIR": str(self.folder / "work"),
            "HF_PROVIDER_LOGDIR": str(self.folder / "log"),
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": "AKIA123456789012",
            "AWS_SECRET_ACCESS_KEY": "fake",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "OHF_PROVIDER_RETRY_ATTEMPTS": "0",
            "NO_PROXY": "127.0.0.1",
            "PATH": "/usr/bin:/bin",
        }


def judge(site: Site, target: str, content: bytes) -> None:
    """AssertionError, with the input, when a call does not end as it has to."""
    try:
        with watchdog():
            _judge_file(site, target, content) if target in FILES else _judge_input(site, target, content)
    except HungError as error:
        raise AssertionError(f"{target}: still at work ({error}) on {content[:5000]!r}") from error


def understood(operation: str, content: bytes) -> bool:
    """Whether an input makes sense, by Python's own JSON and the input's schema."""
    if operation in MAY_BE_EMPTY and not content.removeprefix(b"\xef\xbb\xbf").strip():
        return True
    try:
        document = json.loads(content.decode("utf-8-sig"), parse_constant=_refused, parse_float=_finite)
    except (ValueError, RecursionError):
        return False
    return _input_schema(operation).is_valid(document)


def _judge_input(site: Site, operation: str, content: bytes) -> None:
    _write_conf(site, {"catalogue": [ENTRY]})
    code, answer = _called(site, operation, content)
    if not understood(operation, content):
        _check_nothing_happened(site, operation, code, answer)
    if operation == "getAvailableTemplates":
        assert site.aws.asked == [], f"AWS was asked {site.aws.asked}"


def _judge_file(site: Site, target: str, content: bytes) -> None:
    """A file of the configuration: the templates are served without AWS or refused, and are requested if served."""
    entries = [{**ENTRY, **NAMING.get(target, {})}]
    _write_conf(site, {"catalogue": entries, target: content} if target != "yaml" else {target: content})
    code, answer = _called(site, "getAvailableTemplates", b"")
    assert site.aws.asked == [], f"AWS was asked {site.aws.asked}"
    served = [one["templateId"] for one in answer.get("templates", [])]
    if target in ("own", "ibm"):  # they may lead to another AWS, or to none for a minute
        return
    code, answer = _called(site, "requestMachines", ASK)
    if "t" not in served:
        _check_nothing_happened(site, "requestMachines", code, answer)


def _check_nothing_happened(site: Site, operation: str, code: int, answer: Mapping[str, Any]) -> None:
    assert code == 1, f"{operation} took what makes no sense: {answer}"
    assert site.aws.asked == [], f"AWS was asked {site.aws.asked}"


def _called(site: Site, operation: str, content: bytes) -> tuple[int, dict[str, Any]]:
    """One call, judged by itself: exit code and answer."""
    site.aws.asked.clear()
    log = site.folder / "log" / f"grid-provider.log.{os.uname().nodename}"
    log.unlink(missing_ok=True)
    source = site.folder / "hf_in_Ab3xYz"
    source.write_bytes(content)
    before = _written(site)
    said = StringIO()
    with environment(site.environ), redirect_stdout(said), redirect_stderr(said):
        code, text, afterwards = face.answer([operation, "-f", str(source)], os.environ)
        afterwards()
    assert said.getvalue() == ""
    assert text.isascii()
    answer = json.loads(text, parse_constant=_refused)
    assert legal(operation, code, answer)
    message = answer.get("message", "")
    assert not message.startswith("unexpected "), message
    logged = log.read_text() if log.exists() else ""
    assert '"traceback"' not in logged, logged[-5000:]
    if code == 1 and not site.aws.asked:
        assert before == _written(site), "a refused call has written"
    return code, answer


def _written(site: Site) -> dict[str, tuple[int, int]]:
    """Every file but the log, by size and time."""
    found = {}
    for folder in (site.folder, site.conf, site.folder / "work"):
        for entry in os.scandir(folder):
            if entry.is_file():
                facts = entry.stat()
                found[entry.path] = (facts.st_size, facts.st_mtime_ns)
    return found


def _write_conf(site: Site, files: Mapping[str, Any]) -> None:
    """The configuration folder with these files and no others; an empty work folder."""
    for folder in (site.conf, site.folder / "work", site.folder / "log"):
        folder.mkdir(exist_ok=True)
        for file in folder.iterdir():
            file.unlink()
    for target, content in files.items():
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        (site.conf / FILES[target]).write_bytes(text)


@contextmanager
def environment(environ: Mapping[str, str]) -> Iterator[None]:
    """These variables and no others."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environ)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@cache
def _input_schema(operation: str) -> Draft202012Validator:
    text = (resources.files("ohf_iac.schemas") / f"{operation}.input.json").read_text()
    return Draft202012Validator(json.loads(text))


def _refused(constant: str) -> object:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused(text)  # type: ignore[return-value]  # it never returns
