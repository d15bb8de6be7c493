"""respx and vcrpy beside Ferrule's mocks and cassettes: `python http_tools_client.py http://host:port FOLDER`.

Ferrule is found by `PYTHONPATH`. What came of it is printed as JSON; the assertions are in `../test_http_tools.py`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import respx
import vcr

from ferrule.httpx import Client
from ferrule.testing import record

url, folder = sys.argv[1], Path(sys.argv[2])
chat = f"{url}/v1/chat/completions"
body = {"model": "echo", "messages": [{"role": "user", "content": "Hello\nWörld"}]}
headers = {"Authorization": "Bearer sk-oracle-0123456789"}
found = {}


def ask(client, **more):
    response = client.post(chat, json=body | more, headers=headers)
    return [response.status_code, response.json()["choices"][0]["message"]["content"]]


def stream(client):
    with client.stream("POST", chat, json=body | {"stream": True}, headers=headers) as response:
        return [response.headers["content-type"], len([line for line in response.iter_lines() if line])]


with respx.mock(using="httpx") as router, Client() as client:
    route = router.post("http://nowhere.example/x").respond(201, json={"a": 1})
    response = client.post("http://nowhere.example/x", json={"b": 2})
    found["respx"] = [response.status_code, response.json(), json.loads(route.calls.last.request.content)]

# Ours is written, and read by vcrpy.
with record(folder / "ours.yaml"), Client() as client:
    found["ours, recorded"] = [ask(client), stream(client)]
match = ["method", "uri", "body"]
with (
    vcr.use_cassette(str(folder / "ours.yaml"), record_mode="none", match_on=match) as cassette,
    httpx.Client() as client,
):
    found["ours, by vcrpy"] = [ask(client), stream(client)]
    found["ours, all played"] = cassette.all_played

# vcrpy's is written, and read by us.
with vcr.use_cassette(str(folder / "theirs.yaml")), httpx.Client() as client:
    found["theirs, recorded"] = [ask(client), stream(client), ask(client, n=2)]
with record(folder / "theirs.yaml", mode="none") as cassette, Client() as client:
    found["theirs, by ferrule"] = [ask(client), stream(client), ask(client, n=2)]
    found["theirs, all played"] = cassette.all_played

json.dump(found, sys.stdout)
