"""The provider's name and folders out of the variables of Symphony (old and new) and of LSF."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ohf_iac.config.folders import first_found, folders_from, ibm_names, read_file
from ohf_iac.config.load import load, origins
from ohf_iac.errors import ConfigurationError

SYMPHONY = {
    "HF_PROVIDER_NAME": "awsinst",
    "HF_PROVIDER_CONFDIR": "/c/providers/awsinst/",
    "HF_PROVIDER_WORKDIR": "/w/providers/awsinst/",
    "HF_PROVIDER_LOGDIR": "/l",
}
OLD_SYMPHONY = {"HF_PROVIDER_NAME": "aws", "HF_CONFDIR": "/c", "HF_WORKDIR": "/w", "HF_LOGDIR": "/l"}
LSF = {"PROVIDER_NAME": "aws", "PRO_CONF_DIR": "/rc/aws", "PRO_DATA_DIR": "/data", "PRO_LSF_LOGDIR": "/log"}


def test_symphony() -> None:
    folders = folders_from(
        {**SYMPHONY, "HF_CONFDIR": "/ignored", "HF_WORKDIR": "/ignored", "HF_LOGDIR": "/ignored"}
    )
    assert folders[:4] == ("awsinst", "/c/providers/awsinst", "/w/providers/awsinst", "/l")
    assert folders.search == ("/c/providers/awsinst", "/c/providers/awsinst/conf")


def test_symphony_before_the_provider_variables() -> None:
    folders = folders_from(OLD_SYMPHONY)
    assert folders[:4] == ("aws", "/c/providers/aws", "/w/providers/aws", "/l")
    assert folders.search == ("/c/providers/aws", "/c/providers/aws/conf")


def test_lsf() -> None:
    folders = folders_from(LSF)
    assert folders[:4] == ("aws", "/rc/aws/conf", "/data", "/log")
    assert folders.search == ("/rc/aws/conf", "/rc/aws")


def test_symphony_goes_before_lsf() -> None:
    folders = folders_from({**LSF, **SYMPHONY})
    assert folders[:4] == ("awsinst", "/c/providers/awsinst", "/w/providers/awsinst", "/l")
    assert folders.search[2:] == ("/rc/aws/conf", "/rc/aws")


def test_relative_folders_are_made_absolute() -> None:
    assert folders_from({**SYMPHONY, "HF_PROVIDER_WORKDIR": "work"}).work_dir == os.path.abspath("work")


def test_relative_folders_need_a_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert folders_from(SYMPHONY).work_dir == "/w/providers/awsinst"
    with pytest.raises(ConfigurationError, match="HF_PROVIDER_WORKDIR is relative to the current folder"):
        folders_from({**SYMPHONY, "HF_PROVIDER_WORKDIR": "work"})


@pytest.mark.parametrize(
    ("variable", "named"),
    [
        ("HF_PROVIDER_NAME", "HF_PROVIDER_NAME is not set"),
        ("HF_PROVIDER_CONFDIR", "none of HF_PROVIDER_CONFDIR, HF_CONFDIR, PRO_CONF_DIR is set"),
        ("HF_PROVIDER_WORKDIR", "none of HF_PROVIDER_WORKDIR, HF_WORKDIR, PRO_DATA_DIR is set"),
        ("HF_PROVIDER_LOGDIR", "none of HF_PROVIDER_LOGDIR, HF_LOGDIR, PRO_LSF_LOGDIR is set"),
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_named(variable: str, named: str, value: str | None) -> None:
    environ = {name: text for name, text in SYMPHONY.items() if name != variable}
    with pytest.raises(ConfigurationError, match=named) as caught:
        folders_from(environ if value is None else {**environ, variable: value})
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a/b", "..", "a b", "x" * 65, "grün"])
def test_a_name_that_would_not_do_in_file_names_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="Cannot use the provider name"):
        folders_from({**SYMPHONY, "HF_PROVIDER_NAME": name})


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (["/a/gridprov_config.json", "/a/awsprov_config.json"], "/a/gridprov_config.json"),
        (["/a/awsprov_config.json", "/a/conf/gridprov_config.json"], "/a/conf/gridprov_config.json"),
        (["/a/conf/awsprov_config.json"], "/a/conf/awsprov_config.json"),
        ([], None),
    ],
)
def test_an_earlier_name_wins_over_an_earlier_folder(there: list[str], expected: str | None) -> None:
    files = dict.fromkeys(there, b"{}")
    found = first_found(ibm_names("grid", "config.json"), ("/a", "/a/conf"), files.get)
    assert (found.path if found else None) == expected


def test_ibms_two_names_are_one_for_the_provider_aws() -> None:
    assert ibm_names("aws", "config.json") == ("awsprov_config.json",)


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        (SYMPHONY, "/c/providers/awsinst/awsinstprov_config.json"),
        (SYMPHONY, "/c/providers/awsinst/awsprov_config.json"),
        (SYMPHONY, "/c/providers/awsinst/conf/awsinstprov_config.json"),
        (OLD_SYMPHONY, "/c/providers/aws/conf/awsprov_config.json"),
        (LSF, "/rc/aws/conf/awsprov_config.json"),
        (LSF, "/rc/aws/awsprov_config.json"),
    ],
)
def test_the_configuration_is_found_in_every_place_that_the_products_use(
    environ: dict[str, str], place: str
) -> None:
    settings = load(environ, {place: b'{"AWS_REGION": "eu-west-1"}'}.get)
    assert settings.provider.region == "eu-west-1"


def test_own_configuration_is_found_beside_it() -> None:
    assert load(LSF, {"/rc/aws/conf/ohf.json": b'{"provider": {"owner": "x"}}'}.get).provider.owner == "x"


def test_the_names_of_our_files() -> None:
    settings = load(SYMPHONY, lambda _path: None)
    assert settings.database_file == "/w/providers/awsinst/awsinst-request_database.json"
    by_sqlite = load({**SYMPHONY, "OHF_STORAGE_KIND": "sqlite"}, lambda _path: None)
    assert by_sqlite.database_file == "/w/providers/awsinst/awsinst-request_database.sqlite"
    assert settings.audit_file == "/w/providers/awsinst/awsinst-audit.jsonl"
    assert settings.log_file("host1") == "/l/awsinst-provider.log.host1"
    assert settings.io_log_file == "/l/awsinst-io.jsonl"


def test_folders_tell_where_they_came_from() -> None:
    told = {one.key: (one.value, one.origin) for one in origins(OLD_SYMPHONY, lambda _path: None)[:4]}
    assert told == {
        "providerName": ("aws", "environment HF_PROVIDER_NAME"),
        "confDir": ("/c/providers/aws", "environment HF_CONFDIR"),
        "workDir": ("/w/providers/aws", "environment HF_WORKDIR"),
        "logDir": ("/l", "environment HF_LOGDIR"),
    }


def test_reading_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    assert read_file(str(tmp_path / "a")) == b"content"
    assert read_file(str(tmp_path / "none")) is None
    assert read_file(str(tmp_path / "a" / "below")) is None
    with pytest.raises(ConfigurationError, match="Cannot read"):
        read_file(str(tmp_path))
