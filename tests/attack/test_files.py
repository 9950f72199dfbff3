"""Files that a catalogue names: what may be sent to machines, and what a hostile name gets: nothing, at once."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.config import Settings, load
from ohf_iac.config.catalogue_file import catalogue_files, load_catalogue
from ohf_iac.errors import ConfigurationError
from ohf_iac.render import render
from tests.config_files import FOLDERS
from tests.user_data import ENTRY

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


def offered(conf: Path, **more: Any) -> Settings:
    """A provider with a catalogue of two templates, of which the first says more."""
    conf.mkdir(exist_ok=True)
    entries = [{**ENTRY, **more}, {**ENTRY, "templateId": "other"}]
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": entries}))
    return load({**FOLDERS, "HF_PROVIDER_CONFDIR": str(conf)})


def reaches(conf: Path, name: str, field: str = "userDataScript") -> bool:
    """Whether the file of that name is read, and its template served; the other template is served anyway."""
    settings = offered(conf, **{field: name})
    catalogue = load_catalogue(settings)
    served = [one.template_id for one in catalogue.templates]
    assert served in (["t1", "other"], ["other"])
    assert (name in catalogue_files(settings)) == (served != ["other"])
    if served == ["other"]:
        assert [(one.template_id, one.field) for one in catalogue.refused] == [("t1", field)]
        assert len(catalogue.refused[0].message) < 300
        assert catalogue.refused[0].message.isprintable()
    return served != ["other"]


@pytest.mark.parametrize("name", ["../secret.sh", "scripts/../../secret.sh", "./../secret.sh", ".."])
def test_a_relative_name_stays_below_the_catalogue(tmp_path: Path, name: str) -> None:
    (tmp_path / "conf" / "scripts").mkdir(parents=True)
    (tmp_path / "secret.sh").write_text("echo")
    assert not reaches(tmp_path / "conf", name)
    assert not reaches(tmp_path / "conf", name, "ec2FleetConfig")


@pytest.mark.parametrize("name", ["scripts/../join.sh", "./join.sh", "scripts/..join.sh"])
def test_a_name_that_comes_back_is_below_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "conf" / "scripts").mkdir(parents=True)
    for file in ("join.sh", "scripts/..join.sh"):
        (tmp_path / "conf" / file).write_text("echo")
    assert reaches(tmp_path / "conf", name)


@posix
@pytest.mark.parametrize("way", ["by its path", "by a link", "by a link to its folder"])
@pytest.mark.parametrize(
    ("mode", "sent"), [(0o600, False), (0o400, False), (0o700, False), (0o644, True), (0o640, True)]
)
def test_what_is_for_its_owner_alone_is_sent_from_the_configuration_folder_only(
    tmp_path: Path, way: str, mode: int, sent: bool
) -> None:
    """As keys and credentials are: a script elsewhere, on a share say, is one that others may read."""
    conf, home = tmp_path / "conf", tmp_path / "home"
    conf.mkdir()
    home.mkdir()
    (home / "credentials").write_text("aws_secret_access_key = x")
    (home / "credentials").chmod(mode)
    (conf / "own").write_text("echo")
    (conf / "own").chmod(mode)
    (conf / "link").symlink_to(home / "credentials")
    (conf / "home").symlink_to(home)
    name = {"by its path": str(home / "credentials"), "by a link": "link"}.get(way, "home/credentials")
    assert reaches(conf, name) is sent
    assert reaches(conf, "own")
    assert reaches(conf, str(conf / "own"))


@pytest.mark.parametrize(
    "name",
    [
        "/proc/self/environ",
        "/proc/self/cmdline",
        "/proc/version",
        "/sys/kernel/mm/ksm/run",
        "/dev/zero",
        "/dev/null",
    ],
)
def test_the_kernels_files_and_devices_are_no_scripts(tmp_path: Path, name: str) -> None:
    if not os.path.exists(name):
        pytest.skip("not on this system")
    assert not reaches(tmp_path / "conf", name)
    (tmp_path / "conf" / "link").symlink_to(name)
    assert not reaches(tmp_path / "conf", "link")


@posix
@pytest.mark.parametrize("field", ["userDataScript", "ec2FleetConfig"])
def test_pipes_sockets_and_folders_cost_their_template_and_no_time(tmp_path: Path, field: str) -> None:
    conf = tmp_path / "conf"
    conf.mkdir()
    os.mkfifo(conf / "pipe")
    (conf / "folder").mkdir()
    (conf / "loop").symlink_to("loop")
    for name in ("pipe", "folder", "folder/", "loop", "pipe/x"):
        assert not reaches(conf, name, field)
    here = os.getcwd()
    os.chdir(conf)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        os.chdir(here)
        assert not reaches(conf, "socket", field)


@pytest.mark.parametrize(
    "name", ["a\x00b", "\ud800", "x" * 300, "x/" * 3000, "~/.aws/credentials", "$HOME/x", "`id`", "|id", "a\nb"]
)
def test_a_name_that_no_file_has_costs_its_template_alone(tmp_path: Path, name: str) -> None:
    assert not reaches(tmp_path / "conf", name)
    assert not reaches(tmp_path / "conf", name, "ec2FleetConfig")


@posix
@pytest.mark.parametrize("name", ["ohf.json", "awsprov_config.json", "awsprov_templates.json"])
def test_a_pipe_for_configuration_is_told_at_once(tmp_path: Path, name: str) -> None:
    settings = offered(tmp_path / "conf")
    (tmp_path / "conf" / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / "conf" / name)
    with pytest.raises(ConfigurationError, match=f"{name}: it is a pipe"):
        load_catalogue(
            settings if "templates" in name else load({**FOLDERS, "HF_PROVIDER_CONFDIR": str(tmp_path / "conf")})
        )


def test_a_templates_name_is_no_path(tmp_path: Path) -> None:
    for name in ("../x", "a/b", "/etc/x", "a\\b", "c:x", ".", "..", "a\x00", "CON.json"):
        catalogue = load_catalogue(offered(tmp_path / "conf", templateId=name))
        assert [one.template_id for one in catalogue.templates] == ["other"]


def test_what_is_read_is_what_is_sent(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "join.sh").write_bytes(b"#!/bin/sh\n")
    settings = offered(tmp_path / "conf", userDataScript="join.sh")
    template = load_catalogue(settings).templates[0]
    assert "IyEvYmluL3NoCg==" in render(template, settings.template.defaults, catalogue_files(settings)).body
