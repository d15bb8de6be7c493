"""Schemas: what is sent for about a hundred types is what the official SDKs send, where their API takes that.

`clients/schema_types.py` has the types. Where the two differ, it is because the SDK's schema is refused or loses what
was asked for (`docs/wire/schema-subsets.md`, sections 3 and 4): the rules that differ are in `comparable`, the types
that are refused here in `REFUSED`.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import environment
import pytest

import ferrule
from ferrule.testing import Simulator, rule

CLIENTS = Path(__file__).parent / "clients"
MODELS = {"openai-3": "openai/gpt", "anthropic-2": "anthropic/claude"}
# Objects that may have any properties: OpenAI's SDK sends them, and the API refuses them; Anthropic's closes them, so
# that they are always empty.
REFUSED = {"dict", "dict of ints", "dict of models", "dict by enum", "mapping", "Opened"}
# Anthropic's SDK refuses a schema without a type.
ANYTHING = {"Any", "object", "Json", "bare list", "list of anything"}
# Recursion: Anthropic's API refuses it, so that it is written out.
RECURSIVE = {"Node", "Tree", "Ping", "recursive", "optional recursive"}
# What becomes of these is in the tests below.
TUPLES = {"tuple", "tuple of one type", "tuple of models", "empty tuple", "NamedTuple"}


@functools.cache
def transformed(name: str) -> dict[str, Any]:
    python = environment.programs_of(name) / "python"
    command = [python, CLIENTS / "schema_types.py"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    assert len(made) > 100
    return made


@functools.cache
def sent(name: str) -> dict[str, Any]:
    """The schema that Ferrule sends for each of the types; why it refuses one."""
    schemas: dict[str, Any] = {}
    with Simulator([rule("{}")]) as simulator, simulator.client() as client:
        for each, schema in transformed(name).items():
            inner = {"name": "answer", "schema": schema["before"], "strict": True}
            wanted: Any = {"type": "json_schema", "json_schema": inner}
            try:
                client.complete(MODELS[name], "?", response_format=wanted, max_tokens=9)
            except ferrule.UnsupportedError as error:
                schemas[each] = str(error)
                continue
            body: Any = simulator.requests[-1].body
            if "output_config" in body:
                schemas[each] = body["output_config"]["format"]["schema"]
            else:
                assert body["response_format"]["json_schema"]["strict"] is True
                schemas[each] = body["response_format"]["json_schema"]["schema"]
    return schemas


def comparable(schema: Any, definitions: dict[str, Any], depth: int = 0) -> Any:
    """The schema without what is decided otherwise here, references written out."""
    if isinstance(schema, list):
        return [comparable(item, definitions, depth) for item in schema]
    if not isinstance(schema, dict) or depth > 12:
        return None if isinstance(schema, dict) else schema
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        # Anthropic's SDK loses what stands beside a reference.
        return comparable(target | {key: schema[key] for key in schema if key != "$ref"}, definitions, depth + 1)
    left: dict[str, Any] = {}
    for key, value in schema.items():
        # Descriptions are compared by themselves. Defaults mean nothing where all is required; titles nothing at all.
        if key in ("$defs", "description", "default", "title"):
            continue
        # OpenAI refuses these, or the format.
        if key in (
            "discriminator",
            "uniqueItems",
            "examples",
            "deprecated",
            "x-order",
            "contentMediaType",
            "writeOnly",
        ):
            continue
        if key == "format" and value not in ("date-time", "date", "time", "duration", "uuid", "ipv4", "ipv6"):
            continue
        # Anthropic's API takes regular expressions, which its SDK describes; OpenAI's not those that look around.
        if key in ("pattern", "contentSchema"):
            continue
        if key == "properties":
            left[key] = {name: comparable(inner, definitions, depth + 1) for name, inner in value.items()}
        elif key == "required":
            continue
        else:
            left["anyOf" if key == "oneOf" else key] = comparable(value, definitions, depth + 1)
    # OpenAI wants a type beside values; Anthropic's SDK takes it away.
    if "enum" in left or "const" in left:
        left.pop("type", None)
    return left


def keywords(schema: Any) -> set[str]:
    """All keywords of a schema, names of properties and definitions left out."""
    if isinstance(schema, list):
        return {key for item in schema for key in keywords(item)}
    if not isinstance(schema, dict):
        return set()
    found = set(schema)
    for key, value in schema.items():
        if key in ("properties", "$defs"):
            found |= {inner for item in value.values() for inner in keywords(item)}
        elif key not in ("enum", "const", "default", "required"):
            found |= keywords(value)
    return found


def descriptions(schema: Any, definitions: dict[str, Any], depth: int = 0) -> list[str]:
    if isinstance(schema, list):
        return [text for item in schema for text in descriptions(item, definitions, depth)]
    if not isinstance(schema, dict) or depth > 12:
        return []
    texts = [schema["description"]] if isinstance(schema.get("description"), str) else []
    if "$ref" in schema:
        return texts + descriptions(definitions[schema["$ref"].rpartition("/")[2]], definitions, depth + 1)
    for key, value in schema.items():
        if key == "properties":
            texts += [text for item in value.values() for text in descriptions(item, definitions, depth + 1)]
        elif key not in ("$defs", "enum", "const", "default"):
            texts += descriptions(value, definitions, depth + 1)
    return texts


def described(schema: dict[str, Any]) -> set[str]:
    """What the descriptions say of keywords: `minimum: 1`."""
    texts = descriptions(schema, schema.get("$defs", {}))
    return {match for text in texts for match in re.findall(r"(\w+: [^,{}\[\]]+)(?=[,}])", text)}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", MODELS)
def test_the_same_is_sent_as_by_the_official_sdk(name: str) -> None:
    different = {}
    for each, schemas in transformed(name).items():
        ours, theirs = sent(name)[each], schemas["after"]
        if each in REFUSED:
            assert isinstance(ours, str), each
            assert "list them" in ours, each
            continue
        assert isinstance(ours, dict), (each, ours)
        left_out = ANYTHING | TUPLES | (RECURSIVE if name == "anthropic-2" else set())
        if each in left_out or isinstance(theirs, str):
            assert each in left_out, (each, theirs)
            continue
        pair = [comparable(schema, schema.get("$defs", {})) for schema in (ours, theirs)]
        if pair[0] != pair[1]:
            different[each] = pair
    assert different == {}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_sent_that_the_api_refuses(name: str) -> None:
    refused = {"oneOf", "discriminator", "prefixItems", "uniqueItems", "default", "examples", "deprecated", "x-order"}
    if name == "anthropic-2":
        refused |= {
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minLength",
            "maxLength",
        }
        refused |= {"maxItems"}
    for each, schema in sent(name).items():
        if isinstance(schema, str):
            continue
        assert not keywords(schema) & refused, each
        text = json.dumps(schema)
        assert not re.search(r'"\$ref": "[^"]+", |, "\$ref"', text), each
        for reference in re.findall(r'(?<!\\)"#/\$defs/([^"]+)"', text):
            assert reference in schema["$defs"], each


@pytest.mark.timeout(180)
def test_what_anthropics_sdk_describes_is_described() -> None:
    for each, schemas in transformed("anthropic-2").items():
        ours, theirs = sent("anthropic-2")[each], schemas["after"]
        if isinstance(ours, str) or isinstance(theirs, str) or each in RECURSIVE | TUPLES:
            continue
        # A pattern is sent, and a default of null says nothing where all is required.
        missing = {
            said for said in described(theirs) - described(ours) if not said.startswith(("pattern: ", "default: "))
        }
        missing -= {"deprecated: True", "writeOnly: True", "propertyName: kind", "uniqueItems: True"}
        assert missing == set(), each
        if "uniqueItems: True" in described(theirs):
            assert "uniqueItems: true" in described(ours), each


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", MODELS)
def test_what_is_neither_taken_nor_sent_by_the_sdk(name: str) -> None:
    schemas = sent(name)
    primitives = [{"type": "string"}, {"type": "number"}, {"type": "boolean"}, {"type": "null"}]
    assert schemas["Any"]["properties"]["value"]["anyOf"] == primitives
    assert schemas["bare list"]["properties"]["value"]["items"]["anyOf"] == primitives
    pair = schemas["tuple"]["properties"]["value"]
    assert pair["items"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert "prefixItems" in pair["description"]
    assert schemas["tuple of one type"]["properties"]["value"]["items"] == {"type": "integer"}
    if name == "openai-3":
        assert (pair["minItems"], pair["maxItems"]) == (2, 2)
        assert schemas["Node"]["properties"]["next"]["anyOf"] == [{"$ref": "#/$defs/Node"}, {"type": "null"}]
    else:
        assert "$ref" not in keywords(schemas["Node"])
