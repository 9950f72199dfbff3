"""Loose values read strictly: what real catalogues write for a text, a number, a switch, a list or a price.

IBM's samples and users' files write `"4"`, `4` and `4.0`, `"true"` and `true`, `"a,b"` and `["a", ""]` for the same
thing (hostfactory-contract.md §3.1). A reader takes any of them and returns one form, or raises `Unfit`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Reader = Callable[[object], object]

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_FIRST_PRINTABLE = " "
_LARGEST = 2**53  # bodies hold no larger integer
_LONGEST_NUMBER = 40  # characters of a price or a share
#: why a dynamic reference is refused, as the end of a sentence about its field
INERT = "must hold no {{resolve:...}}, which CloudFormation would replace (imageId alone takes one)"
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_PARAMETER = _WORD | frozenset("/.")
_ROLE = _WORD | frozenset("/.,+=@")


class Unfit(ValueError):  # noqa: N818 (a verdict about a value, not a fault)
    """A value that the field cannot take; the argument says why, as the end of a sentence about the field."""


class Refused(Exception):  # noqa: N818 (a verdict about a template, not a fault)
    """A template that cannot be served: the field to blame and the reason, as the message prints them."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def shown(value: object) -> str:
    """A value as a message shows it: short, and on one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def text(value: object) -> str:
    """A text; a whole number stands for its digits. Lone surrogates, control characters and dynamic references are
    refused."""
    found = _text(value)
    if is_live(found):
        raise Unfit(f"{INERT}, not {shown(value)}")
    return found


def is_live(text: str) -> bool:
    """Whether a text holds a dynamic reference, `{{resolve:service:…}}`, or what a reader might take for one.

    CloudFormation replaces them in every property of a resource (CloudFormation user guide, dynamic references),
    and a tag or user data would show the secret to whoever may describe the machine.
    """
    return "{{" in text and "{{resolve" in "".join(text.split()).lower()


def _text(value: object) -> str:
    if type(value) is str:
        found = value.strip()
        if found.isprintable() and found.isascii():
            return found
        return _checked(found)
    if type(value) is int or (type(value) is float and value.is_integer()):
        return str(int(value))
    raise Unfit(f"must be a text, not {shown(value)}")


def _checked(value: str) -> str:
    for char in value:
        if "\ud800" <= char <= "\udfff":
            raise Unfit("holds half of a character (a lone surrogate), which no JSON reader agrees about")
        if char < _FIRST_PRINTABLE or char == "\x7f":
            raise Unfit(f"holds a control character ({shown(char)})")
    return value


def word(value: object) -> str:
    """1 to 64 letters, digits, `_` and `-`: what Symphony allows in a template id."""
    found = text(value)
    if not (0 < len(found) <= 64 and _WORD.issuperset(found)):
        raise Unfit(f"must be 1 to 64 letters, digits, '_' or '-', not {shown(value)}")
    return found


def boolean(value: object) -> bool:
    """A switch: true, "true", "yes", 1, "1" and their opposites."""
    if type(value) is bool:
        return value
    if type(value) is int and value in (0, 1):
        return value == 1
    if type(value) is str:
        lowered = value.strip().lower()
        if lowered in _TRUE:
            return True
        if lowered in _FALSE:
            return False
    raise Unfit(f"must be true or false, not {shown(value)}")


def whole(value: object) -> int:
    """A whole number: 4, "4", 4.0; of the size that a body can hold."""
    number = None
    if type(value) is int or (type(value) is float and value.is_integer()):
        number = int(value)
    elif type(value) is str:
        digits = value.strip()
        if digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) <= 16:
            number = int(digits)
    if number is None or not -_LARGEST < number < _LARGEST:
        raise Unfit(f"must be a whole number, not {shown(value)}")
    return number


def integer(low: int, high: int) -> Callable[[object], int]:
    """A reader of whole numbers from `low` to `high`."""

    def read(value: object) -> int:
        number = whole(value)
        if not low <= number <= high:
            raise Unfit(f"must be from {low} to {high}, not {number}")
        return number

    return read


def choice(*values: str) -> Callable[[object], str]:
    """A reader of one of `values`, whatever its case."""
    by_lower = {value.lower(): value for value in values}

    def read(value: object) -> str:
        found = by_lower.get(text(value).lower())
        if found is None:
            raise Unfit(f"must be one of {', '.join(values)}, not {shown(value)}")
        return found

    return read


def names(value: object) -> tuple[str, ...]:
    """A list of texts, or one text with commas; empty ones (IBM's sample has `[""]`) and repetitions drop out."""
    if type(value) is str:
        parts: list[object] = [*value.split(",")]
    elif type(value) is list:
        parts = value
    else:
        raise Unfit(f"must be a text or a list of texts, not {shown(value)}")
    found = dict.fromkeys(text(part) for part in parts)
    found.pop("", None)
    return tuple(found)


def identifiers(prefix: str) -> Callable[[object], tuple[str, ...]]:
    """A reader of a list of AWS ids that begin with `prefix`."""

    def read(value: object) -> tuple[str, ...]:
        found = names(value)
        for one in found:
            if not one.startswith(prefix):
                raise Unfit(f"must be ids such as {prefix}0123456789abcdef0, not {shown(one)}")
        return found

    return read


def decimal(value: object) -> str:
    """A number of at least 0 as an exact decimal text: bodies hold no floats. 0 comes back as ""."""
    if type(value) is float:
        written = f"{value:.10f}".rstrip("0").rstrip(".") if value >= 0 else "-"
    elif type(value) is int or type(value) is str:
        written = str(value).strip()
    else:
        raise Unfit(f"must be a number, not {shown(value)}")
    if len(written) > _LONGEST_NUMBER:
        raise Unfit(f"must be a number of at most {_LONGEST_NUMBER} characters, not {shown(value)}")
    digits = written.replace(".", "", 1)
    if not (digits.isdecimal() and digits.isascii()) or written.startswith(".") or written.endswith("."):
        raise Unfit(f"must be a number of at least 0, not {shown(value)}")
    return written if digits.strip("0") else ""


def mapping(value: object) -> Mapping[str, object]:
    """A JSON object."""
    if type(value) is not dict:
        raise Unfit(f"must be an object, not {shown(value)}")
    return value


def weights(value: object) -> dict[str, int]:
    """Instance type -> whole number from 1 to 999; a plain list of types weighs nothing and comes back as zeros."""
    if type(value) is list:
        return dict.fromkeys(instance_types(value), 0)
    found = {}
    for name, units in mapping(value).items():
        (instance_type,) = instance_types([name])
        number = whole(units)
        if not 1 <= number <= 999:
            raise Unfit(f"must weigh {name} from 1 to 999 units, not {number}")
        found[instance_type] = number
    return found


def priorities(value: object) -> dict[str, int]:
    """Instance type -> priority, 0 first."""
    found = {}
    for name, priority in mapping(value).items():
        (instance_type,) = instance_types([name])
        number = whole(priority)
        if number < 0:
            raise Unfit(f"must rank {name} by 0 or more, not {number}")
        found[instance_type] = number
    return found


def instance_types(value: object) -> tuple[str, ...]:
    """A list of EC2 instance types."""
    found = names(value)
    for one in found:
        family, dot, size = one.partition(".")
        if not (family and dot and size):
            raise Unfit(f"must name instance types such as m5.large, not {shown(one)}")
    if not found and value:
        raise Unfit(f"must name instance types such as m5.large, not {shown(value)}")
    return found


def image(value: object) -> str:
    """An image id, or a path in SSM's parameter store as CloudFormation's dynamic reference.

    EC2's own `resolve:ssm:` works for fleets of type instant and groups alone (EC2 API, RequestLaunchTemplateData),
    a dynamic reference for every kind, and then one request uses one image.
    """
    found = _text(value)
    if found.startswith("ami-") and _WORD.issuperset(found):
        return found
    path = found.removeprefix("{{").removesuffix("}}").removeprefix("resolve:").removeprefix("ssm:")
    name, versioned, version = path.partition(":")
    if (
        (path.startswith("/") or path != found)
        and name
        and _PARAMETER.issuperset(name)
        and (not versioned or (version.isdecimal() and version.isascii()))
    ):
        return f"{{{{resolve:ssm:{path}}}}}"
    raise Unfit(f"must be an image id (ami-...) or the path of an SSM parameter (/...), not {shown(value)}")


def role(value: object) -> str:
    """An IAM role's ARN, or its name with the characters that IAM allows."""
    found = text(value)
    if found.startswith("arn:") or all(char in _ROLE for char in found):
        return found
    raise Unfit(f"must be the ARN or the name of a role, not {shown(value)}")


def fraction(value: object) -> tuple[int, int]:
    """A number from 0 to 1 as an exact (numerator, denominator)."""
    written = decimal(value) or "0"
    before, _, after = written.partition(".")
    scale = 10 ** len(after)
    part = int(before) * scale + int(after or 0)
    if part > scale:
        raise Unfit(f"must be from 0 to 1, not {shown(value)}")
    return part, scale


def clock_span(value: object) -> int:
    """`HH:MM` as seconds, at least one minute."""
    hours, colon, minutes = text(value).partition(":")
    fits = hours.isdecimal() and minutes.isdecimal() and len(hours) <= 3 and len(minutes) <= 2
    if not (colon and fits and int(minutes) < 60):
        raise Unfit(f"must be hours and minutes (HH:MM), not {shown(value)}")
    seconds = int(hours) * 3600 + int(minutes) * 60
    if not seconds:
        raise Unfit("must be at least 00:01")
    return seconds
