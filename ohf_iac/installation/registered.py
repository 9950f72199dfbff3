"""An installed provider as its scheduler sees it: what is registered, and the environment of its scripts; pure.

Registration files are looked for in the provider directory itself, beside it, and where HF_CONFDIR or LSF_ENVDIR
points; without an entry, scripts are those in the directory.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ohf_iac.errors import ConfigurationError
from ohf_iac.installation.json_text import parsed_text
from ohf_iac.installation.places import expanded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.installation.places import Scheduler
    from ohf_iac.installation.planning import Present

    Look = Callable[[str], Present | None]


@dataclass(frozen=True, slots=True)
class Installed:
    """A provider; `conf` is the folder that its scheduler names to it, `work` and `log` are "" where not known.

    `entry_file` is the registration file that has it, "" where none does.
    """

    scheduler: Scheduler
    name: str
    conf: str
    scripts: str
    work: str = ""
    log: str = ""
    options: str = ""
    entry_file: str = ""

    def environ(self, work: str, log: str) -> dict[str, str]:
        """The variables that the scheduler sets for its scripts (hostfactory-contract.md §1.3)."""
        if self.scheduler == "lsf":
            return {
                "PROVIDER_NAME": self.name,
                "PRO_CONF_DIR": self.conf,
                "PRO_DATA_DIR": work,
                "PRO_LSF_LOGDIR": log,
                "SCRIPT_OPTIONS": self.options,
            }
        return {
            "HF_PROVIDER_NAME": self.name,
            "HF_PROVIDER_CONFDIR": self.conf,
            "HF_PROVIDER_WORKDIR": work,
            "HF_PROVIDER_LOGDIR": log,
        }


@dataclass(frozen=True, slots=True)
class _Registered:
    """An entry of hostProviders.json, and where it stands."""

    file: str
    entry: Mapping[str, Any]
    variables: Mapping[str, str]

    def folder(self, key: str) -> str:
        """A folder that the entry names; LSF's relative ones are below its `conf`; "" where it names none."""
        said = self.entry.get(key)
        if not isinstance(said, str) or not said:
            return ""
        return os.path.normpath(os.path.join(_above(self.file, 2), expanded(said, self.variables)))


def installed(home: str, look: Look, environ: Mapping[str, str], name: str = "", scripts: str = "") -> Installed:
    """The provider in that directory. `scripts` go before those that are registered; `name` chooses among entries.

    ConfigurationError when no scripts can be found, ValidationError when a registration file cannot be read.
    """
    meant = [one for one in _entries(home, look, environ) if _is_meant(one, home)]
    found = next((one for one in meant if one.entry["name"] == name), next(iter(meant), None))
    lsf = "type" in found.entry if found else look(f"{home}/conf/ohf.json") is not None
    named = str(found.entry["name"]) if found else name or os.path.basename(home)
    if not found:
        return Installed("lsf" if lsf else "symphony", named, home, _there(look, scripts, f"{home}/scripts"))
    options = found.entry.get("scriptOption")
    return Installed(
        "lsf" if lsf else "symphony",
        named,
        home,
        _there(look, scripts, *_script_folders(found, look), f"{home}/scripts"),
        found.folder("workPath"),
        found.folder("logPath"),
        options if isinstance(options, str) else "",
        found.file,
    )


def _entries(home: str, look: Look, environ: Mapping[str, str]) -> Iterator[_Registered]:
    files = [f"{home}/hostProviders.json", f"{os.path.dirname(home)}/hostProviders.json"]
    files += [f"{environ['HF_CONFDIR']}/providers/hostProviders.json"] if environ.get("HF_CONFDIR") else []
    files += [f"{environ['HF_TOP']}/conf/providers/hostProviders.json"] if environ.get("HF_TOP") else []
    files += [f"{environ['LSF_ENVDIR']}/resource_connector/hostProviders.json"] if environ.get("LSF_ENVDIR") else []
    for file in dict.fromkeys(files):
        present = look(file)
        if present is None:
            continue
        entries = parsed_text(present.content.decode("utf-8", "replace"), file).get("providers")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                yield _Registered(file, entry, _variables(file, environ))


def _is_meant(one: _Registered, home: str) -> bool:
    said = one.folder("confPath")
    return said == home if said else one.entry["name"] == os.path.basename(home)


def _script_folders(found: _Registered, look: Look) -> Iterator[str]:
    """Where the registration says that the scripts are: in the plug-in's entry, or in the provider's own."""
    plugin = found.entry.get("plugin")
    if plugin is None:
        folder = found.folder("scriptPath")
        yield f"{folder}/scripts"  # LSF
        yield folder
        return
    beside = os.path.dirname(found.file)
    for file in (
        f"{beside}/hostProviderPlugins.json",
        f"{_above(beside, 1)}/providerplugins/hostProviderPlugins.json",
    ):
        present = look(file)
        if present is None:
            continue
        for entry in parsed_text(present.content.decode("utf-8", "replace"), file).get("providerplugins") or ():
            if isinstance(entry, dict) and entry.get("name") == plugin:
                yield _Registered(file, entry, found.variables).folder("scriptPath")


def _there(look: Look, *folders: str) -> str:
    """The first folder that holds the scripts; one that was asked for goes before all."""
    wanted = [one for one in folders if one]
    for folder in wanted:
        if look(f"{folder}/requestMachines.sh") is not None:
            return os.path.normpath(folder)
    raise ConfigurationError(
        f"find the scripts: there is no requestMachines.sh in {', '.join(dict.fromkeys(wanted))}",
        hint="ohf init writes them; --scripts DIR says where they are",
    )


def _variables(file: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Host Factory's variables: from the environment, else from where the file lies (`<top>/conf/providers`)."""
    conf = _above(file, 2)
    top = environ.get("HF_TOP") or os.path.dirname(conf)
    usual = {"HF_TOP": top, "HF_CONFDIR": conf, "HF_WORKDIR": f"{top}/work", "HF_LOGDIR": f"{top}/log"}
    said = {name: environ[name] for name in (*usual, "HF_VERSION") if environ.get(name)}
    return {**usual, **said}


def _above(path: str, levels: int) -> str:
    for _ in range(levels):
        path = os.path.dirname(path)
    return path
