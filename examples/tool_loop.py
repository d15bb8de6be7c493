"""A tool loop: the model calls functions until it can answer, and is told about their errors."""

from datetime import date

import ferrule


def forecast(city: str, day: date) -> dict[str, float]:
    """The weather in a city on a day."""
    if day.year < 2000:
        raise ValueError("there is no forecast before the year 2000")
    return {"degrees": 12.5, "millimetres": 3}


with ferrule.Client() as client:
    run = client.run("anthropic/claude-sonnet-4-5", "Do I need an umbrella in Oslo?", tools=[forecast], max_steps=5)
    print(run.reply.text, run.stopped, run.usage.output_tokens, run.cost)
