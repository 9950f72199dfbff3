"""Who may do what: policies by principal, held against every call and every resource handler.

A principal is an access key (the caller) or a role's ARN (CloudFormation's service role, or the one that a caller
has assumed). One without a policy may do everything. Without a service role CloudFormation works with the caller's
permissions, as IAM's forward access sessions do, and `aws:CalledVia` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ohf_iac.local.iam_policy import Ask, Policy, allowed, read_policy
from ohf_iac.local.reading import DocumentRefused

if TYPE_CHECKING:
    from ohf_iac.local.calls import Protocol

VIA_CLOUDFORMATION = {"aws:CalledVia": ("cloudformation.amazonaws.com",)}


@dataclass(slots=True)
class Authorization:
    """The policies in force, and what was asked of them since they were set."""

    policies: dict[str, Policy] = field(default_factory=dict)
    asked: dict[str, set[str]] = field(default_factory=dict)
    denied: list[tuple[str, str, str]] = field(default_factory=list)

    def obey(self, documents: Mapping[str, Any]) -> None:
        """Replace all policies: by principal a document, or a list of them. Raises DocumentRefused."""
        self.policies = {name: _policies(given, name) for name, given in documents.items()}
        self.asked = {name: set() for name in self.policies}
        self.denied = []

    def refuses(self, principal: str, asks: Iterable[Ask]) -> Ask | None:
        """The first ask that the principal's policy does not allow; what is asked for is noted."""
        policy = self.policies.get(principal)
        if policy is None:
            return None
        for one in asks:
            self.asked[principal].add(one.action)
            if not allowed(policy, one):
                self.denied.append((principal, one.action, one.resource))
                return one
        return None


def via_cloudformation(asks: Iterable[Ask]) -> list[Ask]:
    """Asks that CloudFormation makes with its caller's permissions."""
    return [replace(one, context={**one.context, **VIA_CLOUDFORMATION}) for one in asks]


def principal_arn(account: str, principal: str, session: str = "") -> str:
    """The name by which a refusal calls a principal: a user named after its key, or a session of the role.

    Without a name it is the session by which CloudFormation works as its service role.
    """
    if not principal.startswith("arn:"):
        return f"arn:aws:iam::{account}:user/{principal}"
    name = principal.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{name}/{session or 'AWSCloudFormation'}"


def refusal_words(account: str, principal: str, ask: Ask, session: str = "") -> str:
    """Why it was refused, as the services say it."""
    who = principal_arn(account, principal, session)
    return (
        f"User: {who} is not authorized to perform: {ask.action} on resource: {ask.resource} "
        f"because no identity-based policy allows the {ask.action} action"
    )


def refusal_of_call(protocol: Protocol, ask: Ask, words: str) -> tuple[int, str, str]:
    """Status, code and message of a refused call, in the service's own way."""
    if ask.action == "s3:GetObject" and protocol == "query":  # CloudFormation could not read the template
        return 400, "ValidationError", "S3 error: Access Denied"
    if protocol == "ec2":
        return 403, "UnauthorizedOperation", f"You are not authorized to perform this operation. {words}"
    if protocol == "json":
        return 400, "AccessDeniedException", words
    return 403, "AccessDenied", words


def _policies(given: Any, principal: str) -> Policy:
    documents = given if isinstance(given, list) else [given]
    if not documents:
        raise DocumentRefused(f"{principal}: expected a policy document, found none")
    return tuple(statement for one in documents for statement in read_policy(one, principal))
