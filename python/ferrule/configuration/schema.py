"""Configuration schema: every key that a configuration may have, declared once.

Validation, the JSON Schema for editors and the reference in docs/configuration.md are made of it. Data only:
`validation.py` applies it to what files and arguments say, `documents.py` writes it down.
"""

from __future__ import annotations

from ferrule.configuration.field import Field as Field
from ferrule.configuration.limit_schema import BUDGET, LIMIT

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

RETRY = {
    "preset": Field(
        "text",
        "The values of the keys that are not set: `default`, `aggressive`, `conservative` or `none`.",
        '"default"',
        choices=("default", "aggressive", "conservative", "none"),
    ),
    "max_retries": Field(
        "count", "Further attempts after each target was tried once. Default 2; overrides `max_retries`.", "2"
    ),
    "backoff": Field("number", "Seconds before the first retry; doubled for each further one. Default 0.5.", "0.5"),
    "backoff_max": Field(
        "number", "The longest wait before a retry, in seconds. Default 8, 30 for an overloaded provider.", "8"
    ),
    "budget": Field("share", "Retries as a share of calls, 0 to 1. Default 0.5.", "0.5"),
}

BREAKER = {
    "failures": Field("count", "Failures in a row that open a circuit breaker; 0 for never. Default 5.", "5"),
    "failure_rate": Field("share", "The failure rate that opens it, 0 to 1; 0 for never. Default 0.5.", "0.5"),
    "minimum": Field("count", "The number of calls in the window from which the rate applies. Default 20.", "20"),
    "window": Field("number", "Seconds over which the rate is measured. Default 60.", "60"),
    "open": Field("number", "Seconds that it stays open before a call may probe the target. Default 10.", "10"),
    "open_max": Field("number", "The longest time it stays open, as the time doubles. Default 25.", "25"),
    "check": Field(
        "number",
        "Seconds between health checks of an open target's provider. Default: never.",
        "5",
    ),
    "slow": Field("number", "Seconds after which an answer counts as a failure. Default: never.", "60"),
    "all_open": Field(
        "text",
        "If all are open: `fail` at once, or `ask` the next target. Default: `ask` for a single target, else `fail`.",
        '"fail"',
        choices=("fail", "ask"),
    ),
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
    "api_keys": Field(
        "keys",
        "Several API keys instead of `api_key`. Calls use them by weight, and another if one is limited or refused.",
        '["${EXAMPLE_KEY}", { key = { file = "/run/secrets/second" }, weight = 2 }]',
    ),
    "dialect": Field(
        "text", "The wire format. Default: that of the built-in provider, otherwise `openai-chat`.", '"openai-chat"'
    ),
    "headers": Field("secrets", "Headers sent with each request.", '{ x-team = "search" }'),
    "query": Field("secrets", "Query parameters sent with each request.", '{ tenant = "${TENANT:-main}" }'),
    "region": Field("text", "The region in the base URL, or the one whose base URL is used.", '"eu"'),
    "account": Field("text", "The account in the base URL.", '"my-account"'),
    "api_version": Field("text", "The API version, in the base URL, a header or the body.", '"2024-10-21"'),
    "deployment": Field("text", "The deployment in the base URL.", '"my-deployment"'),
    "gateway": Field("text", "The gateway in the base URL.", '"my-gateway"'),
    "host": Field("text", "The host in the base URL.", '"adb-1.azuredatabricks.net"'),
    "location": Field("text", "The location in the base URL.", '"europe-west4"'),
    "project": Field("text", "The project in the base URL.", '"my-project"'),
    "resource": Field("text", "The resource in the base URL.", '"my-resource"'),
    "fallback": Field(
        "text",
        "The provider to call with the same model if this one fails: short for a group of both. `none` turns off a "
        "built-in one.",
        '"openrouter"',
    ),
    "retry": Field("section", "Retries of its calls.", fields=RETRY),
    "breaker": Field("section", "The circuit breakers of its models.", fields=BREAKER),
    "command": Field(
        "words",
        "The program to run as the provider, or with `spawn` as its proxy, and its arguments.",
        '["cursor-agent"]',
    ),
    "spawn": Field("flag", "Start a LiteLLM proxy for it and stop it with the client (see docs/sidecar.md).", "false"),
    "spawn_config": Field("text", "The configuration file of that proxy.", '"litellm.yaml"'),
    "spawn_environment": Field(
        "words",
        "Further environment variables for that proxy; `*` at the end of a name matches any text.",
        '["DATABASE_URL"]',
    ),
    "spawn_timeout": Field("number", "Seconds within which that proxy must be ready.", "120"),
    "quirks": Field(
        "table",
        "How it deviates from its dialect, in addition to the flags of the built-in provider.",
        '{ max_tokens_parameter = "max_tokens" }',
    ),
}
"""The keys of a provider. `ProviderOptions` has the same."""

_NOT_OF_TARGETS = ("fallback", "command", "spawn", "spawn_config", "spawn_environment", "spawn_timeout")

TARGET = {
    "model": Field("text", "`provider/model`, an alias, a bare name, or another group.", '"azure/gpt-5-mini"'),
    "weight": Field(
        "weight",
        "Its weight relative to the others, for strategies that use weights; 0: a last resort. Default 1.",
        "2",
    ),
    "tags": Field("models", "Tags by which calls select it in `Routing(tags=...)`.", '["batch"]'),
    "concurrency": Field("count", "The maximum number of calls in progress there.", "50"),
    "options": Field("table", "Default options of calls to this target.", "{ max_tokens = 2000 }"),
    "provider": Field(
        "section",
        "Provider settings that differ for this target: key, region or address.",
        '{ region = "eu" }',
        fields={name: field for name, field in PROVIDER.items() if name not in _NOT_OF_TARGETS},
    ),
    "prices": Field("table", "Its prices, as in `models`.", "{ input_mtok = 0.5, output_mtok = 2 }"),
    "same_as": Field(
        "text",
        "The model whose embeddings are identical, if the catalog does not know it.",
        '"openai/text-embedding-3-small"',
    ),
}
"""The keys of a target of a group."""

GROUP = {
    "targets": Field(
        "targets",
        "The targets: model names, or tables with options.",
        '["groq/llama-3.3-70b-versatile", { model = "azure/gpt-5-mini", weight = 2 }]',
        fields=TARGET,
    ),
    "strategy": Field("strategy", "How targets are ordered. Default `sequential`.", '"lowest_latency"'),
    "sticky": Field(
        "flag",
        "Whether a conversation stays with one target while it is available. It is identified by its system prompt "
        "and first message. Default false.",
        "true",
    ),
    "hedge": Field(
        "hedge",
        "Whether to try a second target while the first is silent: `true` waits for the 95th percentile of the fastest "
        "target's times, a number is in seconds. Default false.",
        "true",
    ),
    "hedge_share": Field("share", "The share of calls that may be hedged. Default 0.1.", "0.1"),
    "continue_streams": Field("flag", "Whether another target continues a broken stream. Default false.", "true"),
    "first_token": Field(
        "number",
        "Seconds a target may be silent while others are left. Default: from its measured times, see docs/failover.md.",
        "15",
    ),
    "context_fallback": Field(
        "models", "Models to try if the prompt is too long for all targets.", '["gemini/gemini-2.5-pro"]'
    ),
    "content_filter_fallback": Field("models", "Models to try if a content filter refuses. Default: none.", "[]"),
    "failover_on": Field(
        "models", "The failures after which another target is tried.", '["timeout", "rate_limited", "server_error"]'
    ),
    "retry": Field("section", "Retries of its calls.", fields=RETRY),
    "breaker": Field("section", "The circuit breakers of its targets.", fields=BREAKER),
}
"""The keys of a group. `GroupOptions` has the same."""

SCHEMA = Field(
    "section",
    "A configuration.",
    fields={
        "model": Field("text", "The model to use if a call names none.", '"fast"'),
        "timeout": Field("number", "Seconds for the whole call; short for `timeouts.total`.", "300"),
        "timeouts": Field("section", "Time limits of a call, each with its own error.", fields=TIMEOUTS),
        "bounds": Field(
            "section", "Size limits of responses. A longer response is an error that names the limit.", fields=BOUNDS
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
        "retry": Field("section", "Retries, unless a provider, a group or a call sets its own.", fields=RETRY),
        "breaker": Field("section", "Circuit breakers, unless a provider or a group sets its own.", fields=BREAKER),
        "groups": Field(
            "named",
            "Groups of models that stand in for each other. What `*` in the name matches replaces `*` in targets.",
            item=Field("section", "A group.", fields=GROUP),
        ),
        "state": Field(
            "text",
            "Where limits, budgets and calls are recorded: in `memory`, for each client, or in `sqlite:///path`, for "
            "all processes of a machine. Default `memory`.",
            '"sqlite:///var/lib/app/ferrule.db"',
        ),
        "on_state_loss": Field(
            "text",
            "While a shared state is unavailable: use what the process holds, then refuse hard budgets and divide "
            "limits by the processes (`local`), send all calls (`open`), or refuse those with limits or hard budgets "
            "(`closed`). Default `local`.",
            '"local"',
            choices=("local", "open", "closed"),
        ),
        "usage_days": Field("number", "Days for which a shared state keeps calls. Default: forever.", "400"),
        "limits": Field(
            "named",
            "Rate limits by name: see docs/limits.md.",
            item=Field("section", "A rate limit.", fields=LIMIT),
        ),
        "budgets": Field(
            "named",
            "Budgets by name: see docs/budgets.md.",
            item=Field("section", "A budget.", fields=BUDGET),
        ),
        "aliases": Field(
            "named",
            "Aliases of models. A `*` matches any text, which replaces a `*` in the target.",
            '{ fast = "groq/llama-3.3-70b-versatile" }',
            item=Field("text", "`provider/model`, another alias, a group, or a bare name."),
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
    "FERRULE_RETRY": ("retry", "preset"),
    "FERRULE_STATE": ("state",),
    "FERRULE_ON_STATE_LOSS": ("on_state_loss",),
    "FERRULE_DROP_PARAMS": ("drop_params",),
    "FERRULE_CA_FILE": ("ca_file",),
    "FERRULE_CLIENT_CERTIFICATE": ("client_certificate",),
}
"""The environment variables for keys that are not of one provider."""


GROUP_VARIABLE = "FERRULE_GROUP_"
"""What the variable of a group begins with: `FERRULE_GROUP_FAST` has the targets of the group `fast`, with commas."""


def at(path: tuple[str, ...]) -> Field:
    """The field at `path`."""
    field = SCHEMA
    for step in path:
        field = field.fields.get(step) or field.item or field
    return field
