"""The audit file and its rotated predecessors, as they stand at one moment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ohf_iac.errors import ResourceNotFoundError, StorageError
from ohf_iac.review.audit_chain import Chain, chain_of

if TYPE_CHECKING:
    from ohf_iac.config import Settings


def audit_chain(settings: Settings) -> Chain:
    """The chain through all audit files of a provider.

    ResourceNotFoundError where there are none, StorageError where one cannot be read.
    """
    files = audit_files(settings)
    if not files:
        raise ResourceNotFoundError(
            f"read the audit file: {settings.audit_file} does not exist",
            hint="events.audit tells whether it is kept",
        )
    return chain_of(files)


def audit_files(settings: Settings) -> tuple[tuple[str, bytes], ...]:
    """Name and content of each, oldest first; StorageError.

    The newest is opened first: what is rotated meanwhile is met twice, and read once, instead of being missed.
    """
    path = settings.audit_file
    found: dict[tuple[int, int], tuple[str, bytes]] = {}
    for number in range(settings.logging.rotations + 1):
        file = f"{path}.{number}" if number else path
        try:
            with open(file, "rb") as opened:
                status = os.fstat(opened.fileno())
                found.setdefault((status.st_dev, status.st_ino), (os.path.basename(file), opened.read()))
        except FileNotFoundError:
            continue  # fewer were rotated away than are kept
        except OSError as error:
            raise StorageError(
                f"read {file}: {error.strerror}", hint="run ohf as the user that runs Host Factory"
            ) from error
    return tuple(reversed(found.values()))
