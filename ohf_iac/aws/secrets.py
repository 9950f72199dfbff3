"""Secrets where they are kept, looked up when they are needed. Errors name the reference, never what was found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ohf_iac.aws.translate import beforehand
from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ohf_iac.config.references import Reference

_HINT = "ohf iam-policy prints the permission; docs/security.md tells who asks"


def secret_of(reference: Reference, environ: Mapping[str, str], client: Callable[[str], Any]) -> str:
    """The secret that a reference leads to; `client` makes a client of a service.

    ConfigurationError where it leads to nothing, ProviderError (not sent) where AWS does not give it.
    """
    found = _found(reference, environ, client)
    secret = _member(reference, found) if reference.key else found
    if not secret or "\n" in secret or "\r" in secret:
        raise _unusable(reference, "it is empty" if not secret else "it has more than one line")
    return secret


def _found(reference: Reference, environ: Mapping[str, str], client: Callable[[str], Any]) -> str:
    if reference.keeper == "env":
        return environ.get(reference.name, "")
    with beforehand("read", f"the secret {reference}", _HINT):
        if reference.keeper == "ssm":
            answer = client("ssm").get_parameter(Name=reference.name, WithDecryption=True)
            return str(answer["Parameter"]["Value"])
        answer = client("secretsmanager").get_secret_value(SecretId=reference.name)
        return str(answer.get("SecretString", ""))


def _member(reference: Reference, text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        # neither the text nor the parser's words about it may be told
        raise _unusable(reference, "it is not JSON") from None
    member = document.get(reference.key) if isinstance(document, dict) else None
    if not isinstance(member, str):
        raise _unusable(reference, f"it has no text under {reference.key}")
    return member


def _unusable(reference: Reference, why: str) -> ConfigurationError:
    place = "Set the variable for Host Factory's scripts" if reference.keeper == "env" else "Put the secret there"
    return ConfigurationError(
        f"Cannot use the secret {reference}: {why}", hint=f"{place}, or correct the reference."
    )
