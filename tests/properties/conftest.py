"""Hypothesis for machines of any speed: no test fails for being slow; what fails is printed to be repeated.

`OHF_HYPOTHESIS=deep` looks at forty times as many worlds.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("usual", deadline=None, print_blob=True, max_examples=50)
settings.register_profile("deep", deadline=None, print_blob=True, max_examples=2000)
settings.load_profile(os.environ.get("OHF_HYPOTHESIS", "usual"))
