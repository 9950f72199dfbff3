"""Which provider a directory is, as its scheduler's registration files have it."""

from __future__ import annotations

import json

import pytest

from ohf_iac.errors import ConfigurationError
from ohf_iac.installation.places import Places, alone, in_lsf, in_symphony
from ohf_iac.installation.planning import Present, Wish, planned
from ohf_iac.installation.registered import Installed, installed

VARIABLES = {"HF_TOP": "/hf", "HF_CONFDIR": "/hf/conf", "HF_WORKDIR": "/hf/work", "HF_LOGDIR": "/hf/log"}
WISH = Wish({"requestMachines.sh": b"#!/bin/sh\n# ohf_cli.machine\n"}, b"", "us-east-1")

Files = dict[str, bytes]


def made_by_init(places: Places, files: Files | None = None) -> Files:
    there = dict(files or {})

    def look(path: str) -> Present | None:
        return Present(there[path], 0o644) if path in there else None

    for one in planned(places, WISH, look, lambda: "0").files:
        there[one.path] = one.content
    return there


def found_in(files: Files, home: str, name: str = "", scripts: str = "", **environ: str) -> Installed:
    def look(path: str) -> Present | None:
        return Present(files[path], 0o644) if path in files else None

    return installed(home, look, environ, name, scripts)


@pytest.mark.parametrize(
    ("places", "environ"),
    [
        (in_symphony("ohf", "", VARIABLES), {}),
        (in_symphony("grid", "/srv/ohf", VARIABLES), {"HF_TOP": "/hf"}),
        (in_symphony("grid", "/srv/ohf", VARIABLES), {"HF_CONFDIR": "/hf/conf"}),
        (alone("symphony", "ohf", "/p q"), {}),
    ],
)
def test_what_init_registers_in_symphony_is_found(places: Places, environ: dict[str, str]) -> None:
    found = found_in(made_by_init(places), places.home, **environ)
    assert found == Installed(
        "symphony", places.name, places.home, places.scripts, places.work, places.log, "", places.providers_file
    )
    assert found.environ("/w", "/l") == {
        "HF_PROVIDER_NAME": places.name,
        "HF_PROVIDER_CONFDIR": places.home,
        "HF_PROVIDER_WORKDIR": "/w",
        "HF_PROVIDER_LOGDIR": "/l",
    }


@pytest.mark.parametrize(
    ("places", "environ"),
    [
        (in_lsf("ohf", "", "/lsf/conf"), {}),
        (in_lsf("grid", "/srv/ohf", "/lsf/conf"), {"LSF_ENVDIR": "/lsf/conf"}),
        (alone("lsf", "ohf", "/p q"), {}),
    ],
)
def test_what_init_registers_in_lsf_is_found(places: Places, environ: dict[str, str]) -> None:
    found = found_in(made_by_init(places), places.home, **environ)
    assert (found.scheduler, found.name, found.scripts) == ("lsf", places.name, places.scripts)
    assert found.environ("/w", "/l") == {
        "PROVIDER_NAME": places.name,
        "PRO_CONF_DIR": places.home,
        "PRO_DATA_DIR": "/w",
        "PRO_LSF_LOGDIR": "/l",
        "SCRIPT_OPTIONS": "",
    }


def test_relative_folders_and_options_of_lsf() -> None:
    entry = {
        "name": "ohf",
        "type": "awsProv",
        "confPath": "resource_connector/ohf",
        "scriptPath": "resource_connector/elsewhere",
        "scriptOption": "-DclusterName=grid",
    }
    home = "/lsf/conf/resource_connector/ohf"
    files = {
        "/lsf/conf/resource_connector/hostProviders.json": json.dumps({"providers": [entry]}).encode(),
        f"{home}/scripts/requestMachines.sh": b"",
    }
    found = found_in(files, home)
    assert (found.scripts, found.options) == (f"{home}/scripts", "-DclusterName=grid")


def test_a_host_factory_without_plugins_names_the_scripts_itself() -> None:
    places = in_symphony("ohf", "", VARIABLES)
    before = {places.providers_file: b'{"version": 1, "providers": [{"name": "aws", "confPath": "/x"}]}'}
    found = found_in(made_by_init(places, before), places.home)
    assert (found.scheduler, found.scripts, found.entry_file) == ("symphony", places.scripts, places.providers_file)


def test_the_scripts_that_are_registered_go_before_those_in_the_directory() -> None:
    places = in_symphony("ohf", "", VARIABLES)
    files = made_by_init(places)
    elsewhere = "${HF_TOP}/${HF_VERSION}/providerplugins/ohf/scripts/"
    files[places.plugins_file] = json.dumps(
        {"providerplugins": [{"name": "ohf", "scriptPath": elsewhere}]}
    ).encode()
    files["/hf/1.2/providerplugins/ohf/scripts/requestMachines.sh"] = b""
    files["/mine/requestMachines.sh"] = b""
    assert found_in(files, places.home, HF_VERSION="1.2").scripts == "/hf/1.2/providerplugins/ohf/scripts"
    assert found_in(files, places.home).scripts == places.scripts
    assert found_in(files, places.home, scripts="/mine", HF_VERSION="1.2").scripts == "/mine"


def test_two_providers_of_one_directory_are_told_apart_by_name() -> None:
    entries = [{"name": name, "confPath": "/p", "plugin": "ohf"} for name in ("one", "two")]
    files = {
        "/p/hostProviders.json": json.dumps({"providers": entries}).encode(),
        "/p/scripts/requestMachines.sh": b"",
    }
    assert found_in(files, "/p").name == "one"
    assert found_in(files, "/p", name="two").name == "two"


def test_a_directory_that_nobody_registered_has_its_own_scripts() -> None:
    files = {"/p/scripts/requestMachines.sh": b"", "/p/conf/ohf.json": b"{}"}
    assert found_in(files, "/p") == Installed("lsf", "p", "/p", "/p/scripts")
    assert found_in({"/p/scripts/requestMachines.sh": b""}, "/p", name="grid") == Installed(
        "symphony", "grid", "/p", "/p/scripts"
    )
    with pytest.raises(ConfigurationError, match="/p/scripts"):
        found_in({}, "/p")
