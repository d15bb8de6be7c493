"""Checks `Reply.to_openai()` and `Reply.to_anthropic()` against the SDK's own models; runs in an oracle's environment.

The forms come as a JSON list on standard input; the name of the SDK is the argument. Prints how many are valid.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def model(sdk: str) -> Any:
    if sdk == "openai":
        from openai.types.chat import ChatCompletion

        return ChatCompletion
    from anthropic.types import Message

    return Message


def main() -> None:
    kind = model(sys.argv[1])
    forms = json.load(sys.stdin)
    for form in forms:
        kind.model_validate(form, strict=False)
        unknown = set(form) - set(kind.model_fields)
        assert not unknown, f"the SDK does not know {unknown}"
    print(len(forms))


if __name__ == "__main__":
    main()
