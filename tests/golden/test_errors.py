"""One provoked case of every class of error: what a program reads, what a person reads, what Host Factory reads.

`pytest tests/golden --update-golden` writes `errors/<class>.json` anew. Classes that nothing in the product raises
by themselves (their children are) are raised by a command of the test's own, and say "raised by hand".
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import ohf_cli
import ohf_iac
from ohf_cli import machine as face
from ohf_cli.edge import run
from ohf_cli.human import called
from ohf_cli.validation import schema_findings
from ohf_iac import errors
from ohf_iac.errors import OhfError
from ohf_iac.rehearsal import LocalAws
from tests.e2e.bad_servers import refusing
from tests.e2e.processes import legal
from tests.fuzz.counting_aws import counting_aws
from tests.fuzz.judge import ENTRY, Site, environment

GOLDEN = Path(__file__).parent / "errors"


def every_class(parent: type[OhfError] = OhfError) -> Iterator[type[OhfError]]:
    yield parent
    for child in parent.__subclasses__():
        if child.__module__.startswith(("ohf_iac.", "ohf_cli.")):
            yield from every_class(child)


for package in (ohf_iac, ohf_cli):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__") and ".local" not in module.name:
            importlib.import_module(module.name)
CLASSES = tuple(dict.fromkeys(every_class()))


@dataclass(frozen=True, slots=True)
class Case:
    """How an error is provoked: by `ohf` with these words, by an operation with this input, after this trouble."""

    words: tuple[str, ...] = ()
    operation: str = ""
    document: str = ""
    trouble: Callable[[Site], None] = lambda _site: None


def ask(template: str, count: int) -> str:
    return json.dumps({"template": {"templateId": template, "machineCount": count}})


def script_without_sense(site: Site) -> None:
    (site.conf / "script.sh.j2").write_text("{{ nothing }}")
    entries = [{**ENTRY, "userDataScript": "script.sh.j2"}]
    (site.conf / "awsprov_templates.json").write_text(json.dumps(entries))


def no_work_folder(site: Site) -> None:
    (site.folder / "work").rmdir()
    (site.folder / "work").touch()


def broken_settings(site: Site) -> None:
    (site.conf / "ohf.json").write_text('{"limits": {"deadline": 1000}}')


def approvals_demanded(site: Site) -> None:
    (site.conf / "ohf.json").write_text('{"approvals": {"mode": "enforce"}}')


def local_aws_away(_arguments: Sequence[str]) -> int:
    """What a rehearsal does when its local AWS has gone."""
    with refusing() as url:
        LocalAws(url, Path()).now()
    return 0


CASES: dict[str, Case] = {
    "ValidationError": Case(("render", "t"), "requestMachines", '{"template": {}}', script_without_sense),
    "BusinessRuleError": Case(("request", "t", "2000"), "requestMachines", ask("t", 2000)),
    "ApprovalError": Case(("request", "t", "1"), "requestMachines", ask("t", 1), approvals_demanded),
    "ResourceNotFoundError": Case(("request", "other", "1"), "requestMachines", ask("other", 1)),
    "StorageError": Case(("request", "t", "1"), "requestMachines", ask("t", 1), no_work_folder),
    "ConfigurationError": Case(("config",), "getAvailableTemplates", "", broken_settings),
    "QueryError": Case(("diff", "t", "--against", "git:HEAD")),
    "ProviderError": Case(("request", "t", "1"), "requestMachines", ask("t", 1)),
    "OhfError": Case(("request",)),
}
COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"CommandError": local_aws_away}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A provider with one template, and an AWS that denies everything."""
    with counting_aws() as aws:
        found = Site(tmp_path, aws)
        for folder in ("conf", "work", "log"):
            (tmp_path / folder).mkdir()
        (found.conf / "awsprov_templates.json").write_text(json.dumps([ENTRY]))
        yield found


def raising(one: type[OhfError]) -> Callable[[Sequence[str]], int]:
    def command(_arguments: Sequence[str]) -> int:
        raise one("tell a case: it is raised by hand", hint="read the golden file")

    return command


def by_ohf(site: Site, one: type[OhfError]) -> dict[str, Any]:
    """What `ohf --output json` exits with and prints."""
    case = CASES.get(one.__name__)
    command = called if case else COMMANDS.get(one.__name__, raising(one))
    out, err = StringIO(), StringIO()
    with environment(site.environ), redirect_stdout(out), redirect_stderr(err):
        code = run(command, [*(case.words if case else ()), "--output", "json"])
    document = json.loads(out.getvalue()) if out.getvalue() else None
    assert document is None or schema_findings("error", document) == ()
    return {"exit": code, "stdout": document, "stderr": err.getvalue().splitlines()}


def by_host_factory(site: Site, one: type[OhfError]) -> dict[str, Any] | None:
    """What the script exits with and prints; None where no operation raises such an error."""
    case = CASES.get(one.__name__)
    if case is None or not case.operation:
        return None
    with environment(site.environ):
        code, text, _ = face.answer([case.operation, "--data", case.document], os.environ)
    answer = json.loads(text)
    assert legal(case.operation, code, answer)
    return {"exit": code, "stdout": answer}


def normal(site: Site, told: object) -> str:
    """What was told, without what differs from run to run."""
    text = json.dumps(told, indent=2) + "\n"
    for real, stands in ((str(site.folder), "<folder>"), (site.aws.url, "<aws>")):
        text = text.replace(real, stands)
    return re.sub(r"req-[0-9a-f]{8}-[0-9a-f]{16}", "<request>", text)


@pytest.mark.parametrize("one", CLASSES, ids=lambda one: one.__name__)
def test_an_error_is_told_to_the_letter(site: Site, one: type[OhfError], update_golden: bool) -> None:
    case = CASES.get(one.__name__, Case())
    case.trouble(site)
    told = normal(site, {"ohf": by_ohf(site, one), "ohf-hostfactory": by_host_factory(site, one)})
    file = GOLDEN / f"{one.__name__}.json"
    if update_golden:
        file.parent.mkdir(exist_ok=True)
        file.write_text(told)
    assert file.is_file(), "a new class of error: write its case, then its golden with --update-golden"
    assert told == file.read_text()


def test_every_golden_is_of_a_class_that_there_is() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == {one.__name__ for one in CLASSES}


def test_every_class_that_the_product_raises_is_provoked_in_it() -> None:
    """The hierarchy's leaves."""
    leaves = {one.__name__ for one in CLASSES if one.__module__ == errors.__name__ and not one.__subclasses__()}
    assert leaves - {*CASES, *COMMANDS} == set()
