"""`ferrule doctor`: what stands between this machine and the providers. Names keys, never shows them; costs nothing."""

import asyncio
import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.table import Table
from rich.text import Text

from ferrule.cli import failures, screen

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OTHERS_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""What other clients read, and we do not."""
_COMMONEST = ("openai", "anthropic")
"""Providers that are looked for also without a key."""
_NO_KEY = "ferrule-doctor-has-no-key"


@dataclass
class Health:
    """What is known of one provider.

    Attributes:
        provider: Its id.
        url: Its address, without credentials; empty where that is not known.
        variable: The environment variable of its key.
        has_key: Whether that is set, or the key is where the configuration says.
        missing: What the configuration says of the key and is not there, in words.
        reachable: Whether a server answered.
        key_accepted: Whether it took the key; `None` where that is not known.
        models: How many models it offers to the key.
        remark: What went wrong, in words.
    """

    provider: str
    url: str
    variable: str
    has_key: bool
    missing: str | None = None
    reachable: bool = False
    key_accepted: bool | None = None
    models: int | None = None
    remark: str = ""

    @property
    def well(self) -> bool:
        """Whether calls may work, as far as can be known without one."""
        return not self.has_key or (self.reachable and self.key_accepted is not False)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON, for programs.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds to wait for each provider.")] = 5.0,
) -> None:
    """Checks the installation, the keys, the network and the proxy. Asks providers for their models: free of charge.

    Ends with 1 where a provider that has a key cannot be reached, or refuses it.
    """
    about = _about()
    health = asyncio.run(_examine(timeout))
    if as_json:
        screen.print_json(about | {"providers": [asdict(one) for one in health]})
    else:
        _show(about, health)
    if not all(one.well for one in health):
        raise typer.Exit(failures.FAILED)


def _about() -> dict[str, Any]:
    from ferrule import _native

    return {
        "version": _native.__version__,
        "build": _native.build,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "executable": sys.executable,
        "platform": platform.platform(),
        "proxy": {name: _without_credentials(value) for name in _PROXIES if (value := _variable(name))},
        "certificates": {
            name: {"path": value, "exists": Path(value).exists()}
            for name in _CERTIFICATES
            if (value := os.environ.get(name))
        },
        "unused_certificates": [name for name in _OTHERS_CERTIFICATES if os.environ.get(name)],
    }


def _variable(name: str) -> str | None:
    return os.environ.get(name) or os.environ.get(name.lower())


def _without_credentials(url: str) -> str:
    """`http://user:password@host:80/` is `http://***@host:80/`."""
    before, mark, after = url.rpartition("@")
    if not mark:
        return url
    scheme, slashes, _ = before.rpartition("//")
    return f"{scheme}{slashes}***@{after}"


async def _examine(timeout: float) -> list[Health]:
    from ferrule.configuration import Configuration
    from ferrule.configuration.settings import is_declared

    configuration = Configuration()
    merged = configuration.state.merged
    found = [
        Health(
            fields["id"],
            _address(fields["base_url"]),
            next(iter(fields["key_variables"]), ""),
            fields["configured"] and not fields["missing"],
            fields["missing"],
        )
        for fields in configuration.settings()["providers"]
        if fields["configured"] or fields["id"] in _COMMONEST or is_declared(merged, fields["id"])
    ]
    await asyncio.gather(*(_ask(one, timeout) for one in found))
    return found


def _address(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(_without_credentials(url))
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


async def _ask(health: Health, timeout: float) -> None:
    """Lists the models: that takes the same way as a call, through proxy and certificates, and is free."""
    from ferrule import AsyncClient, ProviderOptions, errors

    # A refusal shows as well as a list that the server is there.
    options: ProviderOptions = {} if health.has_key else {"api_key": _NO_KEY}
    try:
        async with AsyncClient(providers={health.provider: options}, max_retries=0) as client:
            listed = await client.models(health.provider, timeout=timeout)
        health.reachable, health.models = True, len(listed)
        health.key_accepted = True if health.has_key else None
    except errors.AuthenticationError as error:
        health.reachable = True
        if health.has_key:
            health.key_accepted, health.remark = False, _remark(health, error)
    except errors.ProviderError as error:
        # Whatever a server answers, one is there.
        health.reachable, health.remark = error.status is not None, _remark(health, error)
    except errors.FerruleError as error:
        health.remark = _remark(health, error)


def _remark(health: Health, error: Exception) -> str:
    """The error without the name it begins with: the provider is named beside it."""
    return str(error).removeprefix(health.provider).lstrip("/: ")


def _show(about: dict[str, Any], health: list[Health]) -> None:
    console = screen.stdout()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("ferrule", Text(f"{about['version']} ({about['build']})"))
    table.add_row("python", Text(f"{about['python']}, {about['executable']}"))
    table.add_row("platform", Text(about["platform"]))
    table.add_row("proxy", Text(", ".join(f"{key}={value}" for key, value in about["proxy"].items()) or "none"))
    table.add_row("certificates", Text(_certificates(about["certificates"])))
    for name in about["unused_certificates"]:
        table.add_row("", Text(f"{name} is not read; SSL_CERT_FILE is", "yellow"))
    console.print(table)
    console.print()

    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("provider", "key", "network", "address"):
        table.add_column(column, overflow="fold")
    for one in health:
        network = Text("reachable", "green") if one.reachable else Text("not reachable", "red")
        if one.key_accepted is False:
            network.append(", refuses the key", "red")
        elif one.models is not None:
            network.append(f", {one.models} models")
        table.add_row(Text(screen.printable(one.provider)), _key(one), network, Text(screen.printable(one.url)))
    console.print(table)
    remarks = [f"{one.provider}: {screen.printable(one.remark)}" for one in health if one.remark]
    if remarks:
        console.print(Text("\n" + "\n".join(remarks), "dim"))


def _key(health: Health) -> Text:
    if health.missing:
        return Text(screen.printable(health.missing), "yellow")
    if not health.has_key:
        return Text(f"set {health.variable}", "yellow")
    return Text(f"{health.variable} is set" if health.variable else "configured", "green")


def _certificates(found: dict[str, dict[str, Any]]) -> str:
    if not found:
        return "the operating system's"
    return ", ".join(
        f"{name}={entry['path']}" + ("" if entry["exists"] else " (does not exist)") for name, entry in found.items()
    )
