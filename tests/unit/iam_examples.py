"""`examples/iam` as `ohf iam-policy` prints it; run as a module it writes the files anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ohf_iac.config import load
from ohf_iac.config.catalogue_file import load_catalogue
from ohf_iac.operations.least_privilege import least_privilege

ROOT = Path(__file__).resolve().parents[2]
ROLE = "arn:aws:iam::123456789012:role/ohf-cloudformation"


def printed() -> Mapping[str, Any]:
    """File's stem -> policy, for the example provider with that service role."""
    conf = str(ROOT / "examples" / "provider")
    names = ("HF_PROVIDER_CONFDIR", "HF_PROVIDER_WORKDIR", "HF_PROVIDER_LOGDIR")
    settings = load({"HF_PROVIDER_NAME": "ohf", **dict.fromkeys(names, conf)})
    policies = least_privilege(settings, load_catalogue(settings).templates, {}, service_role=ROLE)
    return {"provider": policies.caller, "service-role": policies.service, "service-role-trust": policies.trust}


if __name__ == "__main__":
    for stem, policy in printed().items():
        (ROOT / "examples" / "iam" / f"{stem}.json").write_text(json.dumps(policy, indent=2) + "\n")
