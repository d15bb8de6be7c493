"""The official `together` SDK as a client of the simulator: `python together_client.py http://host:port/together`.

Most cases are in `chat_cases.py`; `../test_chat_sdks.py` says what must come of each.
"""

from __future__ import annotations

import sys

import chat_cases  # noqa: F401 - the cases are what it is for
import together
from cases import case, run
from conformity import Conformity


@case
def rerank(client, conforming):
    documents = ["a cat", "the weather in Paris", "a dog"]
    reply = conforming(client.rerank.create(model="any", query="weather in Paris", documents=documents, top_n=2))
    return {"places": [result.index for result in reply.results], "scores": [r.relevance_score for r in reply.results]}


def models(client, conforming):
    listed = [conforming(model) for model in client.models.list()]
    return {"listed": [model.id for model in listed], "types": sorted({model.type for model in listed})}


# From version 3 on these are models of one's own, which another service lists.
if hasattr(together.types, "ModelListResponse"):
    case(models)


if __name__ == "__main__":
    settings = {"base_url": sys.argv[1], "api_key": "sk-oracle", "timeout": 20}
    run(
        lambda headers: together.Together(**settings, default_headers=headers),
        lambda headers: together.AsyncTogether(**settings, default_headers=headers),
        # Of each piece it demands what the first has; prompts and documents come when they are asked for.
        lambda: Conformity({"role", "id", "name", "type", "index", "prompt", "document"}),
    )
