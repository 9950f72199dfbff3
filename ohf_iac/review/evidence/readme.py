"""The text that every pack holds: how to check it with standard tools."""

from __future__ import annotations

from typing import Final

README: Final = "README.txt"
README_TEXT: Final = """\
Evidence of one request of ohf_iac: of one CloudFormation stack and what became of it.

manifest.json       what is in here, where it is from, and what is missing, with the reason
request.json        the request as this host remembers it
stack.json          the stack as CloudFormation shows it: parameters, tags, outputs
body.json           the body as CloudFormation was given it, canonical JSON. User data are in it.
approved.json       the body as it was approved
lock.json           the entry of ohf.lock for that body, with its approvals
approvals/          what each approval says, and its SSH signature where there is one
allowed_signers     the keys that this installation trusts; to check signatures, use a list of your own
verdict.json        what ohf verify --deployed --no-drift says of the stack
drift.json          what was changed behind the stack's back, if anybody looked
findings.json       what the approvers saw, and what the house rules of ohf lint find now
events.json         the stack's events, oldest first
machines.json       the machines, as they were told of and as EC2 shows them now, and their returns
audit.jsonl         the lines of the audit file that are about the request
audit-chain.jsonl   all lines from the first of these to the last, each with the hash of the one before it
SHA256SUMS          the SHA-256 of each file

Files may be missing: manifest.json says which, and why.

With this tool, without AWS:
  ohf evidence --check DIR --allowed-signers FILE

With standard tools:
  sha256sum -c SHA256SUMS
  jq -caS . body.json | sha256sum      is the sha256 of manifest.json, the tag ohf:digest of stack.json, the key of
                                       lock.json
  cmp body.json approved.json
  ssh-keygen -Y verify -n ohf -f allowed_signers -I NAME -s approvals/1.json.sig < approvals/1.json
  sed -n 1p audit-chain.jsonl | tr -d '\\n' | sha256sum  is "prev" of line 2, and so on
"""
