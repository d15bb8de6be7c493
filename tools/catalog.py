"""Writes crates/catalog/data/catalog.json: what the installed genai-prices knows, and our own facts from catalog.toml.

Prices that depend on the hour are taken from catalog.toml, where they were compared with the provider's page, or left
out: genai-prices cannot write down weekdays, holidays or a day from which hours count. Each price has the day on which
it was last compared (price_dates.toml) or from which it holds; neither is known of all.

`make catalog` runs it. The file is the same for the same inputs, byte by byte, but for the date on which a new version
was first read. What cannot be translated exactly (a pattern, a price) is an error here, not a surprise at run time.
"""

# ruff: noqa: SLF001

from __future__ import annotations

import datetime
import json
import re
import sys
from decimal import Decimal
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
DATES = HERE / "price_dates.toml"
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
    elif any(isinstance(price.constraint, types.TimeOfDateConstraint) for price in info.prices):
        found["prices"] = []
        return found
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
    for row in overlay.get("prices", []):
        owner = by_id[row["provider"]]
        priced = next((each for each in owner["models"] if each["id"] == row["model"]), None)
        if priced is None:
            raise ValueError(f"prices of a model that is not there: {owner['id']}/{row['model']}")
        if "until" in row:
            if len(priced["prices"]) != 1:
                raise ValueError(f"genai-prices knows by now what follows: {owner['id']}/{row['model']}")
            priced["prices"] = [{"until": row["until"], **priced["prices"][0]}]
            continue
        if priced["prices"]:
            raise ValueError(f"genai-prices has the prices of {owner['id']}/{row['model']} by now")
        priced["prices"] = [{"checked": row["checked"].isoformat(), **table} for table in row["tables"]]
    for row in overlay["facts"]:
        owner, ids = by_id[row.pop("provider")], row.pop("models")
        unknown = set(ids) - {each["id"] for each in owner["models"]}
        if unknown:
            raise ValueError(f"facts about models that are not there: {owner['id']}: {sorted(unknown)}")
        for each in owner["models"]:
            if each["id"] in ids:
                for name, value in row.items():
                    each.setdefault(name, value)


def date_prices(rows: list[dict[str, Any]]) -> None:
    """Writes the days of price_dates.toml next to the prices that held on them."""
    dates = {
        (owner, each): str(date)
        for owner, days in tomllib.loads(DATES.read_text("utf-8")).items()
        for date, ids in days.items()
        for each in ids
    }
    for row in rows:
        for each in row["models"]:
            checked = dates.pop((row["id"], each["id"]), None)
            for table in each.get("prices", []):
                if checked is not None and table.get("from", "") <= checked:
                    table["checked"] = checked
    if dates:
        raise ValueError(f"{DATES.name}: there are no such models: {sorted(dates)}")


def price_lifetimes(rows: list[dict[str, Any]]) -> None:
    """Adds what OpenAI's caches cost for 30 minutes and for 12 hours, which genai-prices has no words for.

    Its price of writing is that of 30 minutes, 1.25 times the input; 12 hours cost 2.5 times (docs/wire/late-2026.md,
    section 6, of OpenAI and Azure).
    """
    for row in rows:
        if row["id"] not in ("openai", "azure"):
            continue
        for each in row["models"]:
            for table in (*each.get("prices", []), *each.get("variants", [])):
                found = table["rates"]
                write, read_in = found.get("cache_write_mtok"), found.get("input_mtok")
                if write is not None and write == scaled(read_in, "1.25"):
                    found["cache_write_30m_mtok"] = write
                    found["cache_write_12h_mtok"] = scaled(read_in, "2.5")


def scaled(price: Any, factor: str) -> Any:
    if isinstance(price, list):
        return [scaled(price[0], factor), *([start, scaled(tier, factor)] for start, tier in price[1:])]
    return decimal(Decimal(price) * Decimal(factor))


def main() -> None:
    overlay = tomllib.loads(OVERLAY.read_text("utf-8"))
    rows = [provider(info) for info in providers]
    apply(overlay, rows)
    date_prices(rows)
    price_lifetimes(rows)
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
