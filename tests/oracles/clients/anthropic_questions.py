"""Requests to the simulator in Anthropic's form, whatever its address."""

from __future__ import annotations

WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CLOCK = {
    "name": "get_time",
    "input_schema": {"type": "object", "properties": {"zone": {"enum": ["utc", "local"]}}, "required": ["zone"]},
}


def asking(model, text, **options):
    return {"model": model, "max_tokens": 2000, "messages": [{"role": "user", "content": text}], **options}
