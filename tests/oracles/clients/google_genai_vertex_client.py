"""The official `google-genai` SDK as a client of Vertex AI: `python google_genai_vertex_client.py http://host:port/vertex`.

It has a token already, so that nobody has to hand one out. Most cases are in `google_genai_cases.py`.
"""

from __future__ import annotations

import sys

from cases import case
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from google_genai_cases import asking, run_with

PLACE = "projects/oracle/locations/global"


@case
def whole_names(client, conforming):
    """Another publisher's model, another project's, and an endpoint."""
    names = ["meta/echo", "projects/other/locations/us/publishers/google/models/echo", f"{PLACE}/endpoints/echo"]
    return [conforming(client.models.generate_content(**asking(name, "Hello."))).text for name in names]


@case
def vectors(client, conforming):
    """Each generation of models is asked by a method of its own."""
    both = ["one", "two"]
    asked = {"text-embedding-005": both, "gemini-embedding-001": both, "gemini-embedding-2": "one"}
    found = {
        model: conforming(client.models.embed_content(model=model, contents=contents)).embeddings
        for model, contents in asked.items()
    }
    counts = [embedding.statistics.token_count for embedding in found["text-embedding-005"]]
    return {"sizes": {model: [len(one.values) for one in some] for model, some in found.items()}, "counts": counts}


def make(options):
    options = types.HttpOptions(base_url=sys.argv[1], **options)
    place = {"project": "oracle", "location": "global"}
    return genai.Client(vertexai=True, credentials=Credentials("sk-oracle"), **place, http_options=options)


if __name__ == "__main__":
    address = f"{sys.argv[1]}/v1beta1/{PLACE}/publishers/google"
    run_with(make, address, {"authorization": "Bearer sk-oracle"})
