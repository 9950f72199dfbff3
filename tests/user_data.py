"""What a machine gets to see: a template rendered, and its user data evaluated as CloudFormation would."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from ohf_iac.render import render
from ohf_iac.template.catalogue import TemplateDefaults, parse_catalogue

ENTRY = {"templateId": "t1", "maxNumber": 1, "imageId": "ami-1", "vmType": "m5.large", "subnetId": "subnet-1"}
VALUES = {"RequestId": "req-6743a1c0-0123456789abcdef", "TemplateId": "t1", "Owner": "me", "RcAccount": "default"}


def evaluated(function: Any, values: Mapping[str, str]) -> str:
    """As CloudFormation documents it: `${Name}` is replaced, `${!Literal}` becomes `${Literal}`."""
    if isinstance(function, str):
        return function
    if "Fn::Join" in function:
        separator, pieces = function["Fn::Join"]
        return str(separator).join(evaluated(piece, values) for piece in pieces)

    def one(found: re.Match[str]) -> str:
        return f"${{{found[1][1:]}}}" if found[1].startswith("!") else values[found[1]]

    return re.sub(r"\$\{([^}]*)\}", one, function["Fn::Sub"])


def user_data_of(
    files: Mapping[str, bytes],
    settings: TemplateDefaults | None = None,
    values: Mapping[str, str] = VALUES,
    **more: Any,
) -> bytes | None:
    """The user data of a machine of this template, for a request with these values; None when it gets none."""
    settings = settings or TemplateDefaults()
    catalogue = parse_catalogue([{**ENTRY, **more}], settings, files)
    assert not catalogue.refused, catalogue.refused[0].message
    body = json.loads(render(catalogue.templates[0], settings, files).body)
    found = body["Resources"]["LaunchTemplate"]["Properties"]["LaunchTemplateData"].get("UserData")
    if found is None or isinstance(found, str):
        return None if found is None else base64.b64decode(found, validate=True)
    return evaluated(found["Fn::Base64"], values).encode()
