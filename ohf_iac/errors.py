"""Every error this project raises on purpose.

    OhfError
      DomainError              what was asked makes no sense
        ValidationError          an input is malformed
        BusinessRuleError        an input is well formed and not allowed
        ApprovalError            a body is not approved, or its approval cannot be used
        ResourceNotFoundError    a template, request or machine is not known
      ApplicationError         what was asked could not be carried out
        CommandError             a write failed
        QueryError               a read failed
      InfrastructureError      the world did not play along
        StorageError             the work folder
        ConfigurationError       the configuration folder or the environment
        ProviderError            AWS

An error carries a message (verb, thing, cause), a hint (the next step), a code as documented in
`docs/errors.md` (`E<exit code><two digits>`) and free fields for logs and JSON. People see message and hint;
Host Factory sees the message alone.
"""

from __future__ import annotations


class OhfError(Exception):
    """Base of all."""

    code = "E100"

    def __init__(self, message: str, *, hint: str = "", code: str = "", **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or type(self).code
        self.fields = fields

    @property
    def exit_code(self) -> int:
        """What the human face exits with, as the code says (the machine face always exits 1)."""
        return int(self.code[1:-2])


class DomainError(OhfError):
    code = "E110"


class ValidationError(DomainError):
    code = "E111"


class BusinessRuleError(DomainError):
    code = "E112"


class ApprovalError(DomainError):
    code = "E401"


class ResourceNotFoundError(DomainError):
    code = "E113"


class ApplicationError(OhfError):
    code = "E120"


class CommandError(ApplicationError):
    code = "E121"


class QueryError(ApplicationError):
    code = "E122"


class InfrastructureError(OhfError):
    code = "E130"


class StorageError(InfrastructureError):
    code = "E131"


class ConfigurationError(InfrastructureError):
    code = "E7801"


class ProviderError(InfrastructureError):
    """AWS refused, failed or was not reached.

    `aws_code` is the service's error code ("" when no answer came); `sent` tells whether the call may have
    taken effect; `transient` whether the same call may succeed later (throttle, 5xx, network, expired token).
    """

    code = "E132"

    def __init__(
        self,
        message: str,
        *,
        aws_code: str = "",
        transient: bool = False,
        sent: bool = True,
        hint: str = "",
        code: str = "",
        **fields: object,
    ) -> None:
        super().__init__(message, hint=hint, code=code, **fields)
        self.aws_code = aws_code
        self.transient = transient
        self.sent = sent
