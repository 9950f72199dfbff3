"""Secrets that are known by their form wherever they stand: key ids of AWS, private keys, tokens of services. Pure.

The forms are those that their issuers document or that are seen in the wild; each has a prefix by which it is told.
Patterns are texts: the log masks with them, and a call that logs no secret must not pay for their compilation.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MASK: Final = "****"
KEY_ID: Final = "an AWS access key id"


class Form(NamedTuple):
    """A form; `hint`, in lower case, is in every text that has one.

    What the pattern's group `keep` matches tells nothing and stays when the rest is masked; a lookahead ends it.
    """

    kind: str
    hint: str
    pattern: str


FORMS: Final = (
    Form(KEY_ID, "akia", r"\b(?P<keep>AKIA)(?![A-Z0-9]*EXAMPLE\b)[A-Z0-9]{16}\b"),
    Form(KEY_ID, "asia", r"\b(?P<keep>ASIA)(?![A-Z0-9]*EXAMPLE\b)[A-Z0-9]{16}\b"),
    Form(
        "a private key",
        "private key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[^-]{0,20}-----(?:[^-]*(?:-----END[^-]{0,60}-----)?)?",
    ),
    Form("a private key", "ls0tls1crudjti", r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]+"),
    Form("a private key", "putty-user-key-file", r"PuTTY-User-Key-File-\d[^\n]*"),
    Form("a password in a URL", "://", r"(?P<keep>://[^/\s:@\"'<>$]{0,100}:)(?![*$<{%])[^/\s@\"'<>$]{2,200}(?=@)"),
    Form("a bearer token", "bearer", r"(?i)\b(?P<keep>bearer\s+)(?=[^\s]{0,200}\d)[a-z0-9._~+/-]{20,}=*"),
    Form(
        "basic credentials", "basic", r"(?i)(?P<keep>authorization[\"']?\s*[:=]\s*[\"']?basic\s+)[a-z0-9+/]{8,}=*"
    ),
    Form("a GitHub token", "gh", r"\b(?P<keep>gh[pousr]_)[A-Za-z0-9]{36,}\b"),
    Form("a GitHub token", "github_pat_", r"\b(?P<keep>github_pat_)[A-Za-z0-9_]{22,}\b"),
    Form("a GitLab token", "glpat-", r"\b(?P<keep>glpat-)[A-Za-z0-9_-]{20,}"),
    Form("a Slack token", "xox", r"\b(?P<keep>xox[abeoprs]-)[A-Za-z0-9-]{10,}"),
    Form("a Slack webhook", "hooks.slack.com", r"(?P<keep>hooks\.slack\.com/services/)T\w+/B\w+/\w+"),
    Form("a Google API key", "aiza", r"\b(?P<keep>AIza)[A-Za-z0-9_-]{35}"),
    Form("an Azure storage key", "accountkey=", r"(?P<keep>AccountKey=)[A-Za-z0-9+/]{40,}={0,2}"),
    Form("a JSON web token", "eyj", r"\b(?P<keep>eyJ)[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    Form("an npm token", "npm_", r"\b(?P<keep>npm_)[A-Za-z0-9]{36}\b"),
    Form("a PyPI token", "pypi-", r"\b(?P<keep>pypi-)[A-Za-z0-9_-]{50,}"),
    Form("a Docker token", "dckr_pat_", r"\b(?P<keep>dckr_pat_)[A-Za-z0-9_-]{20,}"),
    Form("a Vault token", "hvs.", r"\b(?P<keep>hvs\.)[A-Za-z0-9_-]{24,}"),
    Form("a Stripe key", "k_live_", r"\b(?P<keep>[rs]k_live_)[A-Za-z0-9]{16,}"),
)


def without_secrets(text: str) -> str:
    """The text with everything masked that is a secret by its form; names and prefixes stay."""
    lower = text.lower()
    for form in FORMS:
        if form.hint in lower:
            text = re.sub(form.pattern, _masked, text)
    return text


def _masked(found: re.Match[str]) -> str:
    return (found.groupdict().get("keep") or "") + MASK
