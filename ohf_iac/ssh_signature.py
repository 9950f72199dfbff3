"""SSH signatures by `ssh-keygen -Y`, as git signs commits: no library; agents and hardware keys work too.

ssh-keygen(1), "-Y sign" and "-Y verify"; the namespace keeps a signature from being used for anything else.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import Final

from ohf_iac.errors import ApprovalError

NAMESPACE: Final = "ohf"
#: seconds that a signature may take: a passphrase, or a key that wants to be touched
_PATIENCE: Final = 120
#: seconds that the check of a signature may take
_PATIENCE_CHECK: Final = 20
#: bytes of allowed signers that are looked at
_LONGEST_SIGNERS: Final = 1_000_000
_BEGIN: Final = "-----BEGIN SSH SIGNATURE-----"
_END: Final = "-----END SSH SIGNATURE-----"
_UNSIGNED: Final = "E405"


def signed(key: str, content: bytes) -> str:
    """The signature of `content` by the key in a file (or its public half, with an agent), base64 without armor.

    ApprovalError (E405) with ssh-keygen's own words when it does not sign.
    """
    command = ("-Y", "sign", "-n", NAMESPACE, "-f", os.path.expanduser(key))
    done = _ssh_keygen(command, content, _PATIENCE, told=True)
    armored = done.stdout.decode("ascii", "replace")
    if done.returncode or _BEGIN not in armored:
        raise ApprovalError(
            f"sign with {key}: {_words(done)}",
            hint="give a private key, or a public one whose agent runs",
            code=_UNSIGNED,
        )
    return "".join(armored.split(_BEGIN)[1].split(_END)[0].split())


def fault(allowed_signers: str, by: str, at: str, signature: str, content: bytes) -> str:
    """What is wrong with a signature of `by` over `content`, "" when it holds.

    `allowed_signers` is a file as ssh-keygen(1) describes it, `at` (`YYYY-MM-DDTHH:MM:SSZ`) the moment at which the
    key must have been allowed.
    """
    if not allowed_signers:
        return "approvals.allowedSigners names no file of allowed signers"
    if not os.path.isfile(allowed_signers):
        return f"there are no allowed signers: {allowed_signers} is missing"
    if not re.fullmatch(r"[A-Za-z0-9+/=]{1,20000}", signature):
        return "it is no SSH signature"
    with tempfile.TemporaryDirectory(prefix="ohf-") as folder:
        path = f"{folder}/signature"
        with open(path, "w", encoding="ascii") as file:
            file.write(armored(signature))
        options = ("-n", NAMESPACE, "-s", path, *_moment(allowed_signers, at))
        command = ("-Y", "verify", "-f", allowed_signers, "-I", by, *options)
        try:
            done = _ssh_keygen(command, content, _PATIENCE_CHECK)
        except ApprovalError as error:
            return error.message
    return "" if done.returncode == 0 else f"{_words(done)} (allowed signers: {allowed_signers})"


def armored(signature: str) -> str:
    """A signature as `ssh-keygen -Y verify -s` reads it from a file."""
    return f"{_BEGIN}\n{signature}\n{_END}\n"


def _moment(allowed_signers: str, at: str) -> tuple[str, ...]:
    """The option that names the moment, only where keys have a time: OpenSSH has it since 8.8."""
    with open(allowed_signers, encoding="utf-8", errors="replace") as file:
        timed = re.search(r"\bvalid-(?:after|before)=", file.read(_LONGEST_SIGNERS), re.IGNORECASE)
    return ("-O", f"verify-time={''.join(char for char in at if char.isdigit())}") if timed else ()


def _ssh_keygen(
    arguments: tuple[str, ...], content: bytes, patience: float, *, told: bool = False
) -> subprocess.CompletedProcess[bytes]:
    """Run ssh-keygen; `told` leaves it its own stderr, on which it asks for a passphrase or a touch."""
    try:
        return subprocess.run(  # noqa: S603 -- arguments, no shell
            ("ssh-keygen", *arguments),  # noqa: S607 -- wherever the system has it
            input=content,
            stdout=subprocess.PIPE,
            stderr=None if told else subprocess.PIPE,
            timeout=patience,
            env={**os.environ, "TZ": "UTC"},  # it takes moments as local ones
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ApprovalError(
            f"run ssh-keygen, by which approvals are signed and checked: {error}",
            hint="install OpenSSH's client, 8.2 or later",
            code=_UNSIGNED,
        ) from error


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    told = (done.stderr or b"").decode("utf-8", "replace") + done.stdout.decode("utf-8", "replace")
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return lines[0] if lines else f"ssh-keygen exits {done.returncode}"
