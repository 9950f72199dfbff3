"""docs/security.md: the bounds in the manual are those in the code."""

from __future__ import annotations

import re
from pathlib import Path

from ohf_iac.bounded_json import DEEPEST, LONGEST, LONGEST_NUMBER, MOST_VALUES
from ohf_iac.config.yaml_text import LONGEST_YAML, MOST_YAML_VALUES
from ohf_iac.template.catalogue import MOST_TEMPLATES
from ohf_iac.template.user_data import LIMIT, LONGEST_NAMED

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")


def test_the_manual_names_every_bound() -> None:
    section = PAGE.partition("## Bounded sizes and depth")[2].partition("\n## ")[0]
    bounds = {int(number) for number in re.findall(r"(?<![\d,])\d+(?!\d|,\d)", section.partition("| --- |")[2])}
    wanted = {LONGEST, MOST_VALUES, DEEPEST, LONGEST_NUMBER, LONGEST_YAML, MOST_YAML_VALUES, MOST_TEMPLATES}
    assert wanted | {LONGEST_NAMED, LIMIT} <= bounds
