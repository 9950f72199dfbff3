"""Where configuration, memory and logs live, from the variables of Host Factory or of LSF's resource connector.

Symphony 7.3 sets HF_PROVIDER_NAME and HF_PROVIDER_{CONF,WORK,LOG}DIR; older ones only HF_{CONF,WORK,LOG}DIR, below
which a provider has `providers/<name>`; LSF sets PROVIDER_NAME, PRO_CONF_DIR (files lie in its `conf`),
PRO_DATA_DIR and PRO_LSF_LOGDIR.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING, Final, NamedTuple

from ohf_iac.bounded_json import LONGEST
from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Read = Callable[[str], bytes | None]

_NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Folders(NamedTuple):
    """Absolute folders of one provider; `search` is where configuration files are looked for, in order."""

    provider_name: str
    conf_dir: str
    work_dir: str
    log_dir: str
    search: tuple[str, ...]
    variables: tuple[str, str, str, str]  # where name and the three folders came from


class Found(NamedTuple):
    """A file that was looked for: where it lies and what is in it."""

    path: str
    content: bytes


def folders_from(environ: Mapping[str, str]) -> Folders:
    """The provider's name and folders; ConfigurationError when a variable is missing or the name is unusable."""
    named, name = _provider_name(environ)
    conf, search = _search(environ, name)
    work, work_dir = _folder(environ, name, "work", ("HF_PROVIDER_WORKDIR", "HF_WORKDIR", "PRO_DATA_DIR"))
    log, log_dir = _folder(environ, name, "log", ("HF_PROVIDER_LOGDIR", "", "HF_LOGDIR", "PRO_LSF_LOGDIR"))
    return Folders(name, search[0], work_dir, log_dir, search, (named, conf, work, log))


def read_file(path: str) -> bytes | None:
    """A file's bytes, None when there is no such file; ConfigurationError when it cannot be read.

    Of a file that is longer than any may be there is one byte more than that: whoever uses it tells by it.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            return file.read(LONGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(
            f"Cannot read {path}: {error.strerror}", hint="Let the user that runs Host Factory read it."
        ) from error


def _without_waiting(path: str, flags: int) -> int:
    """A descriptor of a file; OSError for a device, or a pipe, where a call would wait for a writer."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has none
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", path)


def first_found(names: tuple[str, ...], search: tuple[str, ...], read: Read) -> Found | None:
    """The first file of any of these names: an earlier name wins over an earlier folder."""
    for name in names:
        for folder in search:
            path = f"{folder}/{name}"
            content = read(path)
            if content is not None:
                return Found(path, content)
    return None


def check_configured(provider_name: str, search: tuple[str, ...]) -> None:
    """ConfigurationError when no folder of `search` holds any configuration file.

    A folder that is out of reach must not be taken for one that leaves everything at its default: under another
    owner none of this installation's machines would be found, and all would count as gone.
    """
    names = ["ohf.json", *ibm_names(provider_name, "config.json")]
    names += [name for end in ("json", "yaml", "yml") for name in ibm_names(provider_name, f"templates.{end}")]
    if not any(os.path.exists(f"{folder}/{name}") for folder in search for name in names):
        raise ConfigurationError(
            f"Cannot find any configuration file: none of {', '.join(names)} is in {', '.join(search)}",
            hint="Check the folder (a missing mount?), or let ohf init write one.",
        )


def ibm_names(provider_name: str, suffix: str) -> tuple[str, ...]:
    """Both names that IBM's samples give a file: `<provider>prov_<suffix>`, `awsprov_<suffix>`."""
    return tuple(dict.fromkeys((f"{provider_name}prov_{suffix}", f"awsprov_{suffix}")))


def _first_set(environ: Mapping[str, str], variables: tuple[str, ...]) -> str:
    """The first of these variables that has a value, "" if none has."""
    return next((variable for variable in variables if environ.get(variable)), "")


def _provider_name(environ: Mapping[str, str]) -> tuple[str, str]:
    variable = _first_set(environ, ("HF_PROVIDER_NAME", "PROVIDER_NAME"))
    name = environ.get(variable, "")
    if not name:
        raise ConfigurationError(
            "Cannot tell which provider this is: HF_PROVIDER_NAME is not set",
            hint="Host Factory sets it; by hand, set it to the provider's name in hostProviders.json.",
        )
    if len(name) > 64 or not _NAME_CHARACTERS.issuperset(name):
        raise ConfigurationError(
            f'Cannot use the provider name "{name}": expected at most 64 of the characters A-Z a-z 0-9 _ -',
            hint="Rename the provider in hostProviders.json.",
        )
    return variable, name


def _search(environ: Mapping[str, str], name: str) -> tuple[str, tuple[str, ...]]:
    places = []
    if own := environ.get("HF_PROVIDER_CONFDIR"):
        places += [own, f"{own}/conf"]
    elif above := environ.get("HF_CONFDIR"):
        places += [f"{above}/providers/{name}", f"{above}/providers/{name}/conf"]
    if lsf := environ.get("PRO_CONF_DIR"):
        places += [f"{lsf}/conf", lsf]
    if not places:
        raise ConfigurationError(
            "Cannot find the configuration folder: none of HF_PROVIDER_CONFDIR, HF_CONFDIR, PRO_CONF_DIR is set",
            hint="Host Factory sets HF_PROVIDER_CONFDIR; by hand, set it to the catalogue's folder.",
        )
    variable = _first_set(environ, ("HF_PROVIDER_CONFDIR", "HF_CONFDIR", "PRO_CONF_DIR"))
    return variable, tuple(dict.fromkeys(_absolute(place, variable) for place in places))


def _absolute(place: str, variable: str) -> str:
    try:
        return os.path.abspath(place)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot find {place}: {variable} is relative to the current folder, which is gone",
            hint=f"Set {variable} to an absolute path.",
        ) from error


def _folder(environ: Mapping[str, str], name: str, what: str, variables: tuple[str, ...]) -> tuple[str, str]:
    """The variable and the folder for `what`; below the second variable every provider has a folder of its own."""
    for position, variable in enumerate(variables):
        if value := environ.get(variable):
            return variable, _absolute(f"{value}/providers/{name}" if position == 1 else value, variable)
    named = ", ".join(variable for variable in variables if variable)
    raise ConfigurationError(
        f"Cannot find the {what} folder: none of {named} is set",
        hint=f"Host Factory sets {variables[0]}; by hand, set it to a folder that may be written.",
    )
