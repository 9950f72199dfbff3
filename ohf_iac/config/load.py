"""Settings out of the layers: defaults < awsprov_config.json < ohf.json < environment.

Host Factory's own log level stands below the files. When awsprov_config.json says
`"ACCEPT_PROPAGATED_LOG_SETTING": "true"`, IBM's key for that wish, its level, size (MB) and number of log files
stand above them.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ohf_iac.config.documents import parsed_object
from ohf_iac.config.folders import first_found, folders_from, ibm_names, read_file
from ohf_iac.config.keys import (
    IBM_WITHOUT_EFFECT,
    KEYS,
    MODES,
    SECTIONS,
    Key,
    UnexpectedValueError,
    checked,
    loosely,
    snake,
)
from ohf_iac.config.references import HOW
from ohf_iac.config.settings import (
    Approvals,
    Events,
    Limits,
    Lint,
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
    from collections.abc import Callable, Mapping

    from ohf_iac.config.folders import Folders, Read

OWN_FILE: Final = "ohf.json"
_ACCEPT: Final = "ACCEPT_PROPAGATED_LOG_SETTING"
#: values of IBM's keys without effect that ask for nothing
_IDLE: Final = ("0", "false")
_PLACES: Final = ("providerName", "confDir", "workDir", "logDir")
_ALL_KEYS: Final = (*KEYS, *TEMPLATE_KEYS)
_BY_PATH: Final = {(key.section, key.name): key for key in _ALL_KEYS}
#: the next step where a value is refused that may hold a secret
_HINTS: Final = {
    "secret": f"Of the secret only its place is configured: {HOW}.",
    "host": "Set provider.proxyUser, and provider.proxyPassword to a reference to the password.",
    "url": "Give the URL without user and password.",
}
#: Host Factory's variables for logs, and the keys that they set
_PROPAGATED: Final = {
    "HF_LOGLEVEL": _BY_PATH["logging", "level"],
    "HF_LOG_MAX_FILE_SIZE": _BY_PATH["logging", "maxSizeMb"],
    "HF_LOG_MAX_ROTATE": _BY_PATH["logging", "rotations"],
}


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
    places = tuple(
        Setting("provider", name, value, f"environment {variable}")
        for name, value, variable in zip(_PLACES, folders, folders.variables, strict=False)
    )
    return places + tuple(layers.values[key.section, key.name] for key in _ALL_KEYS)


def _layered(folders: Folders, environ: Mapping[str, str], read: Read) -> _Layers:
    layers = _Layers({}, [])
    for key in _ALL_KEYS:
        layers.say(key, key.default, "default")
    ibm = first_found(ibm_names(folders.provider_name, "config.json"), folders.search, read)
    document = parsed_object(ibm) if ibm else {}
    _propagated(layers, environ, ("HF_LOGLEVEL",))
    if ibm:
        _ibm_file(layers, document, ibm.path)
    own = first_found((OWN_FILE,), folders.search, read)
    if own:
        _own_file(layers, parsed_object(own), own.path)
    if str(document.get(_ACCEPT, "")).lower() == "true":
        _propagated(layers, environ, tuple(_PROPAGATED))
    _environment(layers, environ)
    owner = _BY_PATH["provider", "owner"]
    if not layers.values["provider", "owner"].value:
        layers.say(owner, folders.provider_name, "provider's name")
    _lsfs_cluster(layers, environ)
    if layers.values["storage", "events"].value and layers.values["storage", "kind"].value != "sqlite":
        layers.warnings.append(
            'storage.events has no effect without storage.kind "sqlite": no table keeps the events'
        )
    return layers


def _settings(folders: Folders, layers: _Layers) -> Settings:
    said: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for (section, name), setting in layers.values.items():
        said[section][snake(name)] = setting.value
    partial, required = (said["template"].pop(name) for name in ("partial_status", "required_tags"))
    return Settings(
        *folders[:5],
        provider=Provider(**said["provider"]),
        storage=Storage(**said["storage"]),
        logging=Logging(**said["logging"]),
        template=Template(template_defaults(said["template"]), partial, required),
        events=Events(**said["events"]),
        approvals=Approvals(**said["approvals"]),
        lint=Lint(**said["lint"]),
        limits=Limits(**said["limits"]),
        warnings=tuple(layers.warnings),
    )


def _propagated(layers: _Layers, environ: Mapping[str, str], variables: tuple[str, ...]) -> None:
    """Host Factory's wishes for logs; one that makes no sense is worth a warning, not a failed request."""
    for variable in variables:
        text, key = environ.get(variable, ""), _PROPAGATED[variable]
        if not text:
            continue
        try:
            layers.say(key, loosely(key, text), f"environment {variable}")
        except UnexpectedValueError:
            layers.warnings.append(f'{variable} is "{text}": expected {key.expected}; ignored')


def _ibm_file(layers: _Layers, document: dict[str, Any], path: str) -> None:
    known = {key.ibm: key for key in KEYS if key.ibm}
    for name, value in document.items():
        if value in ("", None):  # IBM's samples hold every key, empty where nothing is said
            continue
        if name in known:
            key = known[name]
            meant = _value(key.in_ibms_unit, value, f"{name} in {path}", loosely)
            meant = meant * key.scale if key.scale != 1 else _located(key, meant, path)
            layers.say(key, meant, f"{path} ({name})")
        elif name in IBM_WITHOUT_EFFECT:
            if str(value).lower() not in _IDLE:
                layers.warnings.append(f"{name} in {path} has no effect: {IBM_WITHOUT_EFFECT[name]}")
        elif name != _ACCEPT:
            layers.warnings.append(f"{name} in {path} is not a known key, ignored")


def _own_file(layers: _Layers, document: dict[str, Any], path: str) -> None:
    for section, content in document.items():
        if section not in SECTIONS:
            if section != "$schema":
                layers.warnings.append(f"section {section} in {path} is not known, ignored")
            continue
        if not isinstance(content, dict):
            raise _refused(f"section {section} in {path}", content, "an object")
        for name, value in content.items():
            key = _BY_PATH.get((section, name))
            if key is None:
                layers.warnings.append(f"{section}.{name} in {path} is not a known key, ignored")
            else:
                meant = _value(key, value, f"{section}.{name} in {path}", checked)
                layers.say(key, _located(key, meant, path), path)


def _environment(layers: _Layers, environ: Mapping[str, str]) -> None:
    known = {key.variable: key for key in _ALL_KEYS}
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
        elif key.section == "approvals":
            _stricter(layers, key, text, variable)
        else:
            layers.say(key, _value(key, text, variable, loosely), f"environment {variable}")


def _stricter(layers: _Layers, key: Key, text: str, variable: str) -> None:
    """Approvals may be demanded by the environment, never waived: whoever sets it does not decide what is sent."""
    now = layers.values[key.section, key.name].value
    meant = _value(key, text, variable, loosely)
    if key.name != "mode" or MODES.index(meant) < MODES.index(str(now)):
        raise ConfigurationError(
            f"Cannot take {key.section}.{key.name} from the environment ({variable}): it decides what may be sent",
            hint=f"Set it in {OWN_FILE}, and unset {variable}; only a stricter mode may be set there.",
        )
    layers.say(key, meant, f"environment {variable}")


def _located(key: Key, value: Any, path: str) -> Any:
    """A file named in a file: relative to it, `~` is a home. Host Factory's current folder means nothing."""
    if key.kind != "path" or not value:
        return value
    return os.path.join(os.path.dirname(path), os.path.expanduser(value))


def _lsfs_cluster(layers: _Layers, environ: Mapping[str, str]) -> None:
    """LSF's scriptOption names the cluster for user data; that reaches bodies, so only a file can set it here."""
    options = environ.get("SCRIPT_OPTIONS", "")
    named = re.search(r"clusterName=([^\s'\";]+)", options) if options else None
    if named and named[1] != layers.values["template", "clusterName"].value:
        layers.warnings.append(
            f"SCRIPT_OPTIONS names the cluster {named[1]}, which does not reach user data: "
            f"set template.clusterName in {OWN_FILE}"
        )


def _value(key: Key, value: object, where: str, check: Callable[[Key, object], Any]) -> Any:
    try:
        return check(key, value)
    except UnexpectedValueError:
        if _may_hold_a_secret(key, value):
            raise ConfigurationError(
                f"Cannot use {where}: expected {key.expected}; what was found is not shown", hint=_HINTS[key.kind]
            ) from None
        raise _refused(where, value, key.expected) from None


def _may_hold_a_secret(key: Key, value: object) -> bool:
    """Whether a refused value must not be shown: a secret as it stands, or a user with a password before a host."""
    return key.kind == "secret" or (key.kind in ("url", "host") and "@" in str(value))


def _refused(where: str, value: object, expected: str) -> ConfigurationError:
    shown = json.dumps(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return ConfigurationError(
        f"Cannot use {where}: expected {expected}, found {shown}",
        hint="docs/configuration.md lists every setting.",
    )
