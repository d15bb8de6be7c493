"""anthropic: the model calls functions until it can answer, and is told about their errors."""

import json
from datetime import date

from anthropic import Anthropic, beta_tool


@beta_tool
def forecast(city: str, day: str) -> str:
    """The weather in a city on a day."""
    if date.fromisoformat(day).year < 2000:
        raise ValueError("there is no forecast before the year 2000")
    return json.dumps({"degrees": 12.5, "millimetres": 3})


with Anthropic() as client:
    runner = client.beta.messages.tool_runner(
        model="claude-sonnet-4-5",
        max_tokens=1000,
        messages=[{"role": "user", "content": "Do I need an umbrella in Oslo?"}],
        tools=[forecast],
        max_iterations=5,
    )
    tokens = 0
    for message in runner:
        tokens += message.usage.output_tokens
    print("".join(block.text for block in message.content if block.type == "text"), message.stop_reason, tokens)
