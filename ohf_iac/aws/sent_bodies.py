"""The body of a stack as it was sent, of deleted stacks too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ohf_iac.bounded_json import parse_json
from ohf_iac.errors import ProviderError, ValidationError

if TYPE_CHECKING:
    from ohf_iac.aws.calls import Calls


def sent_body(calls: Calls, stack: str) -> str:
    """The body from which CloudFormation made a stack, in its canonical form: what its digest is of.

    `stack` is a name, or the id, by which a deleted stack is known for ninety days (GetTemplate, CloudFormation API
    reference). ProviderError where it is not known, or is no body that `ohf` sends.
    """
    answer = calls.call(
        "cloudformation", "get_template", "read", f"body of {stack}", StackName=stack, TemplateStage="Original"
    )
    return canonical_body(answer["TemplateBody"], stack)


def canonical_body(body: object, stack: str) -> str:
    """What GetTemplate gives as the body of a stack, in canonical form; the SDK parses what is JSON.

    ProviderError where it is no body that `ohf` sends.
    """
    # the package brings troposphere, which every poll of Host Factory would pay for
    from ohf_iac.render.canonical import canonical

    try:
        return canonical(parse_json(body) if isinstance(body, str) else json.loads(json.dumps(body)))
    except (ValueError, ValidationError) as error:
        raise ProviderError(
            f"read body of {stack}: it is none that ohf sends: {error}", hint="somebody else made or changed it"
        ) from error
