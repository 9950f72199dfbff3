"""Trims botocore's service models to the operations we call: `python -m ohf_iac.aws.model_build`.

Part of the build of a wheel and of an editable install; run it again after botocore was upgraded. What is kept is
kept as it is, but for the documentation in it. Where nothing was made, botocore reads its own.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import botocore
import botocore.loaders

from ohf_iac.aws.trimmed_models import FOLDER, MANIFEST, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: what a client reads of its service
PARTS: Final = ("service-2", "endpoint-rule-set-1")
#: services whose regions are kept: those that we call, and those that botocore calls for credentials
REGIONS_OF: Final = frozenset(
    {
        *OPERATIONS,
        "iam",
        "kms",
        "monitoring",
        "oidc",
        "portal.sso",
        "secretsmanager",
        "servicequotas",
        "signin",
        "sns",
        "sqs",
        "ssm",
    }
)


def trim(into: str = FOLDER) -> None:
    """Write the trimmed models and their manifest into a folder, which is replaced as a whole."""
    loader = botocore.loaders.Loader()
    stock = Path(loader.BUILTIN_DATA_PATH)
    files: dict[str, Any] = {"endpoints.json": _regions(loader.load_data("endpoints"))}
    sources = [stock / "endpoints.json"]
    for service, operations in OPERATIONS.items():
        version = loader.determine_latest_version(service, "service-2")
        for part in PARTS:
            name = f"{service}/{version}/{part}.json"
            # as the loader gives it: with what botocore adds to the models of AWS
            model = loader.load_service_model(service, part, version)
            files[name] = _of_operations(model, operations) if part == "service-2" else model
            sources += sorted(stock.glob(f"{name.removesuffix('.json')}*"))
    sizes = {one.relative_to(stock).as_posix(): one.stat().st_size for one in sources}
    files[MANIFEST] = {"botocore": botocore.__version__, "sizes": sizes}
    _replace(Path(into), files)


def _of_operations(model: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """A model with these operations, the shapes that they lead to, and without documentation."""
    operations = {name: model["operations"][name] for name in sorted(names)}
    shapes: dict[str, Any] = {}
    ahead = list(_shapes_in(operations))
    while ahead:
        name = ahead.pop()
        if name not in shapes:
            shapes[name] = model["shapes"][name]
            ahead += _shapes_in(shapes[name])
    return {**model, "operations": _bare(operations), "shapes": _bare(dict(sorted(shapes.items())))}


def _shapes_in(node: Any) -> Iterator[str]:
    """Names of the shapes that a part of a model refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("shape"), str):
            yield node["shape"]
        for value in node.values():
            yield from _shapes_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _shapes_in(value)


def _bare(node: Any) -> Any:
    """A part of a model without documentation, which is text; a member of that name is none."""
    if isinstance(node, dict):
        return {
            key: _bare(value)
            for key, value in node.items()
            if key not in ("documentation", "documentationUrl") or not isinstance(value, str)
        }
    return [_bare(value) for value in node] if isinstance(node, list) else node


def _regions(endpoints: dict[str, Any]) -> dict[str, Any]:
    partitions = [
        {**one, "services": {name: value for name, value in one["services"].items() if name in REGIONS_OF}}
        for one in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def _replace(folder: Path, files: dict[str, Any]) -> None:
    """The manifest comes last: without it the others do not count."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, separators=(",", ":")), encoding="ascii")


if __name__ == "__main__":
    trim(*sys.argv[1:2])
