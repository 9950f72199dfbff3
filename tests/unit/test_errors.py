"""Errors: the hierarchy as its docstring draws it, what each carries, and the codes."""

from __future__ import annotations

import inspect
import re

import pytest

from ohf_iac import errors
from ohf_iac.errors import ConfigurationError, OhfError, ProviderError, ValidationError

CLASSES = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, OhfError)]


def drawn() -> dict[str, str]:
    """Class to parent, as the docstring's indentation draws it."""
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for indent, name in re.findall(r"^( +)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE):
        above = [(depth, parent) for depth, parent in above if depth < len(indent)]
        found[name] = above[-1][1] if above else "Exception"
        above.append((len(indent), name))
    return found


def test_the_drawing_shows_every_error_under_its_parent() -> None:
    assert drawn() == {one.__name__: one.__bases__[0].__name__ for one in CLASSES}


def test_every_error_has_a_code_of_its_own_that_begins_with_its_exit_code() -> None:
    assert len({one.code for one in CLASSES}) == len(CLASSES)
    for one in CLASSES:
        assert re.fullmatch(rf"E{one('no').exit_code}\d\d", one.code), one


def test_an_error_carries_message_hint_code_and_fields() -> None:
    error = ValidationError("read input: no", hint="write it", request_id="req-1")
    assert (str(error), error.message, error.hint) == ("read input: no", "read input: no", "write it")
    assert error.code == ValidationError.code
    assert error.fields == {"request_id": "req-1"}
    assert ValidationError("no", code="E199").code == "E199"


def test_what_aws_failed_at_tells_whether_it_may_have_happened() -> None:
    error = ProviderError("create stack: no answer", aws_code="Throttling", transient=True, sent=False, stack="s")
    assert (error.aws_code, error.transient, error.sent) == ("Throttling", True, False)
    assert error.fields == {"stack": "s"}


def test_without_being_told_a_failed_call_may_have_taken_effect_and_is_not_worth_repeating() -> None:
    error = ProviderError("create stack: no answer")
    assert (error.sent, error.transient, error.aws_code) == (True, False, "")


def test_configuration_errors_exit_as_sysexits_names_them() -> None:
    assert ConfigurationError("no").exit_code == 78


@pytest.mark.parametrize("one", CLASSES)
def test_all_can_be_caught_as_one(one: type[OhfError]) -> None:
    with pytest.raises(OhfError):
        raise one("no")
