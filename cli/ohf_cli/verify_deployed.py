"""`ohf verify --deployed`: were the stacks in AWS what was approved?"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from ohf_cli.deployed_screen import deployed_reports, proof_lines
from ohf_cli.edge import UnapprovedError
from ohf_cli.history_screen import moment_of
from ohf_cli.provider import provider_app
from ohf_cli.report_formats import write_output_files
from ohf_cli.terminal import terminal_of, write_lines
from ohf_cli.words import plural
from ohf_iac.clock import Deadline
from ohf_iac.review.deployed_stacks import held_against_drift, proofs_of
from ohf_iac.review.proving import UNPROVEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ohf_iac.review.proving import Proof


def verify_deployed(
    since: str, timeout: float, drift: bool, output: str, output_files: tuple[tuple[str, str], ...]
) -> None:
    """Print the proofs of all stacks since a moment; UnapprovedError when one is not as approved, or not proven.

    With `drift` live stacks are held against their templates, too.
    """
    app = replace(provider_app(), deadline=Deadline.after(timeout))
    moment = moment_of(since, app.now())
    proofs = tuple(proofs_of(app, moment))
    proofs = held_against_drift(app, proofs) if drift else proofs
    reports = deployed_reports(moment, proofs)
    write_output_files(output_files, reports)
    if output == "table":
        terminal = terminal_of(sys.stdout, os.environ)
        write_lines(sys.stdout, proof_lines(proofs, terminal.width), terminal)
    else:
        print(reports[output](), end="")
    _conclude(proofs)


def _conclude(proofs: Sequence[Proof]) -> None:
    bad = [one for one in proofs if one.verdict == "violation"]
    unknown = [one for one in proofs if one.verdict == "not proven"]
    if bad:
        told = f"verify --deployed: {plural(len(bad), 'stack')} of {len(proofs)} not as approved"
        first = bad[0].stack.name.removeprefix("ohf-")
        ways = f"ohf explain {first}; ohf diff TEMPLATE stack:{bad[0].stack.name}"
        raise UnapprovedError(told, hint=f"ohf drift {first}" if not bad[0].deviations else ways)
    if unknown:
        told = f"verify --deployed: {plural(len(unknown), 'stack')} of {len(proofs)} could not be read"
        raise UnapprovedError(
            told, code=UNPROVEN, hint="look at the reasons; run it again, with a longer --timeout if time was up"
        )
