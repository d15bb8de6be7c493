"""Fields of the configuration schema: what one key is."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Field(NamedTuple):
    """A key.

    Attributes:
        kind: What its value is: `text`, `secret` (text, or where it comes from), `number`, `count`, `weight`, `money`,
            `flag`, `words` (a list of texts), `models` (as `words`, but it may be empty), `hedge` (a flag or a number),
            `strategy` (text, or in Python a function), `texts` and `secrets` (tables of those), `keys` (a list of
            secrets, or of tables with `key` and `weight`), `table` (anything), `section` (the keys in `fields`),
            `named` (sections or values of one kind, by names of one's own), `targets` (a list of texts, or of sections
            with `fields`).
        about: What it is, in words, for the reference.
        example: Its value in TOML, for `config.example.toml` and the reference.
        fields: The keys of a section.
        item: What each of `named` is.
        choices: What a text may be, where that is known.
    """

    kind: str
    about: str
    example: str = ""
    fields: Mapping[str, Field] = MappingProxyType({})
    item: Field | None = None
    choices: tuple[str, ...] = ()
