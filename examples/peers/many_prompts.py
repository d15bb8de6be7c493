"""openai with tqdm: 500 prompts, 32 at once, with a progress bar; failures are results, too."""

import asyncio

from openai import AsyncOpenAI, OpenAIError
from openai.types.chat import ChatCompletion
from tqdm.asyncio import tqdm

prompts = [f"Name a word that rhymes with number {number}." for number in range(500)]


async def main() -> None:
    limit = asyncio.Semaphore(32)
    async with AsyncOpenAI() as client:

        async def ask(prompt: str) -> ChatCompletion | OpenAIError:
            async with limit:
                try:
                    return await client.chat.completions.create(
                        model="gpt-5-mini", messages=[{"role": "user", "content": prompt}]
                    )
                except OpenAIError as error:
                    return error

        replies = await tqdm.gather(*[ask(prompt) for prompt in prompts])
    print([reply for reply in replies if isinstance(reply, OpenAIError)])
    print(sum(reply.usage.total_tokens for reply in replies if isinstance(reply, ChatCompletion) and reply.usage))


asyncio.run(main())
