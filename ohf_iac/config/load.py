"""Settings out of the layers: defaults < awsprov_config.json < ohf.json < environment.

Host Factory's own log level stands below the files, or above them when awsprov_config.json says
`"ACCEPT_PROPAGATED_LOG_SETTING": "true"` (IBM's key for that wish).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ohf_iac.config.documents import parsed_object
from ohf_iac.config.folders import first_found, folders_from, ibm_names, read_file
from ohf_iac.config.keys import (
    IBM_WITHOUT_EFFECT,
    KEYS,
    LEVELS,
    SECTIONS,
    Key,
    UnexpectedValueError,
    checked,
    level,
    loosely,
    snake,
)
from ohf_iac.config.settings import (
    Approvals,
    Events,
    Limits,
    Logging,
    Provider,
    Setting,
    Settings,
    Storage,
    Template,
)
from ohf_iac.config.template_keys import TEMPLATE_KEYS, template_defaults
from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.config.folders import Folders, Read

OWN_FILE = "ohf.json"


class _Layers(NamedTuple):
    """What has been said so far, and the warnings on the way."""

    values: dict[tuple[str, str], Setting]
    warnings: list[str]

    def say(self, key: Key, value: object, origin: str) -> None:
        self.values[key.section, key.name] = Setting(key.section, key.name, value, origin)


def load(environ: Mapping[str, str], read: Read = read_file) -> Settings:
    """The settings; ConfigurationError names file or variable, section, key, value and what is expected."""
    folders = folders_from(environ)
    return _settings(folders, _layered(folders, environ, read))


def origins(environ: Mapping[str, str], read: Read = read_file) -> tuple[Setting, ...]:
    """Every setting with its value and where it came from, in the order of the manual."""
    folders = folders_from(environ)
    layers = _layered(folders, environ, read)
    _settings(folders, layers)
    places = tuple(
        Setting("provider", name, getattr(folders, snake(name)), "environment")
        for name in ("providerName", "confDir", "workDir", "logDir")
    )
    return places + tuple(layers.values[key.section, key.name] for key in (*KEYS, *TEMPLATE_KEYS))


def _layered(folders: Folders, environ: Mapping[str, str], read: Read) -> _Layers:
    layers = _Layers({}, [])
    for key in (*KEYS, *TEMPLATE_KEYS):
        layers.say(key, key.default, "default")
    ibm = first_found(ibm_names(folders.provider_name, "config.json"), folders.search, read)
    document = parsed_object(ibm) if ibm else {}
    trusted = str(document.get("ACCEPT_PROPAGATED_LOG_SETTING", "")).lower() == "true"
    if not trusted:
        _propagated(layers, environ)
    if ibm:
        _ibm_file(layers, document, ibm.path)
    own = first_found((OWN_FILE,), folders.search, read)
    if own:
        _own_file(layers, parsed_object(own), own.path)
    if trusted:
        _propagated(layers, environ)
    _environment(layers, environ)
    return layers


def _settings(folders: Folders, layers: _Layers) -> Settings:
    said: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for (section, name), setting in layers.values.items():
        said[section][snake(name)] = setting.value
    said["provider"]["owner"] = said["provider"]["owner"] or folders.provider_name
    partial = said["template"].pop("partial_status")
    return Settings(
        *folders,
        provider=Provider(**said["provider"]),
        storage=Storage(**said["storage"]),
        logging=Logging(**said["logging"]),
        template=Template(template_defaults(said["template"]), partial),
        events=Events(**said["events"]),
        approvals=Approvals(**said["approvals"]),
        limits=Limits(**said["limits"]),
        warnings=tuple(layers.warnings),
    )


def _propagated(layers: _Layers, environ: Mapping[str, str]) -> None:
    """Host Factory's log level; one that nobody knows is worth a warning, not a failed request."""
    named = environ.get("HF_LOGLEVEL", "")
    if not named:
        return
    if level(named) not in LEVELS:
        layers.warnings.append(f'HF_LOGLEVEL is "{named}": not a level, ignored')
        return
    layers.values["logging", "level"] = Setting("logging", "level", level(named), "environment HF_LOGLEVEL")


def _ibm_file(layers: _Layers, document: dict[str, Any], path: str) -> None:
    known = {key.ibm: key for key in KEYS if key.ibm}
    for name, value in document.items():
        if name in known:
            layers.say(
                known[name], _value(known[name], value, f"{name} in {path}", strict=False), f"{path} ({name})"
            )
        elif name in IBM_WITHOUT_EFFECT:
            layers.warnings.append(f"{name} in {path} has no effect: {IBM_WITHOUT_EFFECT[name]}")
        elif name != "ACCEPT_PROPAGATED_LOG_SETTING":
            layers.warnings.append(f"{name} in {path} is not a known key, ignored")


def _own_file(layers: _Layers, document: dict[str, Any], path: str) -> None:
    known = {(key.section, key.name): key for key in (*KEYS, *TEMPLATE_KEYS)}
    for section, content in document.items():
        if section not in SECTIONS:
            if section != "$schema":
                layers.warnings.append(f"section {section} in {path} is not known, ignored")
            continue
        if not isinstance(content, dict):
            raise _refused(f"section {section} in {path}", content, "an object")
        for name, value in content.items():
            key = known.get((section, name))
            if key is None:
                layers.warnings.append(f"{section}.{name} in {path} is not a known key, ignored")
            else:
                layers.say(key, _value(key, value, f"{section}.{name} in {path}", strict=True), path)


def _environment(layers: _Layers, environ: Mapping[str, str]) -> None:
    known = {key.variable: key for key in (*KEYS, *TEMPLATE_KEYS)}
    for variable, text in environ.items():
        if not variable.startswith("OHF_"):
            continue
        key = known.get(variable)
        if key is None:
            if variable.split("_")[1].lower() in SECTIONS:
                layers.warnings.append(f"{variable} in the environment is not a known setting, ignored")
        elif key.reaches_body:
            raise ConfigurationError(
                f"Cannot take {key.section}.{key.name} from the environment ({variable}): it reaches the stacks",
                hint=f"Set it in {OWN_FILE}, where a pipeline finds it too, and unset {variable}.",
            )
        else:
            layers.say(key, _value(key, text, variable, strict=False, scaled=False), f"environment {variable}")


def _value(key: Key, value: object, where: str, *, strict: bool, scaled: bool = True) -> object:
    try:
        if strict:
            return checked(key, value)
        return loosely(key if scaled else key._replace(scale=1), value)
    except UnexpectedValueError:
        raise _refused(where, value, key.expected, _available(key, value)) from None


def _available(key: Key, value: object) -> str:
    """The hint for a value that the manual names and this version does not have yet."""
    if (key.section, key.name) == ("approvals", "mode") and value in ("warn", "enforce"):
        return 'Approvals are not enforced by this version: set "off", so that nobody believes to be protected.'
    if (key.section, key.name) == ("storage", "kind") and value == "sqlite":
        return 'This version has the store "json" only.'
    return ""


def _refused(where: str, value: object, expected: str, hint: str = "") -> ConfigurationError:
    shown = json.dumps(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return ConfigurationError(
        f"Cannot use {where}: expected {expected}, found {shown}",
        hint=hint or "docs/configuration.md lists every setting.",
    )
