"""openai: nested types, as a whole and as they grow."""

from openai import OpenAI
from pydantic import BaseModel


class Step(BaseModel):
    title: str
    minutes: int


class Recipe(BaseModel):
    name: str
    steps: list[Step]


with OpenAI() as client:
    completion = client.chat.completions.parse(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": "A recipe for pancakes."}],
        response_format=Recipe,
    )
    parsed = completion.choices[0].message.parsed
    if parsed is not None:
        print(parsed.name, sum(step.minutes for step in parsed.steps))

    with client.chat.completions.stream(
        model="gpt-5-mini",
        messages=[{"role": "user", "content": "A recipe for waffles."}],
        response_format=Recipe,
    ) as stream:
        for event in stream:
            if event.type == "content.delta":
                print(event.parsed)
    parsed = stream.get_final_completion().choices[0].message.parsed
    if parsed is not None:
        print(parsed.steps)
