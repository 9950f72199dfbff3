"""Lines of a user data script by which a machine runs what nobody reviewed. Pure.

Lines are looked at one by one, comments aside. What a script hides from that is not found: nothing may rest on it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOWNLOAD: Final = r"\b(?:curl|wget|iwr|irm|Invoke-WebRequest|Invoke-RestMethod|DownloadString|DownloadFile)\b"
#: the machine itself and the metadata service, which have no other way than http
_NEAR: Final = r"(?:localhost|127\.|169\.254\.|\[::1\]|\[fd00:ec2::254\])"
_FORMS: Final = (
    (
        re.compile(rf"(?i){_DOWNLOAD}[^|;&#\n]{{0,400}}\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:ba|z|da|k)?sh\b"),
        "what is downloaded is handed to a shell at once",
    ),
    (
        re.compile(
            rf"(?i)(?:\biex\b|Invoke-Expression)[^\n]{{0,200}}{_DOWNLOAD}|{_DOWNLOAD}[^\n]{{0,400}}\|\s*iex\b"
        ),
        "what is downloaded is run at once",
    ),
    (
        re.compile(
            r"(?i)\bcurl\b[^|;&\n]{0,400}\s(?:-[a-z]{0,20}k[a-z]{0,20}|--insecure)(?=\s|$)|--no-check-certificate\b|"
            r"-SkipCertificateCheck\b|\byum\b[^\n]{0,200}--nogpgcheck\b"
        ),
        "whose server or package it is goes unchecked",
    ),
    (
        re.compile(rf"(?i){_DOWNLOAD}[^|;&\n]{{0,400}}\bhttp://(?!{_NEAR})"),
        "it is downloaded without encryption",
    ),
)
_COMMENT: Final = re.compile(r"\s*(?:#|::|rem\s)", re.IGNORECASE)


class Risk(NamedTuple):
    """One finding: the line, from 1, and what is wrong there."""

    line: int
    told: str


def risks_in(script: bytes) -> Iterator[Risk]:
    """What is downloaded and run or trusted unseen, line by line; each line's first form counts."""
    text = script.decode("utf-16" if script[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    for number, line in enumerate(text.split("\n"), start=1):
        if _COMMENT.match(line):
            continue
        told = next((told for form, told in _FORMS if form.search(line)), None)
        if told:
            yield Risk(number, told)
