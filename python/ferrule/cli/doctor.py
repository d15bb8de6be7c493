"""Doctor command, `ferrule doctor`: checks installation, keys, network and proxy. It never shows keys, and is free."""

import asyncio
import os
import platform
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.table import Table
from rich.text import Text

import ferrule
from ferrule import _native, errors
from ferrule.cli import failures, screen
from ferrule.cli.key_sources import key_source
from ferrule.configuration import Configuration, api_keys, secrets

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_OTHERS_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that other clients read, and Ferrule does not."""
_ALWAYS_CHECKED = ("openai", "anthropic")
"""Providers that are checked even without a key."""
_NO_KEY = "ferrule-doctor-has-no-key"


@dataclass
class KeyDiagnosis:
    """The findings about one of several keys of a provider.

    Attributes:
        place: Which one, from 1.
        source: Where it comes from; `***` where it is written down.
        accepted: Whether the server accepted it; `None` where that is not known.
        problem: What went wrong, in words.
    """

    place: int
    source: str
    accepted: bool | None = None
    problem: str = ""


@dataclass
class Diagnosis:
    """The findings about one provider.

    Attributes:
        provider: Its id.
        url: Its base URL, without credentials; empty where it is not known.
        variable: The environment variable of its key.
        has_key: Whether that is set, or the configuration has a key.
        key_source: Where the key comes from: a variable, a keyring, a place in a file; `None` where there is none.
        missing: What the configuration refers to and does not exist, in words.
        reachable: Whether a server answered.
        key_accepted: Whether it accepted the key; `None` where that is not known.
        models: How many models it offers to the key.
        problem: What went wrong, in words.
        keys: The findings about each of its keys, where it has several.
    """

    provider: str
    url: str
    variable: str
    has_key: bool
    missing: str | None = None
    key_source: str | None = None
    reachable: bool = False
    key_accepted: bool | None = None
    models: int | None = None
    problem: str = ""
    keys: list[KeyDiagnosis] = field(default_factory=list)

    @property
    def is_healthy(self) -> bool:
        """Whether calls may work, as far as can be known without one."""
        refused = self.key_accepted is False or any(key.accepted is False for key in self.keys)
        return not self.has_key or (self.reachable and not refused)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON, for programs.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds to wait for each provider.")] = 5.0,
) -> None:
    """Checks the installation, keys, network and proxy. It lists the providers' models, which is free of charge.

    Exits with 1 if a provider that has a key cannot be reached, or refuses it.
    """
    about = _about()
    found = asyncio.run(_examine(timeout))
    if as_json:
        screen.print_json(about | {"providers": [asdict(one) for one in found]})
    else:
        _show(about, found)
    if not all(one.is_healthy for one in found):
        raise typer.Exit(failures.FAILED)


def _about() -> dict[str, Any]:
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
    """`http://user:password@host:80/` is `http://***@host:80/`; the same without `http://`, and without a query."""
    # A password may have a `?` in it.
    before, mark, after = url.rpartition("@")
    address, query, _ = after.partition("?")
    address += "?***" if query else ""
    if not mark:
        return address
    scheme, slashes, _ = before.partition("//")
    return f"{scheme}{slashes}***@{address}" if slashes else f"***@{address}"


async def _examine(timeout: float) -> list[Diagnosis]:
    configuration = Configuration.read()
    declared = configuration.providers()
    found = [
        Diagnosis(
            fields["id"],
            _address(_native.mask_secrets(fields["base_url"], fields["secrets"])),
            next(iter(fields["key_variables"]), ""),
            fields["configured"] and not fields["missing"],
            fields["missing"],
            key_source(configuration, fields["id"], declared.get(fields["id"]) or {}),
        )
        for fields in configuration.settings()["providers"]
        if fields["configured"] or fields["id"] in _ALWAYS_CHECKED or configuration.is_declared(fields["id"])
    ]
    several = {name: list(api_keys.read(fields)) for name, fields in declared.items()}
    keys: list[tuple[Diagnosis, Any]] = []
    for one in found:
        for place, (key, _) in enumerate(several.get(one.provider, ()), start=1):
            one.keys.append(KeyDiagnosis(place, secrets.shown(key)))
            # A part of a variable is nothing that a client could be given.
            is_part = isinstance(key, dict) and "item" in key
            keys.append((one, configuration.state.vault.value(key, fetch=False) if is_part else key))
    checked = [key for one in found for key in one.keys]
    await asyncio.gather(
        *(_check(one, timeout) for one in found),
        *(_check_key(one, into, key, timeout) for (one, key), into in zip(keys, checked, strict=True)),
    )
    return found


async def _check_key(diagnosis: Diagnosis, found: KeyDiagnosis, reference: Any, timeout: float) -> None:
    """Lists the models with one of several keys."""
    alone = Diagnosis(diagnosis.provider, diagnosis.url, "", has_key=True)
    await _check(alone, timeout, {"api_key": reference})
    found.accepted, found.problem = alone.key_accepted, alone.problem


def _address(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


async def _check(diagnosis: Diagnosis, timeout: float, options: ferrule.ProviderOptions | None = None) -> None:
    """Lists the models: that uses the same proxy and certificates as a call, and is free of charge."""
    # A refusal shows just as well as a list that the server is reachable.
    if options is None:
        options = {} if diagnosis.has_key else {"api_key": _NO_KEY}
    try:
        async with ferrule.AsyncClient(providers={diagnosis.provider: options}, max_retries=0) as client:
            listed = await client.models(diagnosis.provider, timeout=timeout)
        diagnosis.reachable, diagnosis.models = True, len(listed)
        diagnosis.key_accepted = True if diagnosis.has_key else None
    except errors.AuthenticationError as error:
        diagnosis.reachable = True
        if diagnosis.has_key:
            diagnosis.key_accepted, diagnosis.problem = False, _described(diagnosis, error)
    except errors.ProviderError as error:
        # Whatever the server answered, it is reachable.
        diagnosis.reachable, diagnosis.problem = error.status is not None, _described(diagnosis, error)
    except errors.FerruleError as error:
        diagnosis.problem = _described(diagnosis, error)


def _described(diagnosis: Diagnosis, error: Exception) -> str:
    """The error without the provider's name in front, which is shown next to it."""
    return str(error).removeprefix(diagnosis.provider).lstrip("/: ")


def _show(about: dict[str, Any], found: list[Diagnosis]) -> None:
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
    screen.print_table(table)
    sys.stdout.write("\n")

    table = screen.new_table("dim")
    for column in ("provider", "key", "network", "address"):
        table.add_column(column, overflow="fold")
    for one in found:
        network = Text("reachable", "green") if one.reachable else Text("not reachable", "red")
        if one.key_accepted is False:
            network.append(", refuses the key", "red")
        elif one.models is not None:
            network.append(f", {one.models} models")
        table.add_row(Text(screen.printable(one.provider)), _key(one), network, Text(screen.printable(one.url)))
    screen.print_table(table)
    problems = [f"{one.provider}: {screen.printable(one.problem)}" for one in found if one.problem]
    for one in found:
        for key in one.keys:
            if key.problem:
                where = f"key {key.place} of {len(one.keys)} ({key.source})"
                problems.append(f"{one.provider}: {screen.printable(f'{where}: {key.problem}')}")
    if problems:
        console.print(Text("\n" + "\n".join(problems), "dim"))


def _key(diagnosis: Diagnosis) -> Text:
    if diagnosis.missing:
        return Text(screen.printable(diagnosis.missing), "yellow")
    if not diagnosis.has_key:
        return Text(f"set {diagnosis.variable}", "yellow")
    source = diagnosis.key_source
    if source and source == diagnosis.variable:
        source = f"{source} is set"
    return Text(screen.printable(source or "configured"), "green")


def _certificates(found: dict[str, dict[str, Any]]) -> str:
    if not found:
        return "the operating system's"
    return ", ".join(
        f"{name}={entry['path']}" + ("" if entry["exists"] else " (does not exist)") for name, entry in found.items()
    )
