"""What is expected of each provider of the built-in table, told by hand: one row for each id."""

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
    embeds: bool = True
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
    Provider("anthropic", "n", "anthropic", embeds=False),
    Provider("azure-anthropic", "seed", "anthropic", embeds=False),
    Provider("vertex-anthropic", "logprobs", "anthropic-vertex", embeds=False),
    Provider("anthropic-compat", "seed", embeds=False),
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
    Provider("replicate", "logprobs", "replicate", tools=False, embeds=False, streams=False),
    Provider("ruvllm", "seed", "ruvllm", tools=False, counts=False, embeds=False, takes_key=False, streams=False),
    Provider("watsonx", "top_k", "watsonx"),
    Provider("cursor-cli", "seed", "cursor-cli", tools=False, embeds=False, tells_not_found=False),
    # Services in OpenAI's dialect.
    Provider("groq", "logprobs"),
    Provider("deepseek", "tools[0]", embeds=False),
    Provider("mistral", "user"),
    Provider("codestral", "logprobs", embeds=False),
    Provider("openrouter", "messages[0].content[1]"),
    Provider("together", "reasoning.budget_tokens"),
    Provider("fireworks", "tools[0]"),
    Provider("perplexity", "seed", tools=False),
    Provider("xai", "top_k"),
    Provider("cerebras", "frequency_penalty", embeds=False),
    Provider("sambanova", "seed"),
    Provider("deepinfra", "tools[0]"),
    Provider("huggingface", "top_k", embeds=False),
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
    # Servers of one's own.
    Provider("vllm", "tools[0]"),
    Provider("sglang", "tools[0]"),
    Provider("lmstudio", "tools[0]"),
    Provider("llamacpp", "tools[0]"),
    Provider("llamafile", "reasoning.budget_tokens", tools=False),
    Provider("tgi", "n", embeds=False),
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
    # Vectors only.
    Provider("voyage", "top_k", chats=False, tools=False),
]

BESIDE = ("embed", "rerank", "images.generate", "audio.speech", "audio.transcribe")
"""What may be asked for beside chat."""

LACKS: dict[str, set[str]] = {
    "openai": {"rerank"},
    "azure": {"rerank"},
    "azure-deployments": {"rerank"},
    "cohere-compat": {"rerank", "images.generate", "audio.speech", "audio.transcribe"},
    "ollama-compat": {"rerank", "audio.speech", "audio.transcribe"},
    "groq": {"rerank", "images.generate"},
    "voyage": {"images.generate", "audio.speech", "audio.transcribe"},
} | {one: set(BESIDE) for one in ("anthropic-compat", "deepseek", "codestral", "cerebras", "huggingface", "tgi")}
"""What is known to be missing at providers of OpenAI's chat; the others are taken to have everything."""
