"""Texts from outside as a terminal may get them: names, tags and messages that others chose must not steer it."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text on one line, each character that is not printable as Python writes it: `\\x1b`, `\\n`, `\\u202e`.

    That takes escape sequences, ends of line that would forge a line of ours, and marks that turn the direction of
    writing (Unicode's categories Cc, Cf, Cs, Zl and Zp; `str.isprintable`).
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
