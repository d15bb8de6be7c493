"""The official `openai` SDK as a client of Azure: `python azure_openai_client.py http://host:port/azure-deployments`.

Deployments are in the address, and the key is in a header of its own. Most cases are in `chat_cases.py`;
`../test_chat_sdks.py` says what must come of each.
"""

from __future__ import annotations

import sys

import chat_cases
import openai
from cases import case, run
from conformity import Conformity


@case
def token(client, conforming):
    """Microsoft's tokens in place of the key."""
    with make(openai.AzureOpenAI, azure_ad_token_provider=lambda: "sk-token")({"x-case": "token"}) as authorised:
        reply = conforming(authorised.chat.completions.create(**chat_cases.asking("echo", "Hello.")))
    return reply.choices[0].message.content


@case
def pictures(client, conforming):
    (image,) = conforming(client.images.generate(model="pictures", prompt="a ferrule")).data
    return image.url or image.b64_json


@case
def speech(client, conforming):
    with client.audio.speech.with_streaming_response.create(model="voice", input="Hello.", voice="alloy") as sound:
        return sum(map(len, sound.iter_bytes())) > 0


def make(kind, **key):
    settings = {"azure_endpoint": sys.argv[1], "api_version": "2024-10-21", "timeout": 20}
    return lambda headers: kind(**settings, **(key or {"api_key": "sk-oracle"}), default_headers=headers)


if __name__ == "__main__":
    run(make(openai.AzureOpenAI), make(openai.AsyncAzureOpenAI), Conformity)
