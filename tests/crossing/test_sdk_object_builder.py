"""The builder of SDKs' objects, with a small SDK; `tests/oracles/test_sdk_objects.py` has the official ones."""

from __future__ import annotations

import base64
import json
import struct
from datetime import datetime
from typing import Any, Dict, List, Literal, Optional, Union  # noqa: UP035 - as the SDKs write it

import pydantic
import pytest

from ferrule.sdk_objects import builder_for, statistics
from support.small_sdk import BaseModel, construct_type

# ruff: noqa: UP006, UP007, UP045


class Usage(BaseModel):
    tokens: int
    seconds: Optional[float] = None


class Text(BaseModel):
    type: Literal["text"]
    text: str


class Tool(BaseModel):
    type: Literal["tool"]
    arguments: Dict[str, object]


class Reply(BaseModel):
    id: str
    parts: List[Union[Text, Tool]]
    usage: Optional[Usage] = None
    tags: Optional[Dict[str, str]] = None
    async_: Optional[bool] = pydantic.Field(default=None, alias="async")
    vector: Optional[float] = None


class Vector(BaseModel):
    embedding: List[float]


class Dated(BaseModel):
    name: str
    at: Optional[datetime] = None


BODIES = [
    {"id": "1", "parts": [{"type": "text", "text": "a"}, {"type": "tool", "arguments": {"a": [1, None]}}]},
    {"parts": [{"type": "text", "text": "a", "new": 1}], "id": "1", "usage": {"tokens": 3, "seconds": 1}, "new": {}},
    {"id": 7, "parts": "none", "usage": {"tokens": "many"}, "tags": {"a": 1}, "async": True, "async_": 1},
    {"id": None, "parts": [None, 7, {"type": "text"}], "usage": None},
    {"usage": [], "vector": 2},
    [],
    7,
    None,
]


def build(type_: Any, data: bytes | str, **options: Any) -> Any:
    return builder_for(type_, construct_type=construct_type).build(data, **options)


def state(it: Any) -> Any:
    """All that an object is."""
    if isinstance(it, pydantic.BaseModel):
        names = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
        return type(it), [state(object.__getattribute__(it, name)) for name in names]
    if isinstance(it, dict):
        return [(key, state(value)) for key, value in it.items()]
    return [state(each) for each in it] if isinstance(it, list) else (type(it), it)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("type_", [Reply, Optional[Reply], List[Reply], Union[Text, Tool, None]])
def test_what_is_built_is_what_the_sdk_constructs(type_: Any, body: Any) -> None:
    built = build(type_, json.dumps(body))
    assert state(built) == state(construct_type(value=body, type_=type_))
    assert state(build(type_, json.dumps(body).encode())) == state(built)


def test_objects_share_nothing() -> None:
    text = json.dumps(BODIES[0])
    first = build(Reply, text)
    first.usage = 3
    first.parts[0].new = 1
    del first.id
    second = build(Reply, text)
    assert second.model_fields_set == {"id", "parts"}
    assert (second.id, second.usage, second.parts[0].model_extra) == ("1", None, {})
    assert second.model_dump(exclude_unset=True) == BODIES[0]


def test_what_the_sdk_built_is_counted() -> None:
    def counted(type_: Any, data: str) -> dict[str, int]:
        before = statistics(construct_type)
        build(type_, data)
        return {name: count - before[name] for name, count in statistics(construct_type).items()}

    assert counted(Dated, '{"name": "a"}') == {"built": 1, "fallback_fields": 0, "fallback_objects": 0}
    dated = '{"name": "a", "at": "2026-01-01T00:00:00Z"}'
    assert counted(Dated, dated) == {"built": 1, "fallback_fields": 1, "fallback_objects": 0}
    assert build(Dated, dated).at == datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    assert counted(Dated, r'{"name": "\ud800"}') == {"built": 0, "fallback_fields": 0, "fallback_objects": 1}


def test_what_is_wrong_with_the_text_is_said_as_json_says_it() -> None:
    with pytest.raises(json.JSONDecodeError, match="Expecting value"):
        build(Reply, b'{"id": }')
    with pytest.raises(TypeError, match="data must be bytes or str, not int"):
        build(Reply, 7)  # type: ignore[arg-type]


def test_an_error_in_a_stream_is_no_event() -> None:
    builder = builder_for(Reply, construct_type=construct_type)
    assert builder.build_event(b'{"error": {"message": "a"}}') is None
    assert builder.build_event("null") is None
    assert builder.build_event(b'{"id": "1", "error": null}').id == "1"


def test_base64_embeddings_are_lists_of_floats() -> None:
    text = base64.b64encode(struct.pack("<3f", 0.5, -2, 1e-40)).decode()
    body = json.dumps({"embedding": text})
    assert build(Vector, body, base64_floats=True).embedding == list(
        struct.unpack("<3f", struct.pack("<3f", 0.5, -2, 1e-40))
    )
    assert build(Vector, body).embedding == text
    assert build(Vector, '{"embedding": "no base64"}', base64_floats=True).embedding == "no base64"
    assert build(Vector, '{"embedding": "AAAAAAA="}', base64_floats=True).embedding == "AAAAAAA="
