"""Settings of a transport, from httpx's arguments and the environment."""

from __future__ import annotations

import importlib
import importlib.util
import os
import ssl
from pathlib import Path
from typing import Any

CertTypes = str | tuple[str, str] | tuple[str, str, str | None]
"""httpx's `cert`: a file of certificate and key, or the two, or the two and a password."""

_BEGIN = b"-----BEGIN CERTIFICATE-----"


def read(
    *,
    verify: ssl.SSLContext | str | bool,
    cert: CertTypes | None,
    trust_env: bool,
    limits: Any,
    proxy: Any,
    **others: Any,
) -> dict[str, Any]:
    """What `HttpTransport` is made with.

    Args:
        verify: As httpx has it: whether certificates are verified, the path of a file or directory of those to trust,
            or an `ssl.SSLContext`, of which the trusted certificates, `verify_mode` and `check_hostname` count.
        cert: The client's certificate.
        trust_env: Whether the environment counts.
        limits: An object with the attributes of `httpx.Limits`, or `None` for httpx's defaults.
        proxy: A URL, or an object with the attributes of `httpx.Proxy`.
        others: Settings of `HttpTransport` as they are; those that are `None` are left out.

    Raises:
        OSError: A file cannot be read.
        ValueError: A setting cannot be used.
    """
    settings = {name: value for name, value in others.items() if value is not None}
    settings |= _trust(verify, trust_env=trust_env)
    if cert is not None:
        settings |= _identity(cert)
    if limits is not None:
        settings["max_connections"] = limits.max_connections
        settings["max_keepalive_connections"] = limits.max_keepalive_connections
        settings["keepalive_expiry"] = limits.keepalive_expiry
    if proxy is not None:
        settings["proxy"] = _proxy(proxy)
    else:
        settings["proxy_from_environment"] = trust_env
    return settings


def _trust(verify: ssl.SSLContext | str | bool, *, trust_env: bool) -> dict[str, Any]:
    if verify is False:
        return {"verify": False}
    if verify is True:
        return _usual_trust(trust_env=trust_env)
    if isinstance(verify, (str, os.PathLike)):
        return {"ca_certificates": _certificates(Path(verify))}
    return _trust_of(verify)


def _usual_trust(*, trust_env: bool) -> dict[str, Any]:
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    if not named:
        return {}
    if trust_env:
        return {"ca_certificates": _certificates(Path(named))}
    # What the operating system trusts is looked up by these variables, too.
    if importlib.util.find_spec("certifi") is not None:
        return {"ca_certificates": Path(importlib.import_module("certifi").where()).read_bytes()}
    path = ssl.get_default_verify_paths().openssl_cafile
    return {"ca_certificates": _certificates(Path(path))}


def _trust_of(context: ssl.SSLContext) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if context.verify_mode == ssl.CERT_NONE:
        settings["verify"] = False
    elif not type(context).__module__.startswith("truststore"):
        trusted = context.get_ca_certs(binary_form=True)
        if not trusted:
            raise ValueError(
                "verify: no trusted certificates can be read from this ssl.SSLContext; where they are in a directory "
                "(capath), give the directory's path, and True for those of the operating system"
            )
        settings["ca_certificates"] = "".join(map(ssl.DER_cert_to_PEM_cert, trusted)).encode()
    if not context.check_hostname:
        settings["check_hostname"] = False
    return settings


def _certificates(path: Path) -> bytes:
    """The certificates in a file, or in the files of a directory, in PEM."""
    if not path.is_dir():
        return path.read_bytes()
    texts = [file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()]
    return b"\n".join(text for text in texts if _BEGIN in text)


def _identity(cert: CertTypes) -> dict[str, Any]:
    if isinstance(cert, (str, os.PathLike)):
        return {"certificate": Path(cert).read_bytes()}
    certificate, key, *password = cert
    if any(password):
        raise ValueError("cert: a private key with a password is not supported; decrypt it with `openssl pkey` first")
    return {"certificate": Path(certificate).read_bytes(), "private_key": Path(key).read_bytes()}


def _proxy(proxy: Any) -> tuple[str, tuple[str, str] | None, list[tuple[bytes, bytes]]]:
    if isinstance(proxy, str):
        return proxy, None, []
    url = getattr(proxy, "url", None)
    if url is None:  # A URL of httpx's. Its text hides the password.
        return _whole_url(proxy), None, []
    if proxy.ssl_context is not None:
        raise ValueError("proxy: an ssl_context of its own is not supported; verify= holds for the proxy as well")
    return _whole_url(url), proxy.auth, list(proxy.headers.raw)


def _whole_url(url: Any) -> str:
    return f"{url.scheme}://{url.userinfo.decode()}{'@' if url.userinfo else ''}{url.netloc.decode()}"
