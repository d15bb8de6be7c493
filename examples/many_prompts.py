"""Many prompts: 500, 32 at once, with a progress bar; failures are results, too."""

import ferrule

prompts = [f"Name a word that rhymes with number {number}." for number in range(500)]
with ferrule.Client() as client:
    replies = list(client.map("openai/gpt-5-mini", prompts, concurrency=32, progress=True))
    print([reply for reply in replies if isinstance(reply, ferrule.FerruleError)])
    print(client.usage().total())
