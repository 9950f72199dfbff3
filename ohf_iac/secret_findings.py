"""Secrets in a script, found for its review: those of a known form, and literal values under telling names. Pure.

What only refers to a secret (`$PASSWORD`, `$(aws secretsmanager ...)`, an ARN, a path) is none, nor a placeholder.
A finding never holds the secret. Missing one is possible, so nothing may rest on this alone.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from ohf_iac.secret_forms import FORMS, KEY_ID

if TYPE_CHECKING:
    from collections.abc import Iterator

#: bytes of a compressed script that are looked at, unpacked
_UNPACKED: Final = 65_536
_NEAR: Final = 3  # lines between a key id and the key that goes with it

_WORDS: Final = (
    r"passw(?:or)?d|passphrase|pwd|secret(?:[_-]?access)?(?:[_-]?key)?|api[_-]?key|access[_-]?key(?![_-]?id)|"
    r"private[_-]?key|auth[_-]?key|account[_-]?key|tokens?(?![a-z])"
)
_VALUE: Final = r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s\"',;|&<>(){}]++(?!\())"
#: a name with such a word and its value, as shells, ini files, JSON, YAML and PowerShell write them
_NAMED: Final = re.compile(
    rf"(?i)(?<![\w.-])(?P<name>[\w.-]{{0,60}}?(?:{_WORDS})[\w-]{{0,40}})[\"']?\s{{0,9}}(?P<by>::=|=>|[=:])\s{{0,9}}{_VALUE}"
)
_OPTION: Final = re.compile(
    r"(?i)(?<![\w-])--?(?P<name>[\w-]{0,60}?(?:password|passwd|passphrase|secret|token|api-?key))(?P<by>=|\s+)(?!-)"
    + _VALUE
)
#: commands and elements that have a password in a place of their own
_PLACED: Final = (
    re.compile(
        r"echo\s+(?:-\w+\s+)?[\"']?(?P<name>[\w.-]+):(?P<value>[^\s\"'|]+)[\"']?\s*\|\s*(?:sudo\s+)?chpasswd"
    ),
    re.compile(
        r"\b(?P<name>curl|wget)\s[^\n|;]{0,300}?(?<=\s)(?:-u|--user)[\s=]+[\"']?[^\s:\"'$]+:(?P<value>[^\s\"']+)"
    ),
    re.compile(r"\b(?P<name>sshpass)\s+-p\s*(?P<value>\"[^\"\n]*\"|'[^'\n]*'|\S+)"),
    re.compile(r"\b(?P<name>mysql|mysqldump|mariadb)\s[^\n|;]{0,300}?(?<=\s)-p(?P<value>[^\s\"'$-]\S+)"),
    re.compile(r"\b(?P<name>egosh\s+user\s+logon)\s[^\n|;]{0,100}?(?<=\s)-x\s*(?P<value>\S+)"),
    re.compile(r"(?i)\b(?P<name>net\s+user)\s+\S+\s+(?P<value>(?=\S*\d)[^\s/*]\S{3,})"),
    re.compile(r"(?i)(?P<name>ConvertTo-SecureString)\s+(?:-String\s+)?(?P<value>\"[^\"\n]*\"|'[^'\n]*')"),
    re.compile(r"(?i)<(?P<name>[\w.]{0,40}?(?:password|secret)[\w.]{0,40})>(?P<value>[^<\n]{4,})</"),
)
#: endings of names that speak of a secret and are none
_ABOUT: Final = re.compile(
    r"(?i)(?:files?|path|dir|folder|url|uri|arn|name|ids?|min|max|length|len|age|days|seconds|policy|command|cmd|ttl|"
    r"timeout|expiry|expires?|required|enabled|type|format|prompt|hint|ref|version|count|authentication|auth|store|"
    r"script|program|source|provider|helper|manager|algorithm|salt|encryption|complexity|history|attempts)$"
)
#: values that refer to a secret, stand for one that is missing, or are no secret at all
_NO_SECRET: Final = re.compile(
    r"(?i)(?:$|[$%`<{*@!\\/~\[]|\.{1,2}/|arn:|ssm:|env:|secretsmanager:|https?://|file:|x{3,}$|\.\.\.|-$|get-|read-|new-|"
    r"convertto-|(?:your|my|the|a)[-_ ]|insert|replace|todo|"
    r"(?:null|none|nil|true|false|yes|no|on|off|required|optional|enabled|disabled|default|empty|undefined|example|"
    r"change_?me|placeholder|redacted|hidden|secret|password|passwd|token|string|text|prompt|ask|auto|files|sss|ldap|"
    r"compat|systemd|input|raw_input)(?![\w]))"
)
_REFERENCE: Final = re.compile(r"[$`]|\{\{|%\w+%")
_REFERENCE_IN_QUOTES: Final = re.compile(r"\$[{(]|\{\{|%\w+%")
_ATTRIBUTE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")
_MIXED: Final = re.compile(r"\d|[a-z][A-Z]|[^\w\s]")
_PASSWORD: Final = re.compile(r"(?i)passw|passphrase|pwd")
_PROSE: Final = re.compile(r"[ \t]+[A-Za-z]")
_COMMENT: Final = re.compile(r"(?i)\s*(?:#|//|::|;|rem\s)")
#: forty characters of base64: a secret access key, when it stands near a key id
_FORTY: Final = re.compile(
    r"(?<![A-Za-z0-9/+=])(?=\S{0,39}\d)(?=\S{0,39}[a-z])(?=\S{0,39}[A-Z])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)


class Secret(NamedTuple):
    """One finding: the line (from 1), what it is, and the name under which it stands, "" where it has none."""

    line: int
    kind: str
    name: str = ""

    @property
    def told(self) -> str:
        """The finding in words, without the secret."""
        return f"line {self.line} holds {self.kind}" + (f" ({self.name})" if self.name else "")


def secrets_in_script(content: bytes) -> tuple[Secret, ...]:
    """The secrets of a script in any encoding that EC2's agents read: UTF-8, UTF-16, and what gzip packed."""
    if content[:2] == b"\x1f\x8b":
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, _UNPACKED)
        except zlib.error:
            return ()
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return tuple(secrets_in(content.decode("utf-16", "replace")))
    return tuple(secrets_in(content.replace(b"\x00", b"").decode("utf-8", "replace")))


def secrets_in(text: str) -> Iterator[Secret]:
    """The secrets that a text holds, by line; one of a kind and line is told once."""
    key_line = -_NEAR
    for number, line in enumerate(text.split("\n"), start=1):
        found = dict.fromkeys(_formed(number, line))
        if any(one.kind == KEY_ID for one in found):
            key_line = number
        named = dict.fromkeys((*_named(number, line), *_placed(number, line)))
        if not named and number - key_line < _NEAR and _FORTY.search(line):
            named = {Secret(number, "what looks like an AWS secret access key"): None}
        yield from (*found, *named)


def _formed(number: int, line: str) -> Iterator[Secret]:
    lower = line.lower()
    for form in FORMS:
        if form.hint in lower and re.search(form.pattern, line):
            yield Secret(number, form.kind)


def _named(number: int, line: str) -> Iterator[Secret]:
    for pattern in (_NAMED, _OPTION):
        for found in pattern.finditer(line):
            if _is_secret(found):
                kind = "a password" if _PASSWORD.search(found["name"]) else "a key or token"
                yield Secret(number, kind, found["name"].lstrip("-."))


def _placed(number: int, line: str) -> Iterator[Secret]:
    for pattern in _PLACED:
        for found in pattern.finditer(line):
            if not _refers(found["value"]):
                yield Secret(number, "a password", " ".join(found["name"].split()))


def _is_secret(found: re.Match[str]) -> bool:
    """Whether the value under a telling name is a literal: any of a password, of a key or token what looks so."""
    bare = found["value"].strip("\"'")
    if _ABOUT.search(found["name"]) or _refers(found["value"]):
        return False
    if not _PASSWORD.search(found["name"]):
        return len(bare) >= 8 and any(map(str.isdigit, bare)) and any(map(str.isalpha, bare))
    if len(bare) < 4 or (bare.isdecimal() and len(bare) < 6):
        return False
    quoted = found["value"][0] in "\"'"
    return quoted or bool(_MIXED.search(bare)) or not _is_prose(found)


def _refers(value: str) -> bool:
    """Whether a value is a reference or a placeholder. In single quotes a shell replaces nothing."""
    bare = value.strip("\"'")
    if _NO_SECRET.match(bare):
        return True
    if value[0] in "\"'":
        return bool((_REFERENCE_IN_QUOTES if value[0] == "'" else _REFERENCE).search(bare))
    return bool(_REFERENCE.search(bare) or _ATTRIBUTE.match(bare))


def _is_prose(found: re.Match[str]) -> bool:
    """`# Password: ask the administrators`: a comment, or a colon with more than one word behind it."""
    line, end = found.string, found.end()
    return bool(_COMMENT.match(line)) or (found["by"] == ":" and bool(_PROSE.match(line, end)))
