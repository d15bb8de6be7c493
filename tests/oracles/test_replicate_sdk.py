"""The official `replicate` SDK takes the simulator for Replicate.

`clients/replicate_client.py` is what runs; each test says what must come of the case of the same name. The SDK itself
demands what its models declare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = [pytest.mark.timeout(180), pytest.mark.parametrize("sdk", ["replicate-1"], indirect=True)]


def test_ran(sdk: Run) -> None:
    outcome = sdk["ran"]
    assert outcome.result == "Hello, world!"
    (request,) = outcome.requests
    assert (request.path, request.dialect) == ("/replicate/v1/models/simulated/echo/predictions", "replicate")
    assert request.headers["authorization"] == "Bearer sk-oracle"


def test_streamed(sdk: Run) -> None:
    outcome = sdk["streamed"]
    kinds = outcome.result["kinds"]
    assert (set(kinds[:-1]), kinds[-1]) == ({"output"}, "done")
    assert outcome.result["text"] == "one two three"
    assert [request.method for request in outcome.requests] == ["POST", "GET"]


def test_predicted(sdk: Run) -> None:
    assert sdk["predicted"].result == {
        "begun": ["starting", ["cancel", "get", "stream"]],
        "status": ["succeeded", "succeeded"],
        "output": ["Hello.", "Hello."],
        "error": None,
        "model": "simulated/echo",
        "urls": ["cancel", "get", "stream"],
    }


def test_canceled(sdk: Run) -> None:
    assert sdk["canceled"].result == "canceled"


@pytest.mark.parametrize("status", [400, 401, 402, 404, 422, 429, 500, 503])
def test_failures(sdk: Run, status: int) -> None:
    error = sdk["failures"].result[f"status-{status}"]
    assert error["status"] == status
    assert error["detail"] == f"The simulated provider answers with status {status}."


def test_asynchronous(sdk: Run) -> None:
    assert sdk["asynchronous"].result == {"text": "Hello.", "streamed": "one two"}


def test_the_answers_are_what_the_sdk_declares(sdk: Run) -> None:
    assert sdk.unlike("streamed", "predicted", "canceled") == {}
