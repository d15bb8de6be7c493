"""Time limits: the whole call, the first byte, and silence in the middle of a stream; what came is not lost."""

import sys

import ferrule

limits = ferrule.Timeouts(first_byte=10, idle=5, total=60)
with ferrule.Client(timeout=limits) as client:
    try:
        with client.stream(sys.argv[1], "Tell me a long story.") as stream:
            for text in stream.text:
                print(text, end="", flush=True)
    except ferrule.TimeoutError as error:
        print(f"\n[{type(error).__name__} after: {stream.reply().text!r}]")
