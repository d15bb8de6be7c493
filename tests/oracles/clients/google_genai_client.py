"""The official `google-genai` SDK as a client of the Gemini API: `python google_genai_client.py http://host:port/gemini`.

All cases are in `google_genai_cases.py`.
"""

from __future__ import annotations

import sys

from google import genai
from google.genai import types
from google_genai_cases import run_with


def make(options):
    options = types.HttpOptions(base_url=sys.argv[1], **options)
    return genai.Client(api_key="sk-oracle", vertexai=False, http_options=options)


if __name__ == "__main__":
    run_with(make, f"{sys.argv[1]}/v1beta", {"x-goog-api-key": "sk-oracle"})
