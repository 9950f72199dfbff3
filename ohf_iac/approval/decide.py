"""May a body be sent? The one place where that is decided, for scripts, people, plans and verification alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from ohf_iac.approval.envelope import envelope_of, floating, images_of, outside
from ohf_iac.approval.values import BREAK_GLASS, approval_tag, same_person

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.approval.values import Approval, Entry, Lock

    #: what is wrong with an approval's signature, "" when it is good; never asked about one without a signature
    Verify = Callable[[Entry, Approval], str]

#: codes of refusals: docs/errors.md
MISSING: Final = "E401"
EXPIRED: Final = "E402"
CHANGED: Final = "E403"
OWN_WORK: Final = "E404"
UNSIGNED: Final = "E405"
BROKEN: Final = "E406"
TOO_FEW: Final = "E407"
FLOATING: Final = "E408"

Mode = Literal["off", "warn", "enforce"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What an approval has to be, as section `approvals` of ohf.json says."""

    min_approvals: int = 1
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """A body that may be sent; `approvals` are those that count. `tag` is for the stack's `ohf:approval`.

    `break_glass` is the reason of the emergency approval that alone lets it through, "" otherwise.
    """

    entry: Entry
    approvals: tuple[Approval, ...]
    tag: str
    break_glass: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A body that may not be sent: the code, the cause as the end of a sentence, and the next step."""

    code: str
    reason: str
    hint: str


def decide(
    lock: Lock, template_id: str, input_hash: str, rules: Rules, now: float, verify: Verify
) -> Allowed | Refused:
    """The approved body to send for a template whose configuration has this input hash.

    Of several that may be sent, the one approved last; of several that may not, its refusal.
    """
    ours = lock.of_template(template_id)
    matching = [one for one in ours if one.input == input_hash]
    if not matching and ours:
        reason = f"template {template_id} has changed since {ours[0].digest[:12]} was approved"
        return Refused(CHANGED, reason, f"ohf diff {template_id} --against approved; then {_approve(template_id)}")
    verdicts = [judged(one, rules, now, verify) for one in matching]
    allowed = (one for one in verdicts if isinstance(one, Allowed))
    return next(allowed, verdicts[0] if verdicts else never_approved(template_id))


def decide_digest(
    lock: Lock,
    template_id: str,
    digest: str,
    parameters: Mapping[str, str],
    rules: Rules,
    now: float,
    verify: Verify,
) -> Allowed | Refused:
    """Whether this very body may be sent with these parameters."""
    entry = lock.entries.get(digest)
    if entry is None or entry.template != template_id:
        reason = f"body {digest[:12]} of template {template_id} is not in ohf.lock"
        return Refused(MISSING, reason, _approve(template_id))
    wrong = outside(entry.envelope, parameters)
    if wrong:
        return Refused(CHANGED, f"{wrong[0]} (template {template_id})", "stay within the approved envelope")
    return judged(entry, rules, now, verify)


def judged(entry: Entry, rules: Rules, now: float, verify: Verify) -> Allowed | Refused:
    """Whether an entry's approvals let its body be sent at epoch `now`.

    An emergency approval in date is enough by itself; it needs neither signature nor a second person.
    """
    current = [one for one in entry.approvals if not one.expired(now)]
    if not current:
        return _nobody(entry)
    problems = {one: _problem(entry, one, rules, verify) for one in current if not one.break_glass}
    good = tuple(one for one, problem in problems.items() if problem is None)
    people = {same_person(one.by) for one in good}
    floats = [image for image in entry.images if floating(image)]
    emergency = next((one for one in reversed(current) if one.break_glass), None)
    if len(people) >= rules.min_approvals and not floats:
        return Allowed(entry, good, approval_tag(entry))
    if emergency is not None:
        return Allowed(entry, (emergency,), BREAK_GLASS, emergency.break_glass)
    if floats:
        reason = f"image {floats[0]} of template {entry.template} is looked up at each launch"
        return Refused(FLOATING, reason, f"ohf pin {entry.template}; then {_approve(entry.template)}")
    if good:
        reason = f"body {_named(entry)} has {len(people)} of {rules.min_approvals} approvals"
        return Refused(TOO_FEW, reason, f"another person runs: {_command(entry.template)}")
    return next(problem for problem in problems.values() if problem is not None)


def file_problem(entry: Entry, body: str, digest: str) -> str:
    """What is wrong with the file of an approved body, "" when it is that body; `digest` is the file's own."""
    if digest != entry.digest:
        return f"approved/{entry.digest}.json holds another body ({digest[:12]})"
    try:
        envelope, images = envelope_of(body), images_of(body)
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):  # whatever is no body
        return f"approved/{entry.digest}.json holds no body"
    if envelope != {name: dict(bounds) for name, bounds in entry.envelope.items()}:
        return f"the envelope of {entry.digest[:12]} in ohf.lock is not its body's"
    if images != entry.images:
        return f"the images of {entry.digest[:12]} in ohf.lock are not its body's"
    return ""


def never_approved(template_id: str) -> Refused:
    return Refused(MISSING, f"template {template_id} was never approved", _approve(template_id))


def _problem(entry: Entry, approval: Approval, rules: Rules, verify: Verify) -> Refused | None:
    again = _approve(entry.template)
    if approval.author and same_person(approval.by) == same_person(approval.author):
        return Refused(OWN_WORK, f"{approval.by} approved work of their own, {_named(entry)}", again)
    if not approval.signature:
        if rules.unsigned:
            return None
        reason = f"the approval of {_named(entry)} by {approval.by} is not signed"
        return Refused(UNSIGNED, reason, f"{_command(entry.template)} --sign KEY, or set approvals.unsigned")
    wrong = verify(entry, approval)
    if wrong:
        reason = f"the signature of {approval.by} under {_named(entry)} does not hold: {wrong}"
        signers = "name the signers' file in approvals.allowedSigners, or restore it and ohf.lock from history"
        return Refused(UNSIGNED, reason, f"{signers}; or {again}")
    return None


def _nobody(entry: Entry) -> Refused:
    if not entry.approvals:
        return never_approved(entry.template)
    last = max(one.expires for one in entry.approvals)
    return Refused(EXPIRED, f"the approval of {_named(entry)} expired after {last}", _approve(entry.template))


def _named(entry: Entry) -> str:
    return f"{entry.digest[:12]} ({entry.template})"


def _command(template_id: str) -> str:
    return f"ohf approve {template_id}"


def _approve(template_id: str) -> str:
    return f"a second person runs: {_command(template_id)}"
