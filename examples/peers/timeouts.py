"""openai with httpx2: time limits; what came is not lost. The limit of the whole call has to be checked by hand."""

import sys
import time

import httpx2
from openai import APITimeoutError, OpenAI

limits = httpx2.Timeout(60, connect=5, read=5)
with OpenAI(timeout=limits) as client:
    answer = ""
    deadline = time.monotonic() + 60
    try:
        for chunk in client.chat.completions.create(
            model=sys.argv[1], messages=[{"role": "user", "content": "Tell me a long story."}], stream=True
        ):
            if chunk.choices:
                text = chunk.choices[0].delta.content or ""
                answer += text
                print(text, end="", flush=True)
            if time.monotonic() > deadline:
                raise TimeoutError
    except (APITimeoutError, httpx2.TimeoutException, TimeoutError) as error:
        print(f"\n[{type(error).__name__} after: {answer!r}]")
