"""What `ohf init` plans, over a file system that exists in memory only."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ohf_iac.errors import BusinessRuleError, ValidationError
from ohf_iac.installation.places import Places, alone, in_lsf, in_symphony
from ohf_iac.installation.planning import PRIVATE, PROGRAM, SHARED, Plan, PlannedFile, Present, Wish, planned
from ohf_iac.template.catalogue import parse_catalogue
from ohf_iac.template.defaults import TemplateDefaults

VARIABLES = {"HF_TOP": "/hf", "HF_CONFDIR": "/hf/conf", "HF_WORKDIR": "/hf/work", "HF_LOGDIR": "/hf/log"}
SYMPHONY = in_symphony("ohf", "", VARIABLES)
HOME = "/hf/conf/providers/ohf"
WISH = Wish(
    {"requestMachines.sh": b"#!/bin/sh\n# ohf_cli.machine\n", "requestMachines.bat": b"rem ohf_cli.machine\r\n"},
    b"#!/bin/sh\n",
    "eu-west-1",
)

Files = dict[str, bytes]


def plan_of(files: Files, wish: Wish = WISH, places: Places = SYMPHONY, mode: int = 0o755) -> Plan:
    def look(path: str) -> Present | None:
        return Present(files[path], mode) if path in files else None

    return planned(places, wish, look, lambda: "0a1b2c3d")


def by_path(plan: Plan) -> dict[str, PlannedFile]:
    return {one.path: one for one in plan.files}


def after(files: Files, plan: Plan) -> Files:
    return {**files, **{one.path: one.content for one in plan.files}}


def test_an_empty_host_gets_everything_with_registration_last() -> None:
    plan = plan_of({})
    assert [(one.path, one.state) for one in plan.files] == [
        (f"{HOME}/ohf.json", "created"),
        (f"{HOME}/awsprov_config.json", "created"),
        (f"{HOME}/awsprov_templates.json", "created"),
        (f"{HOME}/scripts/user_data.sh", "created"),
        (f"{HOME}/scripts/requestMachines.sh", "created"),
        (f"{HOME}/scripts/requestMachines.bat", "created"),
        ("/hf/conf/providerplugins/hostProviderPlugins.json", "created"),
        ("/hf/conf/providers/hostProviders.json", "created"),
    ]
    assert set(plan.folders) == {HOME, f"{HOME}/scripts", "/hf/work/providers/ohf", "/hf/log"}
    files = by_path(plan)
    assert files[f"{HOME}/ohf.json"].mode == PRIVATE
    assert files[f"{HOME}/scripts/requestMachines.sh"].mode == PROGRAM
    assert files["/hf/conf/providers/hostProviders.json"].mode == SHARED
    assert json.loads(files[f"{HOME}/ohf.json"].content) == {"provider": {"owner": "ohf-0a1b2c3d"}}
    assert json.loads(files[f"{HOME}/awsprov_config.json"].content) == {"AWS_REGION": "eu-west-1"}


@pytest.mark.parametrize(
    "places",
    [SYMPHONY, in_lsf("ohf", "", "/lsf/conf"), alone("symphony", "ohf", "/p"), alone("lsf", "ohf", "/p")],
    ids=["symphony", "lsf", "alone", "alone for lsf"],
)
def test_the_second_time_nothing_is_changed(places: Places) -> None:
    first = plan_of({}, places=places)
    second = plan_of(after({}, first), places=places)
    assert {one.state for one in second.files} == {"unchanged"}
    assert by_path(second).keys() == by_path(first).keys()
    assert second.owner == first.owner


@pytest.mark.parametrize("stop", range(8))
def test_an_interrupted_run_is_finished_by_the_next(stop: int) -> None:
    whole = plan_of({})
    files = after({}, replace(whole, files=whole.files[:stop]))
    assert after(files, plan_of(files)) == after({}, whole)


def test_lsf_finds_configuration_in_conf_and_knows_its_attributes() -> None:
    plan = plan_of({}, places=in_lsf("ohf", "/srv/p", "/lsf/conf"))
    files = by_path(plan)
    assert "/srv/p/conf/awsprov_templates.json" in files
    assert "/srv/p/scripts/requestMachines.sh" in files
    assert "/lsf/conf/resource_connector/hostProviders.json" in files
    (first, *_) = json.loads(files["/srv/p/conf/awsprov_templates.json"].content)["templates"]
    assert first["attributes"]["mem"] == ["Numeric", "8192"]
    assert "version" not in json.loads(files["/lsf/conf/resource_connector/hostProviders.json"].content)


@pytest.mark.parametrize("places", [SYMPHONY, in_lsf("ohf", "", "/lsf/conf")], ids=["symphony", "lsf"])
def test_the_example_catalogue_is_served_without_a_warning(places: Places) -> None:
    content = by_path(plan_of({}, places=places))[f"{places.conf}/awsprov_templates.json"].content
    catalogue = parse_catalogue(
        json.loads(content), TemplateDefaults(), {"scripts/user_data.sh": b"#!/bin/sh\n%EXPORT_USER_DATA%\n"}
    )
    assert (len(catalogue.templates), catalogue.refused, catalogue.warnings) == (3, (), ())
    assert not any("_" in one.template_id for one in catalogue.templates)


@pytest.mark.parametrize(
    "path",
    [
        f"{HOME}/awsprov_templates.yaml",
        f"{HOME}/ohfprov_templates.json",
        f"{HOME}/conf/awsprov_templates.json",
        f"{HOME}/awsprov_config.json",
        f"{HOME}/conf/ohfprov_config.json",
        f"{HOME}/scripts/user_data.sh",
    ],
)
def test_what_the_administrator_has_is_kept_wherever_the_scripts_find_it(path: str) -> None:
    files = by_path(plan_of({path: b"theirs"}))
    assert (files[path].state, files[path].content) == ("unchanged", b"theirs")
    assert sum(f"{path.rpartition('_')[2].partition('.')[0]}." in name for name in files) == 1


def test_user_data_is_written_for_the_example_alone() -> None:
    assert f"{HOME}/scripts/user_data.sh" not in by_path(plan_of({f"{HOME}/awsprov_templates.json": b"{}"}))


@pytest.mark.parametrize(
    ("files", "owner"),
    [
        ({f"{HOME}/ohf.json": b'{"provider": {"owner": "theirs"}}'}, "theirs"),
        ({f"{HOME}/conf/ohf.json": b'{"provider": {"owner": "theirs"}}'}, "theirs"),
        ({f"{HOME}/ohf.json": b'{"limits": {}}'}, "ohf"),
        ({"/hf/work/providers/ohf/ohf-request_database.json": b"{}"}, "ohf"),
        ({}, "ohf-0a1b2c3d"),
    ],
)
def test_an_owner_that_may_have_machines_is_kept(files: Files, owner: str) -> None:
    assert plan_of(files).owner == owner


def test_a_wished_owner_does_not_replace_another() -> None:
    assert plan_of({}, replace(WISH, owner="mine")).owner == "mine"
    files = {f"{HOME}/ohf.json": b'{"provider": {"owner": "theirs"}}'}
    assert plan_of(files, replace(WISH, owner="theirs")).owner == "theirs"
    with pytest.raises(BusinessRuleError, match="theirs"):
        plan_of(files, replace(WISH, owner="mine"))


def test_a_long_name_still_makes_an_owner_that_a_tag_can_hold() -> None:
    assert len(plan_of({}, places=alone("symphony", "n" * 64, "/p")).owner) == 64


def test_scripts_of_ours_are_brought_up_to_date_and_those_of_others_left() -> None:
    path = f"{HOME}/scripts/requestMachines.sh"
    old = by_path(plan_of({path: b"exec ohf-hostfactory requestMachines"}))[path]
    assert (old.state, old.content, old.backup) == ("updated", WISH.scripts["requestMachines.sh"], False)
    assert by_path(plan_of({path: WISH.scripts["requestMachines.sh"]}, mode=0o644))[path].state == "updated"
    with pytest.raises(BusinessRuleError, match="not ours"):
        plan_of({path: b"java -jar AwsTool.jar"})
    forced = by_path(plan_of({path: b"java -jar AwsTool.jar"}, replace(WISH, force=True)))[path]
    assert (forced.state, forced.backup) == ("updated", True)


@pytest.mark.parametrize(
    "text",
    [
        b'{"version": 1, "providers": [{"name": "aws", "scriptPath": "x"}]}',
        b'{"version": "1", "providers": [{"name": "aws", "scriptPath": "x"}]}',
        b'{"providers": [{"name": "aws", "scriptPath": "x"}]}',
    ],
)
def test_a_host_factory_without_plugins_gets_an_entry_that_names_the_scripts(text: bytes) -> None:
    plan = plan_of({"/hf/conf/providers/hostProviders.json": text})
    assert not any("hostProviderPlugins" in one.path for one in plan.files)
    theirs, ours = json.loads(plan.files[-1].content)["providers"]
    assert theirs == {"name": "aws", "scriptPath": "x"}
    assert ours == {"name": "ohf", "enabled": 1, "confPath": f"{HOME}/", "scriptPath": f"{HOME}/scripts/"}


@pytest.mark.parametrize("text", [b'{"version": 2, "providers": [{"name": "aws"}]}', b'{"providers": []}'])
def test_a_host_factory_with_plugins_gets_both_entries(text: bytes) -> None:
    files = by_path(plan_of({"/hf/conf/providers/hostProviders.json": text}))
    plugins = json.loads(files["/hf/conf/providerplugins/hostProviderPlugins.json"].content)
    assert plugins["providerplugins"] == [{"name": "ohf", "enabled": 1, "scriptPath": f"{HOME}/scripts/"}]
    assert json.loads(files["/hf/conf/providers/hostProviders.json"].content)["providers"][-1]["plugin"] == "ohf"


def test_a_changed_registration_file_has_a_backup_and_keeps_its_mode() -> None:
    path = "/hf/conf/providers/hostProviders.json"
    changed = by_path(plan_of({path: b'{"version": 2, "providers": []}'}, mode=0o600))[path]
    assert (changed.backup, changed.mode, changed.before) == (True, 0o600, b'{"version": 2, "providers": []}')
    assert not by_path(plan_of({}))[path].backup


def test_the_requestor_is_changed_on_request() -> None:
    path = "/hf/conf/requestors/hostRequestors.json"
    files = {path: b'{"requestors": [{"name": "symAinst", "providers": ["aws"]}]}'}
    assert path not in by_path(plan_of(files))
    found = by_path(plan_of(files, replace(WISH, requestor="symAinst")))[path]
    assert json.loads(found.content)["requestors"][0]["providers"] == ["aws", "ohf"]
    with pytest.raises(BusinessRuleError, match="no such requestor"):
        plan_of({}, replace(WISH, requestor="symAinst"))
    with pytest.raises(BusinessRuleError, match="no Host Factory"):
        plan_of({}, replace(WISH, requestor="symAinst"), alone("symphony", "ohf", "/p"))


@pytest.mark.parametrize(
    ("path", "refusal"),
    [(f"{HOME}/ohf.json", ValidationError), ("/hf/conf/providers/hostProviders.json", ValidationError)],
)
def test_a_broken_file_stops_everything(path: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal, match=path):
        plan_of({path: b"{"})
    with pytest.raises(BusinessRuleError, match="UTF-8"):
        plan_of({path: b'{"\xff": 1}'})
