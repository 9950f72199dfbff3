"""Registration entries: added once, never at the cost of others', never in the place of another provider's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.errors import BusinessRuleError, ConfigurationError, ValidationError
from ohf_iac.installation.places import Places, alone, in_lsf, in_symphony, lsf_folder, symphony_variables
from ohf_iac.installation.registration import Merged, Registry, merged, with_provider

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "provider"
VARIABLES = {"HF_TOP": "/hf", "HF_CONFDIR": "/hf/conf", "HF_WORKDIR": "/hf/work", "HF_LOGDIR": "/hf/log"}
PLACES = in_symphony("ohf", "", VARIABLES)
FILE = Registry("hostProviders.json", "providers", 2)
OTHERS: dict[str, Any] = {
    "version": 2,
    "comment": "kept",
    "providers": [{"name": "awsinst", "enabled": 1, "plugin": "aws", "confPath": "x", "more": [1.0]}],
}


def register(document: object, places: Places = PLACES, registry: Registry = FILE, force: bool = False) -> Merged:
    text = document if isinstance(document, str) or document is None else json.dumps(document)
    return merged(text, registry, places.entry(2), places.alike, force)


@pytest.mark.parametrize("text", [None, "", " \n", "\ufeff"])
def test_a_file_that_is_not_there_or_is_empty_is_made(text: str | None) -> None:
    done = register(text)
    assert (json.loads(done.text), done.state) == ({"version": 2, "providers": [PLACES.entry(2)]}, "created")


def test_the_entry_joins_those_of_others() -> None:
    done = register(OTHERS)
    assert done.state == "merged"
    assert json.loads(done.text) == {**OTHERS, "providers": [*OTHERS["providers"], PLACES.entry(2)]}


def test_a_file_without_the_list_gets_it() -> None:
    assert json.loads(register('{"version": 2}').text)["providers"] == [PLACES.entry(2)]


@pytest.mark.parametrize(
    "theirs",
    [
        {"name": "ohf", "plugin": "ohf"},
        {"name": "ohf", "enabled": 0, "plugin": "ohf", "confPath": "/hf/conf/providers/ohf", "own": True},
        {"name": "ohf", "plugin": "ohf", "confPath": "$HF_TOP/conf//providers/ohf/", "logPath": "${HF_LOGDIR}"},
    ],
)
def test_an_entry_that_means_the_same_is_left_as_it_is(theirs: dict[str, Any]) -> None:
    text = json.dumps({"version": 2, "providers": [theirs]})
    done = register(text)
    assert (done.text, done.state) == (text, "unchanged")
    assert ("disabled" in done.note) == (theirs.get("enabled") == 0)


def test_an_entry_that_means_another_provider_is_refused_unless_forced() -> None:
    theirs = {"name": "ohf", "enabled": 0, "plugin": "aws", "confPath": "/elsewhere", "own": [1]}
    document = {**OTHERS, "providers": [*OTHERS["providers"], theirs, {"name": "last"}]}
    with pytest.raises(BusinessRuleError) as refused:
        register(document)
    for word in ("/elsewhere", '"aws"', "hostProviders.json"):
        assert word in refused.value.message
    done = register(document, force=True)
    assert done.state == "updated"
    changed = {**theirs, "plugin": "ohf", "confPath": "${HF_CONFDIR}/providers/ohf/"}
    expected = {**PLACES.entry(2), **changed, "enabled": 0}
    found = json.loads(done.text)["providers"]
    assert [found[0], found[2]] == [OTHERS["providers"][0], {"name": "last"}]
    assert found[1] == {key: value for key, value in expected.items() if key in changed}


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"version": 2, "providers": [{"name": "ohf"}, {"name": "ohf"}]}, "2 entries"),
        ({"version": 3, "providers": []}, "version is 3"),
        ({"version": 2, "providers": {"name": "a"}}, "no array"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(document: object, complaint: str) -> None:
    with pytest.raises(BusinessRuleError, match=complaint):
        register(document)


def test_a_file_that_is_no_json_is_refused() -> None:
    with pytest.raises(ValidationError, match="line 1"):
        register("{providers}")


@pytest.mark.parametrize(
    ("requestor", "added"),
    [("with", ["aws", "ohf"]), ("without", ["ohf"]), ("has", ["ohf", "aws"])],
)
def test_a_requestor_is_told_of_the_provider(requestor: str, added: list[str]) -> None:
    document: dict[str, Any] = {
        "version": 2,
        "requestors": [
            {"name": "with", "enabled": 1, "providers": ["aws"]},
            {"name": "without"},
            {"name": "has", "providers": ["ohf", "aws"]},
        ],
    }
    done = with_provider(json.dumps(document, indent=4), "f", requestor, "ohf")
    found = json.loads(done.text)
    (changed,) = (one for one in found["requestors"] if one["name"] == requestor)
    assert changed["providers"] == added
    assert done.state == ("unchanged" if requestor == "has" else "merged")
    others = [one for one in found["requestors"] if one["name"] != requestor]
    assert others == [one for one in document["requestors"] if one["name"] != requestor]


def test_a_requestor_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(BusinessRuleError) as refused:
        with_provider('{"requestors": [{"name": "symAinst"}]}', "f", "symA", "ohf")
    assert "symAinst" in refused.value.hint
    with pytest.raises(BusinessRuleError, match="no array"):
        with_provider('{"requestors": [{"name": "symA", "providers": "all"}]}', "f", "symA", "ohf")


def test_the_examples_are_what_is_registered() -> None:
    """Scripts lie where an administrator puts them by hand; everything else as `ohf init` writes it."""
    (entry,) = json.loads((EXAMPLES / "hostProviders.json").read_text())["providers"]
    assert entry == PLACES.entry(2)
    (plugin,) = json.loads((EXAMPLES / "hostProviderPlugins.json").read_text())["providerplugins"]
    assert plugin.keys() == PLACES.plugin.keys()
    (lsf,) = json.loads((EXAMPLES / "lsf" / "hostProviders.json").read_text())["providers"]
    assert lsf.keys() == in_lsf("ohf", "", "/lsf/conf").entry(2).keys()


def test_places_in_symphony_below_its_top_or_where_its_variables_say() -> None:
    assert symphony_variables("/hf", {"HF_CONFDIR": "/other", "HF_VERSION": "1.2"}) == VARIABLES | {
        "HF_VERSION": "1.2"
    }
    said = symphony_variables("", {"HF_TOP": "/hf", "HF_CONFDIR": "/shared/conf"})
    assert said == {**VARIABLES, "HF_CONFDIR": "/shared/conf"}
    with pytest.raises(ConfigurationError, match="HF_CONFDIR"):
        symphony_variables("", {})
    moved = in_symphony("ohf", "/srv/ohf", VARIABLES)
    assert moved.entry(2)["confPath"] == "/srv/ohf/"
    assert moved.entry(2)["workPath"] == "/hf/work/providers/ohf/"
    assert moved.plugin["scriptPath"] == "/srv/ohf/scripts/"


def test_places_in_lsf() -> None:
    assert lsf_folder("/lsf", {"LSF_ENVDIR": "/etc/lsf"}) == "/lsf/conf"
    assert lsf_folder("", {"LSF_ENVDIR": "/etc/lsf"}) == "/etc/lsf"
    with pytest.raises(ConfigurationError, match="LSF_ENVDIR"):
        lsf_folder("", {})
    places = in_lsf("ohf", "", "/lsf/conf")
    home = "/lsf/conf/resource_connector/ohf"
    assert places.providers_file == "/lsf/conf/resource_connector/hostProviders.json"
    assert (places.conf, places.scripts) == (f"{home}/conf", f"{home}/scripts")
    assert places.entry(2) == {"name": "ohf", "type": "awsProv", "confPath": home, "scriptPath": home}


def test_a_directory_that_stands_for_itself_names_itself() -> None:
    places = alone("symphony", "ohf", "/p q")
    assert places.entry(2)["confPath"] == "/p q/"
    assert places.entry(2)["logPath"] == "/p q/log/"
    assert places.providers_file == "/p q/hostProviders.json"


def test_a_relative_folder_of_lsf_is_below_its_conf_and_its_scripts_are_not() -> None:
    places = in_lsf("ohf", "", "/lsf/conf")
    ours = places.entry(2)
    assert places.alike("confPath", "resource_connector/ohf", ours["confPath"])
    assert not places.alike("confPath", "resource_connector/aws", ours["confPath"])
    assert not places.alike("scriptPath", "resource_connector/ohf", ours["scriptPath"])


def test_a_folder_that_is_left_out_is_the_usual_one_and_no_other() -> None:
    elsewhere = in_symphony("ohf", "/srv/ohf", VARIABLES)
    text = json.dumps({"version": 2, "providers": [{"name": "ohf", "plugin": "ohf"}]})
    assert register(text).state == "unchanged"
    with pytest.raises(BusinessRuleError, match="/srv/ohf"):
        register(text, elsewhere)
