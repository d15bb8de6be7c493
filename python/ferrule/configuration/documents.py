"""JSON Schema for editors, and the reference in docs/configuration.md, both made from the configuration's schema."""

from __future__ import annotations

from typing import Any

from ferrule.configuration.schema import BREAKER, REFERENCES, RETRY, SCHEMA, VARIABLES, Field

_SECRET = {
    "anyOf": [
        {"type": "string"},
        *(
            {
                "type": "object",
                "description": about,
                "properties": {name: {"type": ["string", "array"] if name == "command" else "string"}},
                "required": [name],
                "additionalProperties": False,
            }
            for name, about in REFERENCES.items()
        ),
    ]
}
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "secret": {"$ref": "#/$defs/secret"},
    "number": {"type": "number", "exclusiveMinimum": 0},
    "count": {"type": "integer", "minimum": 0},
    "weight": {"type": "number", "minimum": 0},
    "money": {"type": "number", "minimum": 0},
    "flag": {"type": "boolean"},
    "words": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    "models": {"type": "array", "items": {"type": "string"}},
    "hedge": {"anyOf": [{"type": "boolean"}, {"type": "number", "exclusiveMinimum": 0}]},
    "strategy": {"type": "string"},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "texts": {"type": "object", "additionalProperties": {"type": "string"}},
    "secrets": {"type": "object", "additionalProperties": {"$ref": "#/$defs/secret"}},
    "table": {"type": "object"},
}


def json_schema(dialects: list[str]) -> dict[str, Any]:
    """The JSON Schema of a configuration file.

    Args:
        dialects: The names of the wire formats, for completion.
    """
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Ferrule configuration",
        **_json(SCHEMA),
        "$defs": {"secret": _SECRET},
    }
    provider = schema["properties"]["providers"]["additionalProperties"]
    provider["properties"]["dialect"]["examples"] = dialects
    return schema


def _json(field: Field) -> dict[str, Any]:
    if field.kind == "section":
        inner: dict[str, Any] = {
            "type": "object",
            "properties": {name: _json(one) for name, one in field.fields.items()},
            "additionalProperties": False,
        }
    elif field.kind == "named" and field.item:
        inner = {"type": "object", "additionalProperties": _json(field.item)}
    elif field.kind == "keys":
        number = {"type": "number", "exclusiveMinimum": 0, "description": "Its share of the calls. Default 1."}
        weighed = {
            "type": "object",
            "properties": {"key": {"$ref": "#/$defs/secret"}, "weight": number},
            "required": ["key"],
            "additionalProperties": False,
        }
        inner = {"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/secret"}, weighed]}, "minItems": 1}
    elif field.kind == "targets":
        target = _json(Field("section", "A target.", fields=field.fields))
        inner = {
            "type": "array",
            "items": {"anyOf": [{"type": "string"}, target | {"required": ["model"]}]},
            "minItems": 1,
        }
    else:
        inner = dict(_TYPES[field.kind])
        if field.choices:
            inner["enum"] = list(field.choices)
    return {"description": field.about, **inner}


def reference() -> str:
    """The reference of all keys, as Markdown."""
    variables = {path: variable for variable, path in VARIABLES.items()}
    variables["timeout",] = variables["timeouts", "total"]
    lines = ["| Key | What it is | Example | Variable |", "|---|---|---|---|"]
    for name, field in SCHEMA.fields.items():
        lines += _rows((name,), field, variables)
    return "\n".join(lines) + "\n"


def _rows(path: tuple[str, ...], field: Field, variables: dict[tuple[str, ...], str]) -> list[str]:
    if field.kind in ("section", "targets") or (field.item and field.item.fields):
        inner = field.item.fields if field.item else field.fields
        here = (*path, "<id>") if field.item else path
        if (inner is RETRY and path != ("retry",)) or (inner is BREAKER and path != ("breaker",)):
            return [f"| `[{'.'.join(here)}]` | {field.about} The keys are those of `[{path[-1]}]`. | | |"]
        if path[-1] == "provider":
            return [f"| `{'.'.join(here)}` | {field.about} | `{field.example}` | |"]
        example = f"`{field.example}`" if field.example else ""
        name = f"`{'.'.join(here)}`" if field.kind == "targets" else f"`[{'.'.join(here)}]`"
        rows = [f"| {name} | {field.about} | {example} | |"]
        if field.kind == "targets":
            here = (*here, "<n>")
        for name, one in inner.items():
            rows += _rows((*here, name), one, variables)
        return rows
    variable = f"`{variables[path]}`" if path in variables else ""
    return [f"| `{'.'.join(path)}` | {field.about} | `{field.example}` | {variable} |"]
