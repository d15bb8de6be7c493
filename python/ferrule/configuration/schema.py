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
    "connect": Field("number", "Seconds to connect, name look-up and TLS included. Default 5.", "5"),
    "first_byte": Field("number", "Seconds to the first byte of the answer's body. Default: as `total`.", "60"),
    "idle": Field("number", "Seconds between two pieces of the answer. Default 120.", "120"),
    "total": Field("number", "Seconds for the whole call, retries included. Default 600.", "600"),
}

PROVIDER = {
    "base_url": Field(
        "text",
        "Its address up to where the dialect's path begins. May have `{placeholders}`.",
        '"https://models.example.com/v1"',
    ),
    "api_key": Field("secret", "Its key. Default: from its variables, see `ferrule providers`.", '"${EXAMPLE_KEY}"'),
    "dialect": Field("text", "Its wire format. Default: the built-in row's, else `openai-chat`.", '"openai-chat"'),
    "headers": Field("secrets", "Headers of each request.", '{ x-team = "search" }'),
    "query": Field("secrets", "Parameters of each request's address.", '{ tenant = "${TENANT:-main}" }'),
    "region": Field("text", "The region in its address, or whose address it is.", '"eu"'),
    "account": Field("text", "The account in its address.", '"my-account"'),
    "api_version": Field("text", "The version in its address.", '"2024-10-21"'),
    "deployment": Field("text", "The deployment in its address.", '"my-deployment"'),
    "gateway": Field("text", "The gateway in its address.", '"my-gateway"'),
    "host": Field("text", "The host in its address.", '"adb-1.azuredatabricks.net"'),
    "location": Field("text", "The location in its address.", '"europe-west4"'),
    "project": Field("text", "The project in its address.", '"my-project"'),
    "resource": Field("text", "The resource in its address.", '"my-resource"'),
    "fallback": Field(
        "text", "The provider that is asked, with the same model, when this one cannot be reached.", '"openrouter"'
    ),
    "command": Field(
        "words",
        "The program it is, or with `spawn` the one that is started for it, and its arguments.",
        '["cursor-agent"]',
    ),
    "spawn": Field("flag", "Start a LiteLLM proxy for it, and stop it with the client (see docs/sidecar.md).", "false"),
    "spawn_config": Field("text", "The configuration file of the proxy that is started.", '"litellm.yaml"'),
    "spawn_timeout": Field("number", "Seconds until the proxy that is started has to be ready.", "120"),
    "quirks": Field(
        "table",
        "How it differs from its dialect, beside what its built-in row says.",
        '{ max_tokens_parameter = "max_tokens" }',
    ),
}
"""The keys of a provider. `ProviderOptions` has the same."""

SCHEMA = Field(
    "section",
    "A configuration.",
    fields={
        "model": Field("text", "The model where a call names none.", '"fast"'),
        "timeout": Field("number", "Seconds for the whole call: short for `timeouts.total`.", "300"),
        "timeouts": Field("section", "Time limits of a call, each with its own error.", fields=TIMEOUTS),
        "max_retries": Field("count", "How many times a failed attempt is repeated. Default 2.", "2"),
        "drop_params": Field(
            "flag", "Leave out what a dialect cannot carry, with a warning, instead of an error.", "false"
        ),
        "ca_file": Field("text", "Certificates (PEM) to trust beside the operating system's.", '"/etc/ssl/own.pem"'),
        "client_certificate": Field(
            "text", "Our own certificate and key (PEM, one file), for servers that ask.", '"/etc/ssl/client.pem"'
        ),
        "aliases": Field(
            "named",
            "Names for models. A `*` stands for any text, and is put in place of one in what the name stands for.",
            '{ fast = "groq/llama-3.3-70b-versatile" }',
            item=Field("text", "`provider/model`, another alias, or a bare name."),
        ),
        "providers": Field(
            "named",
            "Providers by id. A built-in one needs only what differs.",
            item=Field("section", "A provider.", fields=PROVIDER),
        ),
        "models": Field(
            "named",
            "Facts and prices of models by `provider/model`, over those of the catalog.",
            '{ "example/small" = { context_window = 32768 } }',
            item=Field("table", "Facts and prices; docs/configuration.md says which."),
        ),
    },
)
"""The whole configuration."""

REFERENCES = {
    "env": "The environment variable it is in.",
    "file": "The file it is in.",
    "command": "The program that prints it: a list, or text that is split as a shell would, without one.",
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
