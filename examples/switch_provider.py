"""Switching the provider by configuration: the program says `fast`, ferrule.toml says what that is.

default_model = "fast"
[aliases]
fast = "anthropic/claude-haiku-4-5"
"""

import ferrule

with ferrule.Client(config="ferrule.toml") as client:
    reply = client.complete("fast", "Why is the sky blue?", max_tokens=200)
    print(reply.provider, reply.model, reply.text)
