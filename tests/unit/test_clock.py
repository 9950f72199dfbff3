"""The wall clock, moved by the local AWS's clock file on loopback only; deadlines."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ohf_iac.clock import Deadline, clock_for, is_loopback
from ohf_iac.config import load
from ohf_iac.config.settings import Settings

LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}


def settings(**variables: str) -> Settings:
    folders = ("HF_PROVIDER_CONFDIR", "HF_PROVIDER_WORKDIR", "HF_PROVIDER_LOGDIR")
    environ = {"HF_PROVIDER_NAME": "grid", **dict.fromkeys(folders, "/nowhere")}
    return load(
        {**environ, **{f"OHF_PROVIDER_{name}": value for name, value in variables.items()}}, lambda _path: None
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clock"
    path.write_text("1000000.5\n")
    return path


def offset(configured: Settings, environ: dict[str, str]) -> tuple[float, list[str]]:
    """How far our clock is from the wall's, rounded to whole seconds, and the warnings."""
    warnings: list[str] = []
    before = time.time()
    told = clock_for(configured, environ, warnings.append)()
    assert before <= time.time()
    return round((told - before) / 10) * 10.0, warnings


def test_without_the_variable_it_is_the_wall_clock() -> None:
    assert offset(settings(), LOCAL) == (0.0, [])


def test_on_loopback_the_files_seconds_are_added(file: Path) -> None:
    assert offset(settings(), {**LOCAL, "OHF_CLOCK_FILE": str(file)}) == (1000000.0, [])


def test_the_file_is_read_again_on_every_call(file: Path) -> None:
    now = clock_for(settings(), {**LOCAL, "OHF_CLOCK_FILE": str(file)})
    first = now()
    file.write_text("2000000.5")
    assert 999_999 < now() - first < 1_000_100


def test_while_there_is_no_file_nothing_is_added(tmp_path: Path) -> None:
    assert offset(settings(), {**LOCAL, "OHF_CLOCK_FILE": str(tmp_path / "none")}) == (0.0, [])


@pytest.mark.parametrize("content", ["", "soon", "nan", "inf", "1e999", "ü"])
def test_a_file_without_a_number_is_told_and_adds_nothing(file: Path, content: str) -> None:
    file.write_text(content, "utf-8")
    moved, warnings = offset(settings(), {**LOCAL, "OHF_CLOCK_FILE": str(file)})
    assert moved == 0.0
    assert len(warnings) == 1
    assert str(file) in warnings[0]


EACH = {
    "AWS_ENDPOINT_URL_EC2": "http://localhost:1",
    "AWS_ENDPOINT_URL_CLOUDFORMATION": "http://localhost:1",
    "AWS_ENDPOINT_URL_AUTO_SCALING": "http://localhost:1",
    "AWS_ENDPOINT_URL_STS": "http://localhost:1",
}


@pytest.mark.parametrize(
    ("configured", "environ"),
    [
        ({}, EACH),
        ({"EC2_ENDPOINT": "http://localhost:1"}, {**EACH, "AWS_ENDPOINT_URL_EC2": ""}),
        (
            {
                "EC2_ENDPOINT": "http://localhost:1",
                "CLOUDFORMATION_ENDPOINT": "http://[::1]:1",
                "AUTOSCALING_ENDPOINT": "http://127.0.0.1:1",
                "STS_ENDPOINT": "http://127.1.2.3",
            },
            {},
        ),
        ({"TEMPLATE_BUCKET": "b", "S3_ENDPOINT": "http://localhost"}, EACH),
    ],
)
def test_every_way_to_name_a_local_endpoint_counts(
    file: Path, configured: dict[str, str], environ: dict[str, str]
) -> None:
    assert offset(settings(**configured), {**environ, "OHF_CLOCK_FILE": str(file)}) == (1000000.0, [])


@pytest.mark.parametrize(
    ("configured", "environ", "culprit"),
    [
        ({}, {}, "ec2, cloudformation, autoscaling, sts"),
        ({}, {**EACH, "AWS_ENDPOINT_URL_STS": ""}, "sts"),
        ({}, {**EACH, "AWS_ENDPOINT_URL_SSM": "https://ssm.example"}, "AWS_ENDPOINT_URL_SSM (https://ssm.example)"),
        ({"EC2_ENDPOINT": "https://ec2.example"}, LOCAL, "ec2 (https://ec2.example)"),
        ({}, {**LOCAL, "AWS_ENDPOINT_URL_EC2": "https://e.example"}, "AWS_ENDPOINT_URL_EC2 (https://e.example)"),
        ({"TEMPLATE_BUCKET": "b"}, EACH, "s3"),
        (
            {},
            {**LOCAL, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"},
            "ec2, cloudformation, autoscaling, sts",
        ),
    ],
)
def test_with_one_endpoint_elsewhere_the_variable_is_ignored_and_told(
    file: Path, configured: dict[str, str], environ: dict[str, str], culprit: str
) -> None:
    moved, warnings = offset(settings(**configured), {**environ, "OHF_CLOCK_FILE": str(file)})
    assert moved == 0.0
    assert warnings == [f"OHF_CLOCK_FILE is ignored: {culprit} is not on loopback"]


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost", True),
        ("http://LOCALHOST:80/path", True),
        ("http://127.0.0.1:5000", True),
        ("https://127.255.0.9/", True),
        ("http://[::1]:5000/x", True),
        ("http://user:password@127.0.0.1", True),
        ("http://127.0.0.1@aws.example", False),
        ("http://127.0.0.1\\@aws.example", True),
        ("http://localhost.aws.example", False),
        ("http://127.0.0.1.aws.example", False),
        ("http://127.aws.a.b", False),
        ("http://128.0.0.1", False),
        ("http://10.0.0.1", False),
        ("http://[::2]", False),
        ("http://[::1", True),
        ("127.0.0.1:5000", False),
        ("http://", False),
        ("https://ec2.eu-west-1.amazonaws.com#@127.0.0.1", False),
        ("https://ec2.eu-west-1.amazonaws.com?@127.0.0.1", False),
    ],
)
def test_what_loopback_is(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


def test_deadlines_run_on_the_monotonic_clock() -> None:
    moment = 100.0
    deadline = Deadline.after(60, lambda: moment)
    nearer = deadline.within(5)
    assert (deadline.left, nearer.left, deadline.within(500).left) == (60.0, 5.0, 60.0)
    moment = 105.0
    assert (deadline.left, nearer.left) == (55.0, 0.0)
    assert nearer.passed
    assert not deadline.passed
    moment = 200.0
    assert deadline.left == 0.0
