"""Contract §1.1-§1.3: how scripts are called, what they find around them, how they end."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from tests.contract.row import OPERATIONS, Flavor, Row, ask
from tests.contract.stage import Stage

TEMPLATES: Final = "getAvailableTemplates"
IDS = "templates.*.templateId"


def catalogue(template_id: str, **fields: Any) -> str:
    """A catalogue of one template that can be served, unless fields spoil it."""
    plain = {
        "templateId": template_id,
        "maxNumber": 4,
        "attributes": {
            "type": ["String", "X86_64"],
            "ncpus": ["Numeric", "1"],
            "ncores": ["Numeric", "1"],
            "nram": ["Numeric", "8192"],
        },
        "imageId": "ami-0a1b2c3d4e5f60001",
        "vmType": "m5.large",
        "subnetId": "subnet-0a1b2c3d4e5f60001",
    }
    return json.dumps({"templates": [plain | fields]})


def found_at(name: str, statement: str, files: dict[str, str], **more: Any) -> Row:
    """A row about the place of the catalogue: of several, the one called `right` is read."""
    return Row(name, (statement,), TEMPLATES, expects={IDS: ["right"]}, files=files, **more)


YAML = """
templates:
  - {templateId: right, maxNumber: 4, imageId: ami-0a1b2c3d4e5f60001, vmType: m5.large,
     attributes: {type: X86_64, ncpus: 1, ncores: 1, nram: 8192}}
"""
WITHOUT_SYMPHONY = dict.fromkeys(
    ("HF_PROVIDER_NAME", "HF_PROVIDER_CONFDIR", "HF_PROVIDER_WORKDIR", "HF_PROVIDER_LOGDIR")
)
BOTH: tuple[Flavor, ...] = ("symphony", "lsf")
RIGHT, WRONG = catalogue("right"), catalogue("wrong")
ALL = re.compile(r"^16 templates")


def keeps_to_itself(stage: Stage) -> None:
    """In a folder that all providers of LSF share, every file of ours begins with the provider's name."""
    work = stage.provider.work
    assert (work / "hosts.json").read_text() == (work / "requests.json").read_text() == "ebrokerd's"
    ours = {file.name for file in work.iterdir()} - {"hosts.json", "requests.json"}
    assert ours
    assert all(name.startswith("grid-") for name in ours), ours


def logs_by_name(stage: Stage) -> None:
    """The log folder may be everybody's: provider and host are in the log file's name."""
    names = [file.name for file in (stage.provider.folder / "log").iterdir()]
    assert names
    assert all(re.fullmatch(r"grid-provider\.log\..+", name) for name in names), names


ROWS = (
    Row("variables-symphony", ("1.1-1", "1.1-2", "1.3-1", "1.3-2", "1.6-1"), TEMPLATES, expects={"message": ALL}),
    Row(
        "variables-symphony-old",
        ("1.3-2", "1.3-3", "1.3-4", "1.3-5"),
        TEMPLATES,
        expects={"message": ALL},
        flavor="old-symphony",
    ),
    Row(
        "variables-lsf",
        ("1.3-7", "1.3-8", "1.3-11", "1.3-12", "1.3-13"),
        TEMPLATES,
        expects={"message": ALL},
        flavor="lsf",
    ),
    Row(
        "variables-none",
        ("1.3-1",),
        TEMPLATES,
        exit=1,
        environ=WITHOUT_SYMPHONY,
        expects={"message": re.compile("HF_PROVIDER_NAME")},
    ),
    Row(
        "variables-no-configuration",
        ("1.3-2",),
        TEMPLATES,
        exit=1,
        environ={"HF_PROVIDER_CONFDIR": None},
        expects={"message": re.compile("HF_PROVIDER_CONFDIR")},
    ),
    Row(
        "variables-no-work-folder",
        ("1.3-3",),
        TEMPLATES,
        exit=1,
        environ={"HF_PROVIDER_WORKDIR": None},
        expects={"message": re.compile("HF_PROVIDER_WORKDIR")},
    ),
    Row(
        "variables-name-unusable",
        ("1.3-1", "4-2"),
        TEMPLATES,
        exit=1,
        environ={"HF_PROVIDER_NAME": "../elsewhere"},
        expects={"message": re.compile("elsewhere")},
    ),
    Row(
        "registered-with-symphony",
        ("4-1", "1.1-1"),
        TEMPLATES,
        expects={"message": ALL},
        flavor="registered-symphony",
    ),
    Row("registered-with-lsf", ("4-5", "1.1-1"), TEMPLATES, expects={"message": ALL}, flavor="registered-lsf"),
    Row(
        "log-folder-shared",
        ("1.3-4",),
        "requestMachines",
        given=ask("grid", 1),
        expects={"requestId": "<request-new>"},
        environ={"HF_LOGLEVEL": "LOG_DEBUG"},
        afterwards=logs_by_name,
    ),
    *(
        Row(
            f"log-level-{level or 'empty'}",
            ("1.3-6",),
            TEMPLATES,
            expects={"message": ALL},
            environ={"HF_LOGLEVEL": f"LOG_{level}" if level else ""},
        )
        for level in ("TRACE", "WARN", "WARNING", "")
    ),
    Row(
        "work-folder-shared",
        ("1.3-9", "1.3-10", "1.3-15"),
        "requestMachines",
        given=ask("grid", 1),
        expects={"requestId": "<request-new>"},
        world="shared folders",
        flavor="lsf",
        afterwards=keeps_to_itself,
    ),
    Row("script-options-odd", ("1.3-12",), TEMPLATES, flavor="lsf", environ={"SCRIPT_OPTIONS": "'; exit 7"}),
    found_at(
        "found-by-own-name", "1.3-14", {"conf/gridprov_templates.json": RIGHT, "conf/awsprov_templates.json": WRONG}
    ),
    found_at("found-in-conf-below", "1.3-14", {"conf/conf/awsprov_templates.json": RIGHT}),
    found_at("found-as-conductor-has-it", "1.3-14", {"conf/conf/gridprov_templates.json": RIGHT}),
    found_at(
        "found-in-the-folder-first",
        "1.3-14",
        {"conf/awsprov_templates.json": RIGHT, "conf/conf/awsprov_templates.json": WRONG},
    ),
    found_at(
        "found-by-own-name-wherever",
        "1.3-14",
        {"conf/awsprov_templates.json": WRONG, "conf/conf/gridprov_templates.json": RIGHT},
    ),
    found_at("found-as-yaml", "1.3-14", {"conf/awsprov_templates.yaml": YAML}),
    found_at(
        "found-below-the-old-folder",
        "1.3-5",
        {"hf/conf/providers/grid/conf/awsprov_templates.json": RIGHT},
        flavor="old-symphony",
    ),
    found_at(
        "found-where-lsf-has-it",
        "1.3-8",
        {
            "lsf/conf/resource_connector/grid/conf/awsprov_templates.json": RIGHT,
            "lsf/conf/resource_connector/grid/awsprov_templates.json": WRONG,
        },
        flavor="lsf",
    ),
    found_at(
        "found-in-the-bare-lsf-folder",
        "1.3-14",
        {"lsf/conf/resource_connector/grid/gridprov_templates.json": RIGHT},
        flavor="lsf",
    ),
    Row(
        "catalogue-missing",
        ("1.2-6",),
        TEMPLATES,
        exit=1,
        files={"conf/awsprov_config.json": "{}"},
        expects={"message": re.compile("gridprov_templates or awsprov_templates")},
    ),
    Row(
        "catalogue-broken",
        ("1.2-6",),
        TEMPLATES,
        exit=1,
        files={"conf/awsprov_templates.json": '{"templates": ['},
        expects={"message": re.compile(r"awsprov_templates\.json")},
    ),
    Row(
        "catalogue-empty",
        ("1.2-6",),
        TEMPLATES,
        exit=1,
        files={"conf/awsprov_templates.json": '{"templates": []}'},
        expects={"message": re.compile("empty")},
    ),
    Row(
        "catalogue-all-refused",
        ("1.2-6",),
        TEMPLATES,
        exit=1,
        files={"conf/awsprov_templates.json": catalogue("bad", tenancy="host")},
        expects={"message": re.compile("bad.*host")},
    ),
    Row(
        "catalogue-broken-and-asked-for-machines",
        ("1.2-2", "1.2-5"),
        "requestMachines",
        given=ask("grid", 1),
        exit=1,
        files={"conf/awsprov_templates.json": "no catalogue"},
        expects={"message": re.compile(r"awsprov_templates\.json")},
    ),
    *(
        Row(
            f"no-such-machines-script-{flavor}",
            ("1.1-6", "1.6-15"),
            "getAvailableMachines",
            expects={"machines": [], "message": re.compile("not supported")},
            flavor=flavor,
        )
        for flavor in BOTH
    ),
    *(
        Row(
            f"input-absent-{operation}",
            ("1.2-2", "1.2-5", "1.1-2"),
            operation,
            exit=1,
            arguments=("-f", "/nowhere/hf_in_Ab3xYz"),
            expects={"message": re.compile("/nowhere/hf_in_Ab3xYz")},
        )
        for operation in OPERATIONS[:3]
    ),
    *(
        Row(
            f"input-broken-{operation}",
            ("1.1-1", "1.2-2", "1.2-3", "1.2-4", "1.2-5"),
            operation,
            given='{"template": ',
            exit=1,
            expects={"message": re.compile("not JSON")},
        )
        for operation in OPERATIONS
    ),
    Row(
        "arguments-missing",
        ("1.1-2", "1.2-2"),
        "requestMachines",
        exit=1,
        arguments=(),
        expects={"message": re.compile("usage")},
    ),
    Row("exit-code-success", ("1.2-1", "1.2-3", "1.2-4"), "getReturnRequests", expects={"status": "complete"}),
)
