"""Types of the extension module that `crates/python/src` defines.

`ferrule` re-exports what is public; `NativeClient`, `Flight`, `LoopBridge` and `set_log_level` are for the package.
`make types` compares this file with the module.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, Literal, Protocol, final, type_check_only

from typing_extensions import Self, TypeVar

_T = TypeVar("_T", default=Any, covariant=True)

__version__: str
build: str
"""The build: profile, platform and ABI."""

@type_check_only
class _Timeouts(Protocol):
    """Time limits in seconds (`ferrule.Timeouts`)."""

    @property
    def connect(self) -> float | None: ...
    @property
    def first_byte(self) -> float | None: ...
    @property
    def idle(self) -> float | None: ...
    @property
    def total(self) -> float | None: ...

def count_tokens_locally(
    model: str, messages: str | Sequence[Message | Mapping[str, Any]], options: dict[str, Any] | None = None
) -> tuple[int, bool]:
    """The number of tokens of a prompt, and whether that is exactly what the provider will count.

    `options` are those of a call; tools and instructions count. The first call unpacks a vocabulary.
    """

def count_text_tokens_locally(model: str, text: str) -> tuple[int, bool]:
    """The number of tokens of `text` for `model`, and whether that is exact."""

def parse_configuration(text: str, ending: str) -> tuple[dict[str, Any], dict[tuple[str | int, ...], tuple[int, int]]]:
    """The values of a file's text, and the line and column of every key and list item by its path.

    Raises `ValueError` with the problem, line and column.
    """

def check_routing(routing: Any) -> None:
    """Checks a `ferrule.Routing`, or a mapping with the same keys.

    Raises:
        TypeError: A field has a wrong type.
        ValueError: A field has a wrong value.
    """

def check_names(settings: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The problems of the model names in `settings`.

    Triples of the section (`aliases`, `groups` or `model`), the name at fault there, and a message.
    """

def provider_table() -> list[dict[str, Any]]:
    """The rows of the table of built-in providers, as dicts."""

def find_provider(name: str) -> str | None:
    """The id of the built-in provider with this id or alias, whatever the case; `None` where there is none."""

def check_scope(scope: str) -> str | None:
    """What is wrong with the scope of a limit or a budget; `None` where nothing is."""

def check_window(window: str, time_zone: str | None = None) -> str | None:
    """What is wrong with the window of a budget, or its time zone; `None` where nothing is."""

def check_state(state: str) -> str | None:
    """What is wrong with the place of a state; `None` where nothing is."""

def ledger_totals(
    state: str, by: list[str], since: float | None = None, until: float | None = None
) -> list[dict[str, Any]]:
    """What the calls in the ledger of `state` used and cost, told apart by `by`; times in seconds since 1970."""

def ledger_calls(state: str, since: float | None = None, until: float | None = None) -> list[dict[str, Any]]:
    """The calls in the ledger of `state`, in the order in which they ended; times in seconds since 1970."""

def split_model(name: str) -> tuple[str, str] | None:
    """`provider/model` or `provider:model` taken apart; `None` where it is a bare name."""

def carried_options() -> dict[str, dict[str, bool]]:
    """The options of a chat that each wire format carries, by its name: each with whether it does for every value."""

def dialects() -> list[str]:
    """The names of the wire formats."""

def clean_key(text: str) -> str:
    """A key without what copying adds around it. A `ValueError` says which character cannot be in it, and where."""

def clean_header(text: str) -> str:
    """The value of a header without what copying adds around it. Raises `ValueError` as `clean_key` does."""

def mask_secrets(text: str, secrets: Sequence[str]) -> str:
    """`text` without `secrets`, however they are escaped in it."""

def is_secret_name(name: str) -> bool:
    """Whether the value of a header, parameter or environment variable called `name` is a secret."""

def find_program(program: str) -> str | None:
    """The file of `program`, which is never looked for in the working directory; `None` where there is none."""

def needs_variable(name: str, own: Sequence[str]) -> bool:
    """Whether any program needs the environment variable `name`, or one that needs `own` as well (`LITELLM_*`)."""

def guard_group(group: int) -> None:
    """Makes the process group `group` end with this process. Does nothing on Windows."""

def release_group(group: int) -> None:
    """Undoes `guard_group`: the process group has ended, or may outlive this process."""

def set_log_level(level: int) -> None:
    """Sets the lowest level that is collected, as a number of `logging`."""

@final
class NativeClient:
    """One client's engine: its providers, settings and connections."""

    def __new__(cls, settings: dict[str, Any], fetch: Callable[[str, bool], Any]) -> Self:
        """`settings` are those of `ferrule.configuration`; `fetch` returns a provider's settings with its secrets."""

    def apply(self, settings: dict[str, Any], fetch: Callable[[str, bool], Any]) -> None:
        """Replaces the settings.

        Providers that stay the same keep their connections; calls in flight keep what they began with. If the settings
        are not usable, the old ones stay.
        """

    def status(self) -> dict[str, Any]:
        """What is known now: `groups`, `targets`, `keys`, `limits` and `budgets`, lists of dicts."""

    def change_budget(self, name: str, value: str | None, amount: str | None) -> dict[str, Any]:
        """Tops a budget up by `amount` dollars, for one `value` of its scope, or resets it. Gives it as it is then."""

    def set_breaker(self, name: str, is_open: bool) -> None:
        """Opens the circuit breakers of a target, or of all targets of a group, or closes them."""

    def observe(self, target: Callable[[], Any], wanted: int) -> None:
        """Has events of the kinds whose bits are in `wanted` handed to what `target`, a weak reference, leads to."""

    @staticmethod
    def event_kinds() -> list[str]:
        """The kinds of events that can be observed; the place of each is its bit."""

    def flush_events(self, *, wait: bool = False) -> bool:
        """Hands over events that no call's reader takes.

        Waits a moment, if `wait`, for those of calls that were just left. Says whether there are
        more, of such calls or for event loops.
        """

    def resolve(self, model: str | Sequence[str] | None) -> tuple[str, str]:
        """The provider that is called for `model`, and its own name for the model."""

    def provider(self, name: str) -> str:
        """The id of the provider with this id or alias."""

    def complete(
        self,
        model: str | Sequence[str] | None,
        messages: str | Sequence[Message | Mapping[str, Any]],
        options: dict[str, Any],
        *,
        bridge: LoopBridge | None = None,
        parse: Callable[[Reply[Any]], Any] | None = None,
    ) -> Flight:
        """Starts a plain call."""

    def stream(
        self,
        model: str | Sequence[str] | None,
        messages: str | Sequence[Message | Mapping[str, Any]],
        options: dict[str, Any],
        *,
        bridge: LoopBridge | None = None,
        parse: Callable[[Reply[Any]], Any] | None = None,
    ) -> Flight:
        """Starts a streamed call."""

    def route(
        self, model: str | Sequence[str] | None, prompt: Any, options: dict[str, Any], kind: str
    ) -> dict[str, Any]:
        """The targets that a call would try, in order, and why, without a request.

        A dict of `strategy`, `targets` and `passed_over`. `kind` is `complete`, `stream` or `embed`, and `prompt` what
        that takes, or `None`.
        """

    def operate(
        self,
        operation: str,
        model: str | Sequence[str] | None,
        arguments: tuple[Any, ...],
        options: dict[str, Any],
        *,
        bridge: LoopBridge | None = None,
    ) -> Flight:
        """Starts an operation other than chat.

        Args:
            operation: `embed`, `rerank`, `images`, `speech`, `transcribe` or `count_tokens`.
            model: The model, several of them in order, or `None` for the default one.
            arguments: Those between the model and the options: the texts of `embed`, query and documents of
                `rerank`, the prompt of `images`, the text of `speech`, file name and bytes of `transcribe`, the
                messages of `count_tokens`.
            options: The options of the operation, and those of every call.
            bridge: The bridge of the event loop that waits; without it, a thread does.

        Returns:
            Delivers a dict with the metadata of `OperationReply` and, of `embed`, `data` (all vectors one after the
            other, as little-endian 32-bit floats), `count` and `dimensions`; of `rerank`, `id`, `results` (pairs of
            index and score) and `search_units`; of `images`, `images` (triples of data, URL and revised prompt); of
            `transcribe`, `text`, `language` and `duration`. `speech` delivers lists, as `raw` does; `count_tokens` a
            tuple of the number, or of `None` if the provider has no such endpoint.

        Raises:
            ValueError: There is no such operation.
        """

    def health(
        self,
        providers: Sequence[str],
        *,
        timeouts: float | _Timeouts | None = None,
        bridge: LoopBridge | None = None,
    ) -> Flight:
        """Starts checking all of `providers` at once. Delivers a list of dicts, in their order."""

    def raw(
        self,
        provider: str,
        method: str,
        path: str,
        body: bytes,
        *,
        content_type: str | None = None,
        bridge: LoopBridge | None = None,
    ) -> Flight:
        """Starts a request that is sent as it is.

        Delivers lists: the head of the response, a dict, is the first item, then come chunks of its body.
        """

    def models(
        self, provider: str, *, timeouts: float | _Timeouts | None = None, bridge: LoopBridge | None = None
    ) -> Flight:
        """Starts listing the models of `provider`."""

    def wire_call(
        self,
        wire_format: str,
        path: str,
        body: bytes,
        options: dict[str, Any],
        *,
        bridge: LoopBridge | None = None,
    ) -> Flight:
        """Starts the call that `body` asks for in `wire_format`, at the address that ends with `path`.

        A plain call delivers a tuple: the answer's body in that format, and the reply that it was made of; a stream
        lists of pieces of its body.
        """

    def usage_rows(self) -> list[dict[str, Any]]:
        """The usage and cost of the calls so far, in rows by provider, model, alias and metadata."""

    def clear_usage(self) -> None:
        """Forgets the usage so far."""

    def close(self) -> None:
        """Closes idle connections; calls in flight keep theirs until they end."""

@final
class SdkModels:
    """The model classes of one SDK: their plans, made when they are first needed, and counts of what was built.

    `describe_model` and `describe_tags` are `of_model` and `tags` of `ferrule.sdk_objects.describing.Describing`.
    """

    def __new__(
        cls,
        construct_type: Callable[..., Any],
        describe_model: Callable[[Any], Any],
        describe_tags: Callable[[Any, Any], Any],
    ) -> Self: ...
    def statistics(self) -> dict[str, int]:
        """`built`, `fallback_fields` and `fallback_objects` (`ferrule.sdk_objects.statistics`)."""

@final
class SdkBuilder:
    """Builds an SDK's own objects of one type from JSON (`ferrule.sdk_objects.builder_for`)."""

    def __new__(cls, models: SdkModels, cast_to: Any, description: Any) -> Self: ...
    def build(self, data: bytes | str, *, base64_floats: bool = False) -> Any:
        """What `construct_type(type_=cast_to, value=json.loads(data))` returns, or raises.

        With `base64_floats`, text where a list of floats is declared is read as base64 of 32-bit floats, as the SDK's
        `embeddings.create` reads what it asked for by itself; text that is something else stays text.
        """

    def build_event(self, data: bytes | str) -> Any:
        """As `build`, but `None` where `data` is `null`, or has a field `error` which is not `null`.

        The SDKs look for that field in every event of a stream before they build anything.
        """

@final
class Flight:
    """The reader's end of a call in flight. Dropping it cancels the call and closes its connection."""

    def next(self, loop: asyncio.AbstractEventLoop) -> Any:
        """What is ready: a reply, a list of models, or a list of events; `None` at the end.

        Where nothing is ready, a future of `loop` that completes when something is, to be awaited before the next call.
        Raises the error that the call ended with, once.
        """

    def wait(self) -> Any:
        """Blocks until something is ready, and returns it. `None` only at the end."""

    def received(self) -> Reply[Any]:
        """What was received so far, as a reply."""

    def cancel(self) -> None:
        """Ends the call and closes its connection at once; what is ready is dropped."""

@final
class FunctionCall:
    """One call of a function that is a provider, and where its output goes. Dropping it ends the output."""

    @property
    def body(self) -> bytes:
        """The request in the form of OpenAI's Chat Completions, as JSON."""

    @property
    def model(self) -> str:
        """The requested model."""

    @property
    def stream(self) -> bool:
        """Whether the output is to be streamed."""

    def send(self, piece: bytes) -> bool | None:
        """Sends the next piece.

        `True` if it was taken, `False` if nobody reads any more, `None` if there is no room for it yet.
        """

    def wait_for_room(self, waiter: asyncio.Future[None]) -> None:
        """Completes `waiter`, a future of the running loop, when `send` has room again."""

    def fail(
        self,
        kind: str,
        message: str,
        *,
        retryable: bool,
        retry_after: float | None = None,
        status: int | None = None,
        code: str | None = None,
    ) -> None:
        """Ends the output with an error; `kind` is an exception's name."""

    def end(self) -> None:
        """Ends the output."""

@final
class HttpExchange:
    """One request of an `HttpTransport` under way, as its one reader holds it.

    Dropping it ends the request: its connection is closed at once (under HTTP/2 its stream is reset). It may be read
    and dropped in any thread, and is of no use in a forked child.
    """

    @property
    def ended(self) -> bool:
        """Whether the whole response was handed over, or the request is over otherwise."""

    def next(self, loop: asyncio.AbstractEventLoop) -> Any:
        """What has come so far, without waiting; `None` at the end.

        Of a request with `whole=True` that is one tuple of five: the status (an int), the version (`b"HTTP/1.1"`), the
        reason phrase, the headers (a list of pairs of bytes, as the server wrote them, in their order) and the body,
        packed as it came. Of others it is a list: the first item of the first list is a tuple of the first four, all
        others are pieces of the body.
        Where nothing has come, it is a future of `loop` that completes when something does, to be awaited before the
        next call. Cancelling what awaits it ends nothing: call `cancel`.

        Raises:
            HttpTransportError: The request failed; what came before was handed over.
        """

    def wait(self) -> Any:
        """Blocks until something has come, and returns it as `next` does. `None` only at the end."""

    def write(self, chunk: bytes) -> None:
        """Adds a piece to the body of a request that was sent with `body=None`. Ask for room before the next piece."""

    def room(self, loop: asyncio.AbstractEventLoop) -> Any:
        """Whether another piece is wanted: `True`; `False` where the server wants no more, or the request is over.

        Where the pieces so far are still waiting for the connection, it is a future of `loop`, to be awaited before
        asking again.
        """

    def wait_for_room(self) -> bool:
        """Blocks until another piece is wanted (`True`), or none is (`False`)."""

    def end_body(self) -> None:
        """Ends the body: no piece follows."""

    def cancel(self) -> None:
        """Ends the request and closes its connection at once; what was not taken is dropped."""

@final
class HttpHeaders:
    """A block of headers that is read once and sent with many requests."""

    def __new__(cls, headers: Iterable[tuple[bytes | str, bytes | str]]) -> Self:
        """A block.

        Args:
            headers: Pairs of a name and a value, in their order; of texts each character is one byte (ISO 8859-1).
                Under HTTP/1.1 names leave as they are written here. Headers of one name leave together.

        Raises:
            HttpTransportError: A name or a value has bytes that HTTP does not allow (`LocalProtocolError`).
        """

@final
class HttpInterceptor:
    """Answers HTTP requests of this process in place of servers, and notes them: `ferrule.testing.mock` and `record`.

    All requests of the Rust core pass it: calls of models, fetched credentials, and those of every `HttpTransport`.
    """

    def __new__(cls, *, passes: bool, records: bool) -> Self:
        """One without answers, which is not installed yet.

        Args:
            passes: Whether requests that no answer matches go to their servers; else they fail to connect.
            records: Whether what servers answer is noted. Servers are then asked not to pack it.
        """

    def answer(
        self,
        method: str | None,
        url: str | None,
        match_body: bytes | None,
        status: int,
        reason: bytes | None,
        headers: Sequence[tuple[bytes, bytes]],
        body: Sequence[bytes],
        times: int | None,
    ) -> int:
        """Adds a response for requests that match all that is given; the first answer that matches is used.

        Args:
            method: The method.
            url: The whole URL, in which `*` stands for any text; without a query it is for any query.
            match_body: The request's body: JSON by its meaning, else byte by byte.
            status: The response's status.
            reason: Its reason phrase; `None` for the usual one.
            headers: Its headers.
            body: Its body, in the pieces in which it arrives.
            times: How often it may be used; `None` without limit.

        Returns:
            The answer's number, from 0.

        Raises:
            ValueError: The status is not from 200 to 999.
        """

    def fail(
        self, method: str | None, url: str | None, match_body: bytes | None, message: str, times: int | None
    ) -> int:
        """Adds a failure to connect for requests that match, as `answer` does."""

    def left(self, answer: int) -> int | None:
        """How often the answer with this number may still be used; `None` without limit."""

    def seen(self) -> list[dict[str, Any]]:
        """The requests so far.

        Each a dict of `method`, `url`, `headers`, `body`, `answered_by` (an answer's number, or `None`), and
        `response`, which is `None` or a dict of `status`, `reason`, `headers` and `body`: what the server answered,
        as far as it was read.
        """

    def install(self) -> None:
        """Has the requests of this process pass here, instead of the interceptor before it.

        Raises:
            ValueError: It is installed already.
        """

    def remove(self) -> None:
        """Has requests go as they did before `install`."""

@final
class HttpTransport:
    """Connections to any HTTP server. Requests are sent as they are, once; a response has any status.

    It is used from any thread and any event loop; a forked child connects anew.
    """

    def __new__(
        cls,
        *,
        verify: bool = True,
        ca_certificates: bytes = ...,
        check_hostname: bool = True,
        certificate: bytes = ...,
        private_key: bytes = ...,
        http1: bool = True,
        http2: bool = False,
        proxy: tuple[str, tuple[str, str] | None, Iterable[tuple[bytes, bytes]]] = ...,
        proxy_from_environment: bool = True,
        max_connections: int | None = 100,
        max_keepalive_connections: int | None = 20,
        keepalive_expiry: float | None = 5.0,
        local_address: str = ...,
        uds: str = ...,
        connect_retries: int = 0,
        breaker: Mapping[str, Any] = ...,
    ) -> Self:
        """A transport that has connected to nothing yet. The proxies in the environment are read here.

        Args:
            verify: Whether servers' certificates are verified.
            ca_certificates: The certificates to trust, in PEM, instead of the operating system's.
            check_hostname: Whether a certificate has to be for the server's name.
            certificate: The certificate that servers are shown, and those above it, in PEM.
            private_key: Its key, in PEM without a password; by default it is looked for in `certificate`.
            http1: Whether HTTP/1.1 is spoken.
            http2: Whether HTTP/2 is spoken with servers that have it; without `http1`, with all.
            proxy: The proxy for all requests: its URL, its user name and password (or `None`), and headers for it.
            proxy_from_environment: Whether `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count, in either
                case of letters, where no `proxy` is given.
            max_connections: How many requests may be on a connection at once; `None` for no limit. Requests that
                share a connection under HTTP/2 do not count.
            max_keepalive_connections: How many idle connections to one host are kept; `None` for no limit.
            keepalive_expiry: For how many seconds an idle connection is kept; `None` for no limit.
            local_address: The IP address of this machine that connections are made from.
            uds: The path of a Unix socket that all connections lead to.
            connect_retries: How often connecting is tried again where it fails: at once, after 0.5 s, 1 s, 2 s, ...
            breaker: When a server that keeps failing is left alone for a time, each for itself
                (`ferrule.BreakerOptions`); without it, never. Failures are no connection, a response that does not
                come, and a status of 500 or more.

        Raises:
            ValueError: A setting cannot be used.
        """

    def send(
        self,
        method: str,
        url: str,
        headers: HttpHeaders | Iterable[tuple[bytes | str, bytes | str]],
        body: bytes | None,
        *,
        extra: Iterable[tuple[bytes | str, bytes | str]] | None = None,
        timeout: tuple[float | None, float | None, float | None, float | None] | None = None,
        whole: bool = False,
        bridge: LoopBridge | None = None,
    ) -> HttpExchange:
        """Starts a request; never blocks. Redirects are not followed, bodies not unpacked, cookies not kept.

        Args:
            method: The method.
            url: The whole URL, with `http://` or `https://`; percent-encoded.
            headers: The headers in their order, ready or as pairs. Nothing is added but `Host`, and `content-length`
                of a whole body or `transfer-encoding: chunked`, where they are missing.
            body: The body; `None` to write it piece by piece with `HttpExchange.write` and end it with `end_body`.
            extra: Further headers, behind the others.
            timeout: The limits in seconds as httpx has them, each `None` for no limit: to connect; between two reads,
                from when all was sent; between two writes; for a place among `max_connections`.
            whole: Whether the response is delivered at once, with its whole body.
            bridge: The running loop's bridge (`ferrule.bridge.running()`), where `HttpExchange.next` is to be used.
                Without one use `HttpExchange.wait`.

        Raises:
            HttpTransportError: The request cannot be sent (`LocalProtocolError`, `UnsupportedProtocol`).
        """

    def close(self) -> None:
        """Closes idle connections; requests under way keep theirs. A later request connects anew."""

class HttpTransportError(Exception):
    """A request that got no response, or not all of it.

    `args` is the name of httpx's exception for it (`"ConnectError"`, `"ConnectTimeout"`, `"LocalProtocolError"`,
    `"PoolTimeout"`, `"ProxyError"`, `"ReadError"`, `"ReadTimeout"`, `"RemoteProtocolError"`, `"UnsupportedProtocol"` or
    `"WriteTimeout"`) and the message, which shows no secret.
    """

@final
class LoopBridge:
    """One event loop's bridge to the engine: a file descriptor to watch, or a thread that waits."""

    def __new__(cls, *, thread: bool = False, has_loop: bool = True) -> Self:
        """A bridge with a descriptor to watch, or, with `thread=True`, for a thread that calls `wait`.

        With `has_loop=False` whoever watches or waits runs no coroutines.
        """

    def fileno(self) -> int:
        """The descriptor the loop is to watch for reading."""

    def drain(self) -> None:
        """Completes all futures whose flights have something ready. Runs on the loop."""

    def wait(self) -> bool:
        """Blocks until the loop has to be woken (true) or the bridge is closed (false).

        Without a loop, Ctrl-C interrupts it.
        """

    def close(self) -> None:
        """Ends `wait`."""

@final
class Message:
    """A message of a conversation: `Message(role, content=None, **fields)`.

    The role is `system`, `developer`, `user`, `assistant` or `tool`. The content is text, or a list of texts, files
    (paths, bytes, images: see `ferrule.image`) and content blocks in OpenAI's or Anthropic's form. The fields are the
    message's other keys in OpenAI's form: `tool_calls`, `tool_call_id`, `name`, ...
    """

    def __new__(
        cls,
        role: Literal["system", "developer", "user", "assistant", "tool"],
        content: str | Sequence[Any] | None = None,
        **fields: Any,
    ) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Message:
        """The message of a dictionary with `role` and `content`, in OpenAI's or Anthropic's form."""

    @property
    def role(self) -> str:
        """The role: `system`, `developer`, `user`, `assistant` or `tool`."""

    @property
    def content(self) -> Any:
        """The content: text if there is nothing else, else a list of content blocks."""

    @property
    def text(self) -> str:
        """The text of all text parts."""

    @property
    def reasoning(self) -> str | None:
        """The model's reasoning; `None` where there is none."""

    @property
    def refusal(self) -> str | None:
        """The model's refusal; `None` where it did not refuse."""

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools the model calls."""

    def to_dict(self) -> dict[str, Any]:
        """The message as a dictionary of JSON values that `from_dict` reads, without loss."""

    def to_json(self) -> str:
        """The message as JSON text, which `from_json` reads."""

    @classmethod
    def from_json(cls, text: str) -> Message:
        """The message of what `to_json` gave. Raises `ValueError` where the text is not one."""

    def to_openai(self) -> list[dict[str, Any]]:
        """The messages that this one is in OpenAI's Chat Completions: the results of several tools are several.

        Raises `ValueError` where it holds what OpenAI's format cannot carry.
        """

    def to_anthropic(self) -> list[dict[str, Any]]:
        """The messages that this one is in Anthropic's Messages; instructions are not one there, but `system`.

        Raises `ValueError` where it holds what Anthropic's format cannot carry.
        """

    def __iter__(self) -> Iterator[tuple[str, Any]]: ...
    def _repr_markdown_(self) -> str: ...
    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Message], tuple[dict[str, Any]]]: ...

@final
class ToolCall:
    """A tool call of a model."""

    def __new__(
        cls,
        id: str,  # noqa: A002 - its name at run time
        name: str,
        arguments_json: str = "{}",
        custom: bool = False,
    ) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    @property
    def id(self) -> str:
        """The call's id, which the tool's result refers to."""

    @property
    def name(self) -> str:
        """The tool's name."""

    @property
    def arguments(self) -> Any:
        """The arguments, decoded from the model's JSON.

        Raises `ValueError` with the text if it is not valid JSON: models do make mistakes.
        """

    @property
    def arguments_json(self) -> str:
        """The arguments as the model wrote them."""

    def run(self, tools: Iterable[Any]) -> Message:
        """Calls the tool of this name, and makes the message for the model of what it returns.

        The arguments arrive as the types of the function's parameters. What a tool raises, arguments that do not fit,
        and a name that none of the tools has become an error message for the model. Tools that are `async def` run
        on an event loop of Ferrule's own; `arun` runs them on the caller's.

        Args:
            tools: The tools of the call: functions, and `Tool` objects.

        Raises:
            TypeError: `tools` are not tools.
        """

    def arun(self, tools: Iterable[Any]) -> Awaitable[Message]:
        """`run`, awaited: tools that are `async def` run on the caller's event loop, others in a thread."""

    def result(self, value: Any) -> Message:
        """The message for the model with a result, for any provider.

        Args:
            value: Text, or anything that JSON can hold: also dataclasses, pydantic models, dates, sets, ...; or an
                image or another content part, or a list of such.

        Raises:
            TypeError: JSON cannot hold it; the message names the part.
        """

    def error(self, exception: BaseException | str) -> Message:
        """The message for the model that says that the call failed, for any provider.

        Args:
            exception: What was raised, or text.
        """

    def to_dict(self) -> dict[str, Any]:
        """Everything as a dictionary of JSON values; the arguments are the text that the model wrote."""

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> ToolCall:
        """The call of what `to_dict` gave. Raises `TypeError` where it is not that."""

    def __iter__(self) -> Iterator[tuple[str, Any]]: ...
    def __reduce__(self) -> tuple[type[ToolCall], tuple[str, str, str, bool]]: ...

@final
class Reply(Generic[_T]):
    """A model's reply to a call. `Reply[City]` is one whose `parsed` is a `City`, `Reply` alone is `Reply[Any]`."""

    @property
    def text(self) -> str:
        """The text of the first choice; empty where it has none."""

    @property
    def message(self) -> Message:
        """The first choice as a message, to be appended to the conversation as it is."""

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tool calls of the first choice."""

    @property
    def reasoning(self) -> str | None:
        """The reasoning of the first choice; `None` where the provider shows none."""

    @property
    def refusal(self) -> str | None:
        """The refusal of the first choice; `None` where it did not refuse."""

    @property
    def finish_reason(self) -> str | None:
        """Why the first choice ended: `stop`, `length`, `tool_calls`, `content_filter`, ...

        `None` where the provider did not say or the stream has not ended.
        """

    @property
    def choices(self) -> list[Choice]:
        """All choices; one unless `n` asked for more."""

    @property
    def usage(self) -> Usage:
        """The tokens used; numbers that the provider did not report are `None`."""

    @property
    def cost(self) -> Cost | None:
        """The cost, computed on access: as the provider reported it, else from the catalog's prices.

        `None` where the price or the usage is not known. For an interrupted stream, what is known of it so far.
        """

    @property
    def id(self) -> str:
        """The provider's id of the response."""

    @property
    def model(self) -> str:
        """The model that answered, as the provider names it."""

    @property
    def created(self) -> int | None:
        """When the provider made the response, in seconds since 1970; `None` where it did not say."""

    @property
    def provider(self) -> str:
        """The id of the provider that answered."""

    @property
    def request_id(self) -> str | None:
        """The provider's request id, for its support."""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of the response, with names in lower case; empty for streams, and after unpickling."""

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt, oldest first; the last one answered."""

    @property
    def stats(self) -> Stats:
        """How long the call took."""

    @property
    def raw(self) -> Any:
        """The response body as it came; `None` for streams."""

    @property
    def extra(self) -> dict[str, Any]:
        """What else the provider says about the whole response: a fingerprint, a service tier, sources, ..."""

    @property
    def parsed(self) -> _T:
        """The text as a value of the type given in `response_format`; the JSON value for `"json"` and JSON schemas.

        `None` where no format was asked for. Raises `ParseError` where the model refused, was cut off or called tools,
        and what the type's parser raises where the text does not fit.
        """

    def _after(self, earlier: Sequence[Reply[Any]]) -> Self:
        """The reply as the last of several: with what the `earlier` ones used and cost, and with their attempts."""

    @property
    def citations(self) -> list[Citation]:
        """The sources that the first choice names, in the order of its text; empty where it names none."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as a dictionary of JSON values. The messages in it are in the form that calls take."""

    @classmethod
    def from_dict(cls, fields: dict[str, Any], *, response_format: Any = None) -> Self:
        """The reply of what `to_dict` gave, all of it but `raw`.

        `response_format` is what the call had, for `parsed`. Raises `ValueError` where a message in it is not valid.
        """

    def to_json(self) -> str:
        """What `to_dict` has as JSON text, which `from_json` reads."""

    @classmethod
    def from_json(cls, text: str, *, response_format: Any = None) -> Self:
        """The reply of what `to_json` gave, as `from_dict`. Raises `ValueError` where the text is not one."""

    def to_openai(self) -> dict[str, Any]:
        """The reply as a `chat.completion` object of OpenAI's Chat Completions, whoever answered."""

    def to_anthropic(self) -> dict[str, Any]:
        """The first choice as a `message` object of Anthropic's Messages, whoever answered."""

    def __iter__(self) -> Iterator[tuple[str, Any]]: ...
    def _repr_markdown_(self) -> str: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Citation:
    """A source that a reply names."""

    @property
    def kind(self) -> str:
        """What the source is: `web`, `document`, `file`, `search_result`, `tool`, or the provider's word."""

    @property
    def title(self) -> str | None:
        """Its title; `None` where the provider says none, as for all of the following."""

    @property
    def url(self) -> str | None:
        """Its URL."""

    @property
    def source_id(self) -> str | None:
        """The id of the file or document."""

    @property
    def cited_text(self) -> str | None:
        """What the source says."""

    @property
    def text(self) -> str | None:
        """What the reply says because of it."""

    @property
    def start(self) -> int | None:
        """Where that begins in `Reply.text`, in characters; in a stream's event, in the part that `index` names."""

    @property
    def end(self) -> int | None:
        """Where it ends."""

    @property
    def raw(self) -> Any:
        """All that the provider says of it."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as a dictionary of JSON values."""

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Citation:
        """The citation of what `to_dict` gave."""

    def __iter__(self) -> Iterator[tuple[str, Any]]: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class Choice:
    """One of several alternative replies."""

    @property
    def index(self) -> int:
        """Its number, from 0."""

    @property
    def message(self) -> Message:
        """The message."""

    @property
    def finish_reason(self) -> str | None:
        """Why it ended; `None` where the provider did not say."""

    @property
    def stop_sequence(self) -> str | None:
        """The stop sequence that ended it."""

    @property
    def logprobs(self) -> Any:
        """Log probabilities, as the provider reports them; `None` unless asked for."""

    @property
    def extra(self) -> dict[str, Any]:
        """What else the provider says about this answer: filter results, grounding, its own reason to end, ..."""

    def __iter__(self) -> Iterator[tuple[str, Any]]: ...

@final
class Usage:
    """Tokens used; `None` where the provider did not say."""

    def __eq__(self, other: object, /) -> bool: ...
    @property
    def input_tokens(self) -> int | None:
        """The whole prompt, cache reads and writes included."""

    @property
    def output_tokens(self) -> int | None:
        """The whole reply, reasoning included."""

    @property
    def total_tokens(self) -> int | None:
        """Input and output together; `None` where either is unknown."""

    @property
    def cache_read_tokens(self) -> int | None:
        """Of the prompt, read from a cache."""

    @property
    def cache_write_tokens(self) -> int | None:
        """Of the prompt, written to a cache."""

    @property
    def cache_write_5m_tokens(self) -> int | None:
        """Of the prompt, written to a cache for five minutes."""

    @property
    def cache_write_30m_tokens(self) -> int | None:
        """Of the prompt, written to a cache for thirty minutes."""

    @property
    def cache_write_12h_tokens(self) -> int | None:
        """Of the prompt, written to a cache for twelve hours."""

    @property
    def cache_write_1h_tokens(self) -> int | None:
        """Of the prompt, written to a cache for one hour."""

    @property
    def reasoning_tokens(self) -> int | None:
        """Of the reply, reasoning."""

    @property
    def input_audio_tokens(self) -> int | None:
        """Of the prompt, audio."""

    @property
    def output_audio_tokens(self) -> int | None:
        """Of the reply, audio."""

    def to_dict(self) -> dict[str, Any]:
        """All numbers as a dictionary; those that only the provider has are under `extra`."""

    def __iter__(self) -> Iterator[tuple[str, Any]]: ...
    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Usage], tuple[dict[str, Any]]]: ...
    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Usage:
        """The usage of what `to_dict` gave."""

    @staticmethod
    def _sum(usages: list[Usage]) -> Usage:
        """The sum of the usages of several replies; a figure that one of them does not have is not known."""

@final
class Cost:
    """The cost of a call."""

    @property
    def total(self) -> Decimal:
        """The total amount."""

    @property
    def currency(self) -> str:
        """The currency, always `USD`."""

    @property
    def breakdown(self) -> dict[str, Decimal]:
        """The cost of each kind of usage, by its name. Empty where the provider itself reported the total.

        Each token counts in one of them only: those read from a cache are not in `input_tokens`.
        """

    @property
    def quantities(self) -> dict[str, int]:
        """The quantity of each kind of usage, by its name."""

    @property
    def source(self) -> str:
        """The source of the prices: `genai-prices`, `configuration`, or the provider that reported the cost."""

    @property
    def source_version(self) -> str | None:
        """The version of the price list; `None` where it has none."""

    @property
    def source_date(self) -> str | None:
        """The day (YYYY-MM-DD) on which the price was compared with the provider's page, or from which it holds.

        The later one of both; `None` where neither is known.
        """

    @property
    def is_reported(self) -> bool:
        """Whether the provider itself reported the cost."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as a dictionary of JSON values; amounts are strings."""

    def __float__(self) -> float: ...
    def __iter__(self) -> Iterator[tuple[str, Any]]: ...
    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Cost], tuple[dict[str, Any]]]: ...
    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Cost:
        """The cost of what `to_dict` gave. Raises `ValueError` where it is not that."""

    @staticmethod
    def _sum(costs: list[Cost | None]) -> Cost | None:
        """The sum of the costs of several replies; `None` where one of them is not known, or there are none."""

@final
class CatalogModel:
    """A model's entry in the catalog; what is not known is `None`."""

    @property
    def id(self) -> str:
        """Its id in the catalog. Providers may use other names for it, with dates for instance."""

    @property
    def provider(self) -> str:
        """The provider whose price list has it."""

    @property
    def name(self) -> str | None:
        """Its display name."""

    @property
    def context_window(self) -> int | None:
        """The maximum number of tokens of prompt and reply together."""

    @property
    def max_output_tokens(self) -> int | None:
        """The maximum number of tokens of a reply."""

    @property
    def input_modalities(self) -> tuple[str, ...] | None:
        """What it accepts: `text`, `image`, `audio`, `video`, `document`."""

    @property
    def output_modalities(self) -> tuple[str, ...] | None:
        """What it produces: `text`, `image`, `audio`, `video`, `embedding`."""

    @property
    def tools(self) -> bool | None:
        """Whether it can call tools."""

    @property
    def structured_output(self) -> bool | None:
        """Whether it can follow a JSON schema."""

    @property
    def reasoning(self) -> bool | None:
        """Whether it can reason before it answers."""

    @property
    def deprecated(self) -> bool | None:
        """Whether its provider has deprecated it."""

    @property
    def category(self) -> str | None:
        """What to choose it for: `fast`, `balanced`, `powerful`, `local` or `embedding`."""

    def prices(
        self, *, at: float | None = None, context: dict[str, str] | None = None, input_tokens: int = 0
    ) -> dict[str, Decimal]:
        """Its prices in dollars by name, which says for how much they are (`input_mtok`: a million input tokens).

        Empty where none is known. `at` is in seconds since 1970, now where `None`; `context` has the conditions of the
        request, `input_tokens` the length of its prompt.
        """

@final
class NativeCatalog:
    """The catalog of models: the built-in entries, and a user's own on top."""

    def __new__(cls, models: dict[str, Mapping[str, Any]] | None = None) -> Self:
        """`models` are a user's own entries, by `provider/model`."""

    def find(self, provider: str, model: str) -> CatalogModel | None:
        """The entry of the provider's model `model`; `None` where it is not known."""

    def providers_of(self, model: str) -> list[str]:
        """The ids of the providers that have a model of this bare name."""

    def models(self) -> list[CatalogModel]:
        """All models."""

    def price(
        self,
        provider: str,
        model: str,
        usage: Usage | dict[str, int | None],
        *,
        at: float | None = None,
        context: dict[str, str] | None = None,
    ) -> Cost | None:
        """The cost of `usage` (a `Usage`, or quantities by name); `None` where it is not known.

        `at` is in seconds since 1970, now where `None`; `context` has the conditions of the request.
        """

    @property
    def source(self) -> dict[str, str | None]:
        """The origin of the data: `name`, `version`, `date` and `licence`."""

@final
class Attempt:
    """One attempt of a call."""

    @property
    def provider(self) -> str:
        """The id of the provider that was called."""

    @property
    def model(self) -> str:
        """The model that was called."""

    @property
    def outcome(self) -> str:
        """How it ended: `success`, or a description of the failure."""

    @property
    def status(self) -> int | None:
        """The HTTP status; `None` where there was none, or after a success."""

    @property
    def target(self) -> str:
        """`provider/model`, and after an `@` what distinguishes the target from others of the same."""

    @property
    def key(self) -> str | None:
        """The key that was used, of which at most the last four characters are shown.

        `None` where none was, or where the provider's only key is not at hand.
        """

    @property
    def reason(self) -> str | None:
        """The kind of failure, as `failover_on` names it; `None` after a success, and where it was skipped."""

    @property
    def skipped(self) -> bool:
        """Whether no request was made: the target's circuit breaker was open, or it was busy."""

    @property
    def started(self) -> float:
        """When it began, in seconds since 1970."""

    @property
    def next(self) -> str | None:
        """What was done then, in words; `None` where the call ended with it."""

    @property
    def duration(self) -> float:
        """Its duration in seconds."""

    @property
    def waited(self) -> float:
        """The wait before it, in seconds."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Attempt], tuple[dict[str, Any]]]: ...
    @classmethod
    def _from_dict(cls, fields: dict[str, Any]) -> Attempt:
        """For unpickling."""

@final
class Stats:
    """The times of a call, counted from its start, retries included."""

    @property
    def started(self) -> float:
        """When the call started, on the clock of `time.monotonic()`, in seconds."""

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds until the first text, reasoning or tool call of a stream, or the whole body of a plain call.

        `None` where nothing came.
        """

    @property
    def duration(self) -> float | None:
        """Seconds until the end; `None` while a stream is open."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(
        self,
    ) -> tuple[Callable[[float | None, float | None], Stats], tuple[float | None, float | None]]: ...
    @classmethod
    def _from_seconds(cls, time_to_first_token: float | None, duration: float | None) -> Stats:
        """For unpickling."""

@final
class ModelInfo:
    """A model that a provider offers, from its list of models."""

    @property
    def provider(self) -> str:
        """The id of the provider that offers it."""

    @property
    def id(self) -> str:
        """The provider's name for it."""

    @property
    def created(self) -> int | None:
        """When it was released, in seconds since 1970; `None` where the provider did not say."""

    @property
    def owned_by(self) -> str | None:
        """Its owner; `None` where the provider did not say."""

    @property
    def raw(self) -> Any:
        """The provider's whole entry."""

@final
class TextDelta:
    """More text of the reply."""

    __match_args__ = ("text", "index", "choice")
    @property
    def text(self) -> str:
        """The added text."""

    @property
    def index(self) -> int:
        """The index of the part in the reply's content."""

    @property
    def choice(self) -> int:
        """The index of the choice."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class ReasoningDelta:
    """More of the model's reasoning."""

    __match_args__ = ("text", "index", "choice")
    @property
    def text(self) -> str:
        """The added text."""

    @property
    def index(self) -> int:
        """The index of the part in the reply's content."""

    @property
    def choice(self) -> int:
        """The index of the choice."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class RefusalDelta:
    """More of the model's refusal."""

    __match_args__ = ("text", "index", "choice")
    @property
    def text(self) -> str:
        """The added text."""

    @property
    def index(self) -> int:
        """The index of the part in the reply's content."""

    @property
    def choice(self) -> int:
        """The index of the choice."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class ToolCallStart:
    """The model starts a tool call."""

    __match_args__ = ("id", "name", "index", "choice")
    @property
    def id(self) -> str:
        """The call's id, which the tool's result refers to."""

    @property
    def name(self) -> str:
        """The tool's name."""

    @property
    def index(self) -> int:
        """The index of the part in the reply's content."""

    @property
    def choice(self) -> int:
        """The index of the choice."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class ToolCallDelta:
    """More of a tool call's arguments: a fragment of JSON text."""

    __match_args__ = ("arguments", "index", "choice")
    @property
    def arguments(self) -> str:
        """The added text."""

    @property
    def index(self) -> int:
        """The index of the part in the reply's content."""

    @property
    def choice(self) -> int:
        """The index of the choice."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class ToolCallEnd:
    """A tool call's arguments are complete."""

    __match_args__ = ("index", "choice")
    @property
    def index(self) -> int:
        """The index of the part in the reply's content."""

    @property
    def choice(self) -> int:
        """The index of the choice."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class CitationDelta:
    """The reply names a source."""

    __match_args__ = ("citation", "index", "choice")
    @property
    def citation(self) -> Citation:
        """The source."""

    @property
    def index(self) -> int | None:
        """The index of the part in the reply's content; `None` where it is about the whole reply."""

    @property
    def choice(self) -> int:
        """The index of the choice."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class UsageUpdate:
    """The usage so far."""

    __match_args__ = ("usage",)
    @property
    def usage(self) -> Usage:
        """The usage; numbers that the provider did not report are `None`."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class Continued:
    """The reply broke off, and another target continues it (`continue_streams`)."""

    __match_args__ = ("target", "how")
    @property
    def target(self) -> str:
        """The target that continues: `provider/model`, and after an `@` what distinguishes it from similar ones."""

    @property
    def how(self) -> Literal["prefix", "restart"]:
        """`prefix`: it continues the text that was delivered. `restart`: it answers anew.

        What was delivered before a restart is not part of the reply.
        """

    @property
    def received_at(self) -> float:
        """When the target began to answer, on the clock of `time.monotonic()`, in seconds."""

@final
class Finish:
    """A choice is complete."""

    __match_args__ = ("reason", "stop_sequence", "choice")
    @property
    def reason(self) -> str:
        """The finish reason: `stop`, `length`, `tool_calls`, `content_filter`, ..."""

    @property
    def stop_sequence(self) -> str | None:
        """The stop sequence that ended it."""

    @property
    def choice(self) -> int:
        """The index of the choice."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class Unknown:
    """An event that Ferrule does not know."""

    __match_args__ = ("name", "data")
    @property
    def name(self) -> str | None:
        """The provider's name for it."""

    @property
    def data(self) -> Any:
        """Its data."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class NativeSimulator:
    """A running simulator. Listens until `stop`, or until it is garbage collected."""

    def __new__(
        cls,
        script: str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        require_key: bool = False,
        strict: bool = True,
        aws_credentials: dict[str, str] = ...,
        record_limit: int = 1000,
        http2_streams: int = 100,
    ) -> NativeSimulator: ...
    @property
    def address(self) -> tuple[str, int]:
        """The host and port it listens on."""

    @property
    def refused_address(self) -> tuple[str, int]:
        """A host and port that refuse connections while it runs."""

    @property
    def open_connections(self) -> int:
        """How many connections are open."""

    def set_script(self, script: str) -> None:
        """Replaces the script (JSON text). Raises `ValueError` if it is not valid."""

    def add_rules(self, rules: str) -> None:
        """Puts rules (a JSON list) before those of the script. Raises `ValueError` where they cannot be used."""

    def requests_json(self) -> str:
        """The received requests, as JSON text."""

    def clear_requests(self) -> None:
        """Forgets the received requests."""

    def wait_for_connections(self, at_most: int, timeout: float) -> bool:
        """Waits until at most `at_most` connections are open; whether that happened within `timeout` seconds."""

    def wait_for_requests(self, count: int, timeout: float) -> bool:
        """Waits until `count` requests were received; whether that happened within `timeout` seconds."""

    def wait_for_answers(self, timeout: float) -> bool:
        """Waits until no response is open; whether that happened within `timeout` seconds."""

    def stop(self) -> None:
        """Closes every connection and the port. Does nothing the second time."""
