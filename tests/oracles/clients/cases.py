"""What the clients' scripts share: each case is run, and what it came to is printed as JSON.

Runs in an oracle's environment, where there is no Ferrule and no pytest; the assertions are in `../test_*_sdk.py`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Conformity:
    """Whether what the SDK read is what it declares: its own reading is lenient, its models are not."""

    def __init__(self):
        self.unknown_fields = set()

    def __call__(self, value):
        """Gives `value` back, a model of the SDK; raises where a field is missing or of a wrong type."""
        type(value).model_validate(value.to_dict(mode="python"))
        self._collect(value)
        return value

    def _collect(self, value):
        if isinstance(value, list):
            for item in value:
                self._collect(item)
        elif hasattr(value, "model_fields_set"):
            extra = value.model_extra or {}
            self.unknown_fields |= {f"{type(value).__name__}.{name}" for name in extra}
            for name in value.model_fields_set - set(extra):
                self._collect(getattr(value, name))


def run(make_client, make_async_client):
    """Runs every case with a client of its own, whose requests carry the case's name in `x-case`."""
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", DeprecationWarning)  # of how the SDK uses Python, not of what it reads

    def outcome_of(name):
        conforming = Conformity()
        make = make_async_client if inspect.iscoroutinefunction(CASES[name]) else make_client
        try:
            outcome = {"result": carry_out(CASES[name], make, name, conforming)}
        except Exception:
            outcome = {"raised": traceback.format_exc()}
        return outcome | {"unknown_fields": sorted(conforming.unknown_fields)}

    # Most of their time is waiting, between retries for instance.
    with ThreadPoolExecutor(len(CASES)) as threads:
        outcomes = dict(zip(CASES, threads.map(outcome_of, CASES), strict=True))
    json.dump(outcomes, sys.stdout)


def carry_out(function, make, name, conforming):
    if not inspect.iscoroutinefunction(function):
        with make({"x-case": name}) as client:
            return function(client, conforming)

    async def within():
        async with make({"x-case": name}) as client:
            return await function(client, conforming)

    return asyncio.run(within())


def error_of(call, kind):
    """What `call` raised, which must be a `kind`, as a dict."""
    try:
        call()
    except kind as error:
        return described(error)
    raise AssertionError(f"no {kind.__name__} was raised")


def described(error):
    fields = ("message", "status_code", "code", "type", "param", "request_id")
    found = {name: getattr(error, name) for name in fields if getattr(error, name, None) is not None}
    return {"class": type(error).__name__, **found}
