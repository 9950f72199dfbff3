"""The hash that binds an approval to a configuration: it changes exactly when the body does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ohf_iac.approval.inputs import input_hash, inputs_of
from ohf_iac.render import render
from ohf_iac.template.catalogue import parse_catalogue
from ohf_iac.template.defaults import BODY_SETTINGS, TemplateDefaults
from ohf_iac.template.host_template import HostTemplate
from ohf_iac.template.kinds import KINDS, Kind
from tests.unit.field_rows import API, BASE, ROWS, Row

BARE = TemplateDefaults()


def served(
    entry: dict[str, Any], files: dict[str, bytes], defaults: TemplateDefaults = BARE
) -> HostTemplate | None:
    """The template of an entry, None when it is refused."""
    return parse_catalogue({"templates": [entry]}, defaults, files).find(str(entry["templateId"]))


def both(entry: dict[str, Any], files: dict[str, bytes], defaults: TemplateDefaults = BARE) -> tuple[str, str]:
    """Input hash and digest."""
    template = served(entry, files, defaults)
    assert template is not None
    return input_hash(template, defaults, files), render(template, defaults, files).digest


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}={row.value}"[:40])
def test_field_by_field_the_hash_changes_exactly_when_the_body_does(row: Row, kind: Kind) -> None:
    without = {k: v for k, v in {**BASE, **API[kind], **row.also}.items() if k not in row.drop}
    entry = {"templateId": "t1", **without, row.name: row.value}
    before, after = served({"templateId": "t1", **without}, row.files), served(entry, row.files)
    if after is None:
        return  # refused: test_template_fields holds that
    ours, digest = both(entry, row.files)
    if before is None:
        assert ours != both({**BASE, **API[kind]}, {})[0]
        return
    assert (ours == input_hash(before, BARE, row.files)) == (digest == render(before, BARE, row.files).digest)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rootDeviceName", "/dev/sda1"),
        ("tags", {"cost": "grid"}),
        ("maxPerRequest", 7),
        ("httpTokens", "optional"),
        ("httpPutResponseHopLimit", 3),
        ("instanceMetadataTags", True),
        ("associatePublicIpAddress", True),
        ("encryptVolumes", False),
        ("kmsKeyId", "alias/x"),
        ("volumeType", "gp2"),
        ("deleteOnTermination", False),
        ("detailedMonitoring", True),
        ("providerName", "grid"),
        ("clusterName", "c1"),
    ],
)
@pytest.mark.parametrize("script", [b"echo", b"%EXPORT_USER_DATA%"], ids=["fixed", "filled in"])
def test_setting_by_setting_the_hash_changes_exactly_when_the_body_does(
    name: str, value: Any, script: bytes
) -> None:
    snake = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
    entry = {k: v for k, v in BASE.items() if k != "rootDeviceName"} | {"userDataScript": "s.sh"}
    files = {"s.sh": script}
    for device in ("", "/dev/xvda"):
        bare = replace(BARE, root_device_name=device)
        ours, digest = both(entry, files, replace(bare, **{snake: value}))
        assert (ours == both(entry, files, bare)[0]) == (digest == both(entry, files, bare)[1])


def test_every_setting_that_reaches_a_body_is_tried() -> None:
    tried = {
        mark.args[1][index][0]
        for mark in test_setting_by_setting_the_hash_changes_exactly_when_the_body_does.pytestmark
        if mark.args[0] == ("name", "value")
        for index in range(len(mark.args[1]))
    }
    assert tried == set(BODY_SETTINGS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_scripts_bytes_count_and_its_path_does_not(kind: Kind) -> None:
    entry = {**BASE, **API[kind]}
    first = both({**entry, "userDataScript": "s.sh"}, {"s.sh": b"echo"})
    assert both({**entry, "userDataScript": "./s.sh"}, {"./s.sh": b"echo"}) == first
    changed = both({**entry, "userDataScript": "s.sh"}, {"s.sh": b"echo "})
    assert changed[0] != first[0]
    assert changed[1] != first[1]
    as_jinja = both({**entry, "userDataScript": "s.sh.j2"}, {"s.sh.j2": b"echo {{ owner }}"})
    as_shell = both({**entry, "userDataScript": "s.sh"}, {"s.sh": b"echo {{ owner }}"})
    assert as_jinja[0] != as_shell[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_keys_and_what_host_factory_alone_reads_do_not_count(kind: Kind) -> None:
    entry = {**BASE, **API[kind], "instanceTags": "b=c;a=b", "attributes": {"ncpus": 2}}
    turned = dict(reversed(list(entry.items()))) | {"instanceTags": "a=b;b=c", "maxNumber": 3, "priority": 9}
    assert both(turned, {}) == both(entry, {})


def test_a_field_that_says_nothing_is_not_hashed() -> None:
    """Or the next version's new field would change every hash, and stop everybody who has an approved file."""
    template = served(BASE, {})
    assert template is not None
    found = inputs_of(template, BARE, {})
    assert all(value not in ("", 0, False, [], {}) for value in found.values())
    assert json.loads(json.dumps(found)) == found
