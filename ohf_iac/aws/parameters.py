"""Parameters of Systems Manager that a catalogue names in place of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ohf_iac.aws.calls import Calls


def parameter_value(calls: Calls, name: str) -> str:
    """The value of a parameter, `NAME` or `NAME:VERSION`; raises ProviderError."""
    answer = calls.call("ssm", "get_parameter", "read", f"parameter {name}", Name=name)
    return str(answer["Parameter"]["Value"])
