"""The wheel and the sdist hold what the tree holds, and nothing else. Built offline, from a copy of the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: where each folder of the tree ends up in an installation
PLACES = {
    "ohf_iac": "ohf_iac",
    "cli/ohf_cli": "ohf_cli",
    "cli/hostfactory": "ohf_cli/hostfactory",
    "examples/provider/scripts": "ohf_iac/examples",
    "examples/catalogues/files": "ohf_iac/examples/lsf",
    "schemas": "ohf_iac/schemas",
    "templates": "ohf_iac/templates",
}
NOT_SOURCE = shutil.ignore_patterns("interpreter", "__pycache__", "*.pyc", "*.egg-info", ".*_cache", ".hypothesis")


def build(kind: str, tree: Path, into: Path) -> Path:
    """Builds a `wheel` or an `sdist` of `tree` with the setuptools that is installed, as pip would."""
    into.mkdir(exist_ok=True)
    program = f"from setuptools import build_meta as b; import sys; print(b.build_{kind}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", program, into], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return into / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for folder in ("ohf_iac", "cli", "schemas", "templates", "tests/unit", "examples"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=NOT_SOURCE)
    for file in ("pyproject.toml", "README.md", "LICENSE", "Makefile", "MANIFEST.in"):
        shutil.copy(ROOT / file, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tree, tmp_path_factory.mktemp("wheel"))


def installed_names(wheel: Path) -> set[str]:
    """The files that an installation of the wheel makes, without the wheel's own records."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def expected_names(tree: Path) -> set[str]:
    """The files of the tree that belong into an installation, by their names there."""
    return {
        f"{place}/{path.relative_to(tree / folder).as_posix()}"
        for folder, place in PLACES.items()
        for path in (tree / folder).rglob("*")
        if path.is_file() and path.suffix in (".py", ".typed", ".json", ".j2", ".txt", ".sh", ".bat", ".ps1")
    }


def test_the_wheel_holds_what_the_tree_holds(tree: Path, wheel: Path) -> None:
    expected = expected_names(tree)
    assert sorted(expected - installed_names(wheel)) == [], "missing: is its package listed in pyproject.toml?"
    assert sorted(installed_names(wheel) - expected) == []
    assert {"ohf_iac/py.typed", "ohf_iac/schemas/__init__.py", "ohf_iac/templates/__init__.py"} <= expected


def test_only_our_two_names_become_importable(wheel: Path) -> None:
    assert {name.split("/")[0] for name in installed_names(wheel)} == {"ohf_iac", "ohf_cli"}


def test_the_licence_and_the_commands_are_in_the_records(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    records = {name.split(".dist-info/")[1]: name for name in archive.namelist() if ".dist-info/" in name}
    commands = archive.read(records["entry_points.txt"]).decode()
    assert "ohf = ohf_cli.human:main" in commands
    assert "ohf-hostfactory = ohf_cli.machine:main" in commands
    assert archive.read(records["licenses/LICENSE"]) == (ROOT / "LICENSE").read_bytes()


def test_data_is_read_from_an_installation_through_importlib(tree: Path, wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    program = (
        "from importlib.resources import files; import ohf_iac, ohf_cli; print(ohf_iac.__file__, ohf_cli.__file__);"
        "print(sorted(p.name for p in files('ohf_iac.schemas').iterdir() if p.name.endswith('.json')));"
        "print(sorted(p.name for p in files('ohf_iac.templates').iterdir() if p.name.endswith('.j2')))"
    )
    # -S keeps the editable installation of this very project out of the way
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    where, schemas, templates = done.stdout.splitlines()
    assert where == f"{tmp_path}/site/ohf_iac/__init__.py {tmp_path}/site/ohf_cli/__init__.py"
    assert schemas == str(sorted(path.name for path in (tree / "schemas").glob("*.json")))
    assert templates == str(sorted(path.name for path in (tree / "templates").glob("*.j2")))


def test_the_sdist_builds_the_same_wheel_and_brings_the_scripts(tree: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tree, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert installed_names(build("wheel", unpacked, tmp_path / "again")) == installed_names(wheel)
    scripts = sorted((unpacked / "cli" / "hostfactory").glob("*.sh"))
    assert len(scripts) == 6
    assert all(os.access(script, os.X_OK) for script in scripts)
    assert (unpacked / "tests" / "unit" / "test_architecture.py").is_file()


def test_a_package_that_nobody_lists_is_noticed(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tree, other, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    (other / "ohf_iac" / "unlisted").mkdir()
    (other / "ohf_iac" / "unlisted" / "__init__.py").touch()
    built = build("wheel", other, tmp_path / "wheel")
    assert expected_names(other) - installed_names(built) == {"ohf_iac/unlisted/__init__.py"}
