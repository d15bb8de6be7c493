"""Addresses from the environment: Ollama's own forms, and what makes an address unusable.

A variable is set for other programs as well. One that is no use as a base URL must not break a client that never calls
that provider, so these are checked before the engine sees them, and at least as strictly.
"""

from __future__ import annotations

OLLAMA_HOST = "OLLAMA_HOST"
_OLLAMA_PORT = "11434"
_ANY_HOST = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where Ollama listens, not where we do
"""What a server listens on and nobody can call, with the address of the same machine that can be called."""


def from_variable(variable: str, text: str, built_in: str) -> str:
    """The base URL that a provider's variable stands for.

    Args:
        variable: Its name.
        text: Its value.
        built_in: The provider's own base URL.
    """
    if variable != OLLAMA_HOST:
        return text
    from urllib.parse import urlsplit  # few have an address in the environment

    address, path = ollama(text).rstrip("/"), urlsplit(built_in).path
    return address if address.endswith(path) else address + path


def ollama(text: str) -> str:
    """`OLLAMA_HOST` as Ollama's own client reads it (`Host` in its envconfig/config.go)."""
    text = text.strip().strip("\"'").strip()
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = ("https", "ollama.com:443") if text == "ollama.com" else ("http", text)
    default = {"http": "80", "https": "443"}.get(scheme, _OLLAMA_PORT) if mark else _OLLAMA_PORT
    place, slash, path = rest.partition("/")
    host, port = place.strip("[]"), ""
    if place.startswith("[") and "]:" in place:
        host, _, port = place[1:].partition("]:")
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
    if "@" in place:
        return text  # which `problem` refuses: Ollama would take the name of the user for the host
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        port = default
    host = _ANY_HOST.get(host, host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{slash}{path}"


NO_SCHEME = "has to begin with http:// or https:// and a host"


def has_scheme(address: str) -> bool:
    """Whether a base URL begins as one does; it may have `{placeholders}` in it."""
    scheme, mark, rest = address.strip().partition("://")
    return bool(mark and rest.strip("/")) and scheme.lower() in ("http", "https")


def problem(address: str) -> str | None:
    """What is wrong with a base URL, without repeating it; `None` where it can be used."""
    text = address.strip()
    if not text:
        return "is blank"
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port  # raises, too
    except ValueError:
        return "is not a valid URL"
    if parts.scheme not in ("http", "https") or not host:
        return NO_SCHEME
    if "@" in parts.netloc:
        return "has a user name or password in it; use api_key or headers"
    return None if _is_host(host) else "has a host that is not valid"


_MARKS = {
    # Names of clouds' regions and of resources, each one label of a host's name.
    "region": "-",
    "location": "-",
    "resource": "-",
    # Snowflake's may say their region, `account.eu-west-1`; some have `_`, which stands in no name of a host but works.
    "account": "-._",
    "deployment": "-_.",
    "gateway": "-_",
    "api_version": "-._",
    # Google's projects may belong to a domain: `example.com:project`.
    "project": "-.:",
}
"""What the value of a placeholder may have besides letters and digits, by what it is."""


def problem_of_part(name: str, text: str) -> str | None:
    """What is wrong with the value of a placeholder, which must not end the host's name or lead to another path."""
    if name == "host":
        ends = text[:1].isalnum() or text[:1] == "["
        wrong = not ends or ".." in text or not _is_made_of(text, "-._:[]") or problem(f"https://{text}")
        return "expected letters, digits and the marks of a host, perhaps with a port" if wrong else None
    marks = _MARKS.get(name, "-._")
    if _is_made_of(text, marks) and text[0].isalnum() and text[-1].isalnum() and ".." not in text:
        return None
    return f"expected letters, digits and `{'`, `'.join(marks)}` only"


def _is_made_of(text: str, marks: str) -> bool:
    return bool(text) and all(char.isascii() and (char.isalnum() or char in marks) for char in text)


def _is_host(host: str) -> bool:
    from ipaddress import ip_address

    last = host.rstrip(".").rpartition(".")[2]
    if ":" in host or last.isdigit() or last.startswith("0x"):
        try:
            ip_address(host)
        except ValueError:
            return False
        return "%" not in host
    return host.isascii() and all(char.isalnum() or char in "-._" for char in host)
