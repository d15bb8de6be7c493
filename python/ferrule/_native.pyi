"""The compiled part of Ferrule, as `crates/python/src` defines it.

`ferrule` gives on what is public; `NativeClient`, `Flight`, `LoopBridge` and `set_log_level` are for the package.
`make types` compares this file with the module.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, final, type_check_only

from typing_extensions import Self

__version__: str
build: str
"""What this build is: profile, platform and ABI."""

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
    """How many tokens the prompt of a call has, and whether that is exact: what the provider will count.

    `options` are those of a call; its tools and instructions count. The first call unpacks a vocabulary.
    """

def count_text_tokens_locally(model: str, text: str) -> tuple[int, bool]:
    """How many tokens `text` has for `model`, and whether that is exact."""

def parse_configuration(text: str, ending: str) -> tuple[dict[str, Any], dict[tuple[str | int, ...], tuple[int, int]]]:
    """The values of a file's text, and the line and column of every key and list item by its path.

    Raises `ValueError` with what is wrong, line and column.
    """

def check_names(settings: dict[str, Any]) -> list[tuple[str | None, str]]:
    """What is wrong with the names of models in `settings`.

    Pairs of the alias at fault (`None` for the default model) and the words for it.
    """

def provider_table() -> list[dict[str, Any]]:
    """The rows of the built-in table, as dicts."""

def dialects() -> list[str]:
    """The names of the wire formats."""

def guard_group(group: int) -> None:
    """Has the process group `group` end with this process. Does nothing on Windows."""

def release_group(group: int) -> None:
    """The process group `group` has ended, or may go on without us."""

def set_log_level(level: int) -> None:
    """Sets the least severe level that is collected, as a number of `logging`."""

@final
class NativeClient:
    """One client's engine: its providers, settings and connections."""

    def __new__(cls, settings: dict[str, Any], fetch: Callable[[str], Any]) -> Self:
        """`settings` are those of `ferrule.configuration`; `fetch` gives a provider's with its secrets."""

    def apply(self, settings: dict[str, Any], fetch: Callable[[str], Any]) -> None:
        """Goes on with other settings.

        Providers that stay the same keep their connections, calls in flight what they began with. Where the settings
        are not usable, the old ones stay.
        """

    def resolve(self, model: str | None) -> tuple[str, str]:
        """The provider that is asked for `model`, and its own name of it."""

    def provider(self, name: str) -> str:
        """The id of the provider with this id or alias."""

    def complete(
        self,
        model: str | None,
        messages: str | Sequence[Message | Mapping[str, Any]],
        options: dict[str, Any],
        *,
        bridge: LoopBridge | None = None,
        parse: Callable[[str], Any] | None = None,
    ) -> Flight:
        """Starts a plain call."""

    def stream(
        self,
        model: str | None,
        messages: str | Sequence[Message | Mapping[str, Any]],
        options: dict[str, Any],
        *,
        bridge: LoopBridge | None = None,
        parse: Callable[[str], Any] | None = None,
    ) -> Flight:
        """Starts a streamed call."""

    def models(
        self, provider: str, *, timeouts: float | _Timeouts | None = None, bridge: LoopBridge | None = None
    ) -> Flight:
        """Starts to list the models of `provider`."""

    def usage_rows(self) -> list[dict[str, Any]]:
        """What the calls so far used and cost, in rows by provider, model, alias and metadata."""

    def clear_usage(self) -> None:
        """Forgets what the calls so far used."""

    def close(self) -> None:
        """Closes idle connections; calls in flight keep theirs until they end."""

def embed(
    client: NativeClient,
    model: str | None,
    texts: str | Sequence[str],
    options: dict[str, Any],
    *,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts to embed a text, or several.

    Delivers a dict with `data` (little-endian 32-bit floats, vector after vector), `count`, `dimensions`, and what
    every answer has.
    """

def rerank(
    client: NativeClient,
    model: str | None,
    query: str,
    documents: Sequence[str],
    options: dict[str, Any],
    *,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts to put `documents` in order.

    Delivers a dict with `id`, `results` (pairs of place and score), `search_units`, and what every answer has.
    """

def images(
    client: NativeClient,
    model: str | None,
    prompt: str,
    options: dict[str, Any],
    *,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts to make pictures of `prompt`.

    Delivers a dict with `images` (triples of data, address and changed prompt), and what every answer has.
    """

def speech(
    client: NativeClient,
    model: str | None,
    text: str,
    options: dict[str, Any],
    *,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts to speak `text`. Delivers lists, as `raw` does."""

def transcribe(
    client: NativeClient,
    model: str | None,
    file_name: str,
    file: bytes,
    options: dict[str, Any],
    *,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts to write down what a recording says.

    Delivers a dict with `text`, `language`, `duration`, and what every answer has.
    """

def count_tokens(
    client: NativeClient,
    provider: str,
    model: str,
    messages: Any,
    options: dict[str, Any],
    *,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts to ask the provider how many tokens a prompt has.

    Delivers a tuple with the number, or with `None` where the provider cannot be asked.
    """

def health(
    client: NativeClient,
    providers: Sequence[str],
    *,
    timeouts: float | _Timeouts | None = None,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts to ask all of `providers` at once how they are. Delivers a list of dicts, in their order."""

def raw(
    client: NativeClient,
    provider: str,
    method: str,
    path: str,
    body: bytes,
    *,
    content_type: str | None = None,
    bridge: LoopBridge | None = None,
) -> Flight:
    """Starts to send a request as it is.

    Delivers lists: of the answer's head, a dict, first, then of pieces of its body.
    """

@final
class Flight:
    """The reader's end of a call in flight. Dropping it cancels the call, and the connection upstream is closed."""

    def next(self, loop: asyncio.AbstractEventLoop) -> Any:
        """What is there: a reply, a list of models, or a list of events.

        Where nothing is, a future of `loop` that completes when something is, to be awaited before asking again; `None`
        at the end. Raises the error the call ended with, once.
        """

    def wait(self) -> Any:
        """Blocks until there is something to take, and takes it. `None` only at the end."""

    def received(self) -> Reply:
        """What was received so far, as a reply."""

    def cancel(self) -> None:
        """Ends the call; the connection upstream is closed at once, and what was not taken is dropped."""

@final
class FunctionCall:
    """One question to a function, and where its answer goes. Dropping it ends the answer."""

    @property
    def body(self) -> bytes:
        """The request in the form of OpenAI's Chat Completions, as JSON."""

    @property
    def model(self) -> str:
        """The model that is asked for."""

    @property
    def stream(self) -> bool:
        """Whether the answer is to come in pieces."""

    def send(self, piece: bytes) -> bool | None:
        """Says the next piece.

        `True` when it was taken, `False` where nobody listens any more, `None` where there is no room for it yet.
        """

    def wait_for_room(self, waiter: asyncio.Future[None]) -> None:
        """Completes `waiter`, a future of the running loop, when `send` is worth another try."""

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
        """Ends the answer with an error of `kind`, an exception's name."""

    def end(self) -> None:
        """Ends the answer."""

@final
class LoopBridge:
    """One event loop's end of the bridge: a descriptor to watch, or a thread that waits."""

    def __new__(cls, *, thread: bool = False) -> Self:
        """A bridge with a descriptor to watch, or, with `thread=True`, for a thread that calls `wait`."""

    def fileno(self) -> int:
        """The descriptor the loop is to watch for reading."""

    def drain(self) -> None:
        """Completes all waiters whose flights have something for them. Runs on the loop."""

    def wait(self) -> bool:
        """Blocks until the loop is to be woken (true) or the bridge is closed (false)."""

    def close(self) -> None:
        """Ends `wait`."""

@final
class Message:
    """One turn of a conversation: `Message(role, content=None, **fields)`.

    The role is `system`, `developer`, `user`, `assistant` or `tool`. The content is text, or a list of content blocks
    in OpenAI's or Anthropic's form. The fields are the message's other keys in OpenAI's form: `tool_calls`,
    `tool_call_id`, `name`, ...
    """

    def __new__(cls, role: str, content: str | Sequence[Mapping[str, Any]] | None = None, **fields: Any) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    @classmethod
    def from_dict(cls, message: Mapping[str, Any]) -> Message:
        """The message of a dictionary in the familiar role/content form."""

    @property
    def role(self) -> str:
        """Who speaks."""

    @property
    def content(self) -> Any:
        """What is said: text where that is all, else a list of content blocks."""

    @property
    def text(self) -> str:
        """The text of all text parts."""

    @property
    def reasoning(self) -> str | None:
        """The model's reasoning; `None` where there is none."""

    @property
    def refusal(self) -> str | None:
        """The model's words of refusal; `None` where it did not refuse."""

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools the model calls."""

    def to_dict(self) -> dict[str, Any]:
        """The message as a dictionary that `from_dict` reads, nothing lost."""

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Message], tuple[dict[str, Any]]]: ...

@final
class ToolCall:
    """The model calls a tool."""

    def __new__(cls, id: str, name: str, arguments_json: str = "{}") -> Self: ...  # noqa: A002 - its name at run time
    def __eq__(self, other: object, /) -> bool: ...
    @property
    def id(self) -> str:
        """The call's id, which the tool's result refers to."""

    @property
    def name(self) -> str:
        """The tool's name."""

    @property
    def arguments(self) -> Any:
        """The arguments, read from the model's JSON.

        Raises `ValueError` with the text where it is not JSON: models do make mistakes.
        """

    @property
    def arguments_json(self) -> str:
        """The arguments as the model wrote them."""

    def __reduce__(self) -> tuple[type[ToolCall], tuple[str, str, str]]: ...

@final
class Reply:
    """What a model answered."""

    @property
    def text(self) -> str:
        """The text of the first answer; empty where it has none."""

    @property
    def message(self) -> Message:
        """The first answer as a message, to be put into the conversation as it is."""

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools the first answer calls."""

    @property
    def reasoning(self) -> str | None:
        """The first answer's reasoning; `None` where the provider shows none."""

    @property
    def refusal(self) -> str | None:
        """The first answer's words of refusal; `None` where it did not refuse."""

    @property
    def finish_reason(self) -> str | None:
        """Why the first answer ended: `stop`, `length`, `tool_calls`, `content_filter`, ...

        `None` where the provider did not say or the stream has not ended.
        """

    @property
    def choices(self) -> list[Choice]:
        """All answers; one unless `n` asked for more."""

    @property
    def usage(self) -> Usage:
        """What it used; figures that the provider did not report are `None`."""

    @property
    def cost(self) -> Cost | None:
        """What it cost, found when it is asked for: as the provider reported it, else from the catalog's prices.

        `None` where the price or the usage is not known. Of an interrupted stream, what is known of it so far.
        """

    @property
    def id(self) -> str:
        """The provider's id of the answer."""

    @property
    def model(self) -> str:
        """The model that answered, in the provider's words."""

    @property
    def created(self) -> int | None:
        """When the provider made the answer, in seconds since 1970; `None` where it did not say."""

    @property
    def provider(self) -> str:
        """The provider that answered."""

    @property
    def request_id(self) -> str | None:
        """The provider's id of the request, for its support."""

    @property
    def attempts(self) -> list[Attempt]:
        """Every attempt made, the one that answered last."""

    @property
    def stats(self) -> Stats:
        """How long it took."""

    @property
    def raw(self) -> Any:
        """The provider's body as it was; `None` for streams."""

    @property
    def parsed(self) -> Any:
        """The text as the type given in `response_format`; the JSON value for `"json"` and JSON schemas.

        `None` where no format was asked for. Raises what the type's reader raises where the text does not fit.
        """

    def to_dict(self) -> dict[str, Any]:
        """Everything as a dictionary that has a JSON form. The messages in it are in the form that calls take."""

@final
class Choice:
    """One answer of several."""

    @property
    def index(self) -> int:
        """Its number, from 0."""

    @property
    def message(self) -> Message:
        """What was said."""

    @property
    def finish_reason(self) -> str | None:
        """Why it ended; `None` where the provider did not say."""

    @property
    def stop_sequence(self) -> str | None:
        """The stop text that ended it."""

    @property
    def logprobs(self) -> Any:
        """Log probabilities, as the provider wrote them; `None` unless asked for."""

@final
class Usage:
    """Tokens used; `None` where the provider did not say."""

    def __eq__(self, other: object, /) -> bool: ...
    @property
    def input_tokens(self) -> int | None:
        """The whole prompt, cache reads and writes included."""

    @property
    def output_tokens(self) -> int | None:
        """The whole answer, reasoning included."""

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
    def cache_write_1h_tokens(self) -> int | None:
        """Of the prompt, written to a cache for one hour."""

    @property
    def reasoning_tokens(self) -> int | None:
        """Of the answer, reasoning."""

    @property
    def input_audio_tokens(self) -> int | None:
        """Of the prompt, sound."""

    @property
    def output_audio_tokens(self) -> int | None:
        """Of the answer, sound."""

    def to_dict(self) -> dict[str, Any]:
        """All figures as a dictionary, the provider's own beside ours under `extra`."""

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Usage], tuple[dict[str, Any]]]: ...
    @classmethod
    def _from_dict(cls, fields: dict[str, Any]) -> Usage:
        """For unpickling."""

@final
class Cost:
    """What an answer cost."""

    @property
    def total(self) -> Decimal:
        """All of it."""

    @property
    def currency(self) -> str:
        """The currency, always `USD`."""

    @property
    def breakdown(self) -> dict[str, Decimal]:
        """What each kind of usage cost, by its name. Empty where the provider itself reported the total.

        Each token stands in one of them only: what was read from a cache is not in `input_tokens`.
        """

    @property
    def quantities(self) -> dict[str, int]:
        """How many of each kind were charged, by its name."""

    @property
    def source(self) -> str:
        """Whose prices these are: `genai-prices`, `configuration`, or the provider that reported the cost."""

    @property
    def source_version(self) -> str | None:
        """The version of the price list; `None` where it has none."""

    @property
    def source_date(self) -> str | None:
        """The day (YYYY-MM-DD) the price list is of; `None` where it has none."""

    @property
    def is_reported(self) -> bool:
        """Whether the provider itself said what it charged."""

    def to_dict(self) -> dict[str, Any]:
        """Everything as a dictionary that has a JSON form; amounts are strings."""

    def __float__(self) -> float: ...

@final
class CatalogModel:
    """What is known of a model; what is not known is `None`."""

    @property
    def id(self) -> str:
        """Its name in the catalog. Providers may know it by others, with dates for instance."""

    @property
    def provider(self) -> str:
        """The provider whose price list it is from."""

    @property
    def name(self) -> str | None:
        """Its name for people."""

    @property
    def context_window(self) -> int | None:
        """The most tokens of prompt and answer together."""

    @property
    def max_output_tokens(self) -> int | None:
        """The most tokens of an answer."""

    @property
    def input_modalities(self) -> tuple[str, ...] | None:
        """What it can be shown: `text`, `image`, `audio`, `video`, `document`."""

    @property
    def output_modalities(self) -> tuple[str, ...] | None:
        """What it answers with: `text`, `image`, `audio`, `video`, `embedding`."""

    @property
    def tools(self) -> bool | None:
        """Whether it calls tools."""

    @property
    def structured_output(self) -> bool | None:
        """Whether it keeps to a JSON schema."""

    @property
    def reasoning(self) -> bool | None:
        """Whether it can think before it answers."""

    @property
    def deprecated(self) -> bool | None:
        """Whether its provider has deprecated it."""

    @property
    def category(self) -> str | None:
        """What to choose it for: `fast`, `balanced`, `powerful`, `local` or `embedding`."""

    def prices(
        self, *, at: float | None = None, context: dict[str, str] | None = None, input_tokens: int = 0
    ) -> dict[str, Decimal]:
        """Its prices in dollars by name, each of which says for how much (`input_mtok`: a million input tokens).

        Empty where none is known. `at` is in seconds since 1970, now where `None`; `context` says how the request is
        made, `input_tokens` how long its prompt is.
        """

@final
class NativeCatalog:
    """What is known of models: what is built in, and a user's own entries on top."""

    def __new__(cls, models: dict[str, Mapping[str, Any]] | None = None) -> Self:
        """`models` are a user's own entries, by `provider/model`."""

    def find(self, provider: str, model: str) -> CatalogModel | None:
        """The model that `provider` means by `model`; `None` where it is not known."""

    def providers_of(self, model: str) -> list[str]:
        """The ids of the providers that a bare name may mean."""

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
        """What `usage` (a `Usage`, or quantities by name) costs; `None` where that is not known.

        `at` is in seconds since 1970, now where `None`; `context` says how the request was made.
        """

    @property
    def source(self) -> dict[str, str | None]:
        """Whose data it is: `name`, `version`, `date` and `licence`."""

@final
class Attempt:
    """One attempt of a call."""

    @property
    def provider(self) -> str:
        """The provider asked."""

    @property
    def model(self) -> str:
        """The model asked for."""

    @property
    def outcome(self) -> str:
        """How it ended: `success`, or what went wrong in words."""

    @property
    def status(self) -> int | None:
        """The HTTP status; `None` where there was none, or for success."""

    @property
    def duration(self) -> float:
        """How long it took, in seconds."""

    @property
    def waited(self) -> float:
        """How long we waited before it, in seconds."""

    def __reduce__(self) -> tuple[Callable[[dict[str, Any]], Attempt], tuple[dict[str, Any]]]: ...
    @classmethod
    def _from_dict(cls, fields: dict[str, Any]) -> Attempt:
        """For unpickling."""

@final
class Stats:
    """How long a call took, counted from its start, retries included."""

    @property
    def started(self) -> float:
        """When the call started, on the clock of `time.monotonic()`, in seconds."""

    @property
    def time_to_first_token(self) -> float | None:
        """Seconds until the first text, reasoning or tool call of a stream, or the whole body of a plain call.

        `None` where none came.
        """

    @property
    def duration(self) -> float | None:
        """Seconds until the end; `None` while a stream is open."""

@final
class ModelInfo:
    """A model a provider offers."""

    @property
    def provider(self) -> str:
        """The id of the provider that offers it."""

    @property
    def id(self) -> str:
        """The provider's name of it."""

    @property
    def created(self) -> int | None:
        """When it was made, in seconds since 1970; `None` where the provider did not say."""

    @property
    def owned_by(self) -> str | None:
        """Who made it; `None` where the provider did not say."""

    @property
    def raw(self) -> Any:
        """The provider's whole entry."""

@final
class TextDelta:
    """More text."""

    __match_args__ = ("text", "index", "choice")
    @property
    def text(self) -> str:
        """What is added."""

    @property
    def index(self) -> int:
        """The place of the part in the answer's content."""

    @property
    def choice(self) -> int:
        """The answer's number."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class ReasoningDelta:
    """More of the model's reasoning."""

    __match_args__ = ("text", "index", "choice")
    @property
    def text(self) -> str:
        """What is added."""

    @property
    def index(self) -> int:
        """The place of the part in the answer's content."""

    @property
    def choice(self) -> int:
        """The answer's number."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class RefusalDelta:
    """More of the model's words of refusal."""

    __match_args__ = ("text", "index", "choice")
    @property
    def text(self) -> str:
        """What is added."""

    @property
    def index(self) -> int:
        """The place of the part in the answer's content."""

    @property
    def choice(self) -> int:
        """The answer's number."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class ToolCallStart:
    """The model begins to call a tool."""

    __match_args__ = ("id", "name", "index", "choice")
    @property
    def id(self) -> str:
        """The call's id, which the tool's result refers to."""

    @property
    def name(self) -> str:
        """The tool's name."""

    @property
    def index(self) -> int:
        """The place of the part in the answer's content."""

    @property
    def choice(self) -> int:
        """The answer's number."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class ToolCallDelta:
    """More of a tool call's arguments: a piece of JSON text."""

    __match_args__ = ("arguments", "index", "choice")
    @property
    def arguments(self) -> str:
        """What is added."""

    @property
    def index(self) -> int:
        """The place of the part in the answer's content."""

    @property
    def choice(self) -> int:
        """The answer's number."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class ToolCallEnd:
    """A tool call's arguments are complete."""

    __match_args__ = ("index", "choice")
    @property
    def index(self) -> int:
        """The place of the part in the answer's content."""

    @property
    def choice(self) -> int:
        """The answer's number."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class UsageUpdate:
    """The figures so far."""

    __match_args__ = ("usage",)
    @property
    def usage(self) -> Usage:
        """The figures; `None` where the provider did not say."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class Finish:
    """An answer is complete."""

    __match_args__ = ("reason", "stop_sequence", "choice")
    @property
    def reason(self) -> str:
        """Why: `stop`, `length`, `tool_calls`, `content_filter`, ..."""

    @property
    def stop_sequence(self) -> str | None:
        """The stop text that ended it."""

    @property
    def choice(self) -> int:
        """The answer's number."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class Unknown:
    """Something Ferrule has no name for."""

    __match_args__ = ("name", "data")
    @property
    def name(self) -> str | None:
        """What the provider calls it."""

    @property
    def data(self) -> Any:
        """What it said."""

    @property
    def received_at(self) -> float:
        """When it was read from the socket, on the clock of `time.monotonic()`, in seconds."""

@final
class NativeSimulator:
    """A running simulator. Listens from its making until `stop`, or until it is collected."""

    def __new__(
        cls,
        script: str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        require_key: bool = False,
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
        """Replaces the script (JSON text). Raises `ValueError` where it cannot be used."""

    def requests_json(self) -> str:
        """What it received, as JSON text."""

    def clear_requests(self) -> None:
        """Forgets what it received."""

    def wait_for_connections(self, at_most: int, timeout: float) -> bool:
        """Waits until at most `at_most` connections are open; whether that came about within `timeout` seconds."""

    def wait_for_requests(self, count: int, timeout: float) -> bool:
        """Waits until `count` requests were received; whether they were within `timeout` seconds."""

    def wait_for_answers(self, timeout: float) -> bool:
        """Waits until no answer is open; whether that came about within `timeout` seconds."""

    def stop(self) -> None:
        """Closes every connection and the port. Does nothing the second time."""
