"""Writes crates/catalog/data/catalog.json: what the installed genai-prices knows, and our own facts from catalog.toml.

`make catalog` runs it. The file is the same for the same inputs, byte by byte, but for the date on which a new version
was first read. What cannot be translated exactly (a pattern, a price) is an error here, not a surprise at run time.
"""

# ruff: noqa: SLF001

from __future__ import annotations

import datetime
import json
import re
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomllib
from genai_prices import types
from genai_prices.data import providers

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
TARGET = HERE.parent / "crates/catalog/data/catalog.json"
OVERLAY = HERE / "catalog.toml"
SCALE = 18
"""Most decimals of a price; crates/catalog/src/amount.rs counts in these."""


def pattern(clause: Any) -> Any:
    """The clause in our form: crates/catalog/src/pattern.rs says which. Everything is compared in lower case."""
    match clause:
        case types.ClauseEquals():
            return "=" + clause.equals.lower()
        case types.ClauseStartsWith():
            return "^" + clause.starts_with.lower()
        case types.ClauseEndsWith():
            return "$" + clause.ends_with.lower()
        case types.ClauseContains():
            return "~" + clause.contains.lower()
        case types.ClauseRegex():
            return simple([*regex(clause.regex)])
        case types.ClauseOr():
            return simple([pattern(part) for part in clause.or_])
        case types.ClauseAnd():
            return {"and": [pattern(part) for part in clause.and_]}
    raise TypeError(f"no translation for {clause!r}")


def simple(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else parts


def regex(text: str) -> Iterator[Any]:
    """The patterns that together say what a regular expression says: it is taken apart by Python's own parser."""
    if text == r"^(?!.*-[tT][tT][sS](?:$|-))":
        yield {"not": ["~-tts-", "$-tts"]}
        return
    # `(?![^/]+/)` in front of a name that does not begin with a slash: the name has no slash.
    no_slash = text.startswith("^(?![^/]+/)")
    tree = list(re._parser.parse(text.replace("(?![^/]+/)", "", 1) if no_slash else text))  # type: ignore[attr-defined]
    at = re._constants.AT  # type: ignore[attr-defined]
    if tree[0] != (at, re._constants.AT_BEGINNING):  # type: ignore[attr-defined]
        raise ValueError(f"not anchored: {text}")
    is_whole = tree[-1] == (at, re._constants.AT_END)  # type: ignore[attr-defined]
    for template in templates(tree[1 : -1 if is_whole else None], text):
        if "\0" in template:
            whole = ("#" if is_whole else "%") + template.replace("\0", "#")
            if "#" in template:
                raise ValueError(f"a literal # in {text}")
        else:
            whole = ("=" if is_whole else "^") + template
        yield {"and": [{"not": "~/"}, whole]} if no_slash else whole


def templates(tree: list[Any], text: str) -> list[str]:
    """All texts that the tree stands for; a digit is a NUL."""
    found = [""]
    for operation, argument in tree:
        match str(operation):
            case "LITERAL":
                choices = [chr(argument).lower()]
            case "IN" if argument == [(re._constants.CATEGORY, re._constants.CATEGORY_DIGIT)]:  # type: ignore[attr-defined]
                choices = ["\0"]
            case "IN" if all(str(kind) == "LITERAL" for kind, _ in argument):
                choices = [chr(code).lower() for _, code in argument]
            case "SUBPATTERN":
                choices = templates(list(argument[3]), text)
            case "BRANCH":
                choices = [choice for branch in argument[1] for choice in templates(list(branch), text)]
            case "MAX_REPEAT" if argument[1] <= 8:
                once = templates(list(argument[2]), text)
                choices = [each for count in range(argument[0], argument[1] + 1) for each in repeated(once, count)]
            case _:
                raise ValueError(f"no translation for {operation} in {text}")
        found = [before + choice for before in found for choice in choices]
    return found


def repeated(choices: list[str], count: int) -> list[str]:
    found = [""]
    for _ in range(count):
        found = [before + choice for before in found for choice in choices]
    return found


def decimal(value: Any) -> str:
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if len(text.partition(".")[2]) > SCALE or value < 0:
        raise ValueError(f"a price we cannot keep: {text}")
    return text


def rates(prices: types.ModelPrice) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in prices.__dict__.items():
        if isinstance(value, types.TieredPrices):
            found[key] = [decimal(value.base), *([tier.start, decimal(tier.price)] for tier in value.tiers)]
        elif value is not None:
            found[key] = decimal(value)
    return found


def constrained(constraint: Any, fields: dict[str, Any]) -> dict[str, Any]:
    match constraint:
        case None:
            return fields
        case types.StartDateConstraint():
            return {"from": constraint.start_date.isoformat(), **fields}
        case types.TimeOfDateConstraint():
            times = (types._utc_timetz(constraint.start_time), types._utc_timetz(constraint.end_time))
            return {"between": [time.strftime("%H:%M:%S") for time in times], **fields}
    raise TypeError(f"no translation for {constraint!r}")


def model(info: types.ModelInfo) -> dict[str, Any]:
    found: dict[str, Any] = {"id": info.id}
    match = pattern(info.match)
    if match != "=" + info.id.lower():
        found["match"] = match
    if info.name and info.name != info.id:
        found["name"] = info.name
    if info.context_window:
        found["context_window"] = info.context_window
    if info.deprecated:
        found["deprecated"] = True
    if isinstance(info.prices, types.ModelPrice):
        prices = [{"rates": rates(info.prices)}]
    else:
        prices = [constrained(price.constraint, {"rates": rates(price.prices)}) for price in info.prices]
    found["prices"] = prices
    variants = [
        constrained(variant.constraint, {"when": variant.when, "rates": rates(variant.prices)})
        for variant in info.price_variants or ()
    ]
    if variants:
        found["variants"] = variants
    return found


def provider(info: types.Provider) -> dict[str, Any]:
    found: dict[str, Any] = {"id": info.id, "name": info.name}
    if info.model_match is not None:
        found["names"] = pattern(info.model_match)
    if info.fallback_model_providers:
        found["also"] = info.fallback_model_providers
    found["models"] = [model(each) for each in info.models]
    return found


def apply(overlay: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Adds our own facts to `rows`. A row of ours that changes nothing is an error: it is out of date."""
    by_id = {row["id"]: row for row in rows}
    for row in overlay.get("provider", []):
        if row["id"] in by_id:
            raise ValueError(f"genai-prices has provider {row['id']} by now")
        by_id[row["id"]] = {**row, "models": []}
        rows.append(by_id[row["id"]])
    for row in overlay.get("model", []):
        owner = by_id[row.pop("provider")]
        if any(each["id"] == row["id"] for each in owner["models"]):
            raise ValueError(f"genai-prices has {owner['id']}/{row['id']} by now")
        owner["models"].append(row)
    for row in overlay["facts"]:
        owner, ids = by_id[row.pop("provider")], row.pop("models")
        unknown = set(ids) - {each["id"] for each in owner["models"]}
        if unknown:
            raise ValueError(f"facts about models that are not there: {owner['id']}: {sorted(unknown)}")
        for each in owner["models"]:
            if each["id"] in ids:
                for name, value in row.items():
                    each.setdefault(name, value)


def main() -> None:
    overlay = tomllib.loads(OVERLAY.read_text("utf-8"))
    rows = [provider(info) for info in providers]
    apply(overlay, rows)
    current = version("genai-prices")
    before = json.loads(TARGET.read_text("utf-8"))["source"] if TARGET.exists() else {}
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    source = {
        "name": "genai-prices",
        "version": current,
        "date": before.get("date", today) if before.get("version") == current else today,
        "licence": "MIT, Copyright (c) Pydantic Services Inc. 2025 to present",
    }
    lines = [json.dumps(source, ensure_ascii=False), json.dumps(overlay["aliases"], ensure_ascii=False)]
    with TARGET.open("w", encoding="utf-8", newline="\n") as file:
        # One model a line, so that a change of prices reads well.
        file.write(f'{{"source":{lines[0]},\n"aliases":{lines[1]},\n"providers":[\n')
        for last, row in ((row is rows[-1], row) for row in rows):
            models = row.pop("models")
            head = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
            file.write(head[:-1] + ',"models":[\n')
            file.write(",\n".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in models))
            file.write("\n]}\n" if last else "\n]},\n")
            row["models"] = models
        file.write("]}\n")
    count = sum(len(row["models"]) for row in rows)
    print(f"{TARGET}: {len(rows)} providers, {count} models, {TARGET.stat().st_size} bytes; {source['name']} {current}")


if __name__ == "__main__":
    sys.exit(main())
