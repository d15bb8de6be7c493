"""Written forms of the configuration match it: example, schema, reference, types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ferrule.configuration import Configuration, documents, providers
from ferrule.configuration.files import File, read
from ferrule.configuration.limit_schema import BUDGET, LIMIT
from ferrule.configuration.schema import (
    BREAKER,
    GROUP,
    PLACEHOLDERS,
    PROVIDER,
    RETRY,
    SCHEMA,
    TARGET,
    VARIABLES,
    at,
)
from ferrule.limit_options import BudgetOptions, LimitOptions
from ferrule.options import BreakerOptions, GroupOptions, ProviderOptions, RetryOptions, TargetOptions

if TYPE_CHECKING:
    from ferrule.configuration.schema import Field

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"


def keys(field: Field, tree: Any) -> set[str]:
    """The keys of the schema that `tree` uses, sections within sections."""
    used: set[str] = set()
    for name, value in tree.items():
        inner = field.fields.get(name) or field.item
        used.add(name if field.kind == "section" else "")
        if inner and inner.kind in ("section", "named"):
            used |= {f"{name if field.kind == 'section' else ''}.{key}" for key in keys(inner, value)}
    return used


def all_keys(field: Field) -> set[str]:
    found: set[str] = set()
    for name, inner in (field.fields or {"": field.item}).items():
        found.add(name)
        if inner and inner.kind in ("section", "named"):
            found |= {f"{name}.{key}" for key in all_keys(inner)}
    return found


def test_the_example_is_complete_and_right() -> None:
    configuration = Configuration.read(EXAMPLE)
    assert keys(SCHEMA, read(File("project", str(EXAMPLE))).tree) == all_keys(SCHEMA)
    assert configuration.settings()["model"] == "fast"
    mentioned = set(configuration.providers())
    assert mentioned - {"example", "everything"} <= set(providers.rows()), "what fills addresses is of real providers"


def test_the_schema_for_editors_is_the_one_we_check_by() -> None:
    written = json.loads((ROOT / "docs" / "ferrule.schema.json").read_text("utf-8"))
    assert written == documents.json_schema(providers.dialects()), (
        "run: ferrule config schema > docs/ferrule.schema.json"
    )


def test_the_reference_is_the_schemas() -> None:
    assert documents.reference() in (ROOT / "docs" / "configuration.md").read_text("utf-8")


def test_provider_options_are_the_schemas() -> None:
    for options, fields in (
        (ProviderOptions, PROVIDER),
        (GroupOptions, GROUP),
        (TargetOptions, TARGET),
        (RetryOptions, RETRY),
        (BreakerOptions, BREAKER),
        (LimitOptions, LIMIT),
        (BudgetOptions, BUDGET),
    ):
        assert set(options.__annotations__) == set(fields)


def test_every_placeholder_of_the_table_can_be_said() -> None:
    declared = {one["name"] for row in providers.rows().values() for one in row["placeholders"]}
    assert declared <= PLACEHOLDERS


@pytest.mark.parametrize("variable", VARIABLES)
def test_variables_are_for_keys(variable: str) -> None:
    field = SCHEMA
    for step in VARIABLES[variable]:
        field = field.fields[step]
    assert field == at(VARIABLES[variable])
    assert field.kind in ("text", "number", "count", "flag")
