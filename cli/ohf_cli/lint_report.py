"""What `ohf lint` tells, as values: the report, and each of its formats."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ohf_cli.output import dumped
from ohf_cli.table import Cell, Row, Table, Tone, laid_out, row, text_of
from ohf_cli.words import plural
from ohf_iac import VERSION
from ohf_iac.review.findings import LEVELS, FailOn, Finding, Level, RuleFacts, at_or_above, fingerprints
from ohf_iac.review.github import workflow_commands
from ohf_iac.review.junit import cases_of, junit
from ohf_iac.review.sarif import sarif

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ohf_cli.report_formats import Reports
    from ohf_cli.table import Line

FORMATS: Final = ("text", "table", "json", "yaml", "sarif", "junit", "github")
_CFN_LINT: Final = "cfn-lint"
_TONES: Final[dict[Level, Tone]] = {"error": "bad", "warning": "busy", "info": "dim"}


@dataclass(frozen=True, slots=True)
class LintReport:
    """All findings, suppressed ones too; the templates and rules that were looked at; `cfn_lint` is a version."""

    findings: tuple[Finding, ...]
    templates: tuple[str, ...]
    rules: tuple[RuleFacts, ...]
    fail_on: FailOn
    cfn_lint: str
    show_suppressed: bool

    @property
    def failing(self) -> tuple[Finding, ...]:
        return at_or_above(self.findings, self.fail_on)

    @property
    def summary(self) -> str:
        """`1 error, 2 warnings in 3 templates (2 suppressed), cfn-lint 1.58.0`."""
        counts = self.counts
        told = [plural(counts[level], level) for level in ("error", "warning") if counts[level]]
        told += [f"{counts['info']} info"] if counts["info"] else []
        hidden = f" ({counts['suppressed']} suppressed)" if counts["suppressed"] else ""
        engine = f", {_CFN_LINT} {self.cfn_lint}" if self.cfn_lint else ""
        templates = plural(len(self.templates), "template")
        return f"{', '.join(told) or 'nothing found'} in {templates}{hidden}{engine}"

    @property
    def counts(self) -> dict[str, int]:
        """Findings by level, those that are suppressed apart."""
        counts = Counter("suppressed" if one.suppressed else one.level for one in self.findings)
        return {name: counts[name] for name in (*LEVELS, "suppressed")}


def reports_of(report: LintReport) -> Reports:
    """Every format of a report."""
    plain = partial(_plain, report)
    return {
        "text": plain,
        "table": plain,
        "json": lambda: dumped("json", lint_document(report)) + "\n",
        "yaml": lambda: dumped("yaml", lint_document(report)) + "\n",
        "sarif": lambda: sarif("ohf lint", VERSION, report.findings, report.rules),
        "junit": lambda: _junit(report),
        "github": lambda: "".join(f"{one}\n" for one in workflow_commands(report.findings)),
    }


def lint_lines(report: LintReport, width: int | None) -> Iterator[Line]:
    """The findings for people, then what to do about each rule, once."""
    shown = [one for one in report.findings if report.show_suppressed or not one.suppressed]
    if not shown:
        return
    found = Table(("LEVEL", "WHERE", "RULE", "TEMPLATE"), tuple(map(_finding_row, shown)), "FOUND")
    yield from laid_out(found, width)
    yield ()
    times = Counter(one.rule for one in shown)
    steps = tuple(_step_row(one, times[one.id]) for one in report.rules if times[one.id])
    yield from laid_out(Table(("RULE", "TIMES"), steps, "WHAT TO DO"), width)
    yield ()


def lint_document(report: LintReport) -> dict[str, Any]:
    """The report for programs, `ohf/lint/v1`."""
    return {
        "schema": "ohf/lint/v1",
        "failOn": report.fail_on,
        "failed": bool(report.failing),
        "templates": list(report.templates),
        "counts": report.counts,
        "cfnLint": report.cfn_lint,
        "findings": [
            finding_document(one, mark)
            for one, mark in zip(report.findings, fingerprints(report.findings), strict=True)
        ],
    }


def finding_document(one: Finding, mark: str) -> dict[str, Any]:
    """A finding for programs, with its fingerprint."""
    related = one.related
    return {
        "rule": one.rule,
        "level": one.level,
        "template": one.template,
        "field": one.field,
        "message": one.message,
        "fix": one.fix,
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "place": one.place,
        "doc": one.doc,
        "related": related and {"file": related.file, "line": related.line, "message": related.message},
        "suppressed": {"reason": one.reason, "until": one.until} if one.suppressed else None,
        "fingerprint": mark,
    }


def _finding_row(one: Finding) -> Row:
    level = Cell("suppressed", "dim") if one.suppressed else Cell(one.level, _TONES[one.level])
    quiet = f" -- until {one.until}: {one.reason}" if one.suppressed else ""
    return row(level, one.where, one.rule, one.template, note=one.told + quiet)


def _step_row(rule: RuleFacts, times: int) -> Row:
    told = f"{rule.title}: {rule.fix}" if rule.fix else f"{rule.title}; {rule.doc}"
    return row(rule.id, str(times), note=told)


def _plain(report: LintReport) -> str:
    lines = [text_of(line) for line in lint_lines(report, None)]
    return "".join(f"{line}\n" for line in [*lines, report.summary])


def _junit(report: LintReport) -> str:
    """A case per template and rule of the house; cfn-lint, with its hundreds of rules, is one case."""
    rules = [rule for rule in report.rules if rule.id.startswith("OHF-")]
    if report.cfn_lint:
        rules.append(RuleFacts(_CFN_LINT, "error", report.cfn_lint))
    cases = cases_of(report.findings, report.failing, report.templates, rules, _CFN_LINT)
    return junit("ohf-lint", tuple(cases))
