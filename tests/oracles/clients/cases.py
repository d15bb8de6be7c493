"""Cases of the clients' scripts: each is run, and its result is printed as JSON.

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


def run(make_client, make_async_client, conformity):
    """Runs every case with a client of its own, whose requests carry the case's name in `x-case`.

    Args:
        make_client: Makes a client, to be entered, from headers.
        make_async_client: The same for cases that are coroutines.
        conformity: Makes what says whether an answer is what the SDK declares.
    """
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", DeprecationWarning)  # of how the SDK uses Python, not of what it reads

    def outcome_of(name):
        conforming = conformity()
        make = make_async_client if inspect.iscoroutinefunction(CASES[name]) else make_client
        try:
            outcome = {"result": carry_out(CASES[name], make, name, conforming)}
        except Exception:
            outcome = {"raised": traceback.format_exc()}
        unlike = {name: sorted(getattr(conforming, name)) for name in ("unknown_fields", "missing_fields")}
        return outcome | unlike

    # The first runs alone: SDKs import their parts when those are first used, and threads that do it at once may lock
    # each other out. Most of the others' time is waiting, between retries for instance.
    first, *others = CASES
    outcomes = {first: outcome_of(first)}
    with ThreadPoolExecutor(len(others)) as threads:
        outcomes |= zip(others, threads.map(outcome_of, others), strict=True)
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
