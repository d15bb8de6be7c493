"""Refused arguments of calls and deployments: those of litellm that change a call, and that Ferrule does not carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.litellm.credentials import refused

if TYPE_CHECKING:
    from ferrule.litellm.providers import Provider

_TEMPLATE = "prompts are sent as messages: have the server apply the model's template"
_MESSAGES = "change the messages before the call"
_PROMPTS = "prompts are the program's own: put the text into the messages"

REFUSED = {
    "client": "give api_key, api_base and timeout: connections are Ferrule's own",
    "ssl_verify": "certificates are always checked: set FERRULE_CA_FILE to trust others",
    "litellm_credential_name": "put the key into api_key, as os.environ/NAME in a configuration",
    "prompt_id": _PROMPTS,
    "prompt_variables": _PROMPTS,
    **dict.fromkeys(
        ["custom_prompt_dict", "roles", "initial_prompt_value", "final_prompt_value", "bos_token", "eos_token"],
        _TEMPLATE,
    ),
    "user_continue_message": _MESSAGES,
    "ensure_alternating_roles": _MESSAGES,
    "supports_system_message": _MESSAGES,
    "merge_reasoning_content_in_choices": "join reasoning_content and content of the answer",
    "enable_json_schema_validation": "give response_format=a class, and read the answer with it",
    "include_server_side_tool_invocations": "read the answer's tool calls",
    "deployment_id": "write model='azure/<deployment>'",
    "model_list": "make a Router of it",
    "retry_strategy": "retries wait twice as long each time: set num_retries",
}
"""Arguments that would change what is sent or answered, and what to do instead."""

_USUAL: dict[str, Any] = {
    "ssl_verify": True,
    "supports_system_message": True,
    "retry_strategy": "exponential_backoff_retry",
}
"""Values that are how it is anyway, where these are not empty."""


def check(provider: Provider, own: dict[str, Any]) -> None:
    """Refuses what of `own` Ferrule does not carry.

    Raises:
        UnsupportedParamsError: There is such an argument; the message names it and says what to do.
    """
    for name in REFUSED.keys() & own.keys():
        value = own[name]
        if value is None or value == _USUAL.get(name, False) or (name not in _USUAL and not value):
            continue
        raise refused(provider, name, REFUSED[name])
