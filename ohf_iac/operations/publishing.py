"""publish: approved bodies put on S3 under their digest, so that stacks can be made from nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ohf_iac.app import calls_of
from ohf_iac.approval.decide import Refused, judged
from ohf_iac.aws.bodies import Publication, publish, stored, url_of
from ohf_iac.config.lock_file import lock_or_empty
from ohf_iac.errors import ConfigurationError
from ohf_iac.operations.approved import rules_of, sound_body, verifier
from ohf_iac.operations.delivering import shelf_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ohf_iac.app import App
    from ohf_iac.approval.values import Entry
    from ohf_iac.aws.bodies import Shelf
    from ohf_iac.aws.calls import Calls

Outcome = Publication | Literal["missing", "refused"]


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one approved body.

    `outcome`: `published` now, `there` before, `replaced` by something else, `missing` (asked, not put), `refused`
    for want of a valid approval. `version` is "" where the bucket keeps none, `message` says what is wrong.
    """

    template_id: str
    digest: str
    outcome: Outcome
    url: str = ""
    version: str = ""
    message: str = ""

    @property
    def good(self) -> bool:
        return self.outcome in ("published", "there")


def publish_approved(
    app: App, templates: Collection[str], *, check: bool = False, again: bool = False
) -> Iterator[Published]:
    """Publish every body of the lock that may be sent now, of these templates or, without any, of all.

    What is there already is read back and held against its digest; with `again` another object in its place is
    overwritten. `check` writes nothing. ConfigurationError without a bucket.
    """
    shelf = shelf_of(app.settings)
    if not shelf.bucket:
        raise ConfigurationError(
            "publish approved bodies: provider.templateBucket is not set", hint="name the bucket in ohf.json"
        )
    entries = lock_or_empty(app.settings).entries.values()
    calls = calls_of(app)
    for entry in sorted(entries, key=lambda one: (one.template, one.digest)):
        if not templates or entry.template in templates:
            yield _one(app, calls, shelf, entry, check, again)


def _one(app: App, calls: Calls, shelf: Shelf, entry: Entry, check: bool, again: bool) -> Published:
    verdict = judged(entry, rules_of(app.settings), app.now(), verifier(app.settings))
    if isinstance(verdict, Refused):
        return Published(entry.template, entry.digest, "refused", message=verdict.reason)
    body = sound_body(app.settings, entry)
    if check:
        found = stored(calls, shelf, entry.digest)
        if found is None:
            return Published(entry.template, entry.digest, "missing", message="it is not published")
        outcome: Outcome = "there" if found.digest == entry.digest else "replaced"
    else:
        outcome, found = publish(calls, body, shelf, again=again)
    message = f"another body lies there: {found.digest[:12]}" if outcome == "replaced" else ""
    url = url_of(calls, shelf, entry.digest, found.version)
    return Published(entry.template, entry.digest, outcome, url, found.version, message)
