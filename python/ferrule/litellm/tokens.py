"""Token counts: `token_counter`."""

from __future__ import annotations

from typing import Any

from ferrule._native import count_text_tokens_locally, count_tokens_locally
from ferrule.litellm.exceptions import BadRequestError
from ferrule.litellm.objects import plain
from ferrule.litellm.providers import provider_of


def token_counter(
    model: str = "",
    custom_tokenizer: Any = None,
    text: str | list[str] | None = None,
    messages: Any = None,
    tools: Any = None,
    tool_choice: Any = None,
    **unused: Any,
) -> int:
    """The number of tokens of a prompt, or of a text. Exact for OpenAI's models, an estimate for others.

    Args:
        model: The model as calls name it.
        custom_tokenizer: Not used: Ferrule has the vocabularies.
        text: A text, or several.
        messages: A conversation, in OpenAI's form.
        tools: The tools of the call.
        tool_choice: The choice of a tool.
        **unused: litellm's other arguments, which change nothing.

    Raises:
        ValueError: There is neither `text` nor `messages`.
    """
    del custom_tokenizer, unused
    try:
        name = provider_of(model).model if model else "gpt-4o"
    except BadRequestError:
        name = model  # Nobody is asked: any name will do.
    if text is not None:
        texts = [text] if isinstance(text, str) else text
        return sum(count_text_tokens_locally(name, one)[0] for one in texts)
    if messages is None:
        raise ValueError("token_counter: give `text` or `messages`")
    options: dict[str, Any] = {}
    if tools is not None:
        options["tools"] = plain(tools)
        if tool_choice is not None:
            options["tool_choice"] = plain(tool_choice)
    return count_tokens_locally(name, plain(messages), options)[0]
