"""Whatever happens to lock, approved file or signers under `enforce`: what was approved is sent, or nothing is."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ohf_iac.app import app_for
from ohf_iac.approval.envelope import envelope_of, images_of, resources_of
from ohf_iac.approval.inputs import input_hash
from ohf_iac.approval.lock_text import lock_text
from ohf_iac.approval.values import EMPTY, Approval, Entry, with_approval
from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.errors import OhfError
from ohf_iac.hostfactory import MachineAsk
from ohf_iac.operations.approved import outgoing
from ohf_iac.operations.intending import new_request
from ohf_iac.render import render
from ohf_iac.review.approving import signed_approval
from ohf_iac.template.defaults import TemplateDefaults
from tests.e2e.reviewed import ssh_key
from tests.unit.field_rows import BASE


@dataclass(frozen=True, slots=True)
class Site:
    """A configuration with one approved, signed body; `sound` holds its files as they were."""

    folder: Path
    digest: str
    sound: dict[str, bytes]

    @property
    def environ(self) -> dict[str, str]:
        names = {"HF_PROVIDER_CONFDIR": "conf", "HF_PROVIDER_WORKDIR": "work", "HF_PROVIDER_LOGDIR": "log"}
        return {"HF_PROVIDER_NAME": "grid", **{key: str(self.folder / name) for key, name in names.items()}}

    def restore(self) -> None:
        for name, content in self.sound.items():
            path = self.folder / "conf" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def sent(self) -> str | None:
        """The digest of the body that a request would send, None where it is refused."""
        app = app_for(self.environ)
        template = load_catalogue(app.settings).templates[0]
        request = new_request(app, template, MachineAsk("t1", 2, "default"))
        try:
            found = outgoing(app, template, request)
        except OhfError:
            return None
        digest = hashlib.sha256(found.stack.body.encode()).hexdigest()
        assert found.tags["ohf:digest"] == found.stack.digest == digest
        return digest


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    conf = folder / "conf"
    for name in ("conf/approved", "work", "log"):
        (folder / name).mkdir(parents=True)
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": [BASE]}))
    approvals = {"mode": "enforce", "allowedSigners": "allowed_signers"}
    (conf / "ohf.json").write_text(json.dumps({"approvals": approvals}))
    key = ssh_key(conf, "alice@corp")
    found = Site(folder, "", {})
    template = load_catalogue(app_for(found.environ).settings).templates[0]
    stack = render(template, TemplateDefaults(), {})
    entry = Entry(
        stack.digest,
        "t1",
        stack.kind,
        input_hash(template, TemplateDefaults(), {}),
        1,
        envelope_of(stack.body),
        images_of(stack.body),
        resources_of(stack.body),
    )
    approval = Approval("alice@corp", "2026-11-23T08:31:00Z", "2099-01-01", "CHG1", "bob@corp")
    lock = with_approval(EMPTY, entry, signed_approval(entry, approval, str(key), str(conf / "allowed_signers")))
    (conf / "approved" / f"{stack.digest}.json").write_text(stack.body)
    (conf / "ohf.lock").write_text(lock_text(lock))
    names = ("ohf.lock", "allowed_signers", f"approved/{stack.digest}.json")
    yield Site(folder, stack.digest, {name: (conf / name).read_bytes() for name in names})
    shutil.rmtree(folder)


def test_what_is_sound_is_sent(site: Site) -> None:
    site.restore()
    assert site.sent() == site.digest


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_sends_nothing_else(site: Site, data: st.DataObject) -> None:
    """One byte changed, a piece cut out, doubled or zeroed: the body that was approved, or none."""
    site.restore()
    name = data.draw(st.sampled_from(sorted(site.sound)))
    content = site.sound[name]
    begin = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(begin + 1, min(len(content), begin + 200)))
    piece = content[begin:end]
    instead = data.draw(
        st.sampled_from([b"", piece * 2, b"\0" * len(piece), bytes([piece[0] ^ 1]) + piece[1:], b"9" + piece])
    )
    (site.folder / "conf" / name).write_bytes(content[:begin] + instead + content[end:])
    assert site.sent() in (site.digest, None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_intruder_without_the_key_sends_nothing_else(site: Site, data: st.DataObject) -> None:
    """Another body under its own digest, with an entry copied from the approved one and changed at will."""
    site.restore()
    conf = site.folder / "conf"
    body = site.sound[f"approved/{site.digest}.json"].decode().replace(BASE["imageId"], "ami-0bad0bad0bad0bad0")
    digest = hashlib.sha256(body.encode()).hexdigest()
    (conf / "approved" / f"{digest}.json").write_text(body)
    lock = json.loads(site.sound["ohf.lock"])
    forged = json.loads(json.dumps(lock["entries"][site.digest]))
    forged["images"] = list(images_of(body))
    forged["approvals"][0] |= data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "at": st.just("2026-11-24T08:31:00Z"),
                "by": st.sampled_from(["alice@corp", "mallory@corp"]),
                "ticket": st.text(max_size=5),
                "signature": st.sampled_from(["", "AAAA"]),
            },
        )
    )
    keep = data.draw(st.booleans())
    lock["entries"] = {digest: forged, **(lock["entries"] if keep else {})}
    (conf / "ohf.lock").write_text(json.dumps(lock))
    assert site.sent() in (site.digest, None)
    os.unlink(conf / "approved" / f"{digest}.json")
