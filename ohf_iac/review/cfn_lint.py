"""cfn-lint as a library: its rules are loaded once and asked about any number of bodies.

Its own configuration files (`.cfnlintrc`, at home and in the current folder) are not read: what is found must not
depend on where somebody stands, and what does not count is said in `ohf.json` with a reason.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from ohf_iac.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ohf_iac.review.findings import Level

    BodyCheck = Callable[[str], tuple["BodyFinding", ...]]

#: where stacks are checked when no region that cfn-lint knows is configured
USUAL_REGION: Final = "us-east-1"
#: characters of a message: some list all nine hundred instance types
_LONGEST: Final = 400
_LEVELS: Final[dict[str, Level]] = {"error": "error", "warning": "warning", "informational": "info"}


@dataclass(frozen=True, slots=True)
class BodyFinding:
    """What a linter of CloudFormation found in a body; `doc` is an absolute URL, "" without one."""

    rule: str
    level: Level
    title: str
    message: str
    path: tuple[str | int, ...]
    doc: str


def cfn_lint_version() -> str:
    """The version that is installed; ConfigurationError when none is."""
    try:
        return version("cfn-lint")
    except PackageNotFoundError as error:
        raise ConfigurationError(
            "Cannot check bodies: cfn-lint is not installed",
            hint="pip install 'ohf_iac[lint]', or leave it out with --house-only.",
        ) from error


def cfn_linter(region: str) -> BodyCheck:
    """A check of bodies against CloudFormation's schemas for a region; ConfigurationError without cfn-lint.

    This loads the rules, which takes most of the time of the first body.
    """
    cfn_lint_version()
    # an extra, and more than a second of imports: only who lints pays
    from cfnlint.config import ConfigMixIn
    from cfnlint.decode.decode import decode_str
    from cfnlint.helpers import REGIONS
    from cfnlint.runner import run_template_by_data

    known = region if region in REGIONS else USUAL_REGION
    config = ConfigMixIn(["--config-file", os.devnull], regions=[known])
    rules = _rules()

    def check(body: str) -> tuple[BodyFinding, ...]:
        document, unread = decode_str(body)
        matches = unread or run_template_by_data(document, config, rules)
        return tuple(
            BodyFinding(
                rule=one.rule.id,
                level=_LEVELS[one.rule.severity],
                title=one.rule.shortdesc,
                message=_bounded(one.message),
                path=tuple(getattr(one, "path", None) or ()),
                doc=one.rule.source_url,
            )
            for one in matches
        )

    return check


@cache
def _rules() -> Any:
    """cfn-lint's own rules, which keep nothing of the bodies that they are asked about."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.runner import Runner

    return Runner(ConfigMixIn(["--config-file", os.devnull])).rules


def _bounded(message: str) -> str:
    return message if len(message) <= _LONGEST else f"{message[: _LONGEST - 4]} ..."
