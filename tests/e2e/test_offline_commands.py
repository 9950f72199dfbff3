"""The commands of change control that ask no AWS need no environment, and import nothing that would ask it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.provider import EXAMPLE

#: runs each argument as a command, and says of each how it ended and what was imported for it
RUN = """
import contextlib, io, sys
from ohf_cli.edge import run
from ohf_cli.human import called
for words in sys.argv[1:]:
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        code = run(called, words.split())
    print(words.split()[0], code, *{one.split(".")[0] for one in sys.modules} & {"boto3", "botocore"})
"""
COMMANDS = (
    "render --all -d out --conf conf",
    "lint --house-only --fail-on never --conf conf",
    "diff asg-ondemand asg-mixed --conf conf",
    "report asg-ondemand --to page.html --conf conf",
    "attest asg-ondemand --to statement.json --conf conf",
    "verify --conf conf",
    "evidence --check none.zip",
    "show none.plan",
)


def test_they_import_nothing_that_asks_aws_and_need_no_home(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "conf")
    command = [sys.executable, "-c", RUN, *COMMANDS]
    done = subprocess.run(command, env={}, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "render 0",
        "lint 0",
        "diff 0",
        "report 0",
        "attest 0",
        "verify 4",
        "evidence 1",
        "show 1",
    ]
