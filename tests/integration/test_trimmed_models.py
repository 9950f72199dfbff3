"""Service models with the operations we call: the same as botocore's own, and used only where they are that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.model
import botocore.session
import pytest

from ohf_iac.aws.model_build import trim
from ohf_iac.aws.trimmed_models import MANIFEST, OPERATIONS, loader, usable
from tests.called import called_operations


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    trim(str(folder))
    return folder


@cache
def stock(service: str) -> Any:
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model(service, "service-2"), service)


def test_they_hold_what_the_code_calls() -> None:
    """STS is called by botocore and by the session alone, which name no operation as a constant."""
    assert {service: names for service, names in OPERATIONS.items() if service != "sts"} == called_operations()


def test_they_were_made_when_the_project_was_installed() -> None:
    assert usable()
    assert [Path(one).name for one in loader().search_paths[:1]] == ["models"]


@pytest.mark.parametrize("service", sorted(OPERATIONS))
def test_an_operation_is_what_botocore_says_of_it(made: Path, service: str) -> None:
    document = loader(str(made)).load_service_model(service, "service-2")
    trimmed: Any = botocore.model.ServiceModel(document, service)
    assert set(trimmed.operation_names) == OPERATIONS[service]
    assert trimmed.metadata == stock(service).metadata
    for name in OPERATIONS[service]:
        ours, theirs = trimmed.operation_model(name), stock(service).operation_model(name)
        assert bare(ours._operation_model) == bare(theirs._operation_model)
        assert dict(shapes(ours)) == dict(shapes(theirs))
    assert sum(len(json.dumps(one)) for one in document["shapes"].values()) < 150_000


def shapes(operation: Any) -> Iterator[tuple[str, Any]]:
    """All shapes of an operation by name, without documentation."""
    ahead = [one for one in (operation.input_shape, operation.output_shape, *operation.error_shapes) if one]
    seen: set[str] = set()
    while ahead:
        shape = ahead.pop()
        if shape.name in seen:
            continue
        seen.add(shape.name)
        yield shape.name, bare(shape._shape_model)
        ahead += list(getattr(shape, "members", {}).values())
        ahead += [one for key in ("member", "key", "value") if (one := getattr(shape, key, None)) is not None]


def bare(node: Any) -> Any:
    if isinstance(node, dict):
        kept = {key: value for key, value in node.items() if not key.startswith("documentation")}
        return {key: bare(value) for key, value in kept.items()}
    return [bare(one) for one in node] if isinstance(node, list) else node


@pytest.mark.parametrize(
    "change",
    [
        {"botocore": "1.0.0"},
        {"sizes": {"endpoints.json": 1}},
        {"sizes": {"nothing/service-2.json.gz": 1}},
        {"sizes": 3},
        None,
    ],
    ids=["another version", "another file", "a file that is gone", "damage", "half a file"],
)
def test_they_are_left_where_botocore_is_another(made: Path, tmp_path: Path, change: dict[str, Any] | None) -> None:
    manifest = (made / MANIFEST).read_text()
    assert usable(str(made))
    told = json.dumps({**json.loads(manifest), **change}) if change else manifest[:20]
    (tmp_path / MANIFEST).write_text(told)
    assert not usable(str(tmp_path))
    assert loader(str(tmp_path)).search_paths == botocore.loaders.Loader().search_paths
    assert not usable(str(tmp_path / "nowhere"))


def test_models_of_the_user_count(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.loaders.Loader, "CUSTOMER_DATA_PATH", str(tmp_path))
    assert str(made) not in loader(str(made)).search_paths


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2", "cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize("service", [*sorted(OPERATIONS), "ssm", "secretsmanager"])
def test_endpoints_are_those_of_botocore(made: Path, service: str, region: str) -> None:
    found = [endpoint(one, service, region) for one in (loader(str(made)), botocore.loaders.Loader())]
    assert found[0] == found[1]


def endpoint(models: botocore.loaders.Loader, service: str, region: str) -> tuple[str, str, str]:
    session = botocore.session.Session()
    session.register_component("data_loader", models)
    session.set_credentials("a", "b")
    create: Any = session.create_client
    client = create(service, region_name=region)
    return client.meta.endpoint_url, client.meta.config.signature_version, client._request_signer.signing_name
