"""Who may import whom: layers, and the one door to each foreign library. There is no list of exceptions.

A module of a package counts as the package. Imports inside functions and under TYPE_CHECKING count as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"ohf_iac": "ohf_iac", "ohf_cli": "cli/ohf_cli"}

LAYERS = {
    **dict.fromkeys(
        ["ohf_iac", "errors", "bounded_json", "file_lock", "file_replace", "own_file", "secret_forms"], 0
    ),
    **dict.fromkeys(
        ["template", "machine", "cfn", "chained_file", "change_set", "drift", "quotas", "secret_findings"], 1
    ),
    **dict.fromkeys(["request", "observation", "exposure"], 2),
    **dict.fromkeys(["events", "stack", "status", "approval"], 3),
    **dict.fromkeys(["plan", "orphans", "render", "hostfactory"], 4),
    **dict.fromkeys(["config", "clock", "log", "ssh_signature"], 5),
    **dict.fromkeys(["aws", "installation", "io_log", "permissions"], 6),
    "store": 7,
    "app": 8,
    **dict.fromkeys(["commands", "queries", "hosts", "rehearsal", "replay"], 9),
    "operations": 10,
    **dict.fromkeys(["review", "watch"], 11),
    "ohf_cli": 12,
}
#: The local AWS stands beside the layers: it imports nothing of ours, and nothing of ours imports it.
APART = "local"
#: Foreign libraries and the parts that alone may import them. The local AWS speaks botocore's service models.
DOORS = {
    "troposphere": ("render",),
    "boto3": ("aws",),
    "botocore": ("aws", APART),
    "click": ("ohf_cli",),
    "rich": ("ohf_cli",),
    "moto": (APART,),
    "cfnlint": ("review",),
}


def part(name: str, root: Path) -> str:
    """The row of the layer table that a dotted name belongs to, "" for foreign ones: `ohf_iac.aws.ec2` → `aws`."""
    top, *rest = name.split(".")
    if top != "ohf_iac" or not rest:
        return top if top in PACKAGES else ""
    folder = root / PACKAGES[top]
    is_module = (folder / rest[0]).is_dir() or (folder / f"{rest[0]}.py").is_file()
    return rest[0] if is_module else top


def imported(tree: ast.Module, module: str) -> Iterator[str]:
    """Every dotted name that a module imports; `from a import b` is `a.b`, relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(argument.value) for argument in node.args if isinstance(argument, ast.Constant))


def complaints(root: Path) -> Iterator[str]:
    for package, folder in PACKAGES.items():
        for path in sorted((root / folder).rglob("*.py")):
            module = ".".join([package, *path.relative_to(root / folder).with_suffix("").parts])
            ours = part(module.removesuffix(".__init__"), root)
            if ours not in LAYERS and ours != APART:
                yield f"{module} is in no layer"
                continue
            for name in imported(ast.parse(path.read_text()), module):
                theirs = part(name, root)
                doors = DOORS.get(name.split(".")[0], (ours,))
                if ours not in doors:
                    yield f"{module} imports {name}: only {' and '.join(doors)} may"
                elif theirs and theirs != ours and (APART in (ours, theirs) or LAYERS[theirs] >= LAYERS[ours]):
                    yield f"{module} imports {name}: not below it"


def test_every_module_imports_only_what_is_below_it() -> None:
    assert list(complaints(ROOT)) == []


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("ohf_iac/plan.py", "from ohf_iac import store", "ohf_iac.plan imports ohf_iac.store: not below it"),
        (
            "ohf_iac/plan.py",
            "from ohf_iac.store.json_file import x",
            "ohf_iac.plan imports ohf_iac.store.json_file",
        ),
        ("ohf_iac/plan.py", "from . import store", "ohf_iac.plan imports ohf_iac.store"),
        ("ohf_iac/plan.py", "from .store import x", "ohf_iac.plan imports ohf_iac.store.x"),
        ("ohf_iac/plan.py", "def f():\n    import ohf_iac.store", "ohf_iac.plan imports ohf_iac.store"),
        ("ohf_iac/plan.py", "import_module('ohf_iac.store')", "ohf_iac.plan imports ohf_iac.store"),
        ("ohf_iac/status.py", "import ohf_iac.stack", "ohf_iac.status imports ohf_iac.stack: not below it"),
        ("ohf_iac/plan.py", "import ohf_cli.machine", "ohf_iac.plan imports ohf_cli.machine: not below it"),
        ("ohf_iac/plan.py", "import ohf_iac.local", "ohf_iac.plan imports ohf_iac.local: not below it"),
        ("ohf_iac/plan.py", "import boto3", "ohf_iac.plan imports boto3: only aws may"),
        ("ohf_iac/plan.py", "import botocore.session", "ohf_iac.plan imports botocore.session: only aws and local"),
        ("ohf_iac/store/__init__.py", "from ..app import x", "ohf_iac.store.__init__ imports ohf_iac.app.x"),
        ("ohf_iac/local/world.py", "from ohf_iac.errors import x", "ohf_iac.local.world imports ohf_iac.errors.x"),
        ("cli/ohf_cli/machine.py", "from ohf_iac import local", "ohf_cli.machine imports ohf_iac.local"),
        ("cli/ohf_cli/machine.py", "import moto.server", "ohf_cli.machine imports moto.server: only local may"),
        ("ohf_iac/novelty.py", "", "ohf_iac.novelty is in no layer"),
        ("ohf_iac/novelties/__init__.py", "", "ohf_iac.novelties.__init__ is in no layer"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, path: str, text: str, complaint: str) -> None:
    for name in ("stack.py", "store/json_file.py", "app.py", "local/world.py", "errors.py"):
        (tmp_path / "ohf_iac" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ohf_iac" / name).touch()
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    found = list(complaints(tmp_path))
    assert len(found) == 1
    assert found[0].startswith(complaint)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ohf_iac/plan.py", "from ohf_iac import VERSION, errors\nimport json, ohf_iac.errors"),
        ("ohf_iac/store/json_file.py", "from . import sqlite\nfrom .sqlite import x\nfrom ohf_iac.plan import y"),
        ("ohf_iac/aws/ec2.py", "import botocore.session"),
        ("ohf_iac/local/world.py", "from ohf_iac.local.clock import x\nfrom . import clock\nimport moto"),
        ("cli/ohf_cli/human.py", "import click, ohf_iac.operations\nfrom . import table"),
    ],
)
def test_a_right_import_is_let_through(tmp_path: Path, path: str, text: str) -> None:
    for name in ("errors.py", "plan.py", "store/sqlite.py", "local/clock.py", "operations.py"):
        (tmp_path / "ohf_iac" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "ohf_iac" / name).touch()
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert list(complaints(tmp_path)) == []
