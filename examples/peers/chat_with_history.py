"""openai: a chat in the terminal that remembers what was said."""

from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam

messages: list[ChatCompletionMessageParam] = [{"role": "system", "content": "Be brief."}]
with OpenAI() as client:
    while question := input("> "):
        messages.append({"role": "user", "content": question})
        answer = ""
        for chunk in client.chat.completions.create(model="gpt-5-mini", messages=messages, stream=True):
            if chunk.choices:
                text = chunk.choices[0].delta.content or ""
                answer += text
                print(text, end="", flush=True)
        print()
        messages.append({"role": "assistant", "content": answer})
