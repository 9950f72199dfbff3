"""What the human face writes to terminals, pipes and files, and what it does not import for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.e2e.human import alone, on_terminal
from tests.e2e.provider import Provider
from tests.local_aws import LocalAws

ESCAPE = "\x1b"
LISTS = [("templates", "list"), ("templates", "validate"), ("status",), ("config",)]


@pytest.fixture
def provider(tmp_path: Path, local_aws: LocalAws) -> Provider:
    for name in ("work", "log"):
        (tmp_path / name).mkdir()
    return Provider(tmp_path, local_aws)


@pytest.mark.parametrize("words", LISTS)
def test_a_pipe_gets_plain_lines_that_are_not_cut(provider: Provider, words: tuple[str, ...]) -> None:
    done = alone(provider, *words, COLUMNS="20")
    assert done.returncode == 0, done.stderr
    assert ESCAPE.encode() not in done.stdout + done.stderr


@pytest.mark.parametrize("words", LISTS)
def test_json_and_yaml_say_the_same(provider: Provider, words: tuple[str, ...]) -> None:
    document = json.loads(alone(provider, *words, "-o", "json").stdout)
    assert document["schema"].startswith("ohf/")
    assert yaml.safe_load(alone(provider, *words, "-o", "yaml").stdout) == document


def test_a_terminal_gets_colours_unless_it_or_its_user_declines(provider: Provider) -> None:
    assert ESCAPE in on_terminal(provider, "templates", "list")[1]
    for declined in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CLICOLOR": "0"}):
        assert ESCAPE not in on_terminal(provider, "templates", "list", **declined)[1]


def test_a_pipe_gets_colours_where_they_are_forced(provider: Provider) -> None:
    assert ESCAPE.encode() in alone(provider, "templates", "list", FORCE_COLOR="1").stdout


def test_errors_are_coloured_on_terminals_alone(provider: Provider) -> None:
    assert ESCAPE in on_terminal(provider, "events", "nonsense")[1]
    assert ESCAPE.encode() not in alone(provider, "events", "nonsense").stderr


def test_no_line_is_wider_than_the_terminal(provider: Provider) -> None:
    shown = on_terminal(provider, "templates", "list", NO_COLOR="1")[1]
    assert max(map(len, shown.replace("\r", "").splitlines())) <= 80


@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}])
def test_a_stream_without_umlauts_is_no_reason_to_fail(
    provider: Provider, tmp_path: Path, locale: dict[str, str]
) -> None:
    conf = tmp_path / "Zürich"
    conf.mkdir()
    entry = {"templateId": "x", "maxNumber": 1, "imageId": "kein Bild für Zürich"}
    (conf / "awsprov_templates.json").write_text(json.dumps({"templates": [entry]}))
    provider.conf = conf
    for words in (("templates", "list"), ("config",), ("templates", "list", "-o", "json"), ("events", "ü")):
        done = alone(provider, *words, PYTHONUTF8="0", **locale)
        assert b"UnicodeEncodeError" not in done.stderr
        assert b"E199" not in done.stderr
        (done.stdout + done.stderr).decode("ascii")


def test_a_reader_that_went_away_is_no_error(provider: Provider) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "ohf_cli", "config"],
            env=provider.environ,
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (("--help",), "boto3 botocore troposphere jinja2 rich jsonschema yaml ohf_iac.app"),
        (("--version",), "boto3 botocore troposphere jinja2 rich jsonschema yaml ohf_iac.app"),
        (("watch", "--help"), "boto3 troposphere jinja2 rich"),
        (("templates", "list"), "boto3 botocore troposphere jinja2 rich"),
        (("status",), "troposphere jinja2 rich"),
        (("render", "instant-ondemand"), "boto3 botocore rich"),
    ],
)
def test_commands_import_no_more_than_they_need(provider: Provider, words: tuple[str, ...], heavy: str) -> None:
    assert imported_of(provider, words, heavy) == "[]"


def test_settled_requests_are_shown_without_what_asks_aws(provider: Provider) -> None:
    provider.settle(provider.request("instant-ondemand", 1))
    assert imported_of(provider, ("status",), "boto3 botocore troposphere jinja2 rich") == "[]"


def imported_of(provider: Provider, words: tuple[str, ...], heavy: str) -> str:
    """Which of these modules a command has imported by its end."""
    program = (
        "import sys; from ohf_cli.edge import run; from ohf_cli.human import called\n"
        f"assert run(called, {list(words)!r}) == 0\n"
        f"print('\\nLOADED', [one for one in {heavy.split()!r} if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=provider.environ, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].removeprefix("LOADED ")
