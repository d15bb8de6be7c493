"""Cost by team, whatever the provider."""

import ferrule

with ferrule.Client() as client:
    client.complete("openai/gpt-4.1-mini", "Why is the sky blue?", metadata={"team": "search"})
    client.complete("anthropic/claude-sonnet-4-5", "And at sunset?", max_tokens=100, metadata={"team": "search"})
    client.complete("gemini/gemini-2.5-flash", "And on Mars?", metadata={"team": "ads"})
    for team, totals in client.usage().by_metadata("team").items():
        print(team, totals.calls, totals.input_tokens, totals.output_tokens, totals.cost)
