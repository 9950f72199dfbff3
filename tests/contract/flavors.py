"""Where a provider lives and which variables say so, for each scheduler that calls it."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.contract.row import Flavor
from tests.e2e.provider import EXAMPLE, NAME, SCRIPTS, Provider
from tests.local_aws import LocalAws

CONFIGURATION = Path(__file__).parent / "provider"
#: below the stage's folder: where the configuration lies, and where the provider keeps its memory
PLACES: Mapping[Flavor, tuple[str, str]] = {
    "symphony": ("conf", "work"),
    "old-symphony": (f"hf/conf/providers/{NAME}", f"hf/work/providers/{NAME}"),
    "lsf": ("lsf/conf/resource_connector/grid/conf", "lsf/work"),
    "registered-symphony": ("hf/conf/providers/ohf", "hf/work/providers/ohf"),
    "registered-lsf": ("lsf/conf/resource_connector/ohf/conf", "lsf/work"),
}


@dataclass(slots=True)
class Installed(Provider):
    """A provider where its scheduler keeps it, with the variables that its scheduler sets and next to no other."""

    flavor: Flavor = "symphony"
    scripts: Path = SCRIPTS

    @property
    def work(self) -> Path:
        return self.folder / PLACES[self.flavor][1]

    @property
    def environ(self) -> dict[str, str]:
        ways = {
            key: value for key, value in self.aws.environ().items() if key.startswith(("AWS_", "NO_PROXY", "OHF_"))
        }
        path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        return {**_variables(self.flavor, self.folder), **ways, **path, **self.extra}


def install(folder: Path, aws: LocalAws, flavor: Flavor, files: Mapping[str, str] | None) -> Installed:
    """A provider with the suite's configuration, or with these files alone, by path below the folder."""
    if files is None:
        shutil.copytree(CONFIGURATION, folder / PLACES[flavor][0])
    for path, content in (files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return Installed(folder, aws, flavor=flavor, scripts=_scripts(flavor, folder))


def _variables(flavor: Flavor, folder: Path) -> dict[str, str]:
    hf, lsf = folder / "hf", folder / "lsf"
    if flavor == "symphony":
        return _symphony(NAME, folder / "conf", folder / "work", folder / "log")
    if flavor == "old-symphony":
        above = {"HF_CONFDIR": hf / "conf", "HF_WORKDIR": hf / "work", "HF_LOGDIR": hf / "log"}
        return {"HF_PROVIDER_NAME": NAME, **{key: str(value) for key, value in above.items()}}
    if flavor == "lsf":
        return _lsf(NAME, lsf / "conf" / "resource_connector" / "grid", lsf)
    if flavor == "registered-symphony":
        (entry,) = json.loads((EXAMPLE / "hostProviders.json").read_text())["providers"]
        places = (_expanded(entry[key], hf) for key in ("confPath", "workPath", "logPath"))
        return _symphony(entry["name"], *places)
    (entry,) = json.loads((EXAMPLE / "lsf" / "hostProviders.json").read_text())["providers"]
    return _lsf(entry["name"], lsf / "conf" / entry["confPath"], lsf)


def _symphony(name: str, conf: Path, work: Path, log: Path) -> dict[str, str]:
    return {
        "HF_PROVIDER_NAME": name,
        "HF_PROVIDER_CONFDIR": f"{conf}/",
        "HF_PROVIDER_WORKDIR": f"{work}/",
        "HF_PROVIDER_LOGDIR": f"{log}/",
    }


def _lsf(name: str, conf: Path, top: Path) -> dict[str, str]:
    return {
        "PROVIDER_NAME": name,
        "PRO_CONF_DIR": str(conf),
        "PRO_DATA_DIR": str(top / "work"),
        "PRO_LSF_LOGDIR": str(top / "log"),
        "PRO_LSF_TOP": str(top),
        "LSF_ENVDIR": str(top / "conf"),
        "SCRIPT_OPTIONS": "-DclusterName=lsf1 -Dhttps.proxyHost=proxy",
    }


def _expanded(path: str, hf: Path) -> Path:
    """A path of a registration file; Host Factory puts its own folders in place of the variables."""
    for variable, value in {
        "HF_CONFDIR": hf / "conf",
        "HF_WORKDIR": hf / "work",
        "HF_LOGDIR": hf / "log",
        "HF_VERSION": "1.2",
        "HF_TOP": hf,
    }.items():
        path = path.replace(f"${{{variable}}}", str(value))
    return Path(path)


def _scripts(flavor: Flavor, folder: Path) -> Path:
    """The folder of the scripts: the project's, or a copy where the registration files say."""
    if flavor == "registered-symphony":
        (entry,) = json.loads((EXAMPLE / "hostProviderPlugins.json").read_text())["providerplugins"]
        target = _expanded(entry["scriptPath"], folder / "hf")
    elif flavor == "registered-lsf":
        (entry,) = json.loads((EXAMPLE / "lsf" / "hostProviders.json").read_text())["providers"]
        target = folder / "lsf" / "10.1" / entry["scriptPath"] / "scripts"
    else:
        return SCRIPTS
    shutil.copytree(SCRIPTS, target)
    return target
