"""Native calls: the first attempt of an SDK's call on the native path, or nothing where it cannot be made there."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_origin

from ferrule import greenlets
from ferrule._native import HttpExchange, HttpTransport, HttpTransportError
from ferrule.bridge import running
from ferrule.dropin.native import replay, templates
from ferrule.dropin.native.guards import Guards
from ferrule.dropin.native.pristine import HttpLibrary
from ferrule.dropin.native.streams import Source, make_stream
from ferrule.sdk_objects import builder_for
from ferrule.settling import settle
from ferrule.waiting import bridge_of, wait_for

if TYPE_CHECKING:
    from ferrule.dropin.native.facts import NativeFacts

_KNOWN = frozenset((*templates.DECISIVE, "extra_json", "post_parser"))
"""The options of a call that are known here, besides those for spans, which a guard is about."""


class Surprise(Exception):  # noqa: N818 - no error: it leaves this package for the SDK's own code
    """An outcome that is the SDK's to deal with."""

    def __init__(self, outcome: Any) -> None:
        super().__init__()
        self.outcome = outcome


class Prepared:
    """A call that may be sent."""

    __slots__ = ("body", "cast_to", "client", "options", "path", "prepared", "stream_cls", "template", "written")

    def __init__(
        self, client: Any, path: str, cast_to: Any, options: Any, stream_cls: Any, body: Any, written: bytes
    ) -> None:
        self.client, self.path, self.cast_to, self.options = client, path, cast_to, options
        self.stream_cls, self.body, self.written = stream_cls, body, written
        self.template: Any = None
        self.prepared: Any = None


class NativePath:
    """The native path of one SDK."""

    def __init__(self, facts: NativeFacts) -> None:
        self.facts = facts
        self.counts = facts.counts
        library = HttpLibrary(facts.sdk.httpx)
        self._replaying = replay.replaying(library)
        self._guards = Guards(facts, self._replaying, library)

    def takes(self, official: type) -> bool:
        """Whether calls of a class of clients can take the path at all."""
        return official.__name__.removeprefix("Async") in self.facts.classes

    def install(self, client: Any, *, asynchronous: bool) -> None:
        """Puts the replaying transport before that of the HTTP client that the SDK made."""
        http_client = client._client  # noqa: SLF001 - the SDK's
        transport = http_client._transport  # noqa: SLF001 - the library's
        if type(transport) is self._replaying[asynchronous]:
            return
        limits = self.facts.base.DEFAULT_CONNECTION_LIMITS
        http_client._transport = self._replaying[asynchronous](transport, limits)  # noqa: SLF001

    def prepare(self, client: Any, path: str, given: dict[str, Any], *, asynchronous: bool) -> Prepared | None:
        """A call as it can take the native path; `None` where it cannot.

        Args:
            client: The SDK's client.
            path: The path of `post`.
            given: The other arguments of `post`. A body that was read once is replaced by what was read.
            asynchronous: Whether the client is.
        """
        facts = self.facts
        if path not in facts.paths:
            return None
        why = self._reason(client, given, asynchronous=asynchronous)
        if why is not None:
            self.counts.guards[why] += 1
            return None
        body, options = given["body"], given.get("options") or {}
        try:
            data, is_ready = facts.prepare(body, options.get("extra_json"))
            if data is not body:
                # Iterators and files in it were read.
                options = {name: value for name, value in options.items() if name != "extra_json"}
                given["body"], given["options"] = data, options
            written = facts.dumps(data) if is_ready else b""
        except Exception:  # The SDK's own code says what is wrong.
            is_ready, written, data = False, b"", None
        if not is_ready:
            self.counts.guards["a body that is not plain data"] += 1
            return None
        stream_cls = given.get("stream_cls") if given.get("stream") else None
        return Prepared(client, path, given["cast_to"], options, stream_cls, data, written)

    def options(self, call: Prepared) -> Any:
        """The SDK's options of a call, before it prepares them."""
        made = self.facts.base.FinalRequestOptions.construct(
            method="post", url=call.path, json_data=call.body, **call.options
        )
        return self.facts.copy_options(call.client, made)

    def find_template(self, call: Prepared) -> tuple[Any, ...] | None:
        """Gives a call its template, where one is kept.

        Returns:
            The key by which one is to be made; `None` where there is one, or can be none.
        """
        key = templates.key_of(self.facts, call)
        found = False if key is None else templates.find(call.client, key)
        call.template = found
        if found is None:
            return key
        if found is False:
            self.counts.guards["a request that is built in another way"] += 1
        return None

    def _reason(self, client: Any, given: Mapping[str, Any], *, asynchronous: bool) -> str | None:
        options = given.get("options") or {}
        if not isinstance(given.get("body"), Mapping) or given.get("files") or given.get("content") is not None:
            return "a body that is not an object"
        if any(name not in _KNOWN and not name.startswith("span_") for name in options):
            return "an option that only the SDK knows"
        headers = options.get("headers")
        if headers and any(name.lower().startswith(("x-stainless-raw", "____", "content-")) for name in headers):
            return "a raw response"
        cast_to = given["cast_to"]
        stream_cls = given.get("stream_cls")
        if given.get("stream"):
            if (
                stream_cls is None
                or (get_origin(stream_cls) or stream_cls) is not self.facts.stream_classes[asynchronous]
            ):
                return "a stream of another class"
        elif not (isinstance(cast_to, type) and issubclass(cast_to, self.facts.model)):
            return "an answer that is not an object"
        if asynchronous:
            try:
                running()
            except RuntimeError:
                return "an event loop that is not asyncio's"
        return self._guards.reason(client, asynchronous=asynchronous)

    def keep_template(self, call: Prepared, key: Any, request: Any) -> None:
        """Keeps the template that the SDK built for `call`, `False` where it cannot be used."""
        call.template = templates.keep(call.client, key, request, call.written)
        if call.template is False:
            self.counts.guards["a request that is built in another way"] += 1

    def _send(self, call: Prepared, bridge: Any) -> HttpExchange:
        template = call.template
        native: HttpTransport = call.client._client._transport.native  # noqa: SLF001 - ours, in the library's
        length = ((template.length_name, str(len(call.written)).encode()),)
        return native.send(
            "POST",
            template.url,
            template.headers,
            call.written,
            extra=length,
            timeout=template.timeout,
            whole=call.stream_cls is None,
            bridge=bridge,
        )

    def send(self, call: Prepared) -> Any:
        """What the SDK's call gives.

        Raises:
            Surprise: Something came that the SDK's own code has to deal with.
        """
        hub = greenlets.current()
        exchange = self._send(call, bridge_of(hub))
        try:
            came = wait_for(exchange, hub)  # type: ignore[arg-type]
        except HttpTransportError as error:
            raise Surprise(error) from None
        if call.stream_cls is None:
            return self._finish(call, came)
        return self._stream(call, exchange, came, hub, asynchronous=False)

    async def send_async(self, call: Prepared) -> Any:
        """As `send`, on an event loop."""
        loop, bridge = running()
        exchange = self._send(call, bridge)
        try:
            came = await settle(exchange, loop)  # type: ignore[arg-type]
        except HttpTransportError as error:
            raise Surprise(error) from None
        if call.stream_cls is None:
            return self._finish(call, came)
        return self._stream(call, exchange, came, loop, asynchronous=True)

    def _finish(self, call: Prepared, came: Any) -> Any:
        status, _, _, headers, data = came
        if status != 200:
            raise Surprise(came)
        found = {name.lower(): value for name, value in headers}
        self._keep_cookies(call, came, found)
        encoding = found.get(b"content-encoding", b"identity")
        if encoding == b"gzip":
            data = zlib.decompress(data, 31)
        elif encoding != b"identity":
            raise Surprise(came)
        if not found.get(b"content-type", b"").partition(b";")[0].endswith(b"json"):
            raise Surprise(came)
        try:
            made = builder_for(call.cast_to, construct_type=self.facts.construct_type).build(data)
        except Exception:
            raise Surprise(came) from None
        if made is None or type(made) is not call.cast_to:
            raise Surprise(came)
        parse = call.options.get("post_parser")
        if callable(parse):
            made = parse(made)
        if isinstance(made, self.facts.model):
            self.facts.finish(made, found)
        self.counts.fast += 1
        return made

    def _keep_cookies(self, call: Prepared, came: Any, found: Mapping[bytes, bytes]) -> None:
        if b"set-cookie" not in found:
            return
        httpx = self.facts.sdk.httpx
        response = httpx.Response(came[0], headers=came[3], request=call.template.request)
        call.client._client._cookies.extract_cookies(response)  # noqa: SLF001 - the library's

    def _stream(self, call: Prepared, exchange: HttpExchange, came: Any, waiter: Any, *, asynchronous: bool) -> Any:
        head, *pieces = came
        source = Source(exchange, waiter, pieces, self.facts.sdk.httpx, call.template.request)
        found = {name.lower(): value for name, value in head[3]}
        if head[0] != 200 or found.get(b"content-encoding", b"identity") != b"identity":
            raise Surprise(lambda: source.response(head, asynchronous=asynchronous))
        self._keep_cookies(call, (*head, b""), found)
        chunk_type = self.facts.chunk_type(call.stream_cls)
        options = self.facts.base.FinalRequestOptions.construct(
            method="post", url=call.path, json_data=call.body, **call.options
        )
        self.counts.fast += 1
        return make_stream(
            self.facts.stream_classes[asynchronous],
            source=source,
            head=head,
            builder=builder_for(chunk_type, construct_type=self.facts.construct_type),
            names=self.facts.event_names,
            asynchronous=asynchronous,
            given={"cast_to": chunk_type, "client": call.client, "options": options},
        )
