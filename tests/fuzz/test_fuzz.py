"""Any input and any file of the configuration folder, under the judge."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.counting_aws import counting_aws
from tests.fuzz.judge import TARGETS, Site, judge
from tests.fuzz.mutations import FIXTURES, files, seeds

FOUND = FIXTURES / "fuzz"
#: of each target; `make fuzz` asks for more where atheris cannot be had
EXAMPLES = int(os.environ.get("OHF_FUZZ_EXAMPLES", "50"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with counting_aws() as aws:
        yield Site(tmp_path_factory.mktemp("site"), aws)


def found() -> list[Path]:
    return sorted(one for one in FOUND.rglob("*") if one.is_file())


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_right_passes_the_judge(site: Site, target: str) -> None:
    for content in seeds(target):
        judge(site, target, content)


@pytest.mark.parametrize("file", found(), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_was_found_once_is_not_found_again(site: Site, file: Path) -> None:
    judge(site, file.parent.name, file.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
@given(data=st.data())
def test_whatever_a_file_holds_the_call_ends_as_it_has_to(site: Site, target: str, data: st.DataObject) -> None:
    judge(site, target, data.draw(files(target)))
