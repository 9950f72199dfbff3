"""AWS_CREDENTIAL_SCRIPT, IBM's way to fetch keys: a program that prints them. It is run without a shell."""

from __future__ import annotations

import json
import shlex
import subprocess
from datetime import datetime
from typing import Any, Final

from ohf_iac.errors import ConfigurationError

#: seconds that the program may take
PATIENCE: Final = 30
#: keys for which the program names no end are taken as lasting
_LASTING: Final = "2100-01-01T00:00:00Z"
_HINT: Final = "It must print a JSON object with AccessKeyId, SecretAccessKey, SessionToken and Expiration."


def from_script(command: str, now: float) -> dict[str, Any]:
    """The keys as botocore takes them; ConfigurationError, which shows nothing of what was printed, for any other
    outcome, keys that have ended too."""
    try:
        done = subprocess.run(shlex.split(command), capture_output=True, timeout=PATIENCE, check=True)  # noqa: S603 -- no shell
        answer = json.loads(done.stdout)
        keys = {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer.get("SessionToken"),
            "expiry_time": answer.get("Expiration") or _LASTING,
        }
        ends = datetime.fromisoformat(keys["expiry_time"]).timestamp()
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError, AttributeError) as error:
        # what it printed may be half a secret: neither its words nor the parser's are told
        raise _useless(type(error).__name__) from None
    if ends <= now:
        raise _useless(f"its keys ended at {keys['expiry_time']}")
    return keys


def _useless(why: str) -> ConfigurationError:
    return ConfigurationError(f"Cannot get credentials from AWS_CREDENTIAL_SCRIPT: {why}", hint=_HINT)
