"""Foreign errors become ours at this one place, most specific first.

What is known of the codes comes from `aws-behaviour.md` §1.2, §5 and §6; whether a call may have taken effect
(`sent`) and may be repeated later (`transient`) is decided here and nowhere else.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
)
from botocore.parsers import ResponseParserError

from ohf_iac.errors import ConfigurationError, ProviderError
from ohf_iac.quotas import AWS_CODE, remedy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Value = TypeVar("_Value")

THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "EC2ThrottledException",
    }
)
EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
DENIED: Final = frozenset(
    {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthFailure", "InvalidClientTokenId"}
)
#: what AWS may say of credentials in whose place there are others by now
OUTDATED: Final = EXPIRED | {"InvalidClientTokenId", "AuthFailure"}
#: what AWS may say of a signature whose time is too far from its own; some of it also means other things
MISDATED: Final = frozenset(
    {
        "RequestTimeTooSkewed",
        "RequestExpired",
        "RequestInTheFuture",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "InvalidSignature",
        "AuthFailure",
    }
)
_MISDATED_TEXT: Final = re.compile(
    r"not yet current|signature expired|too skewed|too large|in the future", re.IGNORECASE
)
#: seconds from which a difference of clocks explains a refusal: AWS bears with five minutes (Signature Version 4)
SKEW: Final = 240
#: our codes of errors that have an exit code of their own (docs/errors.md)
UNREACHED: Final = "E6901"
REFUSED: Final = "E7701"
MISSET: Final = "E7702"
_ROLE_HINT: Final = (
    "the role's trust policy must name the host's own credentials, and those must be allowed sts:AssumeRole on it; "
    "check provider.assumeRoleArn, roleExternalId and roleDuration, or the profile"
)


@contextmanager
def translated(verb: str, thing: str) -> Iterator[None]:
    """Turn whatever boto3 raises inside into a ProviderError that says `verb thing: cause`."""
    try:
        yield
    except ClientError as error:
        raise _from_answer(verb, thing, error) from error
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound, NoRegionError) as error:
        raise ConfigurationError(
            f"{verb} {thing}: {error}",
            hint="set AWS_REGION and AWS_CREDENTIAL_FILE in awsprov_config.json, or give the host an instance role",
        ) from error
    except ParamValidationError as error:
        raise ProviderError(f"{verb} {thing}: {error}", sent=False) from error
    except (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError) as error:
        raise _unreached(verb, thing, error) from error
    except (HTTPClientError, ResponseParserError) as error:
        raise ProviderError(f"{verb} {thing}: no usable answer from AWS: {error}", transient=True) from error
    except (ValueError, LookupError) as error:
        # an answer that is XML and still nonsense (a proxy's page) breaks botocore's parsers in these ways
        raise ProviderError(f"{verb} {thing}: no usable answer from AWS: {error!r}", transient=True) from error
    except RuntimeError as error:
        raise _of_old_keys(verb, thing, error) from error
    except BotoCoreError as error:
        raise ProviderError(f"{verb} {thing}: {error}", transient=True) from error


@contextmanager
def beforehand(verb: str, thing: str, hint: str = "") -> Iterator[None]:
    """The same for what must be had before the call that is meant, which was then surely not sent.

    `hint` is the next step where AWS denies it, if that is another than for any call.
    """
    try:
        with translated(verb, thing):
            yield
    except ProviderError as error:
        error.sent = False
        if hint and error.code == REFUSED:
            error.hint = hint
        raise


def known(table: Mapping[str, _Value], state: str, what: str) -> _Value:
    """The meaning of an AWS state in a total table; one that is not in it is a failed observation, never "fine"."""
    if state not in table:
        raise ProviderError(
            f"read {what}: AWS shows the state {state!r}, which this version does not know",
            aws_code="UnknownState",
            transient=True,
            hint="update ohf_iac; until then the request stays running with the machines last known",
        )
    return table[state]


def _of_old_keys(verb: str, thing: str, error: RuntimeError) -> Exception:
    """Credentials that had ended when they were fetched, which botocore tells by words alone; else the error."""
    if "credentials are still expired" not in str(error):
        return error
    return ProviderError(
        f"{verb} {thing}: the credentials that are fetched have ended already",
        transient=True,
        sent=False,
        hint="renew the credentials, and check this host's clock (ohf doctor)",
    )


def _unreached(verb: str, thing: str, error: BotoCoreError) -> ProviderError:
    if "407" in str(error.kwargs.get("error")):
        return _stranger(verb, thing)
    return ProviderError(
        f"{verb} {thing}: AWS was not reached: {error}",
        transient=True,
        sent=False,
        hint="check network, proxy and endpoint settings (ohf doctor)",
        code=UNREACHED,
    )


def _stranger(verb: str, thing: str) -> ProviderError:
    """The proxy wants to know who we are, or does not believe it (RFC 9110, 407)."""
    return ProviderError(
        f"{verb} {thing}: AWS was not reached: the proxy answers 407, it asks for a user and password",
        transient=True,
        sent=False,
        hint="set provider.proxyUser, and provider.proxyPassword to a reference (docs/security.md)",
        code=UNREACHED,
    )


def _from_answer(verb: str, thing: str, error: ClientError) -> ProviderError:
    answer = error.response.get("Error", {})
    code = str(answer.get(AWS_CODE) or answer.get("Code", ""))
    text = str(answer.get("Message", "")) or str(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if status == 407:  # a page of a proxy's, which botocore takes for an answer of AWS's
        return _stranger(verb, thing)
    for_keys = error.operation_name.startswith("AssumeRole")  # botocore's own call, before the one that is meant
    plain = remedy(code, f"{thing}: {text}") or _hint(code)
    return ProviderError(
        f"{verb} {thing}: {text} (Error Code: {code})",
        aws_code=code,
        transient=code in THROTTLED or code in EXPIRED or status >= 500,
        sent=status >= 500 and code not in THROTTLED and not for_keys,
        hint=_ROLE_HINT if for_keys and code in DENIED else plain,
        code=REFUSED if code in DENIED else "",
        aws_text=text,
    )


def by_clock(error: ProviderError, ahead: float | None) -> ProviderError:
    """The same error, with this host's clock as its cause where that is it; `ahead` in seconds, None if unknown.

    A signature bears the time at which it was made, and AWS refuses one that is too far from its own. What it says
    of that is no more than that the signature, or the credentials, are not good.
    """
    if error.aws_code not in MISDATED:
        return error
    if abs(ahead or 0) < SKEW and not _MISDATED_TEXT.search(error.message):
        return error
    off = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} AWS's" if ahead else "off AWS's"
    return ProviderError(
        f"{error.message}; this host's clock is {off}",
        aws_code=error.aws_code,
        transient=True,
        sent=error.sent,
        hint="let NTP set this host's clock (ohf doctor): AWS refuses what is signed more than five minutes off",
        code=MISSET,
        **error.fields,
    )


def _hint(code: str) -> str:
    if code in THROTTLED:
        return "AWS limits the rate of calls; the next call will try again"
    if code in EXPIRED:
        return "renew the credentials"
    if code in DENIED:
        return "allow this action to the provider's principal (ohf iam-policy prints all that it needs)"
    return ""
