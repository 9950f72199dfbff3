"""An evidence pack as a value: files, what is missing and why, and the manifest over both. Pure.

The same facts give the same bytes: no moment of making, no host, no order but that of names.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHEMA: Final = "ohf/evidence/v1"
MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"

#: `absent`: it was looked for, and there is none; `unread`: nobody knows, because it could not be read
Lack = Literal["absent", "unread"]


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file. `source` tells where its facts come from: AWS, memory, audit, lock, configuration or this tool."""

    name: str
    content: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Gap:
    """What is not in the pack, under the name of the file that it would be in or complete, and why."""

    name: str
    lack: Lack
    reason: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack: `about` are the manifest's own facts. The manifest and the list of sums are made from the rest."""

    about: Mapping[str, Any]
    files: tuple[PackFile, ...]
    gaps: tuple[Gap, ...]

    @property
    def manifest(self) -> dict[str, Any]:
        """The document `ohf/evidence/v1`."""
        files = sorted(self.files, key=lambda one: one.name)
        return {
            "schema": SCHEMA,
            **self.about,
            "files": [
                {"name": one.name, "sha256": sha256(one.content), "bytes": len(one.content), "source": one.source}
                for one in files
            ],
            "missing": [
                {"name": one.name, "lack": one.lack, "reason": one.reason}
                for one in sorted(set(self.gaps), key=lambda one: (one.name, one.lack, one.reason))
            ],
        }

    @property
    def contents(self) -> dict[str, bytes]:
        """All files by name, in the order of names, the manifest and the list of sums among them."""
        found = {one.name: one.content for one in self.files} | {MANIFEST: text_of(self.manifest)}
        sums = sums_of({name: sha256(content) for name, content in found.items()})
        return dict(sorted((found | {SUMS: sums}).items()))

    @property
    def digest(self) -> str:
        """That of the manifest: whoever keeps it elsewhere can tell later whether anything was changed."""
        return sha256(text_of(self.manifest))

    @property
    def unread(self) -> tuple[Gap, ...]:
        """The gaps behind which there may be something."""
        return tuple(one for one in self.gaps if one.lack == "unread")


def text_of(document: object) -> bytes:
    """A document as a file of a pack: sorted keys, a fact per line, ASCII, one final newline."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def sums_of(digests: Mapping[str, str]) -> bytes:
    """The list that `sha256sum -c` reads, of the SHA-256 of files by name."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode("utf-8")


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def of_source(name: str, document: object, source: str) -> PackFile:
    """A file of a document."""
    return PackFile(name, text_of(document), source)


def names_of(files: Iterable[PackFile]) -> frozenset[str]:
    """The names of files."""
    return frozenset(one.name for one in files)
