"""Chat streams by chance, accumulated by the openai SDK's own state and by ours; prints what differs, as JSON."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pydantic
import sdks
from compared import difference, outcome
from openai.lib.streaming.chat import ChatCompletionStreamState

from ferrule.sdk_objects.chat_snapshots import accelerate

PIECES = ["", "Hel", "lo, ", "wörld ", "😀", " ", '{"name": ', '"Ann", "age"', ": 3}", "\n"]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}


class Person(pydantic.BaseModel):
    name: str
    age: int


def delta(chance: random.Random, kind: str) -> dict[str, Any]:
    if kind == "text":
        made: dict[str, Any] = {"content": chance.choice(PIECES)}
        if chance.random() < 0.2:
            made |= {"role": "assistant", "refusal": None, "tool_calls": None, "function_call": None}
        return made
    if kind == "reasoning":
        name = chance.choice(["reasoning_content", "reasoning", "parsed", "type", "index"])
        return {chance.choice(["content", "role"]): None, name: chance.choice([*PIECES, None, 7, [1], {"a": 1}])}
    if kind == "refusal":
        return {"refusal": chance.choice(PIECES)}
    if kind == "tool":
        function = {"arguments": chance.choice(["", '{"a"', ": 1}"])}
        if chance.random() < 0.4:
            return {
                "tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function | {"name": "f"}}]
            }
        return {"tool_calls": [{"index": 0, "function": function}]}
    return chance.choice([{}, {"annotations": []}, {"audio": {"id": "a"}}, {"role": "assistant"}, {"content": 7}])


def stream(chance: random.Random) -> list[bytes]:
    choices = chance.choice([1, 1, 1, 2])
    kinds = chance.choice(
        [["text"], ["text"], ["reasoning", "text"], ["text", "tool"], ["refusal"], ["text", "odd", "refusal"]]
    )
    chunks = [chunk([choice(at, {"role": "assistant", "content": chance.choice(["", None])})]) for at in range(choices)]
    for _ in range(chance.randint(0, 14)):
        one = choice(chance.randrange(choices), delta(chance, chance.choice(kinds)))
        if chance.random() < 0.1:
            token = {"token": "a", "logprob": -0.5, "bytes": None, "top_logprobs": []}
            one["logprobs"] = {"content": [token], "refusal": None}
        chunks.append(chunk([one] if chance.random() < 0.95 else [one, choice(0, {"content": "x"})]))
        if chance.random() < 0.1:
            chunks[-1]["usage"] = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    if chance.random() < 0.8:
        chunks += [
            chunk([choice(at, {}) | {"finish_reason": chance.choice(["stop", "length"])}]) for at in range(choices)
        ]
    if chance.random() < 0.5:
        chunks.append(chunk([]) | {"usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}})
    return [json.dumps(each).encode() for each in chunks]


def chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "system_fingerprint": "fp"}
    return {**head, "choices": choices}


def choice(index: int, its: dict[str, Any]) -> dict[str, Any]:
    return {"index": index, "delta": its, "finish_reason": None}


def main() -> None:
    sdk = sdks.installed()
    chance = random.Random(5)
    found: list[str] = []
    fast = chunks = 0
    for number in range(600):
        options = chance.choice([{}, {}, {"response_format": Person}, {"input_tools": [TOOL]}])
        ours, theirs = ChatCompletionStreamState(**options), ChatCompletionStreamState(**options)
        slow = ours.handle_chunk
        accelerate(ours)
        assert ours.handle_chunk != slow, "the SDK's state is not as expected"
        counted: list[int] = []
        ours.handle_chunk.__self__._handle_any = lambda it, slow=slow, counted=counted: [counted.append(1), slow(it)][1]
        for data in stream(chance):
            both = [
                sdk.construct_type(type_=sdk.types["ChatCompletionChunk"], value=json.loads(data)) for _ in range(2)
            ]
            results = [
                outcome(lambda state=state, it=it: copy.deepcopy(list(state.handle_chunk(it))))
                for state, it in zip((ours, theirs), both, strict=True)
            ]
            chunks += 1
            if different := difference(*map(list, results)):
                found.append(f"{number}: {different} at {data!r}")
            if different or results[0][0] == "raised":
                break
        ends = [outcome(state.get_final_completion) for state in (ours, theirs)]
        if different := difference(*map(list, ends)):
            found.append(f"{number}: final: {different}")
        fast += chunks and -len(counted)
    print(json.dumps({"chunks": chunks, "fast": chunks + fast, "differences": len(found), "first": found[:5]}))


if __name__ == "__main__":
    main()
