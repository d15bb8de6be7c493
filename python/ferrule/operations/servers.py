"""Server-specific endpoints: those of Ollama and ruvLLM that no other provider has.

Each method is one request, with the key, retries and time limits of every other. The responses are the servers' own
JSON: `Client` returns it, with `AsyncClient` the result is awaited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ferrule._native import Flight, LoopBridge, NativeClient

    class Send(Protocol):
        """Sends a request as it is, and returns the JSON of the response, or an awaitable of it."""

        def __call__(self, provider: str, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
            """Sends `body` to `path` of `provider`."""


class Ollama:
    """Endpoints that only Ollama has. `client.ollama` calls the built-in provider `ollama`.

    The fields of the responses are described at https://github.com/ollama/ollama/blob/main/docs/api.md.
    """

    def __init__(self, send: Send, provider: str = "ollama") -> None:
        self._send = send
        self._provider = provider

    def at(self, provider: str) -> Ollama:
        """The same for another provider that is an Ollama server.

        Args:
            provider: Its id.
        """
        return Ollama(self._send, provider)

    def tags(self) -> Any:
        """The installed models: a dict with `models`."""
        return self._send(self._provider, "GET", "/api/tags")

    def show(self, model: str, *, verbose: bool = False) -> Any:
        """The details of a model: a dict with `details`, `model_info`, `capabilities`, `template`, ...

        Args:
            model: The model, without the provider's name.
            verbose: Whether to include long lists, such as the vocabulary.

        Raises:
            NotFoundError: There is no such model.
        """
        body: dict[str, Any] = {"model": model}
        if verbose:
            body["verbose"] = True
        return self._send(self._provider, "POST", "/api/show", body)

    def ps(self) -> Any:
        """The models in memory: a dict with `models`."""
        return self._send(self._provider, "GET", "/api/ps")

    def version(self) -> Any:
        """The server's version: a dict with `version`."""
        return self._send(self._provider, "GET", "/api/version")


class RuvLLM:
    """Endpoints that only ruvLLM has. `client.ruvllm` calls the built-in provider `ruvllm`."""

    def __init__(self, send: Send, provider: str = "ruvllm") -> None:
        self._send = send
        self._provider = provider

    def at(self, provider: str) -> RuvLLM:
        """The same for another provider that is a ruvLLM server.

        Args:
            provider: Its id.
        """
        return RuvLLM(self._send, provider)

    def health(self) -> Any:
        """The server's state: a dict with `status` and `version`."""
        return self._send(self._provider, "GET", "/health")

    def stats(self) -> Any:
        """The server's counters: a dict with `total_queries`, `cache_hits`, `avg_latency_ms`, ..."""
        return self._send(self._provider, "GET", "/stats")

    def feedback(self, query: str, response: str, quality: float) -> Any:
        """Rates a response, from which the server learns. Returns `None`.

        Args:
            query: The query.
            response: The response to it.
            quality: Its rating, from 0 to 1.
        """
        body = {"query": query, "response": response, "quality": quality}
        return self._send(self._provider, "POST", "/feedback", body)

    def session(self) -> Any:
        """Starts a session: a dict with `session_id`, which goes into `extra_body` of calls."""
        return self._send(self._provider, "POST", "/session")


def start_request(
    client: NativeClient,
    provider: str,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts a request that is sent as it is."""
    if body is None:
        return client.raw(provider, method, path, b"", bridge=bridge)
    import json  # rarely needed by a synchronous client

    from ferrule.numeric import plain

    content = json.dumps(plain(body), allow_nan=False).encode()
    return client.raw(provider, method, path, content, content_type="application/json", bridge=bridge)


def decoded(pieces: list[Any]) -> Any:
    """The delivered head and body of a response: JSON as a value, anything else as text, `None` where it is empty."""
    head, *chunks = pieces
    body = b"".join(chunks)
    if not body:
        return None
    if head["media_type"] != "application/json":
        return body.decode("utf-8", "replace")
    import json  # as above

    return json.loads(body)
