"""The one exception by which a call on the local AWS is refused, in AWS's code and words."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class Refused(ServiceException):
    """A refused call: `code` and `message` reach the client as AWS sends them, with HTTP status 400."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code: str = code
        self.message: str = message
