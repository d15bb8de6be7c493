"""Builds thousands of objects with our builder and with the SDK, and compares them; prints what came of it as JSON.

PYTHONPATH=python .venv-oracle-openai-3/bin/python tests/oracles/sdk_objects/fuzz.py --cases 1000 --seed 7
"""

from __future__ import annotations

import argparse
import json
import random
from typing import Any

import corners
import sdks
from compared import difference, differences_in_behaviour, outcome
from generated import value_of
from mutated import broken, mutated, written
from transcripts import transcribed

from ferrule.sdk_objects import builder_for, statistics

# One of so many is also dumped, copied, pickled and changed.
BEHAVIOUR_EVERY = 25


class Comparison:
    """Of the objects of one type."""

    def __init__(self, sdk: sdks.Sdk, type_: Any) -> None:
        self.sdk = sdk
        self.type = type_
        self.builder = builder_for(type_, construct_type=sdk.construct_type)
        self.cases = 0
        self.differences: list[str] = []

    def ours(self, data: bytes) -> Any:
        return self.builder.build(data)

    def theirs(self, data: bytes) -> Any:
        return self.sdk.construct_type(type_=self.type, value=json.loads(data))

    def compare(self, data: bytes, *, behaviour: bool = False) -> None:
        self.cases += 1
        ours, theirs = outcome(lambda: self.ours(data)), outcome(lambda: self.theirs(data))
        found = difference(list(ours), list(theirs))
        if found:
            self.differences.append(f"{found} in {data!r:.3000}")
        elif behaviour and theirs[0] == "returned":
            for each in differences_in_behaviour(lambda: self.ours(data), lambda: self.theirs(data)):
                self.differences.append(f"{each} in {data!r:.3000}")

    def counts(self) -> dict[str, int]:
        return statistics(self.sdk.construct_type)


def case(random: random.Random, seeds: list[bytes], type_: Any) -> bytes:
    """A body by chance: generated or transcribed, as it is, changed or broken."""
    try:
        value = json.loads(random.choice(seeds)) if seeds and random.random() < 0.35 else value_of(type_, random)
    except ValueError:
        value = value_of(type_, random)
    if random.random() < 0.75:
        value = mutated(value, random)
    text = written(value, random)
    return broken(text, random) if random.random() < 0.06 else text.encode()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--cases", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only")
    arguments.add_argument("--corners", action="store_true", help="our own classes instead of the SDK's")
    options = arguments.parse_args()
    sdk = sdks.installed()
    report: dict[str, Any] = {}
    for name, type_ in (corners.TYPES if options.corners else sdk.types).items():
        if options.only in {None, name}:
            report[name] = compared(sdk, name, type_, options)
    print(json.dumps(report, indent=1))


def compared(sdk: sdks.Sdk, name: str, type_: Any, options: argparse.Namespace) -> dict[str, Any]:
    comparison = Comparison(sdk, type_)
    chance = random.Random(f"{options.seed} {name}")
    seeds = transcribed(name)
    before = comparison.counts()
    for data in seeds:
        comparison.ours(data)
    after = comparison.counts()
    for data in seeds:
        comparison.compare(data, behaviour=True)
    for number in range(options.cases):
        comparison.compare(case(chance, seeds, type_), behaviour=number % BEHAVIOUR_EVERY == 0)
    return {
        "cases": comparison.cases,
        "differences": len(comparison.differences),
        "first": comparison.differences[:5],
        "transcribed": {each: after[each] - before[each] for each in after},
        "all": {each: count - after[each] for each, count in comparison.counts().items()},
    }


if __name__ == "__main__":
    main()
