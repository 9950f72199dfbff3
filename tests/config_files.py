"""Settings out of configuration files that exist in memory only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ohf_iac.config import Settings, load

FOLDERS = {
    "HF_PROVIDER_NAME": "grid",
    "HF_PROVIDER_CONFDIR": "/conf",
    "HF_PROVIDER_WORKDIR": "/work-dir",
    "HF_PROVIDER_LOGDIR": "/log",
}


def settings_of(
    own: object = None, ibm: object = None, environ: Mapping[str, str] | None = None, read_also: Any = None
) -> Settings:
    """The settings with these documents as ohf.json and awsprov_config.json, and files given as bytes."""
    files = {"/conf/ohf.json": own, "/conf/awsprov_config.json": ibm}
    texts = {path: json.dumps(document).encode() for path, document in files.items() if document is not None}
    return load({**FOLDERS, **(environ or {})}, lambda path: {**texts, **(read_also or {})}.get(path))
