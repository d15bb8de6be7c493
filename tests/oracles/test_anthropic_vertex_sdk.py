"""The official `anthropic` SDK's client of Vertex AI takes the simulator for it.

`clients/anthropic_vertex_client.py` is what runs; each test says what must come of the case of the same name. Every
answer is also checked against the SDK's own models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Run

# The first test runs the SDK's whole script.
pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.parametrize("sdk", ["anthropic_vertex-2"], indirect=True),
]

MODELS = "/vertex-anthropic/v1/projects/oracle/locations/global/publishers/anthropic/models"


def paths(sdk: Run, case: str) -> list[str]:
    return [request.path.removeprefix(f"{MODELS}/") for request in sdk[case].requests]


def test_plain(sdk: Run) -> None:
    assert sdk["plain"].result == ["Hello, world!", "end_turn", 2]
    (request,) = sdk["plain"].requests
    assert request.path == f"{MODELS}/echo:rawPredict"
    assert (request.dialect, request.model, request.stream) == ("anthropic-vertex", "echo", False)
    assert request.headers["authorization"] == "Bearer sk-oracle"


def test_streamed(sdk: Run) -> None:
    assert sdk["streamed"].result == [["one", " two", " three"], "end_turn", 3]
    assert paths(sdk, "streamed") == ["echo:streamRawPredict"]


def test_tools(sdk: Run) -> None:
    assert sdk["tools"].result == ["tool_use", "get_weather", {"city": "city"}, "The tool says: 22 degrees"]


def test_thinking(sdk: Run) -> None:
    assert sdk["thinking"].result == ["thinking", "text"]


def test_counted(sdk: Run) -> None:
    assert sdk["counted"].result == 2
    assert paths(sdk, "counted") == ["count-tokens:rawPredict"]


def test_errors(sdk: Run) -> None:
    assert sdk["errors"].result == {
        "status-400": "BadRequestError",
        "status-401": "AuthenticationError",
        "status-404": "NotFoundError",
        "status-429": "RateLimitError",
        "status-500": "InternalServerError",
    }


def test_asynchronous(sdk: Run) -> None:
    assert sdk["asynchronous"].result == ["Hello.", ["one", " two"]]
    assert paths(sdk, "asynchronous") == ["echo:rawPredict", "echo:streamRawPredict"]


def test_the_answers_are_what_the_sdk_declares(sdk: Run) -> None:
    assert sdk.unlike("plain", "streamed", "tools", "thinking", "counted", "asynchronous") == {}
