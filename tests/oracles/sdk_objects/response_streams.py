"""Streams of Responses by chance, accumulated by openai's own state and by ours; prints what differs, as JSON."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import sdks
from compared import difference, outcome
from openai.lib.streaming.responses import _responses

from ferrule.sdk_objects.response_snapshots import accelerate

RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "in_progress",
    "model": "m",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
MESSAGE = {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
CALL = {"id": "fc_1", "type": "function_call", "status": "in_progress", "arguments": "", "call_id": "c", "name": "f"}
REASONING = {"id": "rs_1", "type": "reasoning", "summary": []}
PART = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
LOGPROB = {"token": "a", "logprob": -0.5, "top_logprobs": []}


def events(chance: random.Random) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{"type": "response.created", "response": RESPONSE}]
    done: list[dict[str, Any]] = []
    for index in range(chance.randint(0, 3)):
        item: dict[str, Any] = copy.deepcopy(chance.choice([MESSAGE, MESSAGE, CALL, REASONING])) | {"id": f"it_{index}"}
        item |= {"call_id": f"c_{index}"} if item["type"] == "function_call" else {}
        made.append({"type": "response.output_item.added", "output_index": index, "item": copy.deepcopy(item)})
        if item["type"] == "message":
            made.append(
                part(
                    "response.content_part.added", index, part=chance.choice([PART, {"type": "refusal", "refusal": ""}])
                )
            )
        made += [delta(chance, item, index) for _ in range(chance.randint(0, 6))]
        if item["type"] == "message":
            made.append(part("response.output_text.done", index, text="all", logprobs=[]))
        made.append(
            {"type": "response.output_item.done", "output_index": index, "item": item | {"status": "completed"}}
        )
        done.append(item | {"status": "completed"})
    made.append({"type": "response.completed", "response": RESPONSE | {"status": "completed", "output": done}})
    numbered = [event | {"sequence_number": number} for number, event in enumerate(made)]
    return numbered[: chance.randint(1, len(numbered))] if chance.random() < 0.2 else numbered


def delta(chance: random.Random, item: dict[str, Any], index: int) -> dict[str, Any]:
    piece: Any = chance.choice(["", "Hel", "lo, wörld", "😀"])
    if chance.random() < 0.03:
        piece, index = chance.choice([None, 7, "a"]), chance.choice([index, 7, -1, "0"])
    if item["type"] == "function_call":
        name = "response.function_call_arguments.delta"
        return {"type": name, "output_index": index, "item_id": item["id"], "delta": piece, "new": 1}
    if item["type"] == "reasoning":
        return {
            "type": "response.reasoning_summary_text.delta",
            "summary_index": 0,
            "output_index": index,
            "delta": piece,
        }
    made = part("response.output_text.delta", index, delta=piece, item_id=item["id"])
    return made | chance.choice(
        [{"logprobs": []}, {"logprobs": [LOGPROB]}, {}, {"logprobs": None}, {"obfuscation": "x"}]
    )


def part(type_: str, index: int, **more: Any) -> dict[str, Any]:
    return {"type": type_, "output_index": index, "content_index": 0, "item_id": "it", **more}


def main() -> None:
    sdk = sdks.installed()
    chance = random.Random(5)
    found: list[str] = []
    fast = count = 0
    for number in range(600):
        ours, theirs = (_responses.ResponseStreamState(input_tools=[], text_format=_responses.omit) for _ in range(2))
        slow = ours.handle_event
        accelerate(ours)
        assert ours.handle_event != slow, "the SDK's state is not as expected"
        counted: list[int] = []
        ours.handle_event.__self__._handle_any = lambda it, slow=slow, counted=counted: [counted.append(1), slow(it)][1]
        for body in events(chance):
            both = [
                sdk.construct_type(type_=sdk.types["ResponseStreamEvent"], value=copy.deepcopy(body)) for _ in range(2)
            ]
            results = [
                outcome(lambda state=state, it=it: copy.deepcopy([state.handle_event(it), snapshot(state)]))
                for state, it in zip((ours, theirs), both, strict=True)
            ]
            count += 1
            fast += 1
            if different := difference(*map(list, results)):
                found.append(f"{number}: {different} at {body!r}")
            if different or results[0][0] == "raised":
                break
        fast -= len(counted)
        if different := difference(ours._completed_response, theirs._completed_response):
            found.append(f"{number}: final: {different}")
    print(json.dumps({"events": count, "fast": fast, "differences": len(found), "first": found[:5]}))


def snapshot(state: Any) -> Any:
    return state._ResponseStreamState__current_snapshot


if __name__ == "__main__":
    main()
