"""Reports: what a page says of a body, that nothing in it becomes markup, and that user data stays unsaid."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ohf_iac.approval.values import Approval, Entry
from ohf_iac.errors import ValidationError
from ohf_iac.review.findings import Finding
from ohf_iac.review.report.html import html
from ohf_iac.review.report.markdown import markdown, text
from ohf_iac.review.report.of_template import approved, remark
from ohf_iac.review.report.page import Cost, Fact, Moment, Page, Part
from ohf_iac.review.report.prices import ceiling, parse_prices
from ohf_iac.review.report.reading import bounds_of, parts_of, security_of

STACKS = Path(__file__).resolve().parents[2] / "examples" / "stacks"
BODIES = sorted(one.stem for one in STACKS.glob("*.json") if one.stem != "index")
PRICES = {"m5.large": Decimal("0.096"), "c5.large": Decimal("0.085")}


def body(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STACKS / f"{name}.json").read_text())
    return found


def page_of(document: Mapping[str, Any], **more: Any) -> Page:
    return Page("some", "d" * 64, 10, parts_of(document), security_of(document), bounds_of(document, {}), **more)


def facts(document: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    return {one.name: (one.value, one.tone) for one in security_of(document)}


class Tags(HTMLParser):
    """What a page is made of."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [one for one in attrs if one[0] in ("src", "href", "action") or one[0].startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", BODIES)
def test_every_resource_and_parameter_of_a_body_is_on_the_page(name: str) -> None:
    document = body(name)
    page = page_of(document)
    words = "\n".join(Tags(html(page)).texts)
    for named in (*document["Resources"], *document["Parameters"]):
        assert named in words
        assert named in markdown(page)
    for resource in document["Resources"].values():
        assert resource["Metadata"]["ohf"]["why"] in words


def test_the_launcher_uses_the_launch_template_and_the_rest_has_its_condition() -> None:
    parts = {one.logical_id: one for one in parts_of(body("heterogeneous-spot"))}
    assert parts["Capacity"].uses == parts["OnDemandRest"].uses == ("LaunchTemplate",)
    assert (parts["OnDemandRest"].condition, parts["Capacity"].condition) == ("RestWanted", "")
    assert Fact("types", "c5.large, m5.large") in parts["Capacity"].facts
    assert Fact("on demand", "50 percent") in parts_of(body("asg-mixed"))[1].facts


def test_the_posture_by_default_is_good_and_what_loosens_it_is_marked() -> None:
    document = body("instant-ondemand")
    before = facts(document)
    assert before["instance metadata"] == ("IMDSv2 required", "good")
    assert before["public address"] == ("none", "good")
    assert before["volumes"] == ("encrypted", "good")
    data = document["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"]
    data["MetadataOptions"] |= {"HttpTokens": "optional", "HttpPutResponseHopLimit": 2}
    data["NetworkInterfaces"][0]["AssociatePublicIpAddress"] = True
    data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] = False
    data["KeyName"] = "operators"
    after = facts(document)
    assert {name for name in after if after[name] != before[name]} == {
        "instance metadata",
        "metadata hop limit",
        "public address",
        "volumes",
        "key pair",
    }
    assert {after[name][1] for name in after if after[name] != before[name]} == {"warn"}
    del data["NetworkInterfaces"]
    assert facts(document)["public address"][1] == "warn"  # then the subnet decides


def test_a_foreign_launch_template_is_said_to_be_one() -> None:
    document = body("asg-ondemand")
    del document["Resources"]["LaunchTemplate"]
    assert [one.tone for one in security_of(document)] == ["warn"]


def test_user_data_and_hidden_parameters_are_not_on_the_page() -> None:
    document = body("instant-ondemand")
    document["Parameters"]["Key"] = {"Type": "String", "NoEcho": True, "Default": "s3cr3t-default"}
    bounds = bounds_of(document, {"Key": "s3cr3t-value", "TargetCapacity": "3"})
    page = replace(page_of(document), bounds=bounds, request_id="req-1")
    for told in (html(page), markdown(page)):
        assert "s3cr3t" not in told
        assert "EGO_MASTER" not in told
        assert "hidden" in told
    assert {one.name: one.given for one in bounds}["TargetCapacity"] == "3"


HOSTILE = "<script>alert(1)</script><a href='http://192.0.2.1'>x</a> | ![i](http://192.0.2.1/x) @all `c` \u202e\x00"


def hostile() -> Page:
    page = page_of({}, tags=(Fact(HOSTILE, HOSTILE),), moments=(Moment(HOSTILE, HOSTILE, HOSTILE, HOSTILE),))
    parts = (Part(HOSTILE, HOSTILE, HOSTILE, (Fact(HOSTILE, HOSTILE),), (), HOSTILE),)
    return replace(page, template_id=HOSTILE, parts=parts, gaps=(HOSTILE,), cost=Cost(HOSTILE, HOSTILE, (HOSTILE,)))


def test_nothing_in_a_page_becomes_html() -> None:
    seen = Tags(html(hostile()))
    assert set(seen.tags) <= set(Tags(html(page_of(body("heterogeneous-spot"), cost=Cost("1", "x")))).tags) | {
        "p",
        "section",
    }
    assert seen.links == [("href", "data:,")]
    assert "<script>alert(1)</script>" in "".join(seen.texts)
    assert "\u202e" not in html(hostile())


def test_nothing_in_a_page_becomes_markdown() -> None:
    told = markdown(hostile())
    assert "<script" not in told.replace("\\<script", "")
    assert "](" not in told.replace("\\]\\(", "")
    rows = [line for line in told.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {4, 5}
    assert text("a\nb\r\n| c") == "a b \\| c"


def test_the_ceiling_is_that_of_the_dearest_way() -> None:
    document = body("instant-ondemand")
    cost = ceiling(document, PRICES)
    assert cost == Cost("96.00", "1000 × m5.large at $0.096, the dearest way to 1000 units")
    assert ceiling(document, PRICES, 7) == Cost("0.67", "7 × m5.large at $0.096, the dearest way to 7 units")
    weighted = body("weighted-spot")
    found = ceiling(weighted, dict.fromkeys(["c5.large"], Decimal(1)))
    assert found is not None
    assert found.unpriced
    assert ceiling(document, {}) == Cost("", "the price table has none of its types", ("m5.large",))
    assert ceiling({}, PRICES) is None


def test_prices_are_by_type_or_by_region_and_type() -> None:
    assert parse_prices({"m5.large": "0.096"}) == parse_prices({"r": {"m5.large": 0.096}}, "r")
    wrongs: list[object] = [[], {"m5.large": "cheap"}, {"m5.large": -1}, {"m5.large": True}, {"m5.large": "NaN"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError, match="read prices"):
            parse_prices(wrong)
    with pytest.raises(ValidationError, match="none for region eu-west-1") as refused:
        parse_prices({"us-east-1": {}}, "eu-west-1")
    assert refused.value.hint == "known: us-east-1"


def test_approvals_that_ended_and_emergencies_look_like_that() -> None:
    valid = Approval("a@x", "2026-11-23T08:00:00Z", "2027-02-28", "CHG1")
    entry = Entry("d", "t", "ASG", "i", 1, {}, (), {}, (valid, replace(valid, ticket="", break_glass="outage")))
    assert [(one.state, one.ticket, one.tone) for one in approved(entry, 1_795_000_000)] == [
        ("valid", "CHG1", "good"),
        ("break glass", "break glass: outage", "warn"),
    ]
    assert {one.state for one in approved(entry, 1_895_000_000)} == {"expired"}
    assert approved(None, 0) == ()


def test_a_suppressed_finding_says_why() -> None:
    finding = Finding("OHF-S001", "warning", "a secret", file="c.json", line=3)
    assert remark(finding).message == "a secret"
    told = remark(replace(finding, reason="rotated", until="2027-01-01"))
    assert told.message == "a secret (suppressed until 2027-01-01: rotated)"
    assert told.place == "c.json:3"
