"""A chat in the terminal that remembers what was said."""

import ferrule

messages: list[ferrule.Message] = []
with ferrule.Client() as client:
    while question := input("> "):
        messages.append(ferrule.Message("user", question))
        with client.stream("openai/gpt-5-mini", messages, system="Be brief.") as stream:
            for text in stream.text:
                print(text, end="", flush=True)
        print()
        messages.append(stream.reply().message)
