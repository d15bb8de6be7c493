"""Facts of an SDK that the native path needs, as it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.dropin.native.counts import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrule.dropin.sdk import Sdk


class NativeFacts:
    """What the native path needs to know of an SDK.

    Attributes:
        sdk: The SDK.
        base: Its module `_base_client`.
        package: The directory of its package.
        classes: The names of the classes, without `Async`, whose clients can take the native path.
        paths: The paths of calls that take the native path.
        stream_classes: The SDK's `Stream` and `AsyncStream`.
        chunk_type: The type of the items of a parametrised stream class.
        construct_type: The SDK's function that makes objects without validation.
        model: The base class of its objects.
        prepare: Makes the data that is written of a body and `extra_json`, and says whether it is ready.
        dumps: Writes it.
        finish: Gives the made object the ids of the response: of the object and the headers.
        event_names: The names of events whose data are a stream's items; `None` where frames are told by their data.
        own_guards: What else keeps a client from the native path: the reason, or `None`.
        state: What else of a client and a body decides on the head of a request.
        is_asked: Whether a client asks somebody for its key or token with each attempt.
        copy_options: The options of which the SDK builds the request, of a client and those that were given.
        counts: How many calls took the path.
    """

    # No dataclass: running that module costs more than all else that is loaded here.
    def __init__(
        self,
        *,
        sdk: Sdk,
        base: Any,
        package: str,
        classes: frozenset[str],
        paths: frozenset[str],
        stream_classes: tuple[type, type],
        chunk_type: Callable[[Any], Any],
        construct_type: Callable[..., Any],
        model: type,
        prepare: Callable[[Any, Any], tuple[Any, bool]],
        dumps: Callable[[Any], bytes],
        finish: Callable[[Any, Mapping[bytes, bytes]], None],
        event_names: frozenset[bytes] | None,
        own_guards: Callable[[Any], str | None],
        state: Callable[[Any, Any], tuple[Any, ...]],
        is_asked: Callable[[Any], bool],
        copy_options: Callable[[Any, Any], Any],
    ) -> None:
        self.sdk, self.base, self.package = sdk, base, package
        self.classes, self.paths, self.stream_classes = classes, paths, stream_classes
        self.chunk_type, self.construct_type, self.model = chunk_type, construct_type, model
        self.prepare, self.dumps, self.finish = prepare, dumps, finish
        self.event_names, self.own_guards, self.state = event_names, own_guards, state
        self.is_asked, self.copy_options = is_asked, copy_options
        self.counts = Counts()
