"""An installation to measure: the wheel in a virtual environment of its own, as a management host has it.

The project's own .venv is no yardstick: its editable installation adds an import hook to the start of every
Python process in it. Dependencies are taken from the .venv by path, so nothing is downloaded.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# what pip writes for a console script
SCRIPT = """#!{python}
import sys
from ohf_cli.machine import main
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Installation:
    python: str
    hostfactory: str


def install(folder: Path) -> Installation:
    """Build the wheel from a copy of the tree and install it below `folder`."""
    home = folder / "venv"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)}))
    zipfile.ZipFile(_wheel(folder)).extractall(site)
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    script = home / "bin" / "ohf-hostfactory"
    script.write_text(SCRIPT.format(python=python))
    script.chmod(0o755)
    subprocess.run([python, "-m", "compileall", "-q", site], check=True)
    return Installation(str(python), str(script))


def _wheel(folder: Path) -> Path:
    tree = folder / "tree"
    for name in ("ohf_iac", "cli", "schemas", "templates", "examples"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    program = "from setuptools import build_meta as b; import sys; print(b.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", program, folder], cwd=tree, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return folder / built.stdout.splitlines()[-1]
