"""Templates: what the SDK's own code would have sent, built by it once for each state of a client, then kept.

The head of a request (address, headers, time limits) depends on the client and on the options of the call, not on its
body. So the SDK builds one, and requests in the same state differ in the body and its length only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule._native import HttpHeaders

if TYPE_CHECKING:
    from ferrule.dropin.native.facts import NativeFacts

_MOST = 64
_KEPT = "_ferrule_templates"
DECISIVE = ("headers", "params", "timeout", "security", "idempotency_key", "qualifiers")
"""The options of a call that its head depends on."""
_LENGTH = b"content-length"


class Template:
    """A head that is ready."""

    __slots__ = ("headers", "length_name", "request", "timeout", "url")

    def __init__(self, request: Any, raw: list[tuple[bytes, bytes]], length_name: bytes) -> None:
        limits = request.extensions.get("timeout") or {}
        self.url = str(request.url)
        self.headers = HttpHeaders(raw)
        self.length_name = length_name
        self.timeout = tuple(limits.get(name) for name in ("connect", "read", "write", "pool"))
        self.request = request


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((name, _hashable(item)) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(_hashable(item) for item in value)
    if hasattr(value, "as_dict"):  # time limits, which have no hash
        return tuple(value.as_dict().values())
    return value


def key_of(facts: NativeFacts, call: Any) -> tuple[Any, ...] | None:
    """What the template of a call depends on; `None` where that cannot be compared."""
    client, options = call.client, call.options
    http_client = client._client  # noqa: SLF001 - the SDK's
    cookies = http_client._cookies.jar  # noqa: SLF001 - the library's
    key = (
        call.path,
        str(client.base_url),
        _hashable(client.timeout),
        _hashable(client._custom_headers),  # noqa: SLF001 - the SDK's
        _hashable(client._custom_query),  # noqa: SLF001 - the SDK's
        tuple(http_client._headers._list),  # noqa: SLF001 - the library's
        tuple((name, _hashable(options[name])) for name in DECISIVE if name in options),
        tuple((one.domain, one.path, one.name, one.value, one.expires) for one in cookies) if len(cookies) else (),
        facts.state(client, call.body),
        None if call.prepared is None else _hashable(call.prepared.headers),
    )
    try:
        hash(key)
    except TypeError:
        return None
    return key


def find(client: Any, key: tuple[Any, ...]) -> Template | bool | None:
    """The template that is kept; `False` where there can be none; `None` where none was made yet."""
    kept: dict[tuple[Any, ...], Template | bool] | None = client.__dict__.get(_KEPT)
    return None if kept is None else kept.get(key)


def keep(client: Any, key: tuple[Any, ...], request: Any, written: bytes) -> Template | bool:
    """Makes a template of a request that the SDK built, with `written` for its body.

    Returns:
        The template; `False` where the SDK does not send such a body in the way that is known here.
    """
    raw = list(request.headers.raw)
    names = [name.lower() for name, _ in raw]
    made: Template | bool = False
    is_known = names.count(_LENGTH) == 1 and names[-1] == _LENGTH and b"transfer-encoding" not in names
    if is_known and request.read() == written:
        made = Template(request, raw[:-1], raw[-1][0])
    kept: dict[tuple[Any, ...], Template | bool] = client.__dict__.setdefault(_KEPT, {})
    if len(kept) >= _MOST:
        kept.clear()
    kept[key] = made
    return made
