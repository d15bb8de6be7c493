"""litellm: cost by team, whatever the provider."""

from collections import defaultdict

import litellm

costs: defaultdict[str, float] = defaultdict(float)
calls: defaultdict[str, int] = defaultdict(int)


def ask(model: str, question: str, team: str) -> str:
    response = litellm.completion(model=model, messages=[{"role": "user", "content": question}], max_tokens=100)
    costs[team] += litellm.completion_cost(response)
    calls[team] += 1
    return response.choices[0].message.content


ask("openai/gpt-4.1-mini", "Why is the sky blue?", team="search")
ask("anthropic/claude-sonnet-4-5", "And at sunset?", team="search")
ask("gemini/gemini-2.5-flash", "And on Mars?", team="ads")
for team, cost in costs.items():
    print(team, calls[team], cost)
