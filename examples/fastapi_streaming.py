"""FastAPI streaming: a service that sends an answer to the browser as it is generated."""

from collections.abc import AsyncIterator

import ferrule
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()
client = ferrule.AsyncClient(timeout=60)


@app.get("/chat")
async def chat(question: str) -> StreamingResponse:
    async def answer() -> AsyncIterator[str]:
        async with client.stream("openai/gpt-5-mini", question) as stream:
            async for text in stream.text:
                yield text

    return StreamingResponse(answer(), media_type="text/plain; charset=utf-8")
