"""The bundle's installer with pretended wheels, and (a sweep) the bundle itself without a network."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: stands for pip: notes how it was called, and puts a program where ohf would be
PIP = """
import json, os, pathlib, sys
here = pathlib.Path(sys.prefix)
(here / "called.json").write_text(json.dumps([sys.argv[1:], os.environ.get("PIP_CONFIG_FILE")]))
(here / "bin" / "ohf").write_text("pretended")
"""


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bundle", ROOT / ".ci" / "bundle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pretended(folder: Path) -> Path:
    """A bundle of wheels that hold nothing."""
    wheels = folder / "wheels"
    wheels.mkdir()
    with zipfile.ZipFile(wheels / "pip-99-py3-none-any.whl", "w") as pip:
        pip.writestr("pip/__main__.py", PIP)
    (wheels / "ohf_iac-1.0-py3-none-any.whl").write_bytes(b"ours")
    bundle: Path = program().packed(wheels, "ohf_iac-1.0", "ohf_iac==1.0", folder / "dist")
    return bundle


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """The folder that a bundle unpacks to, in a place with a blank in its name."""
    with tarfile.open(pretended(tmp_path)) as archive:
        archive.extractall(tmp_path / "carried over", filter="data")
    (folder,) = (tmp_path / "carried over").iterdir()
    return folder


def install(unpacked: Path, *words: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [unpacked / "install.sh", *words],
        env={"PATH": os.defpath, "PYTHON": sys.executable, **environ},
        cwd=unpacked.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_pip_is_run_from_its_wheel_without_an_index(unpacked: Path) -> None:
    done = install(unpacked, "the prefix", PIP_INDEX_URL="http://127.0.0.1:9", PYTHONPATH="/nonexistent")
    assert (done.returncode, done.stderr) == (0, "")
    prefix = unpacked.parent / "the prefix"
    assert f"'{prefix}/bin/ohf' init" in done.stdout
    words, configuration = json.loads((prefix / "called.json").read_text())
    assert words[0] == "install"
    assert words[-1] == "ohf_iac==1.0"
    assert {"--no-index", "--isolated", "--force-reinstall"} <= set(words)
    assert words[words.index("--find-links") + 1] == f"{unpacked}/wheels"
    assert configuration == "/dev/null"


def test_an_installation_is_brought_up_to_date(unpacked: Path) -> None:
    assert install(unpacked, "prefix").returncode == 0
    (unpacked.parent / "prefix" / "called.json").unlink()
    assert install(unpacked, "prefix").returncode == 0
    assert (unpacked.parent / "prefix" / "called.json").is_file()


def test_the_name_tells_python_and_platform_and_equal_wheels_make_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first = pretended(tmp_path / "one")
    assert first.name.startswith(f"ohf_iac-1.0-bundle-cp3{sys.version_info.minor}-")
    second = program().packed(tmp_path / "one" / "wheels", "ohf_iac-1.0", "ohf_iac==1.0", tmp_path / "two")
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [((), 64, "usage"), (("a", "b"), 64, "usage"), (("",), 64, "usage"), (("taken",), 1, "no virtual environment")],
)
def test_a_folder_that_cannot_be_meant(unpacked: Path, words: tuple[str, ...], code: int, told: str) -> None:
    (unpacked.parent / "taken").mkdir()
    (unpacked.parent / "taken" / "theirs").write_text("")
    done = install(unpacked, *words)
    assert (done.returncode, told in done.stderr) == (code, True)
    assert sorted(one.name for one in (unpacked.parent / "taken").iterdir()) == ["theirs"]


def test_another_python_is_refused(unpacked: Path) -> None:
    other = unpacked.parent / "python3"
    other.write_text("#!/bin/sh\necho 3.99 linux-z80\n")
    other.chmod(0o755)
    done = install(unpacked, "prefix", PYTHON=str(other))
    assert done.returncode == 1
    assert f"Python 3.{sys.version_info.minor}" in done.stderr
    assert not (unpacked.parent / "prefix").exists()


def test_a_damaged_wheel_is_refused(unpacked: Path) -> None:
    (unpacked / "wheels" / "ohf_iac-1.0-py3-none-any.whl").write_bytes(b"theirs")
    done = install(unpacked, "prefix")
    assert done.returncode == 1
    assert "ohf_iac-1.0-py3-none-any.whl is damaged" in done.stderr
    assert not (unpacked.parent / "prefix").exists()


@pytest.mark.sweep
def test_the_bundle_installs_and_works_without_a_network(tmp_path: Path) -> None:
    """Built as `make bundle` builds it, which takes pip's index; installed and used where there is no network."""
    subprocess.run([sys.executable, ROOT / ".ci" / "bundle.py", tmp_path / "dist"], capture_output=True, check=True)
    (bundle,) = (tmp_path / "dist").iterdir()
    with tarfile.open(bundle) as archive:
        archive.extractall(tmp_path / "carried over", filter="data")
    (unpacked,) = (tmp_path / "carried over").iterdir()
    alone = ["unshare", "-n"] if shutil.which("unshare") and os.geteuid() == 0 else []
    environ = {"PATH": os.defpath, "PYTHON": sys.executable}

    def run(*words: str | Path, **more: str) -> str:
        command, env = [*alone, *words], {**environ, **more}
        return subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, check=True).stdout

    prefix, home = tmp_path / "opt ohf", tmp_path / "provider"
    run(unpacked / "install.sh", prefix)
    assert run(prefix / "bin" / "ohf", "--version").startswith("ohf, version")
    run(prefix / "bin" / "ohf", "init", "-d", home)
    folders = {"CONF": home, "WORK": home / "work", "LOG": home / "log"}
    variables = {f"HF_PROVIDER_{name}DIR": str(folder) for name, folder in folders.items()}
    source = tmp_path / "hf_in_Ab3xYz"
    source.write_text("{}")
    answer = run(home / "scripts" / "getAvailableTemplates.sh", "-f", source, HF_PROVIDER_NAME="ohf", **variables)
    assert len(json.loads(answer)["templates"]) == 3
