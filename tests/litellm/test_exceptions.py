"""Exceptions: litellm's names and hierarchy, what they carry, and that they pickle."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ferrule
from ferrule import litellm
from ferrule.litellm import exceptions

if TYPE_CHECKING:
    from ferrule.testing import Simulator

CLASSES = {
    400: litellm.BadRequestError,
    401: litellm.AuthenticationError,
    403: litellm.APIError,
    404: litellm.NotFoundError,
    408: litellm.Timeout,
    422: litellm.BadRequestError,
    429: litellm.RateLimitError,
    500: litellm.InternalServerError,
    502: litellm.BadGatewayError,
    503: litellm.ServiceUnavailableError,
    504: litellm.Timeout,
}


@pytest.mark.parametrize("status", CLASSES)
async def test_by_status(complete: Any, openai: dict[str, Any], status: int) -> None:
    with pytest.raises(CLASSES[status]) as raised:
        await complete(f"openai/status-{status}", **openai, max_retries=0)
    error = raised.value
    assert type(error) is CLASSES[status]
    assert error.status_code == status
    assert (error.llm_provider, error.model) == ("openai", f"status-{status}")
    assert error.response.status_code == status
    assert error.response.json()["error"]["message"]
    assert str(error).startswith(f"litellm.{type(error).__name__}: ")
    assert isinstance(error.__cause__, ferrule.FerruleError)
    for other in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert (other.status_code, other.model, other.body) == (error.status_code, error.model, error.body)
        assert other.response.status_code == status


async def test_nobody_listens(complete: Any, openai: dict[str, Any], simulator: Simulator) -> None:
    given = {**openai, "api_base": simulator.refused_url}
    with pytest.raises(litellm.InternalServerError):
        await complete("openai/gpt-4.1-mini", **given, max_retries=0)


async def test_too_slow(complete: Any, openai: dict[str, Any]) -> None:
    with pytest.raises(litellm.Timeout):
        await complete("openai/stall-headers", **openai, max_retries=0, timeout=0.2)


def test_all_pickle() -> None:
    for name in litellm.__all__:
        kind = getattr(litellm, name)
        if isinstance(kind, type) and issubclass(kind, exceptions.LiteLLMError):
            error = kind(message="m", llm_provider="p", model="x")
            other = pickle.loads(pickle.dumps(error))
            assert (type(other), str(other), other.model) == (kind, str(error), error.model)
    over = pickle.loads(pickle.dumps(litellm.BudgetExceededError(2.0, 1.0)))
    assert (over.current_cost, over.max_budget) == (2.0, 1.0)


def test_positional_arguments() -> None:
    assert litellm.RateLimitError("m", "openai", "gpt").model == "gpt"
    assert litellm.BadRequestError("m", "gpt", "openai").model == "gpt"
    assert litellm.APIError(418, "m", "openai", "gpt").status_code == 418


PROGRAM = """
import sys, types
from ferrule import litellm
assert "openai" not in sys.modules
early = litellm.RateLimitError("m", "p", "x")
openai = types.ModuleType("openai")
class OpenAIError(Exception): pass
class APIError(OpenAIError): pass
class APIStatusError(APIError): pass
openai.OpenAIError, openai.APIError, openai.APIStatusError = OpenAIError, APIError, APIStatusError
for name in ("AuthenticationError", "NotFoundError", "BadRequestError", "UnprocessableEntityError",
             "PermissionDeniedError", "RateLimitError", "InternalServerError"):
    setattr(openai, name, type(name, (APIStatusError,), {}))
openai.APIConnectionError = type("APIConnectionError", (APIError,), {})
openai.APITimeoutError = type("APITimeoutError", (openai.APIConnectionError,), {})
openai.APIResponseValidationError = type("APIResponseValidationError", (APIError,), {})
sys.modules["openai"] = openai
try:
    raise litellm.ContextWindowExceededError("m", "x", "p")
except openai.BadRequestError as error:
    assert isinstance(error, litellm.BadRequestError)
assert isinstance(early, openai.RateLimitError)
assert issubclass(litellm.Timeout, openai.APITimeoutError)
assert issubclass(litellm.MidStreamFallbackError, openai.APIStatusError)
import pickle
assert type(pickle.loads(pickle.dumps(early))) is litellm.RateLimitError
"""


def test_they_are_openais_where_openai_is_imported() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_importing_loads_neither_openai_nor_httpx() -> None:
    names = ("openai", "httpx", "pydantic", "litellm")
    program = f"import sys, ferrule.litellm; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
