"""How operations start: arguments in, a flight out. `Client` and `AsyncClient` share it and differ in how they wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrule import _native
from ferrule.options import CompletionOptions, OperationOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ferrule._native import Flight, LoopBridge, NativeClient

_NAMES = frozenset(OperationOptions.__annotations__)
_OF_COMPLETIONS = frozenset(CompletionOptions.__annotations__)


class Operations:
    """What both clients need to start an operation. A client is the only subclass."""

    _native: NativeClient

    def _resolve(self, model: str | None) -> tuple[str, str]:
        """The provider and the provider's own name of `model`."""
        raise NotImplementedError

    def _usable_providers(self) -> list[str]:
        """The ids of the providers that have a key or need none."""
        raise NotImplementedError

    def _known(self, provider: str) -> str:
        """`provider`, which is an id that the client has."""
        raise NotImplementedError

    def _own_models(self) -> Mapping[str, Any]:
        """The configuration's own entries of the catalog, by `provider/model`."""
        raise NotImplementedError

    def _declared(self, options: CompletionOptions) -> tuple[dict[str, Any], Callable[[str], Any] | None]:
        """The options of a call as the engine takes them, and what makes a value of the answer's text."""
        if not options.keys() <= _OF_COMPLETIONS:
            unknown = sorted(options.keys() - _OF_COMPLETIONS)[0]
            raise TypeError(_unknown(unknown, CompletionOptions.__annotations__))
        given = cast("dict[str, Any]", options)
        parse = None
        if given.get("tools") is not None:
            from ferrule.tools import declare

            given["tools"] = declare(given["tools"])
        if given.get("response_format") is not None:
            from ferrule.structured import declare_format

            given["response_format"], parse = declare_format(given["response_format"])
        return given, parse

    def _start_count(
        self, provider: str, model: str, messages: Any, options: dict[str, Any], bridge: LoopBridge | None
    ) -> Flight:
        return _native.count_tokens(self._native, provider, model, messages, options, bridge=bridge)

    def _start_embed(
        self, model: str, texts: str | Sequence[str], arguments: dict[str, Any], bridge: LoopBridge | None
    ) -> Flight:
        provider, name = self._resolve(model)
        inputs = [texts] if isinstance(texts, str) else list(texts)
        for position, text in enumerate(inputs):
            if not isinstance(text, str):
                raise TypeError(f"texts[{position}]: expected a string, not {type(text).__name__}")
        own = {key: arguments.pop(key) for key in ("dimensions", "input_type", "user", "batch_size")}
        return _native.embed(
            self._native,
            provider,
            name,
            inputs,
            _checked(arguments),
            **own,
            asked=model,
            bridge=bridge,
        )

    def _start_rerank(
        self,
        model: str,
        query: str,
        documents: Sequence[str],
        top_n: int | None,
        options: Mapping[str, Any],
        bridge: LoopBridge | None,
    ) -> Flight:
        provider, name = self._resolve(model)
        return _native.rerank(
            self._native,
            provider,
            name,
            query,
            list(documents),
            _checked(options),
            top_n=top_n,
            asked=model,
            bridge=bridge,
        )

    def _start_post(
        self,
        operation: str,
        path: str,
        model: str,
        fields: Mapping[str, Any],
        options: Mapping[str, Any],
        bridge: LoopBridge | None,
        file: tuple[str, bytes] | None = None,
    ) -> Flight:
        """Starts a request of OpenAI's that no dialect writes: JSON, or a form where there is a file."""
        provider, name = self._resolve(model)
        given = _checked(options)
        body = {"model": name, **{key: value for key, value in fields.items() if value is not None}}
        body.update(given.pop("extra_body", None) or {})
        if file is None:
            import json

            content, kind = json.dumps(body, allow_nan=False, ensure_ascii=False).encode(), "application/json"
        else:
            from ferrule.operations.audio import form

            content, kind = form(body, *file)
        return _native.raw(
            self._native,
            provider,
            name,
            "POST",
            path,
            content,
            given,
            content_type=kind,
            operation=operation,
            bridge=bridge,
        )

    def _start_ask(
        self, provider: str, method: str, path: str, body: dict[str, Any] | None, bridge: LoopBridge | None
    ) -> Flight:
        """Starts a request that only one kind of server has."""
        if body is None:
            content, kind = b"", None
        else:
            import json

            content, kind = json.dumps(body, allow_nan=False).encode(), "application/json"
        return _native.raw(
            self._native, self._known(provider), "", method, path, content, {}, content_type=kind, bridge=bridge
        )


def _checked(options: Mapping[str, Any]) -> dict[str, Any]:
    if not options.keys() <= _NAMES:
        unknown = sorted(options.keys() - _NAMES)[0]
        raise TypeError(_unknown(unknown, OperationOptions.__annotations__))
    return dict(options)


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    from ferrule.configuration.words import nearest

    return f"unknown option `{name}`{nearest(name, known) or '; a field of the provider goes into `extra_body`'}"
