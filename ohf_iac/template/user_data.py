"""User data as the catalogue asks for it: which script, which exports, and what can be checked without rendering.

Conventions are those of LSF's plug-ins (hostfactory-contract.md §3.3): `%EXPORT_USER_DATA%` in a script becomes
one line of exports with the fixed names `rc_account`, `template_id`, `clustername` and `providerName`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohf_iac.template.coerce import Refused, Unfit, is_live, mapping, shown, text

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPORTS: Final = b"%EXPORT_USER_DATA%"
#: The script that LSF's plug-ins send for every entry, with `userData` or without.
LSF_SCRIPT: Final = "scripts/user_data.sh"
JINJA_SUFFIX: Final = ".j2"
LIMIT: Final = 16_384  #: bytes of user data before base64 (EC2)
#: bytes of a file that a catalogue names; of a longer one there is one byte more, by which it is known
LONGEST_NAMED: Final = 1024 * 1024
_IDENTIFIER = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def read_variables(value: object) -> dict[str, str]:
    """LSF's `userData`, `k=v;k2=v2` or an object, as shell variables; raises `Unfit`."""
    found = {}
    if type(value) is str:
        parts = [part.partition("=") for part in value.split(";") if part.strip()]
        pairs: list[tuple[str, object]] = [(key.strip(), content) for key, _, content in parts]
    else:
        pairs = list(mapping(value).items())
    for key, content in pairs:
        if not key or key[0].isdigit() or not _IDENTIFIER.issuperset(key):
            raise Unfit(f"must be key=value;key2=value2 with names that a shell takes, not {shown(key)}")
        found[key] = text(content)
        if not found[key].isascii():
            raise Unfit(f"must be ASCII, and the value of {key} is not")
    return found


def script_of(script: str, files: Mapping[str, bytes]) -> str:
    """The name of the script to send: `userDataScript`, else LSF's own if it is there, else ""."""
    return script or (LSF_SCRIPT if LSF_SCRIPT in files else "")


def is_dynamic(name: str, content: bytes) -> bool:
    """Whether a script is filled in per request, rather than sent as the bytes it is."""
    return name.endswith(JINJA_SUFFIX) or EXPORTS in content


def check_script(name: str, files: Mapping[str, bytes]) -> None:
    """Raises `Refused` for a script that is missing, too long, or cannot be filled in.

    The length of what is filled in is known only after rendering, which checks again.
    """
    content = files.get(name)
    field = "userDataScript"
    if content is None:
        raise Refused(field, f"names {shown(name)}, which is not there or may not be sent (docs/catalogue.md)")
    if len(content) > LIMIT:
        size = len(content) if len(content) <= LONGEST_NAMED else f"more than {LONGEST_NAMED}"
        raise Refused(field, f"{name} has {size} bytes, and EC2 takes {LIMIT}")
    if not is_dynamic(name, content):
        return
    if not content.isascii():
        raise Refused(field, f"{name} holds placeholders and must be ASCII")
    if b"\0" in content:
        raise Refused(
            field, f"{name} holds placeholders and a NUL, by which places are marked while it is filled in"
        )
    if is_live(content.decode("ascii")):
        raise Refused(field, f"{name} holds placeholders and {{{{resolve:, which CloudFormation would replace too")
