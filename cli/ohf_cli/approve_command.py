"""`ohf approve`: a person's word that a body may be sent, written into ohf.lock. No AWS."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from ohf_cli.approve_screen import before_lines, question
from ohf_cli.output import Output, output_option, show
from ohf_cli.provider import provider_options, provider_settings, stateless_environ
from ohf_cli.rendering import root_option
from ohf_cli.table import Cell
from ohf_cli.templates_command import found_template
from ohf_cli.terminal import terminal_of, write_lines
from ohf_iac.approval.decide import CHANGED
from ohf_iac.approval.inputs import input_hash
from ohf_iac.approval.values import approval_document, with_approval
from ohf_iac.clock import clock_for
from ohf_iac.config.catalogue_file import catalogue_files, find_catalogue, load_catalogue
from ohf_iac.config.load import OWN_FILE
from ohf_iac.config.lock_file import APPROVED_FOLDER, LOCK_FILE, keep_approved, lock_folder, lock_or_empty
from ohf_iac.errors import ApprovalError
from ohf_iac.render import render
from ohf_iac.review.approving import (
    approval_at,
    check_four_eyes,
    check_pinned,
    check_room,
    entry_of,
    signed_approval,
)
from ohf_iac.review.authorship import Author, last_author, user_at
from ohf_iac.review.diff.comparison import Version, compared
from ohf_iac.review.lint import lint
from ohf_iac.review.lint_input import default_base, lintable, suppressions
from ohf_iac.review.suppressing import suppressed
from ohf_iac.review.versions import approved, nothing

if TYPE_CHECKING:
    from ohf_iac.approval.values import Approval, Entry, Lock
    from ohf_iac.config import Settings
    from ohf_iac.review.diff.comparison import Comparison
    from ohf_iac.stack import RenderedStack
    from ohf_iac.template.host_template import HostTemplate


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is about to be approved, and what was before: the lock, and the template's entry approved last."""

    template: HostTemplate
    stack: RenderedStack
    entry: Entry
    lock: Lock
    previous: Entry | None
    author: Author
    folder: str
    change: Comparison


@click.command("approve")
@click.argument("template_id", metavar="TEMPLATE")
@click.option("--ticket", metavar="TICKET", default="", help="The change's ticket.")
@click.option("--expires", metavar="YYYY-MM-DD", default="", help="Its last day  [default: in 90 days]")
@click.option("--by", metavar="NAME", help="Who approves  [default: git's user.email, else the user]")
@click.option("--author", metavar="NAME", default="", help="Who wrote it, where git does not know.")
@click.option("--sign", "key", metavar="KEY", help="Sign with this SSH key (ssh-keygen -Y sign).")
@click.option(
    "--break-glass", metavar="REASON", default="", help="In an emergency: one person, one day, told for ever."
)
@click.option("--yes", is_flag=True, help="Do not ask; needs --expect-sha256.")
@click.option("--expect-sha256", metavar="DIGEST", help="Refuse any other body than this one, in full.")
@root_option
@provider_options
@output_option
def command(
    template_id: str,
    ticket: str,
    expires: str,
    by: str | None,
    author: str,
    key: str | None,
    break_glass: str,
    yes: bool,
    expect_sha256: str | None,
    root: str,
    output: Output,
) -> None:
    """Approve the body that a template gives now: the digest into ohf.lock, the body into approved/.

    Shows what changed since the last approval, then asks. Whoever wrote it cannot approve it. Commit both files:
    docs/change-control.md tells the whole way.

    \b
    Examples:
      ohf approve asg-ondemand --ticket CHG0041999 --sign ~/.ssh/id_ed25519
      ohf approve asg-ondemand --yes --expect-sha256 "$REVIEWED_SHA256" --by "$GITHUB_ACTOR"
      ohf approve asg-ondemand --break-glass "image of March does not boot"
    """
    if yes and not expect_sha256:
        raise click.UsageError("--yes needs --expect-sha256: nobody approves what nobody has seen")
    settings = provider_settings()
    found = _candidate(settings, template_id, root)
    _check_expected(found, expect_sha256)
    now = clock_for(settings, stateless_environ(), lambda _told: None)()
    name = by or user_at(found.folder)
    given = approval_at(now, name, author or found.author.name, ticket, expires, break_glass)
    given = replace(given, findings=_findings(settings, found.template, root))
    check_four_eyes(given, (found.author.name,))
    check_room(found.lock, found.entry)
    if not break_glass:
        check_pinned(found.entry)
    _ask(found, given, yes)
    if key:
        given = signed_approval(found.entry, given, key, settings.approvals.allowed_signers)
    fresh = lock_or_empty(settings)  # somebody may have approved something while the question stood
    check_room(fresh, found.entry)
    lock = with_approval(fresh, found.entry, given)
    keep_approved(found.folder, lock, found.entry.digest, found.stack.body)
    _tell(output, found, given, lock, settings.approvals.unsigned or bool(break_glass))


def _candidate(settings: Settings, template_id: str, root: str) -> Candidate:
    catalogue = load_catalogue(settings, root=root)
    template = found_template(catalogue, template_id)
    files = catalogue_files(settings, root=root)  # read once: what is rendered is what is hashed
    stack = render(template, settings.template.defaults, files)
    lock = lock_or_empty(settings)
    path = find_catalogue(settings).path
    folder = os.path.dirname(path)
    named = {template.user_data_script, str(template.raw.get("ec2FleetConfig"))} & set(files)
    own = [os.path.join(one, OWN_FILE) for one in settings.search]
    written = [path, *own, *(os.path.join(folder, one) for one in named)]
    return Candidate(
        template=template,
        stack=stack,
        entry=entry_of(stack, input_hash(template, settings.template.defaults, files)),
        lock=lock,
        previous=next(iter(lock.of_template(template_id)), None),
        author=last_author(folder, [one for one in written if os.path.exists(one)]),
        folder=lock_folder(settings),
        change=compared(
            template_id, _before(settings, template_id), Version("now", json.loads(stack.body), stack.digest)
        ),
    )


def _before(settings: Settings, template_id: str) -> Version:
    """What was approved last; an approved file that is gone or spoilt hinders no new approval."""
    try:
        return approved(settings, template_id)
    except ApprovalError as error:
        return nothing(f"approved before, not comparable: {error.message}")


def _findings(settings: Settings, template: HostTemplate, root: str) -> tuple[str, ...]:
    """What the house rules of `ohf lint` find, and nobody suppressed: the approver has seen it."""
    base = default_base(settings.conf_dir, os.getcwd())
    today = time.strftime("%Y-%m-%d", time.gmtime())
    found = lint(lintable(settings, base, root), (template,), None)
    counting = (one for one in suppressed(found, suppressions(settings, base), today) if not one.suppressed)
    return tuple(f"{one.level} {one.rule} {one.field}: {one.message}" for one in counting)


def _check_expected(found: Candidate, expected: str | None) -> None:
    if expected is not None and expected != found.stack.digest:
        raise ApprovalError(
            f"approve {found.stack.template_id}: its body is {found.stack.digest}, not {expected}",
            hint="look at what changed since: ohf diff; then give the digest that you reviewed, in full",
            code=CHANGED,
        )


def _ask(found: Candidate, given: Approval, yes: bool) -> None:
    """Show what is approved, and go on only when somebody says so; what is shown is no output of the command."""
    terminal = terminal_of(sys.stderr, os.environ)
    write_lines(sys.stderr, before_lines(found.entry, found.change, found.author, given, terminal.width), terminal)
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("there is no terminal to ask on: give --yes and --expect-sha256")
    click.confirm(question(found.entry, given), abort=True, err=True)


def _tell(output: Output, found: Candidate, given: Approval, lock: Lock, unsigned: bool) -> None:
    digest = found.entry.digest
    body = f"{APPROVED_FOLDER}/{digest}.json"
    document: dict[str, Any] = {
        "schema": "ohf/approve/v1",
        "template": found.entry.template,
        "sha256": digest,
        "previous": found.previous.digest if found.previous else "",
        "approval": approval_document(given),
        "approvals": len(lock.entries[digest].approvals),
        "lock": f"{found.folder}/{LOCK_FILE}",
        "body": f"{found.folder}/{body}",
    }
    signed = "signed" if given.signature else "not signed" if unsigned else "not signed, so it does not count"
    lines = ((Cell("approved", "good"), Cell(f"  {LOCK_FILE} updated ({signed}). Commit it with {body}.")),)
    show(output, document, lambda _width: lines)
