"""Built-in providers: the rows of `crates/wire/providers.toml`, from the extension module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

from ferrule import _native

if TYPE_CHECKING:
    from collections.abc import Iterable


class Placeholder(TypedDict):
    """A `{name}` in a base URL."""

    name: str
    variables: list[str]
    default: str | None


class HeaderRow(TypedDict):
    """A header that each request has."""

    name: str
    variables: list[str]
    value: str | None


class Row(TypedDict):
    """One provider; `crates/wire/src/providers.rs` documents the fields."""

    id: str
    name: str
    aliases: list[str]
    dialect: str
    base_url: str
    base_urls: dict[str, str]
    base_urls_by: str
    base_url_variables: list[str]
    placeholders: list[Placeholder]
    key_variables: list[str]
    authentication: str
    key_header: str | None
    headers: list[HeaderRow]
    documentation: str | None
    fallback: str | None
    operations: list[str]
    embedding_models: list[str]


_rows: dict[str, Row] | None = None


def rows() -> dict[str, Row]:
    """Every built-in provider, by id."""
    global _rows
    if _rows is None:
        _rows = {row["id"]: cast("Row", row) for row in _native.provider_table()}
    return _rows


def row(identifier: str) -> Row | None:
    """The built-in provider with this id."""
    return rows().get(identifier)


def is_id(name: str, own: Iterable[str]) -> bool:
    """Whether `name` is the id of a built-in provider or one of `own`, whatever the case."""
    return name.lower() in {one.lower() for one in (*rows(), *own)}


def spelled(name: str, own: Iterable[str] = ()) -> str:
    """The id of the provider that `name` means, read as a call reads it: an id, one but for case, an alias of a row.

    A name that no provider has stays as it is.

    Args:
        name: The name.
        own: The ids of the user's own providers, which win over aliases.
    """
    ids = [*rows(), *own]
    if name in ids:
        return name
    lower = name.lower()
    return next((one for one in ids if one.lower() == lower), None) or _native.find_provider(name) or name


def spelled_model(name: str, own: Iterable[str] = ()) -> str:
    """`provider/model` with the provider's id."""
    provider, mark, model = name.partition("/")
    return f"{spelled(provider, own)}{mark}{model}" if mark else name


def dialects() -> list[str]:
    """The wire formats of the built-in providers."""
    return sorted({row["dialect"] for row in rows().values()})


def needs_key(row: Any) -> bool:
    """Whether calls to the provider need a configured key."""
    return row is not None and row["authentication"] not in ("optional", "none")
