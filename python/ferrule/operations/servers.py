"""What only one kind of server has: Ollama's and ruvLLM's addresses beside chat.

Each method is one request, which goes the same way as every other: key, retries, limits. The answers are the servers'
own JSON. `Client` gives them as they are, `AsyncClient` to be awaited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:

    class Ask(Protocol):
        """Sends a request as it is, and gives the JSON of the answer, or what is awaited for it."""

        def __call__(self, provider: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
            """The answer to `method` at `path` of `provider`."""


class Ollama:
    """An Ollama server: what it has, beside chat and embeddings. `client.ollama` is the built-in provider's.

    The fields of the answers are described at https://github.com/ollama/ollama/blob/main/docs/api.md.
    """

    def __init__(self, ask: Ask, provider: str = "ollama") -> None:
        self._ask = ask
        self._provider = provider

    def at(self, provider: str) -> Ollama:
        """The same for another provider that is an Ollama server."""
        return Ollama(self._ask, provider)

    def tags(self) -> Any:
        """The models that are there: a dict with `models`."""
        return self._ask(self._provider, "GET", "/api/tags")

    def show(self, model: str, *, verbose: bool = False) -> Any:
        """What is known of a model: a dict with `details`, `model_info`, `capabilities`, `template`, ...

        Args:
            model: The model, without the provider's name.
            verbose: Whether long lists (tokens of the vocabulary) are wanted as well.

        Raises:
            NotFoundError: There is no such model.
        """
        body: dict[str, Any] = {"model": model}
        if verbose:
            body["verbose"] = True
        return self._ask(self._provider, "POST", "/api/show", body)

    def ps(self) -> Any:
        """The models that are in memory: a dict with `models`."""
        return self._ask(self._provider, "GET", "/api/ps")

    def version(self) -> Any:
        """The server's version: a dict with `version`."""
        return self._ask(self._provider, "GET", "/api/version")


class RuvLLM:
    """A ruvLLM server: what it has beside its queries. `client.ruvllm` is the built-in provider's."""

    def __init__(self, ask: Ask, provider: str = "ruvllm") -> None:
        self._ask = ask
        self._provider = provider

    def at(self, provider: str) -> RuvLLM:
        """The same for another provider that is a ruvLLM server."""
        return RuvLLM(self._ask, provider)

    def health(self) -> Any:
        """Whether it is there: a dict with `status` and `version`."""
        return self._ask(self._provider, "GET", "/health")

    def stats(self) -> Any:
        """What it did so far: a dict with `total_queries`, `cache_hits`, `avg_latency_ms`, ..."""
        return self._ask(self._provider, "GET", "/stats")

    def feedback(self, query: str, response: str, quality: float) -> Any:
        """Tells it how good an answer was, from which it learns. Gives `None`.

        Args:
            query: What was asked.
            response: What it answered.
            quality: How good that was, 0 to 1.
        """
        body = {"query": query, "response": response, "quality": quality}
        return self._ask(self._provider, "POST", "/feedback", body)

    def session(self) -> Any:
        """Begins a session: a dict with `session_id`, which goes into `extra_body` of calls."""
        return self._ask(self._provider, "POST", "/session")
