"""Drop-in clients: what `ferrule.openai`, `ferrule.anthropic` and `ferrule.patch` have in common.

Knows no SDK: what differs between them is in an `Sdk` (`sdk.py`). Nothing here imports an SDK or httpx by itself.
"""
