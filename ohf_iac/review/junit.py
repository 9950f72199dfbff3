"""Checks as JUnit's XML, which GitLab, Jenkins, Azure and CodeBuild show. Pure.

A test case stands for one check of one thing; `file` and `line` are attributes of it. The same checks give the same
bytes: no time, no host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ohf_iac.review.findings import Finding, RuleFacts


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a case failed: `kind` is a rule or a code, `text` what a reader needs besides."""

    message: str
    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One check of one thing, `of`. `skipped` is the reason why it does not count, "" where it does."""

    of: str
    name: str
    file: str = ""
    line: int = 0
    failures: tuple[Failure, ...] = ()
    skipped: str = ""
    note: str = ""


def junit(suite: str, cases: Sequence[Case]) -> str:
    """The document of one suite, with a final newline."""
    failed = sum(bool(one.failures) for one in cases)
    skipped = sum(bool(one.skipped) and not one.failures for one in cases)
    counts = f'tests="{len(cases)}" failures="{failed}" errors="0" skipped="{skipped}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {counts}>"]
    lines.append(f"  <testsuite name={_attribute(suite)} {counts}>")
    for one in cases:
        lines += _case(suite, one)
    return "\n".join([*lines, "  </testsuite>", "</testsuites>"]) + "\n"


def cases_of(
    findings: Iterable[Finding],
    failing: Iterable[Finding],
    things: Iterable[str],
    rules: Sequence[RuleFacts],
    others: str = "",
) -> Iterator[Case]:
    """A case per thing and rule: all of `rules` for each of `things`, and whatever else was found.

    `failing` are those of the findings by which a case fails; others are noted in it. What rules find that are not
    among `rules` comes together under the rule `others`, or without it under their own names.
    """
    found: dict[tuple[str, str], list[Finding]] = {(thing, rule.id): [] for thing in things for rule in rules}
    titles = {rule.id: rule.title for rule in rules}
    for one in findings:
        rule = one.rule if one.rule in titles else others or one.rule
        found.setdefault((one.template, rule), []).append(one)
    grave = {id(one) for one in failing}
    for (thing, rule), those in found.items():
        failures = tuple(Failure(one.told, one.rule, _told(one)) for one in those if id(one) in grave)
        quiet = "; ".join(dict.fromkeys(one.reason for one in those if all(each.suppressed for each in those)))
        note = "\n".join(_told(one) for one in those if id(one) not in grave)
        first = those[0] if those else None
        name = f"{rule} {titles[rule]}" if rule in titles else rule
        file, line = (first.file, first.line) if first else ("", 0)
        yield Case(thing, name, file, line, failures, quiet, note)


def _told(finding: Finding) -> str:
    lines = [f"{finding.level} {finding.rule} {finding.where}", _on_one_line(finding.told)]
    lines += [f"suppressed until {finding.until}: {finding.reason}"] if finding.suppressed else []
    lines += [f"fix: {finding.fix}"] if finding.fix else []
    return "\n".join([*lines, f"see {finding.doc}"] if finding.doc else lines)


def _on_one_line(text: str) -> str:
    """A text that forges no line of ours: where a log shows it, a line may be a command (`::error::`)."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _case(suite: str, case: Case) -> Iterator[str]:
    place = (f" file={_attribute(case.file)}" if case.file else "") + (f' line="{case.line}"' if case.line else "")
    head = f"    <testcase classname={_attribute(f'{suite}.{case.of}' if case.of else suite)}"
    head += f" name={_attribute(case.name)}{place}"
    inside = [
        f"      <failure message={_attribute(one.message)} type={_attribute(one.kind)}>{_text(one.text)}</failure>"
        for one in case.failures
    ]
    if case.skipped and not case.failures:
        inside.append(f"      <skipped message={_attribute(case.skipped)}/>")
    if case.note:
        inside.append(f"      <system-out>{_text(case.note)}</system-out>")
    if not inside:
        yield f"{head}/>"
        return
    yield f"{head}>"
    yield from inside
    yield "    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_sound(text))


def _text(text: str) -> str:
    return escape(_sound(text))


def _sound(text: str) -> str:
    """The text with what XML cannot hold, and what would steer a terminal, as Python writes it: `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\t\r\n" else ascii(char)[1:-1] for char in text)
