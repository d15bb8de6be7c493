"""openai: a service that sends an answer to the browser as it is generated."""

from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI

app = FastAPI()
client = AsyncOpenAI(timeout=60)


@app.get("/chat")
async def chat(question: str) -> StreamingResponse:
    async def answer() -> AsyncIterator[str]:
        stream = await client.chat.completions.create(
            model="gpt-5-mini", messages=[{"role": "user", "content": question}], stream=True
        )
        async with stream:
            async for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    yield chunk.choices[0].delta.content

    return StreamingResponse(answer(), media_type="text/plain; charset=utf-8")
