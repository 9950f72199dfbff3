"""Bodies as they reach CloudFormation: in the call, or as objects in S3 under their digest.

CloudFormation reads an object by itself, so the URL is AWS's own (of the region, in its partition), wherever our
calls of S3 go. An object may be replaced, a version of it never: a URL with `?versionId=` names bytes, not
a place (S3 user guide, versioning; CloudFormation user guide, template URLs).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from ohf_iac.aws.translate import translated
from ohf_iac.errors import ApprovalError, ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.aws.calls import Calls

#: CloudFormation takes a template in the call up to this size (aws-behaviour §5).
INLINE_LIMIT: Final = 51_200
#: ... and up to this size from S3
OBJECT_LIMIT: Final = 1_000_000
#: what is published is missing, was replaced, or could be
NOT_PUBLISHED: Final = "E410"
#: what S3 answers where If-None-Match finds an object, or another writer at the same moment
_THERE: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound"})

Publication = Literal["published", "there", "replaced"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where bodies lie in S3, and what is asked of them.

    `published`: nothing but what lies there is sent. `pinned`: an object without a version is not good enough.
    """

    bucket: str = ""
    prefix: str = ""
    published: bool = False
    pinned: bool = False

    def key(self, digest: str) -> str:
        """The key of a body's object."""
        return f"{self.prefix.strip('/')}/{digest}.json".lstrip("/")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as S3 gave it; `version` is "" where the bucket keeps none."""

    content: bytes
    version: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()


def sendable(calls: Calls, what: str, body: str, shelf: Shelf) -> dict[str, str]:
    """A body as CreateStack and CreateChangeSet take it; nothing can have been created when this fails.

    ApprovalError where what is published is not this body, or may be replaced on the way though `shelf` is pinned.
    """
    content = body.encode("ascii")
    try:
        if shelf.published:
            return {"TemplateURL": _published(calls, what, content, shelf)}
        if len(content) <= INLINE_LIMIT:
            return {"TemplateBody": body}
        return {"TemplateURL": _put_aside(calls, what, content, shelf)}
    except ProviderError as error:
        error.sent = False
        raise


def publish(calls: Calls, body: str, shelf: Shelf, *, again: bool = False) -> tuple[Publication, Stored]:
    """Put a body on its shelf, once, and read it back.

    `there`: it was there already; `replaced`: what is there is another, and stays unless `again` puts the body over
    it. The second part is what was read back.
    """
    content = body.encode("ascii")
    digest = hashlib.sha256(content).hexdigest()
    done: Publication = "published" if _put_first(calls, content, digest, shelf) else "there"
    found = stored(calls, shelf, digest)
    if again and (found is None or found.digest != digest):
        _put(calls, content, digest, shelf)
        done, found = "published", stored(calls, shelf, digest)
    if found is None:
        raise ProviderError(f"read back {_place(shelf, digest)}: it is not there", hint="repeat the command")
    return ("replaced" if found.digest != digest else done), found


def stored(calls: Calls, shelf: Shelf, digest: str) -> Stored | None:
    """The object of a body as it lies there now; None when there is none."""
    place = _place(shelf, digest)
    try:
        answer = calls.call("s3", "get_object", "read", place, Bucket=shelf.bucket, Key=shelf.key(digest))
    except ProviderError as error:
        if error.aws_code in _MISSING:
            return None
        raise
    with translated("read", place):
        content: bytes = answer["Body"].read(OBJECT_LIMIT + 1)
    version = answer.get("VersionId", "")
    return Stored(content, "" if version == "null" else version)


def url_of(calls: Calls, shelf: Shelf, digest: str, version: str) -> str:
    """The URL by which CloudFormation reads a body's object, in one version where there is one."""
    place = f"https://{shelf.bucket}.s3.{calls.region}.{calls.domain}/{quote(shelf.key(digest))}"
    return f"{place}?versionId={quote(version)}" if version else place


def _published(calls: Calls, what: str, content: bytes, shelf: Shelf) -> str:
    digest = hashlib.sha256(content).hexdigest()
    if not shelf.bucket:
        raise _unpublished(what, "approvals.publish is set, and no bucket", "set provider.templateBucket")
    found = stored(calls, shelf, digest)
    if found is None:
        raise _unpublished(what, f"body {digest[:12]} is not published", "ohf publish TEMPLATE")
    if found.digest != digest:
        cause = f"{_place(shelf, digest)} was replaced, it holds {found.digest[:12]}"
        raise _unpublished(what, cause, "find out who may write there; then ohf publish TEMPLATE --replace")
    return url_of(calls, shelf, digest, _version(what, found.version, shelf))


def _put_aside(calls: Calls, what: str, content: bytes, shelf: Shelf) -> str:
    if not shelf.bucket:
        raise ProviderError(
            f"{what}: its body of {len(content)} bytes is over the limit of {INLINE_LIMIT} in a call",
            hint="set provider.templateBucket, or shorten user data or the list of types and subnets",
        )
    digest = hashlib.sha256(content).hexdigest()
    version = _put(calls, content, digest, shelf)
    return url_of(calls, shelf, digest, _version(what, version, shelf))


def _version(what: str, version: str, shelf: Shelf) -> str:
    if shelf.pinned and not version:
        raise _unpublished(
            what,
            f"bucket {shelf.bucket} keeps no versions, its objects could be replaced on the way",
            f"switch versioning on: aws s3api put-bucket-versioning --bucket {shelf.bucket} "
            "--versioning-configuration Status=Enabled",
        )
    return version


def _put_first(calls: Calls, content: bytes, digest: str, shelf: Shelf) -> bool:
    """Put a body where nothing is; False where something is."""
    try:
        _put(calls, content, digest, shelf, IfNoneMatch="*")
    except ProviderError as error:
        if error.aws_code not in _THERE:
            raise
        return False
    return True


def _put(calls: Calls, content: bytes, digest: str, shelf: Shelf, **more: str) -> str:
    """Write the object and return its version, "" without one."""
    answer: Mapping[str, str] = calls.call(
        "s3",
        "put_object",
        "store body",
        _place(shelf, digest),
        Bucket=shelf.bucket,
        Key=shelf.key(digest),
        Body=content,
        ContentType="application/json",
        **more,
    )
    version = answer.get("VersionId", "")
    return "" if version == "null" else version


def _place(shelf: Shelf, digest: str) -> str:
    return f"s3://{shelf.bucket}/{shelf.key(digest)}"


def _unpublished(what: str, cause: str, hint: str) -> ApprovalError:
    return ApprovalError(f"{what}: {cause}", hint=hint, code=NOT_PUBLISHED)
