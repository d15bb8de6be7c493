"""Token counts without a request."""

from __future__ import annotations

import pytest

from ferrule._native import Message, count_text_tokens_locally, count_tokens_locally

TOOL = {
    "name": "get_weather",
    "description": "Get the weather.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "The city"}},
    },
}


def test_texts() -> None:
    assert count_text_tokens_locally("gpt-4o", "Hello, world!") == (4, True)
    assert count_text_tokens_locally("gpt-4", "Hello, world!") == (4, True)
    assert count_text_tokens_locally("gpt-4o", "") == (0, True)
    assert count_text_tokens_locally("llama3.2", "Hello, world!") == (4, False)


def test_prompts_in_all_forms_count_alike() -> None:
    # 3 for the message, 1 for its role, 3 for the answer, and the text.
    expected = (3 + 1 + 4 + 3, True)
    assert count_tokens_locally("gpt-4o", "Hello, world!") == expected
    assert count_tokens_locally("gpt-4o", [{"role": "user", "content": "Hello, world!"}]) == expected
    assert count_tokens_locally("gpt-4o", [Message("user", "Hello, world!")]) == expected


def test_instructions_and_tools_count() -> None:
    plain, _ = count_tokens_locally("gpt-4o", "Hi.")
    told, exact = count_tokens_locally("gpt-4o", "Hi.", {"system": "Be brief."})
    assert told > plain
    assert exact
    with_tool, exact = count_tokens_locally("gpt-4o", "Hi.", {"tools": [TOOL]})
    assert with_tool > plain + 20
    assert exact


def test_what_cannot_be_counted_is_an_estimate() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/x.png"}}
    tokens, exact = count_tokens_locally("gpt-4o", [{"role": "user", "content": [image]}])
    assert tokens > 100
    assert not exact
    assert not count_tokens_locally("claude-sonnet-4-5", "Hi.")[1]


def test_wrong_messages_are_refused() -> None:
    with pytest.raises((TypeError, ValueError), match="messages"):
        count_tokens_locally("gpt-4o", [{"role": "user", "content": 5}])
