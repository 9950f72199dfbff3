"""`make bundle`: one tarball with our wheel, those of all dependencies, pip's own, and what installs them offline.

It goes to the folder in the first argument, or to dist. The wheels are fetched by pip with the user's own settings.
EXTRAS=local brings the local AWS along.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: what a wheel is built from; a build folder that lies about would end up in it
PARTS = ("ohf_iac", "cli", "schemas", "templates", "examples")
FILES = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")
NOT_SOURCE = shutil.ignore_patterns("interpreter", "__pycache__", "*.pyc", "*.egg-info", ".*_cache")


def main() -> int:
    """Write the tarball, and print its path."""
    into = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("dist")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = f"[{os.environ['EXTRAS']}]" if os.environ.get("EXTRAS") else ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fetched_wheels(folder / "wheels", extras)
        requirement = f"{project['name']}{extras}=={project['version']}"
        bundle = packed(folder / "wheels", f"{project['name']}-{project['version']}", requirement, into)
    size = bundle.stat().st_size / 1e6
    print(f"{bundle}: {size:.1f} MB, for Python {python_version()} on {platform()}")
    return 0


def python_version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def platform() -> str:
    return sysconfig.get_platform()


def fetched_wheels(wheels: Path, extras: str) -> None:
    """Our wheel, built from a copy of the tree with the setuptools that is there; the others as pip finds them."""
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name)
        for part in PARTS:
            shutil.copytree(ROOT / part, tree / part, ignore=NOT_SOURCE)
        for file in FILES:
            shutil.copy(ROOT / file, tree)
        pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(tree))
    (ours,) = wheels.glob("*.whl")
    pip("wheel", "--wheel-dir", str(wheels), f"{ours}{extras}", "pip")


def pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *words, "--quiet", "--disable-pip-version-check"], check=True)


def packed(wheels: Path, name: str, requirement: str, into: Path) -> Path:
    """The tarball of these wheels with their installer; equal wheels make equal bytes."""
    tag = f"cp{python_version().replace('.', '')}-{platform().replace('-', '_').replace('.', '_')}"
    top = f"{name}-bundle-{tag}"
    files = {f"wheels/{one.name}": one.read_bytes() for one in wheels.glob("*.whl")}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))
    script = (ROOT / ".ci" / "install.sh").read_text(encoding="utf-8")
    for word, value in (("VERSION", python_version()), ("PLATFORM", platform()), ("REQUIREMENT", requirement)):
        script = script.replace(f"@{word}@", value)
    files |= {"SHA256SUMS": sums.encode(), "install.sh": script.encode()}
    into.mkdir(exist_ok=True)
    bundle = into / f"{top}.tar.gz"
    with (
        bundle.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, 0) as file,
        tarfile.open(fileobj=file, mode="w") as archive,
    ):
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size = len(content)
            member.mode = 0o755 if path.endswith(".sh") else 0o644
            archive.addfile(member, io.BytesIO(content))
    return bundle


if __name__ == "__main__":
    sys.exit(main())
