"""Where a provider's parts lie, for Symphony and for LSF; pure.

A provider directory holds all that is ours: configuration, catalogue, user data, and the scripts. Symphony's
registration names configuration, work and log folder by Host Factory's variables where they lie in their usual
places, so that they move with it; scripts are named by their path, because the one variable path that IBM documents
for them changes with Host Factory's version. LSF takes full paths for both of its folders.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

Scheduler = Literal["symphony", "lsf"]

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}|\$(\w+)")


@dataclass(frozen=True, slots=True)
class Places:
    """Absolute paths. `work` and `log` are "" where the scheduler makes them; so are files that do not exist there.

    `variables` are the scheduler's own; `entry` and `plugin` are registered, `plugin` where there are plug-ins.
    """

    scheduler: Scheduler
    name: str
    home: str
    conf: str
    scripts: str
    work: str
    log: str
    providers_file: str
    plugins_file: str = ""
    requestors_file: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    usual: bool = False

    @property
    def search(self) -> tuple[str, ...]:
        """Where the scripts will look for configuration files, in order (`ohf_iac.config.folders`)."""
        return (self.conf, self.home) if self.scheduler == "lsf" else (self.conf, f"{self.conf}/conf")

    @property
    def plugin(self) -> dict[str, Any]:
        """The entry of hostProviderPlugins.json."""
        return {"name": self.name, "enabled": 1, "scriptPath": f"{self.scripts}/"}

    def entry(self, version: int) -> dict[str, Any]:
        """The entry of hostProviders.json, in the words of its scheduler and version."""
        if self.scheduler == "lsf":
            return {"name": self.name, "type": "awsProv", "confPath": self.home, "scriptPath": self.home}
        head = {"name": self.name, "enabled": 1}
        if version == 1:
            return {**head, "confPath": f"{self.conf}/", "scriptPath": f"{self.scripts}/"}
        conf, work, log = (f"{place}/" for place in (self.conf, self.work, self.log))
        if self.usual:
            conf = f"${{HF_CONFDIR}}/providers/{self.name}/"
            work = f"${{HF_WORKDIR}}/providers/{self.name}/"
            log = "${HF_LOGDIR}/"
        return {**head, "plugin": self.name, "confPath": conf, "workPath": work, "logPath": log}

    def alike(self, key: str, theirs: object, ours: object) -> bool:
        """Whether two values of an entry mean the same; optional paths that are left out are the usual ones."""
        if theirs is None and self.usual and key in ("confPath", "workPath", "logPath"):
            return True
        if not (isinstance(theirs, str) and isinstance(ours, str) and key.endswith("Path")):
            return theirs == ours
        return self._same_place(key, theirs, ours)

    def expanded(self, path: str) -> str:
        """A path of a registration file without variables and without a slash at its end."""
        return os.path.normpath(expanded(path, self.variables))

    def _same_place(self, key: str, theirs: str, ours: str) -> bool:
        """LSF's relative configuration folder is below its `conf`; its relative scripts are in another place."""
        above = os.path.dirname(os.path.dirname(self.providers_file)) if key == "confPath" else ""
        return os.path.normpath(os.path.join(above, self.expanded(theirs))) == self.expanded(ours)


def expanded(path: str, variables: Mapping[str, str]) -> str:
    """A path with `${NAME}` and `$NAME` replaced; a variable that is not known stays as it is written."""

    def value(found: re.Match[str]) -> str:
        return variables.get(found.group(1) or found.group(2), found.group())

    return _VARIABLE.sub(value, path)


def alone(scheduler: Scheduler, name: str, home: str) -> Places:
    """A provider directory that stands for itself: registration files, work and log folder lie in it."""
    conf = f"{home}/conf" if scheduler == "lsf" else home
    plugins = "" if scheduler == "lsf" else f"{home}/hostProviderPlugins.json"
    return Places(
        scheduler,
        name,
        home,
        conf,
        f"{home}/scripts",
        f"{home}/work",
        f"{home}/log",
        f"{home}/hostProviders.json",
        plugins,
    )


def in_symphony(name: str, home: str, variables: Mapping[str, str]) -> Places:
    """A provider of the Host Factory whose three folders are given by name; `home` "" is the usual place."""
    conf, work, log = (variables[one] for one in ("HF_CONFDIR", "HF_WORKDIR", "HF_LOGDIR"))
    usual = f"{conf}/providers/{name}"
    place = home or usual
    return Places(
        "symphony",
        name,
        place,
        place,
        f"{place}/scripts",
        f"{work}/providers/{name}",
        log,
        f"{conf}/providers/hostProviders.json",
        f"{conf}/providerplugins/hostProviderPlugins.json",
        f"{conf}/requestors/hostRequestors.json",
        variables,
        place == usual,
    )


def in_lsf(name: str, home: str, conf: str) -> Places:
    """A provider of the resource connector below that LSF_ENVDIR; `home` "" is the usual place."""
    registered = f"{conf}/resource_connector"
    place = home or f"{registered}/{name}"
    return Places(
        "lsf", name, place, f"{place}/conf", f"{place}/scripts", "", "", f"{registered}/hostProviders.json"
    )


def symphony_variables(top: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Host Factory's folders: those of `top` when it is given, else what the environment says.

    ConfigurationError when neither says anything. The subfolders are those that Host Factory has by default.
    """
    above = top or environ.get("HF_TOP", "")
    folders = {"HF_CONFDIR": "conf", "HF_WORKDIR": "work", "HF_LOGDIR": "log"}
    found = {"HF_TOP": os.path.abspath(above)} if above else {}
    for variable, below in folders.items():
        said = "" if top else environ.get(variable, "")
        if not (said or above):
            raise ConfigurationError(
                f"find Host Factory: neither {variable} nor HF_TOP is set",
                hint="give --hf-top DIR, source profile.hf, or give -d DIR for a directory that stands for itself",
            )
        found[variable] = os.path.abspath(said or f"{above}/{below}")
    if version := environ.get("HF_VERSION", ""):
        found["HF_VERSION"] = version
    return found


def lsf_folder(top: str, environ: Mapping[str, str]) -> str:
    """LSF's configuration folder: `conf` of `top` when it is given, else LSF_ENVDIR; ConfigurationError without."""
    found = f"{top}/conf" if top else environ.get("LSF_ENVDIR", "")
    if not found:
        raise ConfigurationError(
            "find LSF: LSF_ENVDIR is not set",
            hint="give --lsf-top DIR, source profile.lsf, or give -d DIR for a directory that stands for itself",
        )
    return os.path.abspath(found)
