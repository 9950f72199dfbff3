"""User data: the bytes of a script as they are, or a script that CloudFormation fills in per request.

A script with `%EXPORT_USER_DATA%`, or one written in jinja2 (`.j2`), is filled in here as far as the template goes;
what differs per request stays a reference to a parameter, and every `${` of the script's own is escaped, so that
the shell's variables survive.
"""

from __future__ import annotations

import base64
import re
import shlex
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from troposphere import Base64, Join, Sub

from ohf_iac import stack
from ohf_iac.errors import ValidationError
from ohf_iac.render.bounded_jinja import UnfitScriptError, filled_in
from ohf_iac.template.coerce import is_live
from ohf_iac.template.user_data import EXPORTS, JINJA_SUFFIX, LIMIT, is_dynamic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ohf_iac.stack import StackSpec

#: Parameters that a script may use, and the most characters that each can hold.
_LENGTHS: Final[Mapping[str, int]] = {
    stack.REQUEST_ID: 29,
    stack.TEMPLATE_ID: 64,
    stack.OWNER: 64,
    stack.RC_ACCOUNT: 64,
}
_MARK = "\x00"
_MARKED = re.compile(f"{_MARK}({'|'.join(_LENGTHS)}){_MARK}")
_PLAIN_VARIABLE = re.compile(r"\$\{([^!${}\x00]+)\}")
_OWN_SCRIPT = "user_data.sh.j2"


def user_data(spec: StackSpec) -> Any:
    """The launch template's UserData, base64 or a function that makes it; None when there is none.

    Raises ValidationError for a script that cannot be filled in or is longer than EC2 takes.
    """
    name, script = spec.template.user_data_script, spec.script
    if script is None:
        if not spec.template.user_data:
            return None
        name, script = _OWN_SCRIPT, (resources.files("ohf_iac.templates") / _OWN_SCRIPT).read_bytes()
    if not is_dynamic(name, script):
        return base64.b64encode(script).decode("ascii")
    text = script.decode("ascii").replace(EXPORTS.decode("ascii"), _exports(spec))
    if name.endswith(JINJA_SUFFIX):
        text = _filled_in(name, text, spec)
    _check(name, text)
    if _MARK not in text:
        return base64.b64encode(text.encode("ascii")).decode("ascii")
    return Base64(substitution(text))


def substitution(text: str) -> Sub | Join:
    """A text with marked parameters as a function; every `${` of the text itself comes out as it went in.

    `${!NAME}` is CloudFormation's escape for `${NAME}` inside `Fn::Sub`. For a shell's nested and indirect forms
    (`${A:-${B}}`, `${!A}`) that escape is not documented, so such a text is joined by `${` from its pieces.
    """
    if "${" in _PLAIN_VARIABLE.sub("", text):
        return Join("${", [Sub(_named(piece)) if _MARK in piece else piece for piece in text.split("${")])
    return Sub(_named(_PLAIN_VARIABLE.sub(r"${!\1}", text)))


def _named(text: str) -> str:
    return _MARKED.sub(r"${\1}", text)


def _exports(spec: StackSpec, between: str = ";") -> str:
    """Shell exports, with the names that LSF's sample script expects and Symphony's beside them; on one line."""
    provider = shlex.quote(spec.provider_name) if spec.provider_name else marked(stack.OWNER)
    values = {name: shlex.quote(value) for name, value in spec.template.user_data.items()}
    values |= {"rc_account": marked(stack.RC_ACCOUNT), "template_id": marked(stack.TEMPLATE_ID)}
    if spec.cluster_name:
        values["clustername"] = shlex.quote(spec.cluster_name)
    values |= {
        "providerName": provider,
        "HF_PROVIDER_NAME": provider,
        "HF_TEMPLATE_ID": marked(stack.TEMPLATE_ID),
        "HF_REQUEST_ID": marked(stack.REQUEST_ID),
    }
    return between.join(f"export {name}={value}" for name, value in values.items()) + ";"


def marked(parameter: str) -> str:
    """A parameter's place in a text that is not yet escaped."""
    return f"{_MARK}{parameter}{_MARK}"


def _filled_in(name: str, text: str, spec: StackSpec) -> str:
    values = {
        "request_id": marked(stack.REQUEST_ID),
        "template_id": marked(stack.TEMPLATE_ID),
        "owner": marked(stack.OWNER),
        "rc_account": marked(stack.RC_ACCOUNT),
        "exports": _exports(spec),
        "export_lines": _exports(spec, between="\n"),
        "user_data": dict(spec.template.user_data),
        "provider_name": spec.provider_name,
        "cluster_name": spec.cluster_name,
    }
    try:
        return filled_in(text, values)
    except UnfitScriptError as error:
        raise _unusable(spec.template.template_id, name, str(error)) from error


def _check(name: str, text: str) -> None:
    longest = _MARKED.sub(lambda found: "x" * _LENGTHS[found[1]], text)
    if len(longest) > LIMIT:
        raise ValidationError(
            f"render user data {name}: filled in it may have {len(longest)} bytes, and EC2 takes {LIMIT}",
            hint="let the script fetch what is large",
        )
    if _MARK in longest:
        raise ValidationError(f"render user data {name}: filled in it holds a NUL", hint="write it as \\0")
    if not text.isascii():
        raise ValidationError(f"render user data {name}: filled in it is not ASCII", hint="escape what is not")
    if is_live(text):
        raise ValidationError(
            f"render user data {name}: filled in it holds {{{{resolve:, which CloudFormation would replace",
            hint="let the script fetch secrets with the machine's instance profile",
        )


def _unusable(template_id: str, name: str, cause: str) -> ValidationError:
    return ValidationError(f"render template {template_id}: userDataScript: {name}: {cause}")
