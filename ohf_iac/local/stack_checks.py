"""What CloudFormation checks of a call before it does anything, in its words. Raises Refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from moto.s3.models import FakeKey, s3_backends
from moto.ssm.models import ssm_backends
from moto.utilities.utils import get_partition

from ohf_iac.local.intrinsics import TemplateError
from ohf_iac.local.refusals import Refused
from ohf_iac.local.stack_parameters import check_declarations, given_values, resolved_values
from ohf_iac.local.stack_record import Site, Version, outline_scope
from ohf_iac.local.template_body import check, dependencies, outline, read

if TYPE_CHECKING:
    from ohf_iac.local.world import Region

LONGEST_BODY = 51_200
MOST_TAGS = 50
NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
TOKEN = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
TEMPLATE_URL = re.compile(r"https?://(?:[^/]+/)(?P<bucket>[^/]+)/(?P<key>.+)")
HOSTED_URL = re.compile(r"https?://(?P<bucket>[^/]+?)\.s3[.-][^/]*/(?P<key>.+)")


def invalid(message: str) -> Refused:
    """CloudFormation's one code for whatever is wrong with a call."""
    return Refused("ValidationError", message)


def check_name(name: str) -> None:
    """The name of a new stack."""
    _constrain("stackName", name, NAME, 128)


def check_token(token: str) -> None:
    """A client's own token; empty means that none was given."""
    if token:
        _constrain("clientRequestToken", token, TOKEN, 128)


def _constrain(member: str, value: str, pattern: re.Pattern[str], longest: int) -> None:
    start = f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must"
    if len(value) > longest:
        raise invalid(f"{start} have length less than or equal to {longest}")
    if not pattern.fullmatch(value):
        raise invalid(f"{start} satisfy regular expression pattern: {pattern.pattern}")


def checked_tags(given: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The tags as a mapping."""
    if len(given) > MOST_TAGS:
        raise invalid(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length "
            f"less than or equal to {MOST_TAGS}"
        )
    tags: dict[str, str] = {}
    for place, tag in enumerate(given, 1):
        key, value = tag.get("Key", ""), tag.get("Value", "")
        _check_tag(place, key, value)
        if key in tags:
            raise invalid(f"Duplicate tag keys found: {key}")
        tags[key] = value
    return tags


def _check_tag(place: int, key: str, value: str) -> None:
    for member, text, longest in (("key", key, 128), ("value", value, 256)):
        start = (
            f"1 validation error detected: Value '{text}' at 'tags.{place}.member.{member}' failed to satisfy "
            "constraint: Member must have length"
        )
        if not text:
            raise invalid(f"{start} greater than or equal to 1")
        if len(text) > longest:
            raise invalid(f"{start} less than or equal to {longest}")
    if key.lower().startswith("aws:"):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")


def body_of(region: Region, params: Mapping[str, Any], previous: str | None = None) -> str:
    """The template's text: given, fetched from S3, or `previous` where UsePreviousTemplate asks for it."""
    if params.get("UsePreviousTemplate") and previous is not None:
        return previous
    body, url = params.get("TemplateBody"), params.get("TemplateURL")
    if (body is None) == (url is None):
        raise invalid("Either Template URL or Template Body must be specified.")
    if url is not None:
        return _fetched(region, url)
    text = str(body)
    if len(text.encode()) > LONGEST_BODY:
        raise invalid(
            f"1 validation error detected: Value '{text}' at 'templateBody' failed to satisfy constraint: Member "
            f"must have length less than or equal to {LONGEST_BODY}"
        )
    return text


def _fetched(region: Region, url: str) -> str:
    found = HOSTED_URL.fullmatch(url) or TEMPLATE_URL.fullmatch(url)
    if found is None:
        raise invalid(f"TemplateURL must be a supported URL: {url}")
    buckets = s3_backends[region.account][get_partition(region.name)].buckets
    bucket = buckets.get(found.group("bucket"))
    name, _, query = found.group("key").partition("?")
    version = dict(parse_qsl(query)).get("versionId", "")
    versions = bucket.keys.getlist(unquote(name), []) if bucket is not None else []
    key = next((one for one in reversed(versions) if not version or one.version_id == version), None)
    if not isinstance(key, FakeKey):  # none, or what S3 keeps in the place of a deleted one
        raise invalid("S3 error: The specified key does not exist.")
    text: str = key.value.decode()
    return text


def version_of(
    site: Site,
    body: str,
    given: Sequence[Mapping[str, Any]],
    tags: Mapping[str, str],
    previous: Mapping[str, str],
) -> Version:
    """The version that a creation or update asks for, whole and sound."""
    try:
        template = read(body)
        check(template, site.types)
        declared = template.get("Parameters") or {}
        check_declarations(declared)
        values = given_values(declared, given, previous)
        parameters = resolved_values(declared, values, lambda name: _kept_in_ssm(site.region, name))
        scope = outline_scope(site, template, parameters)
        needs = dependencies(template, scope)
        outline(template, scope)
    except TemplateError as error:
        raise invalid(str(error)) from error
    return Version(body, template, values, parameters, tags, needs)


def _kept_in_ssm(region: Region, name: str) -> str:
    parameter = ssm_backends[region.account][region.name].get_parameter(name)
    if parameter is None:
        raise invalid(f"Unable to fetch parameters [{name}] from parameter store for this account.")
    return str(parameter.value)


def outline_of(site: Site, version: Version) -> dict[str, dict[str, Any]]:
    """What of a version an update compares."""
    return outline(version.template, outline_scope(site, version.template, version.parameters))
