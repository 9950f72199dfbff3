"""What is wrong with a configuration is told with its place, what is expected and what was found."""

from __future__ import annotations

import pytest

from ohf_iac.errors import ConfigurationError
from tests.config_files import settings_of


@pytest.mark.parametrize(
    ("own", "ibm", "environ", "message"),
    [
        (
            {"limits": {"deadline": "60"}},
            None,
            {},
            'Cannot use limits.deadline in /conf/ohf.json: expected a number from 1 to 280, found "60"',
        ),
        (
            {"storage": []},
            None,
            {},
            "Cannot use section storage in /conf/ohf.json: expected an object, found []",
        ),
        (
            {"template": {"tags": {"a": 1}}},
            None,
            {},
            (
                "Cannot use template.tags in /conf/ohf.json: expected an object whose values are texts, tags as "
                'EC2 takes them, not aws:..., ohf:... or RC_ACCOUNT, found {"a": 1}'
            ),
        ),
        (
            None,
            {"AWS_PROXY_PORT": "many"},
            {},
            (
                "Cannot use AWS_PROXY_PORT in /conf/awsprov_config.json: expected a whole number from 0 to 65535, "
                'found "many"'
            ),
        ),
        (
            None,
            {"AWS_CONNECTION_TIMEOUT_MS": 1},
            {},
            (
                "Cannot use AWS_CONNECTION_TIMEOUT_MS in /conf/awsprov_config.json: expected a number from 100 to "
                "300000, found 1"
            ),
        ),
        (
            None,
            None,
            {"OHF_EVENTS_AUDIT": "perhaps"},
            'Cannot use OHF_EVENTS_AUDIT: expected true or false, found "perhaps"',
        ),
        (
            {"logging": {"level": "loud"}},
            None,
            {},
            (
                'Cannot use logging.level in /conf/ohf.json: expected one of "TRACE", "DEBUG", "INFO", "WARN", '
                '"ERROR", "FATAL", found "loud"'
            ),
        ),
    ],
)
def test_a_wrong_value_names_place_expectation_and_value(
    own: object, ibm: object, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        settings_of(own, ibm, environ)
    assert caught.value.message == message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"provider": {\n  "region": eu}}', r"Cannot parse /conf/ohf\.json: .* at line 2, column 13"),
        (b"", r"Cannot parse /conf/ohf\.json: .* at line 1, column 1"),
        (b"[]", r"Cannot use /conf/ohf\.json: expected a JSON object, found an array"),
        (b'{"limits": {"deadline": NaN}}', r"Cannot parse /conf/ohf\.json: NaN is no number of JSON"),
        (b'{"limits": {"deadline": 1e999}}', r"Cannot parse /conf/ohf\.json: 1e999 is no number of JSON"),
        (b'{"provider": {"region": "\xff"}}', r"Cannot read /conf/ohf\.json: byte 25 is not UTF-8"),
        (b"[" * 100000, r"Cannot use /conf/ohf\.json: it is nested more than 64 deep"),
    ],
)
def test_a_broken_file_is_told_with_its_place(content: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        settings_of(read_also={"/conf/ohf.json": content})
    assert caught.value.hint


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    content = b'\xef\xbb\xbf{"provider": {"region": "eu-west-1"}}'
    assert settings_of(read_also={"/conf/ohf.json": content}).provider.region == "eu-west-1"
