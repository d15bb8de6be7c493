"""Names of litellm that `ferrule.litellm` does not have, and what to use instead."""

from __future__ import annotations

_PROXY = "the proxy, its keys and its database are not part of Ferrule: run LiteLLM's as a sidecar (docs/sidecar.md)"
_FILES = "call the provider's own SDK for files, batches, fine-tuning and assistants"
_INSTEAD = {
    "acreate_file": _FILES,
    "create_file": _FILES,
    "create_batch": _FILES,
    "acreate_batch": _FILES,
    "retrieve_batch": _FILES,
    "create_fine_tuning_job": _FILES,
    "create_assistants": _FILES,
    "create_thread": _FILES,
    "moderation": "call OpenAI's own SDK for moderation",
    "amoderation": "call OpenAI's own SDK for moderation",
    "arealtime": "call the provider's own SDK for realtime sessions",
    "anthropic_messages": "call ferrule.anthropic, or completion",
    "image_edit": "call the provider's own SDK to edit images",
    "image_variation": "call the provider's own SDK for variations of images",
    "proxy": _PROXY,
    "encode": "Ferrule counts tokens and does not number them: use token_counter",
    "decode": "Ferrule counts tokens and does not number them: use token_counter",
    "create_tokenizer": "Ferrule counts with the vocabularies that it has: use token_counter",
    "CustomLLM": "register a function: ferrule.Client().provider('name') (docs/providers/functions.md)",
    "custom_provider_map": "register a function: ferrule.Client().provider('name') (docs/providers/functions.md)",
    "budget_manager": "set max_budget, or sum `_hidden_params['response_cost']` by user",
    "BudgetManager": "set max_budget, or sum `_hidden_params['response_cost']` by user",
    "guardrails": "check prompts and answers around the call",
    "prompts": "prompts are the program's own",
}


def missing(name: str) -> AttributeError:
    """The error for a name that the module lacks."""
    instead = _INSTEAD.get(name)
    if instead is None:
        return AttributeError(f"module 'ferrule.litellm' has no attribute {name!r}", name=name)
    return AttributeError(f"ferrule.litellm has no {name!r}: {instead}", name=name)
