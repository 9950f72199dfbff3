"""`python -m ohf_cli`: the human face, where the console script is not on PATH."""

from __future__ import annotations

import sys

from ohf_cli.human import main

sys.exit(main())
