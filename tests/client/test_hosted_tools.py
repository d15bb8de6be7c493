"""Hosted tools: declared in our words, sent in the provider's, refused by name where it has none."""

from __future__ import annotations

from typing import Any

import pytest

import ferrule
from ferrule import UnsupportedError
from ferrule.testing import Simulator

SEARCH = ferrule.tools.web_search()
FETCH, CODE = ferrule.tools.web_fetch(), ferrule.tools.code_execution()
OSLO = {"city": "Oslo", "country": "NO"}

# The model, our declaration, what is sent of it.
SENT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "anthropic/claude-sonnet-4-5",
        ferrule.tools.web_search(
            max_uses=2, allowed_domains=["a.example"], user_location={"city": "Oslo", "country": "NO"}
        ),
        {
            "tools": [
                {
                    "type": "web_search_20250305",
                    "name": "web_search",
                    "max_uses": 2,
                    "allowed_domains": ["a.example"],
                    "user_location": OSLO | {"type": "approximate"},
                }
            ]
        },
    ),
    (
        "anthropic/claude-sonnet-4-5",
        FETCH,
        {"tools": [{"type": "web_fetch_20250910", "name": "web_fetch", "citations": {"enabled": True}}]},
    ),
    (
        "anthropic/claude-sonnet-4-5",
        CODE,
        {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
    ),
    (
        "openai-responses/gpt-5-mini",
        ferrule.tools.web_search(allowed_domains=["a.example"], context_size="low"),
        {
            "tools": [
                {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}, "search_context_size": "low"}
            ]
        },
    ),
    ("openai-responses/gpt-5-mini", CODE, {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}),
    ("gemini/gemini-3-pro", SEARCH, {"tools": [{"googleSearch": {}}]}),
    ("gemini/gemini-3-pro", FETCH, {"tools": [{"urlContext": {}}]}),
    ("gemini/gemini-3-pro", CODE, {"tools": [{"codeExecution": {}}]}),
    (
        "openai/gpt-5-search-api",
        ferrule.tools.web_search(context_size="high", user_location={"city": "Oslo", "country": "NO"}),
        {
            "web_search_options": {
                "search_context_size": "high",
                "user_location": {"type": "approximate", "approximate": OSLO},
            }
        },
    ),
    (
        "openrouter/x/m",
        ferrule.tools.web_search(blocked_domains=["b.example"]),
        {"tools": [{"type": "openrouter:web_search", "parameters": {"excluded_domains": ["b.example"]}}]},
    ),
    ("openrouter/x/m", FETCH, {"tools": [{"type": "openrouter:web_fetch"}]}),
    ("groq/openai/gpt-oss-120b", SEARCH, {"tools": [{"type": "browser_search"}]}),
    ("groq/openai/gpt-oss-120b", CODE, {"tools": [{"type": "code_interpreter"}]}),
    ("groq/groq/compound", SEARCH, {}),
    (
        "perplexity/sonar",
        ferrule.tools.web_search(allowed_domains=["a.example"], blocked_domains=["b.example"]),
        {"search_domain_filter": ["a.example", "-b.example"]},
    ),
    ("perplexity/sonar", SEARCH, {}),
    (
        "bedrock/us.amazon.nova-2-lite-v1:0",
        SEARCH,
        {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},
    ),
    (
        "bedrock/amazon.nova-premier-v1:0",
        CODE,
        {"toolConfig": {"tools": [{"systemTool": {"name": "nova_code_interpreter"}}]}},
    ),
]
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("openai/gpt-5-mini", SEARCH, r"tools\[0\]"),
    ("openai/gpt-5-mini", CODE, r"tools\[0\]"),
    ("openai-responses/gpt-5-mini", FETCH, r"tools\[0\]"),
    ("openai-responses/gpt-5-mini", ferrule.tools.web_search(max_uses=1), r"tools\[0\]\.max_uses"),
    ("gemini/gemini-3-pro", ferrule.tools.web_search(blocked_domains=["x"]), r"tools\[0\]\.blocked_domains"),
    ("groq/openai/gpt-oss-120b", FETCH, r"tools\[0\]"),
    ("perplexity/sonar", CODE, r"tools\[0\]"),
    ("mistral/mistral-small-latest", SEARCH, "mistral has no web search"),
    ("cohere/command-a", SEARCH, r"tools\[0\]"),
    ("ollama/llama3", CODE, r"tools\[0\]"),
    ("bedrock/anthropic.claude-sonnet-4-5", SEARCH, r"tools\[0\]"),
    ("bedrock/amazon.nova-pro-v1:0", FETCH, r"tools\[0\]"),
    ("bedrock/amazon.nova-pro-v1:0", ferrule.tools.web_search(max_uses=1), r"tools\[0\]\.max_uses"),
]


def _fields(body: Any) -> dict[str, Any]:
    kept = ("tools", "toolConfig", "web_search_options", "search_domain_filter")
    return {name: body[name] for name in kept if name in body}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "tool", "expected"), SENT)
def test_a_declaration_is_sent_in_the_providers_words(
    model: str, tool: dict[str, Any], expected: dict[str, Any], stream: bool, simulator: Simulator
) -> None:
    with simulator.client() as client:
        if stream:
            with client.stream(model, "Hi.", tools=[tool]) as events:
                list(events)
        else:
            client.complete(model, "Hi.", tools=[tool])
    assert _fields(simulator.requests[-1].body) == expected


@pytest.mark.parametrize(("model", "tool", "match"), REFUSED)
def test_a_provider_without_it_refuses_it_by_name(
    model: str, tool: dict[str, Any], match: str, simulator: Simulator
) -> None:
    with simulator.client() as client:
        with pytest.raises(UnsupportedError, match=match):
            client.complete(model, "Hi.", tools=[tool])
        assert simulator.requests == []
        with pytest.warns(match=match):
            client.complete(model, "Hi.", tools=[tool], drop_params=True)


def test_betas_of_tools_go_with_the_callers(simulator: Simulator) -> None:
    headers = {"anthropic-beta": "context-1m-2025-08-07, mine-2026-01-01"}
    with simulator.client() as client:
        client.complete(
            "anthropic/claude-sonnet-4-5", "Hi.", tools=[FETCH, CODE], betas=["mine-2026-01-01"], extra_headers=headers
        )
    assert simulator.requests[-1].headers["anthropic-beta"] == (
        "mine-2026-01-01,web-fetch-2025-09-10,code-execution-2025-08-25,context-1m-2025-08-07"
    )


def test_functions_stand_beside_hosted_tools(simulator: Simulator) -> None:
    def weather(city: str) -> str:
        """The weather."""
        return city

    with simulator.client() as client:
        client.complete("anthropic/claude-sonnet-4-5", "Hi.", tools=[weather, SEARCH])
    assert [tool["name"] for tool in simulator.requests[-1].body["tools"]] == ["weather", "web_search"]


@pytest.mark.parametrize("declare", [ferrule.tools.web_search, ferrule.tools.web_fetch])
@pytest.mark.parametrize("option", ["allowed_domains", "blocked_domains"])
@pytest.mark.parametrize("domains", ["example.com", b"example.com", [7]])
def test_domains_are_a_list(declare: Any, option: str, domains: Any) -> None:
    with pytest.raises(TypeError, match=f"{option}: expected a list of strings, not "):
        declare(**{option: domains})


@pytest.mark.parametrize("name", ["web_search", "web_fetch", "code_execution"])
def test_a_hosted_tool_that_was_not_called_says_so(name: str) -> None:
    with Simulator() as simulator, simulator.client() as client:
        for call in (client.complete, client.run):
            with pytest.raises(TypeError, match=rf"hosted tool: ferrule\.tools\.{name}\(\)"):
                call("anthropic/claude-sonnet-4-5", "Hello!", tools=[getattr(ferrule.tools, name)])
        assert not simulator.requests
