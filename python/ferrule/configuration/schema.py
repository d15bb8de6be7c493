"""What a configuration may say, declared once.

Validation, the JSON Schema for editors and the reference in docs/configuration.md are made of it. Data only:
`validation.py` applies it to what files and arguments say, `documents.py` writes it down.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Field(NamedTuple):
    """A key.

    Attributes:
        kind: What its value is: `text`, `secret` (text, or where it comes from), `number`, `count`, `flag`, `words`
            (a list of texts), `texts` and `secrets` (tables of those), `table` (anything), `section` (the keys in
            `fields`), `named` (sections or values of one kind, by names of one's own).
        about: What it is, in words, for the reference.
        example: Its value in TOML, for `config.example.toml` and the reference.
        fields: The keys of a section.
        item: What each of `named` is.
    """

    kind: str
    about: str
    example: str = ""
    fields: Mapping[str, Field] = MappingProxyType({})
    item: Field | None = None


TIMEOUTS = {
    "connect": Field("number", "Seconds to connect, including DNS and TLS. Default 5.", "5"),
    "first_byte": Field("number", "Seconds to the first byte of the response body. Default: same as `total`.", "60"),
    "idle": Field("number", "Seconds between two reads of the response. Default 120.", "120"),
    "total": Field("number", "Seconds for the whole call, retries included. Default 600.", "600"),
}

BOUNDS = {
    "response_bytes": Field("count", "Bytes of a plain response, unpacked. Default 64 MiB.", "67108864"),
    "stream_bytes": Field("count", "Bytes of a whole stream, or of audio, unpacked. Default 512 MiB.", "536870912"),
    "stream_events": Field("count", "Events of a stream. Default 5 million.", "5000000"),
    "list_bytes": Field("count", "Bytes of all pages of a list. Default 256 MiB.", "268435456"),
}

PROVIDER = {
    "base_url": Field(
        "text",
        "The base URL, without the dialect's own path. May contain `{placeholders}`.",
        '"https://models.example.com/v1"',
    ),
    "api_key": Field(
        "secret", "The API key. Default: from the provider's variables, see `ferrule providers`.", '"${EXAMPLE_KEY}"'
    ),
    "dialect": Field(
        "text", "The wire format. Default: that of the built-in provider, otherwise `openai-chat`.", '"openai-chat"'
    ),
    "headers": Field("secrets", "Headers sent with each request.", '{ x-team = "search" }'),
    "query": Field("secrets", "Query parameters sent with each request.", '{ tenant = "${TENANT:-main}" }'),
    "region": Field("text", "The region in the base URL, or the one whose base URL is used.", '"eu"'),
    "account": Field("text", "The account in the base URL.", '"my-account"'),
    "api_version": Field("text", "The API version in the base URL.", '"2024-10-21"'),
    "deployment": Field("text", "The deployment in the base URL.", '"my-deployment"'),
    "gateway": Field("text", "The gateway in the base URL.", '"my-gateway"'),
    "host": Field("text", "The host in the base URL.", '"adb-1.azuredatabricks.net"'),
    "location": Field("text", "The location in the base URL.", '"europe-west4"'),
    "project": Field("text", "The project in the base URL.", '"my-project"'),
    "resource": Field("text", "The resource in the base URL.", '"my-resource"'),
    "fallback": Field(
        "text", "The provider to use, with the same model, if this one cannot be reached.", '"openrouter"'
    ),
    "command": Field(
        "words",
        "The program to run as the provider, or with `spawn` as its proxy, and its arguments.",
        '["cursor-agent"]',
    ),
    "spawn": Field("flag", "Start a LiteLLM proxy for it and stop it with the client (see docs/sidecar.md).", "false"),
    "spawn_config": Field("text", "The configuration file of that proxy.", '"litellm.yaml"'),
    "spawn_environment": Field(
        "words",
        "Further environment variables for that proxy; `*` at the end of a name stands for any text.",
        '["DATABASE_URL"]',
    ),
    "spawn_timeout": Field("number", "Seconds until that proxy must be ready.", "120"),
    "quirks": Field(
        "table",
        "How it deviates from its dialect, in addition to the flags of the built-in provider.",
        '{ max_tokens_parameter = "max_tokens" }',
    ),
}
"""The keys of a provider. `ProviderOptions` has the same."""

SCHEMA = Field(
    "section",
    "A configuration.",
    fields={
        "model": Field("text", "The model to use if a call names none.", '"fast"'),
        "timeout": Field("number", "Seconds for the whole call; short for `timeouts.total`.", "300"),
        "timeouts": Field("section", "Time limits of a call, each with its own error.", fields=TIMEOUTS),
        "bounds": Field(
            "section", "How much is read of responses; what is longer is an error that names the bound.", fields=BOUNDS
        ),
        "max_retries": Field("count", "How many times a failed attempt is retried. Default 2.", "2"),
        "drop_params": Field(
            "flag",
            "Drop options that a dialect does not support, with a warning, instead of raising an error.",
            "false",
        ),
        "ca_file": Field(
            "text", "Certificates (PEM) to trust in addition to the operating system's.", '"/etc/ssl/own.pem"'
        ),
        "client_certificate": Field(
            "text", "Client certificate and key (PEM, one file), for servers that request one.", '"/etc/ssl/client.pem"'
        ),
        "aliases": Field(
            "named",
            "Aliases of models. A `*` matches any text, which replaces a `*` in the target.",
            '{ fast = "groq/llama-3.3-70b-versatile" }',
            item=Field("text", "`provider/model`, another alias, or a bare name."),
        ),
        "providers": Field(
            "named",
            "Providers by id. For a built-in one, set only what differs.",
            item=Field("section", "A provider.", fields=PROVIDER),
        ),
        "models": Field(
            "named",
            "Facts and prices of models by `provider/model`, overriding the catalog.",
            '{ "example/small" = { context_window = 32768 } }',
            item=Field("table", "Facts and prices; docs/configuration.md says which."),
        ),
    },
)
"""The whole configuration."""

REFERENCES = {
    "env": "The environment variable that contains it.",
    "file": "The file that contains it.",
    "keyring": "The name under which `ferrule keys set` keeps it: in the keyring, or in a file of the user's own.",
    "command": "The program that prints it: a list, or a string that is split as by a shell; no shell runs it.",
}
"""Where a secret may come from, in place of its text."""

PLACEHOLDERS = frozenset(
    ("region", "account", "api_version", "deployment", "gateway", "host", "location", "project", "resource")
)
"""The keys of a provider that are put into its address."""

VARIABLES = {
    "FERRULE_MODEL": ("model",),
    "FERRULE_TIMEOUT": ("timeouts", "total"),
    "FERRULE_TIMEOUTS_CONNECT": ("timeouts", "connect"),
    "FERRULE_TIMEOUTS_FIRST_BYTE": ("timeouts", "first_byte"),
    "FERRULE_TIMEOUTS_IDLE": ("timeouts", "idle"),
    "FERRULE_MAX_RETRIES": ("max_retries",),
    "FERRULE_DROP_PARAMS": ("drop_params",),
    "FERRULE_CA_FILE": ("ca_file",),
    "FERRULE_CLIENT_CERTIFICATE": ("client_certificate",),
}
"""The environment variables for keys that are no provider's."""


def at(path: tuple[str, ...]) -> Field:
    """The field at `path`."""
    field = SCHEMA
    for step in path:
        field = field.fields.get(step) or field.item or field
    return field
