"""Cloud credentials and settings of calls and deployments: `aws_...`, `vertex_...`, `azure_...`, `watsonx_...`.

Each is carried as a setting of the provider, accepted because it equals what the environment has, or refused by name: a
call never uses other credentials than those it names. Arguments for another provider than the one called are left out,
as litellm does, because calls with fallbacks have the arguments of several providers.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrule.litellm.exceptions import UnsupportedParamsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrule.litellm.providers import Provider

_AWS = ("bedrock", "bedrock-compat", "bedrock-mantle")
_GOOGLE = ("vertex", "vertex-anthropic", "vertex-openapi", "vertex-express")
_AZURE = ("azure", "azure-deployments", "azure-ai", "azure-anthropic")
_WATSONX = ("watsonx",)
_DATABRICKS = ("databricks",)
_SNOWFLAKE = ("snowflake",)


class Setting(NamedTuple):
    """What becomes of one argument.

    Attributes:
        families: The ids of the providers that it is for.
        setting: The setting of the provider that carries it; `tokens` for a source of tokens.
        variable: The variable of the environment that the provider's credentials are read from. The argument is
            carried where it is what the variable has, and refused otherwise.
        instead: What to do where it is refused.
    """

    families: tuple[str, ...]
    setting: str | None = None
    variable: str | None = None
    instead: str = ""


_AWS_INSTEAD = (
    "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or AWS_PROFILE, in the environment before the "
    "call, or give an API key of Bedrock as api_key"
)
_ROLE = (
    "write role_arn (with source_profile, external_id, web_identity_token_file, ...) into a profile of ~/.aws/config, "
    "and set AWS_PROFILE"
)
_ENTRA = (
    "give azure_ad_token_provider=azure.identity.get_bearer_token_provider(credential, scope), or set AZURE_TENANT_ID, "
    "AZURE_CLIENT_ID and AZURE_CLIENT_SECRET in the environment"
)
_PRINCIPAL = "set DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET in the environment, or give api_key"

SETTINGS: dict[str, Setting] = {
    "aws_region_name": Setting(_AWS, "region"),
    "aws_bedrock_runtime_endpoint": Setting(_AWS, "base_url"),
    "aws_access_key_id": Setting(_AWS, variable="AWS_ACCESS_KEY_ID", instead=_AWS_INSTEAD),
    "aws_secret_access_key": Setting(_AWS, variable="AWS_SECRET_ACCESS_KEY", instead=_AWS_INSTEAD),
    "aws_session_token": Setting(_AWS, variable="AWS_SESSION_TOKEN", instead=_AWS_INSTEAD),
    "aws_profile_name": Setting(_AWS, variable="AWS_PROFILE", instead="set AWS_PROFILE, and unset AWS_ACCESS_KEY_ID"),
    "aws_role_name": Setting(_AWS, variable="AWS_ROLE_ARN", instead=_ROLE),
    "aws_session_name": Setting(_AWS, variable="AWS_ROLE_SESSION_NAME", instead=_ROLE),
    "aws_web_identity_token": Setting(_AWS, variable="AWS_WEB_IDENTITY_TOKEN_FILE", instead=_ROLE),
    "aws_external_id": Setting(_AWS, instead=_ROLE),
    "aws_session_tags": Setting(_AWS, instead=_ROLE),
    "aws_sts_endpoint": Setting(_AWS, instead=_ROLE),
    "aws_bedrock_client": Setting(_AWS, instead=_AWS_INSTEAD),
    "vertex_project": Setting(_GOOGLE, "project"),
    "vertex_ai_project": Setting(_GOOGLE, "project"),
    "vertex_location": Setting(_GOOGLE, "location"),
    "vertex_ai_location": Setting(_GOOGLE, "location"),
    "vertex_credentials": Setting(_GOOGLE, "tokens"),
    "vertex_ai_credentials": Setting(_GOOGLE, "tokens"),
    "azure_ad_token": Setting(_AZURE, "tokens"),
    "azure_ad_token_provider": Setting(_AZURE, "tokens"),
    "tenant_id": Setting(_AZURE, variable="AZURE_TENANT_ID", instead=_ENTRA),
    "client_id": Setting(_AZURE, variable="AZURE_CLIENT_ID", instead=_ENTRA),
    "client_secret": Setting(_AZURE, variable="AZURE_CLIENT_SECRET", instead=_ENTRA),
    "azure_username": Setting(_AZURE, instead=_ENTRA),
    "azure_password": Setting(_AZURE, instead=_ENTRA),
    "azure_scope": Setting(_AZURE, instead=_ENTRA),
    "resource": Setting(_AZURE, "resource"),
    "watsonx_region": Setting(_WATSONX, "region"),
    "watsonx_region_name": Setting(_WATSONX, "region"),
    "watsonx_token": Setting(_WATSONX, "tokens"),
    "watsonx_credentials": Setting(_WATSONX, instead="give api_key, api_base, and project_id of the call"),
    "zen_api_key": Setting(_WATSONX, instead="give an API key of IBM Cloud as api_key"),
    "databricks_client_id": Setting(_DATABRICKS, variable="DATABRICKS_CLIENT_ID", instead=_PRINCIPAL),
    "databricks_client_secret": Setting(_DATABRICKS, variable="DATABRICKS_CLIENT_SECRET", instead=_PRINCIPAL),
    "databricks_host": Setting(_DATABRICKS, "host"),
    "databricks_user_agent": Setting(_DATABRICKS, instead='write extra_headers={"User-Agent": ...}'),
    "account_id": Setting(_SNOWFLAKE, "account"),
}
"""What becomes of each argument that says who calls, and where."""

REGION = {**dict.fromkeys(_AWS, "region"), **dict.fromkeys(_GOOGLE, "location"), **dict.fromkeys(_WATSONX, "region")}
"""The setting that `region_name` is of a provider's."""

_PREFIXES = {
    "aws_": _AWS,
    "bedrock_": _AWS,
    "vertex_": _GOOGLE,
    "azure_": _AZURE,
    "watsonx_": _WATSONX,
    "databricks_": _DATABRICKS,
    "anthropic_": ("anthropic",),
    "openai_": ("openai", "openai-responses"),
}
"""How names begin that say who calls a provider, whichever they are: what is not in the table is refused there."""
_BODY = frozenset(["anthropic_version", "anthropic_beta"])
"""Fields of a body that begin so as well."""
_UNKNOWN = "ferrule.litellm has no such setting: put it into extra_body if the provider is to get it"

CONNECTION = frozenset(["api_key", "api_base", "base_url", "api_version", "organization", "region_name", *SETTINGS])
"""The arguments that say where a call goes, and as whom."""

SECRET = frozenset(
    name
    for name in ["api_key", *SETTINGS]
    if name.endswith(("key", "token", "secret", "password", "credentials", "provider", "access_key_id"))
)
"""Those that are not shown."""


class Token:
    """A source of one and the same token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self) -> str:
        """The token."""
        return self._token

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and other._token == self._token

    def __hash__(self) -> int:
        return hash((Token, self._token))

    def __repr__(self) -> str:
        return "Token(***)"


def is_ours(name: str) -> bool:
    """Whether `name` is an argument of this kind: it is never sent in the body."""
    return name in SETTINGS or (name.startswith(tuple(_PREFIXES)) and name not in _BODY)


def settings_of(provider: Provider, own: dict[str, Any]) -> list[tuple[str, Any]]:
    """The settings of a provider that the arguments `own` become.

    Raises:
        UnsupportedParamsError: One cannot be carried; the message names it and says what to do.
    """
    found: dict[str, Any] = {}
    for name, value in own.items():
        if value is None or value == "":
            continue
        if name == "region_name":
            if (setting := REGION.get(provider.id)) is not None:
                found.setdefault(setting, value)
            continue
        entry = SETTINGS.get(name)
        if entry is None:
            _check_unknown(provider, name)
        elif provider.id not in entry.families:
            continue
        elif entry.setting == "tokens":
            source = _source(provider, name, value)
            if source is not None:
                found["tokens"] = source
        elif entry.setting is not None:
            found[entry.setting] = value
        elif not _is_environments(name, entry.variable, value):
            raise refused(provider, name, entry.instead)
    if provider.id in _AWS:
        found["environment"] = _environment("AWS_")
    elif provider.id in _AZURE:
        found["environment"] = _environment("AZURE_")
    elif provider.id in _GOOGLE:
        found["environment"] = _environment("GOOGLE_")
    return list(found.items())


def _check_unknown(provider: Provider, name: str) -> None:
    if name in _BODY:
        return
    for prefix, families in _PREFIXES.items():
        if name.startswith(prefix) and provider.id in families:
            raise refused(provider, name, _UNKNOWN)


def refused(provider: Provider, name: str, instead: str) -> UnsupportedParamsError:
    """The error for an argument that cannot be carried."""
    message = f"{name} is not supported in calls to {provider.name}: {instead}"
    return UnsupportedParamsError(message, provider.name, provider.model)


def _is_environments(name: str, variable: str | None, value: Any) -> bool:
    """Whether an argument is what the provider's credentials are anyway."""
    if variable is None or os.environ.get(variable) != value:
        return False
    # Keys in the environment come before its profile.
    return name != "aws_profile_name" or not os.environ.get("AWS_ACCESS_KEY_ID")


def _environment(prefix: str) -> str | None:
    """A digest of the variables that credentials are read from: clients keep what they began with."""
    text = repr(sorted((name, value) for name, value in os.environ.items() if name.startswith(prefix)))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _source(provider: Provider, name: str, value: Any) -> Callable[[], Any] | None:
    """The source of tokens that an argument is; `None` where the environment's are the ones."""
    if name in ("vertex_credentials", "vertex_ai_credentials"):
        from ferrule.litellm import google_credentials

        try:
            return google_credentials.source(value)
        except ImportError:
            instead = "install google-auth and requests, or set GOOGLE_APPLICATION_CREDENTIALS in the environment"
            raise refused(provider, name, instead) from None
        except ValueError as error:
            raise refused(provider, name, str(error)) from None
    if isinstance(value, str):
        if value.startswith("oidc/"):
            raise refused(provider, name, "exchange the token in a function, and give it as azure_ad_token_provider")
        return Token(value)
    if not callable(value):
        raise refused(provider, name, "expected a token as text, or a function that returns one")
    source: Callable[[], Any] = value
    return source
