"""The build of a wheel or an editable install, with the trimmed service models (`model_build`) in it.

Nothing but setuptools imports this, by its path.
"""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools.command.build_py import build_py  # type: ignore[import-untyped]  # it has no types

HERE = Path(__file__).resolve().parent


class BuildWithModels(build_py):  # type: ignore[misc]  # as above
    """Packages as ever, then the models: beside the sources where these are what is run."""

    def run(self) -> None:
        super().run()
        into = HERE / "models" if self.editable_mode else Path(self.build_lib) / "ohf_iac" / "aws" / "models"
        sys.path.insert(0, str(HERE.parents[1]))
        try:
            from ohf_iac.aws.model_build import trim
        except ModuleNotFoundError as error:
            self.warn(f"service models are not trimmed, which makes calls slower: {error}")
            return
        finally:
            sys.path.pop(0)
        trim(str(into))
