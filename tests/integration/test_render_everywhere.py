"""The same configuration gives the same bytes: on any machine, for any user, under any supported Python.

The configuration is a catalogue of all golden cases, with texts outside of ASCII in the settings.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import troposphere

from ohf_iac.render.index import INDEX
from tests.golden.cases import CASES, HERE

ROOT = Path(__file__).parents[2]
LIBRARIES = Path(troposphere.__file__).parents[1]
#: what the library does without `ohf`, for interpreters and environments that have only what rendering needs
PROGRAM = """
import os, sys
from pathlib import Path
from ohf_iac.config import load
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.render import render
settings = load(os.environ)
files = catalogue_files(settings)
for one in load_catalogue(settings).templates:
    body = render(one, settings.template.defaults, files).body
    Path(sys.argv[1], one.template_id).write_bytes(body.encode("ascii"))
"""
SURROUNDINGS: dict[str, dict[str, str]] = {
    "C locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    "Turkish locale": {"LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"},
    "other side of the date line": {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
    "optimized": {"PYTHONOPTIMIZE": "1", "PYTHONHASHSEED": "4711", "TZ": "America/St_Johns"},
    "a provider of another name": {"HF_PROVIDER_NAME": "other", "OHF_PROVIDER_REGION": "eu-west-1"},
}


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration folder of golden cases; scripts of the same name are given other ones."""
    folder = tmp_path_factory.mktemp("everywhere") / "conf"
    folder.mkdir()
    templates = []
    for case in CASES:
        text = (HERE / case / "template.json").read_text()
        if (HERE / case / "files").is_dir():
            shutil.copytree(HERE / case / "files", folder / case)
            for file in (folder / case).iterdir():
                text = re.sub(rf'"{re.escape(file.name)}"', f'"{case}/{file.name}"', text)
        templates.append({**json.loads(text), "templateId": case})
    (folder / "awsprov_templates.json").write_text(json.dumps({"templates": templates}))
    settings = {"tags": {"site": "Zürich ☃", "Iı": "İi"}, "rootDeviceName": "/dev/xvda"}
    (folder / "ohf.json").write_text(json.dumps({"template": settings}), encoding="utf-8")
    return folder


def command(conf: Path, out: Path, environ: Mapping[str, str], **surroundings: object) -> dict[str, bytes]:
    """The files that `ohf render` writes in a process of its own, with nothing in its environment but this."""
    done = subprocess.run(
        [sys.executable, "-m", "ohf_cli", "render", "--all", "-d", str(out), "--conf", str(conf)],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        check=False,
        **surroundings,  # type: ignore[call-overload]  # cwd and umask
    )
    assert b"refused" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def here(conf: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is rendered in the surroundings of the tests."""
    found = command(conf, tmp_path_factory.mktemp("here"), os.environ)
    assert set(found) == {INDEX, *(f"{case}.json" for case in CASES)}
    return found


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_surroundings_do_not_matter(conf: Path, here: dict[str, bytes], tmp_path: Path, name: str) -> None:
    assert command(conf, tmp_path / "out", SURROUNDINGS[name]) == here


def test_neither_user_nor_folder_matter(conf: Path, here: dict[str, bytes], tmp_path: Path) -> None:
    """Another place of the configuration, another current folder, no home, no right to be read by others."""
    moved = tmp_path / "a place of another name ü"
    shutil.copytree(conf, moved)
    for path in [moved, *moved.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    environ = {"HOME": str(tmp_path / "nobody")}
    assert command(Path(moved.name), tmp_path / "out", environ, cwd=tmp_path, umask=0o077) == here


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library as an installation has it."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "ohf_iac", folder / "ohf_iac", ignore=shutil.ignore_patterns("__pycache__", "local"))
    shutil.copytree(ROOT / "templates", folder / "ohf_iac" / "templates")
    return folder


def program(conf: Path, out: Path, python: str, *libraries: Path) -> dict[str, bytes]:
    """The canonical bodies that the library renders under an interpreter, with libraries from a folder."""
    out.mkdir()
    environ = {
        "PYTHONPATH": os.pathsep.join(map(str, libraries)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HF_PROVIDER_NAME": "grid",
        **{f"HF_PROVIDER_{one}DIR": str(conf) for one in ("CONF", "WORK", "LOG")},
    }
    done = subprocess.run([python, "-P", "-c", PROGRAM, str(out)], env=environ, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def bodies(conf: Path, site: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return program(conf, tmp_path_factory.mktemp("bodies") / "out", sys.executable, site, LIBRARIES)


def test_the_library_alone_gives_the_bodies_of_the_command(
    here: dict[str, bytes], bodies: dict[str, bytes]
) -> None:
    assert {f"{name}.json" for name in bodies} == set(here) - {INDEX}
    for name, body in bodies.items():
        assert json.loads(body) == json.loads(here[f"{name}.json"])


def interpreters() -> Iterator[str]:
    """Other Pythons that run this project: on the path, and beside the one that runs."""
    for minor in range(11, 16):
        beside = Path(sys.base_prefix).parent.glob(f"3.{minor}*/bin/python3.{minor}")
        for python in (shutil.which(f"python3.{minor}"), *map(str, beside)):
            same = minor == sys.version_info.minor
            if (
                python
                and not same
                and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
            ):
                yield python
                break


PYTHONS = tuple(interpreters())


@pytest.mark.skipif(not PYTHONS, reason="no other Python from 3.11 on is installed")
@pytest.mark.parametrize("python", PYTHONS, ids=lambda one: Path(one).name)
def test_other_pythons_give_the_same_bodies(
    conf: Path, site: Path, bodies: dict[str, bytes], tmp_path: Path, python: str
) -> None:
    assert program(conf, tmp_path / "out", python, site, LIBRARIES) == bodies


def lowest(name: str) -> str:
    """The lowest version of a library that this project takes."""
    found = re.search(rf'"{name}>=([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert found
    return found[1]


@pytest.mark.sweep
def test_the_oldest_libraries_give_the_same_bodies(
    conf: Path, site: Path, bodies: dict[str, bytes], tmp_path: Path
) -> None:
    names = [f"{name}=={lowest(name)}.*" for name in ("troposphere", "jinja2", "pyyaml")]
    libraries = tmp_path / "libraries"
    asked = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(libraries), *names]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"cannot be installed here: {', '.join(names)}")
    versions = "import jinja2, troposphere; print(troposphere.__version__, jinja2.__version__)"
    told = subprocess.run(
        [sys.executable, "-c", versions],
        env={"PYTHONPATH": str(libraries)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split()[0].startswith(lowest("troposphere"))
    assert told.stdout.split()[1].startswith(lowest("jinja2"))
    assert program(conf, tmp_path / "out", sys.executable, libraries, site) == bodies
