"""Answers in XML, written from botocore's shapes.

moto's own serializer asks every member of a shape of every object; a page of 1,000 instances costs it seconds.
This one follows the members that are there, with the element names of each shape worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionContext, ActionResult, BaseResponse

Encode = Callable[[Any], str]
HEADERS = {"Content-Type": "text/xml;charset=UTF-8"}
REQUEST_ID = "00000000-0000-4000-8000-000000000000"


class Written(str):
    """An element's content that is XML already."""

    __slots__ = ()


@cache
def service(name: str) -> ServiceModel:
    """botocore's model of a service, by its name (`ec2`, `autoscaling`)."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


class Answer(ActionResult):
    """The answer to a call; moto asks it for status, headers and body.

    The result is shaped as boto3 returns it: structures are mappings, times datetimes or epoch seconds; a member
    that is None or absent is left out.
    """

    def execute_result(self, context: ActionContext) -> TYPE_RESPONSE:
        service_name, action = context.service_model.service_name, context.operation_model.name
        assert isinstance(self.result, Mapping)  # noqa: S101 - moto types it as object
        return 200, dict(HEADERS), document(service_name, action, self.result)


def answer(call: BaseResponse, result: Mapping[str, Any]) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of the answer to the call that a moto response object carries."""
    return 200, dict(HEADERS), document(call.boto3_service_name, call._get_action(), result)


def document(service_name: str, action: str, result: Mapping[str, Any]) -> str:
    """The XML document that answers `action` of an `ec2` or `query` protocol service."""
    model = service(service_name)
    namespace = (
        model.metadata.get("xmlNamespace") or f"http://{service_name}.amazonaws.com/doc/{model.api_version}/"
    )
    shape = model.operation_model(action).output_shape
    content = "" if shape is None else _encoder(shape)(result)
    if model.metadata["protocol"] == "ec2":
        inner = f"<requestId>{REQUEST_ID}</requestId>{content}"
    else:
        inner = (
            f"<{action}Result>{content}</{action}Result>"
            f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
        )
    return f'<?xml version="1.0" encoding="UTF-8"?><{action}Response xmlns="{namespace}">{inner}</{action}Response>'


def written(service_name: str, shape_name: str, value: Mapping[str, Any]) -> Written:
    """The content of an element of that shape, for putting into several answers."""
    return Written(_named_encoder(service_name, shape_name)(value))


@cache
def _named_encoder(service_name: str, shape_name: str) -> Encode:
    return _encoder(service(service_name).shape_for(shape_name))


@cache
def _encoder(shape: Shape) -> Encode:
    if isinstance(shape, StructureShape):
        return _structure_encoder(shape)
    if isinstance(shape, ListShape):
        return _list_encoder(shape)
    return SCALARS.get(shape.type_name, _text)


def _structure_encoder(shape: StructureShape) -> Encode:
    members: dict[str, Callable[[Any], str]] = {}

    def encode(value: Any) -> str:
        if isinstance(value, Written):
            return value
        parts = []
        for key, member in value.items():
            if member is not None:
                if key not in members:
                    members[key] = _element(key, shape.members[key])
                parts.append(members[key](member))
        return "".join(parts)

    return encode


def _element(key: str, shape: Shape) -> Encode:
    name = shape.serialization.get("name", key)
    encode = _encoder(shape)
    if isinstance(shape, ListShape) and shape.serialization.get("flattened"):
        return encode
    opening, closing = f"<{name}>", f"</{name}>"
    return lambda value: f"{opening}{encode(value)}{closing}"


def _list_encoder(shape: ListShape) -> Encode:
    name = shape.member.serialization.get("name", "member")
    if shape.serialization.get("flattened"):
        name = shape.serialization.get("name", name)
    opening, closing = f"<{name}>", f"</{name}>"

    def encode(values: Any) -> str:
        each = _encoder(shape.member)
        return "".join([f"{opening}{each(value)}{closing}" for value in values])

    return encode


def _text(value: Any) -> str:
    return escape(value) if isinstance(value, str) else escape(str(value))


def _boolean(value: Any) -> str:
    return "true" if value is True or str(value).lower() == "true" else "false"


def _timestamp(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _integer(value: Any) -> str:
    return str(int(value))


SCALARS: Mapping[str, Encode] = {
    "boolean": _boolean,
    "integer": _integer,
    "long": _integer,
    "timestamp": _timestamp,
}
