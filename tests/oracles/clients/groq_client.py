"""The official `groq` SDK as a client of the simulator: `python groq_client.py http://host:port/groq`.

Most cases are in `chat_cases.py`; `../test_chat_sdks.py` says what must come of each.
"""

from __future__ import annotations

import sys

import chat_cases
import groq
from cases import case, error_of, run
from conformity import Conformity


@case
def models(client, conforming):
    listed = conforming(client.models.list())
    return {"listed": [model.id for model in listed.data], "one": conforming(client.models.retrieve("echo")).id}


@case
def refused(client, conforming):
    """Groq takes no second answer."""
    asked = chat_cases.asking("echo", "Hello.", n=2)
    return error_of(lambda: client.chat.completions.create(**asked), groq.APIStatusError)


if __name__ == "__main__":
    settings = {"base_url": sys.argv[1], "api_key": "sk-oracle", "timeout": 20}
    run(
        lambda headers: groq.Groq(**settings, default_headers=headers),
        lambda headers: groq.AsyncGroq(**settings, default_headers=headers),
        Conformity,
    )
