"""What the local AWS does not load: every demo and every test run waits for its start."""

from __future__ import annotations

import subprocess
import sys


def test_motos_cloudformation_is_not_loaded() -> None:
    """Stacks are our own; moto's come with models of nearly every service."""
    code = "import sys, ohf_iac.local.world\nprint([one for one in sys.modules if one.startswith('moto.cloudf')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
