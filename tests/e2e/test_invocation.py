"""The real scripts as Host Factory and LSF start them: bare environments, files in every place, inputs, arguments.

Each call is a process that sees nothing of this one's environment. Whatever the case, stdout is one JSON object,
the exit code 0 or 1, and stderr stays empty.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.bare_host import ASK, Host, bare_host, ids
from tests.local_aws import LocalAws


@pytest.fixture
def host(tmp_path: Path, local_aws: LocalAws) -> Host:
    return bare_host(tmp_path, local_aws)


def test_all_five_work_with_symphonys_variables_alone(host: Host) -> None:
    configured = {file.name: file.stat().st_mtime_ns for file in (host.conf, *host.conf.iterdir())}
    assert "instant-ondemand" in ids(host.templates())
    asked = host.call("requestMachines", ASK)
    assert asked.code == 0, asked
    polled = host.call("getRequestStatus", {"requests": [{"requestId": asked.answer["requestId"]}]})
    assert [one["status"] for one in polled.answer["requests"]] == ["running"]
    assert host.call("requestReturnMachines", {"machines": [{"name": "gone.example"}]}).code == 0
    assert host.call("getReturnRequests", {"machines": []}).answer["requests"] == []
    assert (host.work / "ohf-request_database.json").is_file()
    assert [one.name for one in host.log.iterdir()] == [f"ohf-provider.log.{os.uname().nodename}"]
    assert configured == {file.name: file.stat().st_mtime_ns for file in (host.conf, *host.conf.iterdir())}


def environments(host: Host) -> dict[str, dict[str, str]]:
    """Every environment in which the product calls, as far as it says where a provider lives."""
    symphony = host.symphony
    old = {"HF_PROVIDER_NAME": "ohf", "HF_CONFDIR": "", "HF_WORKDIR": "", "HF_LOGDIR": ""}
    old |= {name: str(host.folder / "hf" / name[3:-3].lower()) for name in old if name.endswith("DIR")}
    lsf = {
        "PROVIDER_NAME": "ohf",
        "PRO_CONF_DIR": str(host.folder / "lsf"),
        "PRO_DATA_DIR": str(host.work),
        "PRO_LSF_LOGDIR": str(host.log),
        "PRO_LSF_TOP": "/nonexistent",
        "LSF_ENVDIR": "/nonexistent",
        "SCRIPT_OPTIONS": "-DclusterName=grid -Dhttps.proxyHost=nowhere.invalid",
    }
    nowhere = dict.fromkeys(("PRO_CONF_DIR", "PRO_DATA_DIR", "PRO_LSF_LOGDIR", "HF_CONFDIR"), "/nonexistent")
    return {
        "Symphony 7.3": symphony,
        "Symphony 7.2": old,
        "LSF": lsf,
        "Symphony's before LSF's": {**nowhere, "PROVIDER_NAME": "other", **symphony},
        "a daemon's whole environment": {
            **symphony,
            **dict.fromkeys(("EGO_TOP", "EGO_CONFDIR", "HF_TOP", "HF_DBDIR"), "/nonexistent"),
            "HF_VERSION": "1.2",
            "EGOSC_INSTANCE_HOST": "host",
            "LD_LIBRARY_PATH": "/nonexistent/lib",
            "PYTHONPATH": "/nonexistent",
            "PYTHONSTARTUP": "/nonexistent",
        },
        "HOME unset, PATH of nothing": {**symphony, "PATH": "/nonexistent"},
        "HOME that is not there": {**symphony, "HOME": "/nonexistent", "USER": "nobody"},
        "locale C": {**symphony, "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"},
        "a locale that is not installed": {**symphony, "LC_ALL": "xx_YY.ISO-8859-15"},
        "empty variables": {**dict.fromkeys(("HF_LOGLEVEL", "PRO_CONF_DIR", "HF_CONFDIR"), ""), **symphony},
        "bytes that are no text": {**symphony, "NOISE": "\udcff\udcfe", "HF_LOGLEVEL": "\udcff"},
        "relative folders": {
            **symphony,
            **{name: f".{value}" for name, value in symphony.items() if "DIR" in name},
        },
    }


CASES = tuple(environments(Host(Path("/"))))


@pytest.mark.parametrize("case", CASES)
def test_the_environments_of_both_products(host: Host, case: str) -> None:
    for place in (host.folder / "hf" / "conf" / "providers" / "ohf", host.folder / "lsf" / "conf"):
        shutil.copytree(host.conf, place)
    environ = environments(host)[case]
    assert "instant-ondemand" in ids(host.templates(environ))
    asked = host.call("requestMachines", {"template": {"templateId": "none", "machineCount": 1}}, environ)
    assert (asked.code, list(asked.answer)) == (1, ["message"])
    assert "template none is not in the catalogue" in asked.answer["message"]
    assert list(host.folder.rglob("ohf-provider.log.*"))


@pytest.mark.parametrize("variable", ["HF_PROVIDER_NAME", "HF_PROVIDER_CONFDIR"])
def test_what_is_not_said_is_named(host: Host, variable: str) -> None:
    environ = {name: value for name, value in host.symphony.items() if name != variable}
    said = host.templates(environ)
    assert said.code == 1
    assert variable in said.answer["message"]


@pytest.mark.parametrize(
    ("suffix", "names"),
    [
        ("templates.json", ("awsprov_templates.json", "ohfprov_templates.json", "conf/awsprov_templates.json")),
        ("templates.yaml", ("awsprov_templates.yaml", "ohfprov_templates.yml", "conf/ohfprov_templates.yaml")),
    ],
)
def test_the_catalogue_under_every_name_and_in_every_place(host: Host, suffix: str, names: tuple[str, ...]) -> None:
    del suffix
    entry = {"maxNumber": 1, "attributes": {}, "imageId": "ami-0a1b2c3d4e5f60001", "vmType": "m5.large"}
    (host.conf / "awsprov_templates.json").unlink()
    (host.conf / "conf").mkdir()
    for number, name in enumerate(names):
        entry |= {"templateId": f"t{number}", "subnetId": "subnet-0a1b2c3d4e5f60001"}
        (host.conf / name).write_text(json.dumps({"templates": [entry]}))
        assert ids(host.templates()) == [f"t{number}"]
        (host.conf / name).unlink()


INPUTS = {
    "not there": (None, "No such file or directory"),
    "a folder": ("a folder", "Is a directory"),
    "empty": (b"", "not JSON"),
    "too long": (b" " * (16 * 1024 * 1024 + 1), "longer than 16777216 bytes"),
    "a gigabyte of nothing": ("sparse", "longer than 16777216 bytes"),
    "zeros": (b"\0" * 1000, "not JSON"),
    "an endless device": ("/dev/zero", "longer than 16777216 bytes"),
}


@pytest.mark.parametrize("case", INPUTS)
def test_inputs_that_cannot_be_used_are_refused_in_words(host: Host, case: str) -> None:
    content, why = INPUTS[case]
    source = host.folder / "input ü"
    if isinstance(content, bytes):
        source.write_bytes(content)
    elif content == "a folder":
        source.mkdir()
    elif content == "sparse":
        with source.open("wb") as file:
            file.truncate(1 << 30)
    name = content if isinstance(content, str) and content.startswith("/") else str(source)
    said = host.call("getRequestStatus", arguments=("-f", name))
    assert said.code == 1
    assert why in said.answer["message"]
    assert list(said.answer) == ["message"]


@pytest.mark.parametrize("arguments", [(), ("-f",), ("-x", "y"), ("--help",), ("x",)])
def test_wrong_arguments_are_answered_with_the_usage(host: Host, arguments: tuple[str, ...]) -> None:
    said = host.call("requestMachines", arguments=arguments)
    assert said.code == 1
    assert "usage: " in said.answer["message"]
