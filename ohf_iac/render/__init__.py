"""Host templates -> bodies of stacks. The only package that imports troposphere and jinja2."""

from __future__ import annotations

from ohf_iac.render.body import RENDERER_ABI, render

__all__ = ["RENDERER_ABI", "render"]
