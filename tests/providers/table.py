"""Table of what is expected of each built-in provider, written by hand: one row for each id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DOCUMENT = {"type": "document", "source": {"type": "url", "url": "https://documents.test/a.pdf"}}
FREE_TEXT_TOOL = {"type": "custom", "custom": {"name": "write"}}

ASKED_BY: dict[str, dict[str, Any]] = {
    "top_k": {"top_k": 5},
    "logprobs": {"logprobs": True},
    "n": {"n": 2},
    "seed": {"seed": 5},
    "user": {"user": "u-1"},
    "frequency_penalty": {"frequency_penalty": 0.5},
    "reasoning.budget_tokens": {"reasoning": {"budget_tokens": 2000}},
    "tools[0]": {"tools": [FREE_TEXT_TOOL]},
    "messages[0].content[1]": {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello there."}, DOCUMENT]}]
    },
}
"""The options that ask for what a provider cannot carry, by the field that it is refused as."""


@dataclass(frozen=True)
class Provider:
    """What is expected of one."""

    id: str
    refuses: str
    """A field that it cannot carry."""
    dialect: str = "openai-chat"
    chats: bool = True
    tools: bool = True
    counts: bool = True
    """Whether it says how many tokens were used."""
    takes_key: bool = True
    streams: bool = True
    """Whether a stream has an end that can be missing; else the answer comes as one piece."""
    tells_not_found: bool = True
    """Whether its errors tell a model that is not there from a request that is wrong."""


PROVIDERS = [
    # OpenAI's and Microsoft's.
    Provider("openai", "top_k"),
    Provider("openai-responses", "seed", "openai-responses"),
    Provider("azure", "top_k"),
    Provider("azure-deployments", "top_k"),
    Provider("azure-ai", "top_k"),
    # Anthropic's, wherever they are.
    Provider("anthropic", "n", "anthropic"),
    Provider("azure-anthropic", "seed", "anthropic"),
    Provider("vertex-anthropic", "logprobs", "anthropic-vertex"),
    Provider("anthropic-compat", "seed"),
    # Google's.
    Provider("gemini", "user", "gemini"),
    Provider("vertex-express", "tools[0]", "gemini"),
    Provider("vertex", "user", "vertex"),
    Provider("gemini-compat", "top_k"),
    Provider("vertex-openapi", "top_k"),
    # Amazon's.
    Provider("bedrock", "frequency_penalty", "bedrock"),
    Provider("bedrock-compat", "top_k"),
    Provider("bedrock-mantle", "top_k"),
    # Formats of their own.
    Provider("cohere", "n", "cohere"),
    Provider("cohere-compat", "n"),
    Provider("ollama", "n", "ollama"),
    Provider("ollama-cloud", "user", "ollama"),
    Provider("ollama-compat", "n"),
    Provider("replicate", "logprobs", "replicate", tools=False, streams=False),
    Provider("ruvllm", "seed", "ruvllm", tools=False, counts=False, takes_key=False, streams=False),
    Provider("watsonx", "top_k", "watsonx"),
    Provider("cursor-cli", "seed", "cursor-cli", tools=False, tells_not_found=False),
    # Services in OpenAI's dialect.
    Provider("groq", "logprobs"),
    Provider("deepseek", "tools[0]"),
    Provider("mistral", "user"),
    Provider("codestral", "logprobs"),
    Provider("openrouter", "messages[0].content[1]"),
    Provider("together", "reasoning.budget_tokens"),
    Provider("fireworks", "tools[0]"),
    Provider("perplexity", "seed", tools=False),
    Provider("xai", "top_k"),
    Provider("cerebras", "frequency_penalty"),
    Provider("sambanova", "seed"),
    Provider("deepinfra", "tools[0]"),
    Provider("huggingface", "top_k"),
    Provider("nvidia", "top_k"),
    Provider("moonshot", "tools[0]"),
    Provider("zai", "frequency_penalty"),
    Provider("dashscope", "tools[0]"),
    Provider("minimax", "n", tells_not_found=False),
    Provider("baseten", "top_k"),
    Provider("baseten-dedicated", "top_k"),
    Provider("lambda", "top_k"),
    Provider("nebius", "top_k"),
    Provider("novita", "top_k"),
    Provider("hyperbolic", "top_k"),
    Provider("friendli", "top_k"),
    Provider("featherless", "tools[0]"),
    Provider("github", "top_k"),
    Provider("github-copilot", "top_k"),
    Provider("vercel", "top_k"),
    Provider("cloudflare", "top_k"),
    Provider("cloudflare-gateway", "top_k"),
    Provider("databricks", "top_k"),
    Provider("snowflake", "tools[0]"),
    # Self-hosted servers.
    Provider("vllm", "tools[0]"),
    Provider("sglang", "tools[0]"),
    Provider("lmstudio", "tools[0]"),
    Provider("llamacpp", "tools[0]"),
    Provider("llamafile", "reasoning.budget_tokens", tools=False),
    Provider("tgi", "n"),
    Provider("localai", "tools[0]"),
    Provider("litellm", "reasoning.budget_tokens"),
    # More services in OpenAI's dialect.
    Provider("publicai", "top_k"),
    Provider("venice", "top_k"),
    Provider("scaleway", "top_k"),
    Provider("poe", "top_k"),
    Provider("chutes", "top_k"),
    Provider("nano-gpt", "top_k"),
    Provider("xiaomi", "top_k"),
    Provider("gmi", "top_k"),
    Provider("crusoe", "top_k"),
    Provider("sarvam", "top_k"),
    Provider("aihubmix", "top_k"),
    Provider("helicone", "top_k"),
    Provider("volcengine", "top_k"),
    Provider("ai21", "top_k"),
    Provider("llama-api", "top_k"),
    Provider("nscale", "top_k"),
    # Embeddings and reranking only.
    Provider("voyage", "top_k", chats=False, tools=False),
]

OPERATIONS = ("embed", "rerank", "images.generate", "audio.speech", "audio.transcribe")
"""The operations other than chat, token counts and lists of models."""

_ALL = frozenset(OPERATIONS)
_OPENAI = _ALL - {"rerank"}
_EMBED = frozenset({"embed"})
_RETRIEVAL = frozenset({"embed", "rerank"})
HAS: dict[str, frozenset[str]] = {
    "openai": _OPENAI,
    "openai-responses": _OPENAI,
    "azure": _OPENAI,
    "azure-deployments": _OPENAI,
    "azure-ai": _EMBED,
    "gemini": _EMBED,
    "vertex-express": _EMBED,
    "vertex": _EMBED,
    "gemini-compat": _EMBED | {"images.generate"},
    "bedrock": _EMBED,
    "cohere": _RETRIEVAL,
    "cohere-compat": _EMBED,
    "ollama": _EMBED,
    "ollama-cloud": _EMBED,
    "ollama-compat": _EMBED | {"images.generate"},
    "watsonx": _RETRIEVAL,
    "groq": _EMBED | {"audio.speech", "audio.transcribe"},
    "mistral": _EMBED | {"audio.transcribe"},
    "openrouter": _EMBED,
    "together": _ALL,
    "fireworks": _RETRIEVAL,
    "xai": frozenset({"images.generate"}),
    "sambanova": _EMBED,
    "deepinfra": _EMBED,
    "nvidia": _EMBED,
    "dashscope": _EMBED,
    "baseten-dedicated": _ALL,
    "nebius": _EMBED,
    "novita": _EMBED,
    "github": _EMBED,
    "github-copilot": _EMBED,
    "vercel": _EMBED,
    "cloudflare": _EMBED,
    "databricks": _EMBED,
    "vllm": _ALL,
    "sglang": _ALL,
    "lmstudio": _ALL,
    "llamacpp": _ALL,
    "llamafile": _ALL,
    "localai": _ALL,
    "litellm": _ALL,
    "scaleway": _EMBED | {"audio.transcribe"},
    "poe": _EMBED,
    "chutes": _EMBED,
    "nano-gpt": _EMBED,
    "volcengine": _EMBED,
    "nscale": frozenset({"images.generate"}),
    "voyage": _RETRIEVAL,
}
"""Which of them each provider has; those that are not here have none."""
