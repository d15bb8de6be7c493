"""Structured output: nested types, as a whole and as they grow."""

import ferrule
from pydantic import BaseModel


class Step(BaseModel):
    title: str
    minutes: int


class Recipe(BaseModel):
    name: str
    steps: list[Step]


with ferrule.Client() as client:
    reply = client.complete("openai/gpt-5-mini", "A recipe for pancakes.", response_format=Recipe)
    print(reply.parsed.name, sum(step.minutes for step in reply.parsed.steps))

    with client.stream("openai/gpt-5-mini", "A recipe for waffles.", response_format=Recipe) as stream:
        for recipe in stream.partials():
            print(recipe)
    print(stream.reply().parsed.steps)
