"""The weather tool that tests offer to models, in the forms that programs have it in."""

from __future__ import annotations

from typing import Any

NAME = "get_weather"
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
DESCRIPTION = "Looks at the weather."

OPENAI_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": NAME, "description": DESCRIPTION, "parameters": PARAMETERS},
}
ANTHROPIC_TOOL: dict[str, Any] = {"name": NAME, "description": DESCRIPTION, "input_schema": PARAMETERS}
