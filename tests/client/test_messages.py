"""Messages in every form that programs have them in, and as they leave in both dialects."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pydantic
import pytest

import ferrule
import ferrule.testing
from ferrule import Message
from ferrule.testing import Simulator, rule


class Turn(pydantic.BaseModel):
    role: str


TEXT = {"type": "text", "text": "Look:"}
OPENAI_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
ANTHROPIC_IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
ASKED = {"role": "user", "content": "Weather?"}
OPENAI_CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"day":1}'}}],
}
CALL_IN_TEXT = {"role": "assistant", "tool_calls": [json.dumps(OPENAI_CALL["tool_calls"][0])]}
ANTHROPIC_CALL = {
    "role": "assistant",
    "content": [{"type": "tool_use", "id": "c1", "name": "weather", "input": {"day": 1}}],
}
OPENAI_CALLS = {
    **OPENAI_CALL,
    "tool_calls": [{**OPENAI_CALL["tool_calls"][0], "id": call_id} for call_id in ("c1", "c2")],
}
ANTHROPIC_CALLS = {
    **ANTHROPIC_CALL,
    "content": [{**ANTHROPIC_CALL["content"][0], "id": call_id} for call_id in ("c1", "c2")],
}
OPENAI_RESULT = {"role": "tool", "tool_call_id": "c1", "content": "Sunny."}
ANTHROPIC_RESULT = {
    "role": "user",
    "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "Sunny."}],
}
# As google-genai has them: in the names of the wire, as its Python dumps them, with strings for parts.
GEMINI_RESULT = {"functionResponse": {"id": "c1", "name": "weather", "response": {"result": "Sunny."}}}
GEMINI_TURNS = [
    {"role": "user", "parts": [{"text": "Weather?"}]},
    {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "weather", "args": {"day": 1}}}]},
    {"role": "user", "parts": [GEMINI_RESULT]},
]
_UNSET = {
    "file_data": None,
    "function_call": None,
    "function_response": None,
    "inline_data": None,
    "text": None,
    "thought": None,
    "thought_signature": None,
    "video_metadata": None,
}
_CALLED = {"id": "c1", "args": {"day": 1}, "name": "weather", "partial_args": None, "will_continue": None}
_ANSWERED = {"id": "c1", "name": "weather", "response": {"result": "Sunny."}, "parts": None, "scheduling": None}
GEMINI_DUMPS = [
    {"parts": [{**_UNSET, "text": "Weather?"}], "role": None},
    {"parts": [{**_UNSET, "function_call": _CALLED}], "role": "model"},
    {"parts": [{**_UNSET, "function_response": _ANSWERED}], "role": "user"},
]
GEMINI_OLD = [{"role": "user", "parts": ["Hi."]}, {"role": "model", "parts": "Hello."}, {"parts": ["Hi."]}]


class Content:
    """A `Content` of google-genai, as far as it is asked: what it holds of bytes is bytes."""

    def __init__(self, *parts: dict[str, Any], role: str = "user") -> None:
        self.parts, self.role = parts, role

    def model_dump(self) -> dict[str, Any]:
        return {"parts": [{**_UNSET, **part} for part in self.parts], "role": self.role}


USER, ASSISTANT = {"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}

# What the program gives, OpenAI's `messages`, Anthropic's `messages`.
FORMS: dict[str, tuple[Any, Any, Any]] = {
    "text": ("Hi.", [USER], [USER]),
    "dicts": ([USER, ASSISTANT, USER],) * 3,
    "objects": ([Message("user", "Hi."), Message("assistant", "Hello.")], [USER, ASSISTANT], [USER, ASSISTANT]),
    "objects and dicts": ((Message("user", "Hi."), ASSISTANT), [USER, ASSISTANT], [USER, ASSISTANT]),
    "text blocks": ([{"role": "user", "content": [TEXT, TEXT]}],) * 3,
    "texts for blocks": (
        [{"role": "user", "content": ["Look:", "Look:"]}],
        [{"role": "user", "content": [TEXT, TEXT]}],
        [{"role": "user", "content": [TEXT, TEXT]}],
    ),
    **{
        name: (
            [{"role": "user", "content": [TEXT, image]}],
            [{"role": "user", "content": [TEXT, OPENAI_IMAGE]}],
            [{"role": "user", "content": [TEXT, ANTHROPIC_IMAGE]}],
        )
        for name, image in (("OpenAI's image", OPENAI_IMAGE), ("Anthropic's image", ANTHROPIC_IMAGE))
    },
    **{
        name: (
            [ASKED, call, result],
            [ASKED, OPENAI_CALL, OPENAI_RESULT],
            [ASKED, ANTHROPIC_CALL, ANTHROPIC_RESULT],
        )
        for name, call, result in (
            ("OpenAI's tool call", OPENAI_CALL, OPENAI_RESULT),
            ("Anthropic's tool call", ANTHROPIC_CALL, ANTHROPIC_RESULT),
            ("one of each", OPENAI_CALL, ANTHROPIC_RESULT),
            ("tool calls as objects", Message(**OPENAI_CALL), Message(**ANTHROPIC_RESULT)),
        )
    },
    **{
        name: (turns, [ASKED, OPENAI_CALL, OPENAI_RESULT], [ASKED, ANTHROPIC_CALL, ANTHROPIC_RESULT])
        for name, turns in (
            ("Gemini's contents", GEMINI_TURNS),
            ("google-genai's dumps", GEMINI_DUMPS),
            ("a call as JSON in a string", [ASKED, CALL_IN_TEXT, OPENAI_RESULT]),
        )
    },
    "texts for Gemini's parts": (GEMINI_OLD, [USER, ASSISTANT, USER], [USER, ASSISTANT, USER]),
    "google-genai's objects": (
        [Content({"text": "Look:"}, {"inline_data": {"data": b"\0\0\0", "mime_type": "image/png"}})],
        [{"role": "user", "content": [TEXT, OPENAI_IMAGE]}],
        [{"role": "user", "content": [TEXT, ANTHROPIC_IMAGE]}],
    ),
    "two results, then words": (
        [ASKED, OPENAI_CALLS, OPENAI_RESULT, {**OPENAI_RESULT, "tool_call_id": "c2"}, USER],
        [ASKED, OPENAI_CALLS, OPENAI_RESULT, {**OPENAI_RESULT, "tool_call_id": "c2"}, USER],
        [
            ASKED,
            ANTHROPIC_CALLS,
            {
                "role": "user",
                "content": [
                    *ANTHROPIC_RESULT["content"],
                    {"type": "tool_result", "tool_use_id": "c2", "content": "Sunny."},
                    {"type": "text", "text": "Hi."},
                ],
            },
        ],
    ),
}


@pytest.fixture
def script() -> list[Any]:
    return [rule("Yes.")]


@pytest.mark.parametrize("form", FORMS)
def test_every_form(simulator: Simulator, form: str) -> None:
    given, openai, anthropic = FORMS[form]
    client = simulator.client()
    for model, expected in (("openai/gpt", openai), ("anthropic/claude", anthropic)):
        simulator.clear()
        client.complete(model, given)
        assert simulator.requests[0].body["messages"] == expected


def test_a_generator_of_messages(simulator: Simulator) -> None:
    simulator.clear()
    simulator.client().complete("openai/gpt", (Message("user", text) for text in ("one", "two")))
    assert [message["content"] for message in simulator.requests[0].body["messages"]] == ["one", "two"]


@pytest.mark.parametrize("model", ["openai/gpt", "anthropic/claude", "gemini/gemini-2.5-flash", "mistral/m"])
def test_geminis_calls_without_ids_have_their_results(simulator: Simulator, model: str) -> None:
    """Gemini 2 gives calls no ids: their results are told apart by the tool's name, and else by their order."""
    calls = [{"function_call": {"name": name, "args": {"n": n}}} for name, n in (("f", 1), ("g", 2), ("f", 3))]
    answers = [{"function_response": {"name": name, "response": {"result": said}}} for name, said in ("gG", "fF", "fH")]
    turns = [
        {"role": "user", "parts": [{"text": "Weather?"}]},
        {"role": "model", "parts": calls},
        {"role": "user", "parts": answers},
    ]
    assert simulator.client().complete(model, turns).text == "Yes."
    body = json.dumps(simulator.requests[-1].body)
    if model.startswith("gemini"):
        assert [body.index(f'"result": "{said}"') for said in "FGH"] == sorted(
            body.index(f'"result": "{said}"') for said in "FGH"
        )
        return
    said = Message.from_dict(simulator.requests[-1].body["messages"][1])
    ids = {call.arguments["n"]: call.id for call in said.tool_calls}
    assert len(set(ids.values())) == 3
    results = simulator.requests[-1].body["messages"][2:]
    if model.startswith("anthropic"):
        answered = {part["tool_use_id"]: part["content"] for part in results[0]["content"]}
    else:
        answered = {message["tool_call_id"]: message["content"] for message in results}
    assert answered == {ids[1]: "F", ids[2]: "G", ids[3]: "H"}


@pytest.mark.parametrize(
    ("messages", "error", "place"),
    [
        (7, TypeError, "messages: expected a string or a list of messages, not int"),
        (None, TypeError, "messages: expected a string or a list"),
        (b"Hi.", TypeError, "messages: expected a string or a list of messages, not bytes"),
        (ferrule.testing.reply("Hi."), TypeError, "messages: expected a string or a list of messages, not Reply"),
        (Turn(role="user"), TypeError, "messages: expected a string or a list of messages, not Turn"),
        (USER, TypeError, "messages: give a list"),
        (Message("user", "Hi."), TypeError, "messages: give a list"),
        ([USER, 7], TypeError, r"messages\[1\]"),
        (["Hi."], TypeError, r"messages\[0\]"),
        ([USER, {"content": "Hi."}], ValueError, r"messages\[1\]\.role"),
        ([{"role": "user", "content": 7}], ValueError, r"messages\[0\]\.content"),
        ([{"role": "user", "content": [TEXT, {"type": "image"}]}], ValueError, r"messages\[0\]\.content\[1\]"),
        (
            [{"role": "user", "content": [TEXT, {"type": "text", "text": object()}]}],
            TypeError,
            r"messages\[0\]\.content\[1\]\.text",
        ),
        ([USER, {"role": "owner", "parts": ["Hi."]}], ValueError, r"messages\[1\]\.role: expected .user. or .model."),
        ([{"role": "user", "parts": [{"text": "Hi."}, 7]}], ValueError, r"messages\[0\]\.parts\[1\]: expected"),
        ([{"role": "user", "parts": [TEXT]}], ValueError, r"messages\[0\]\.parts\[0\]\.type: .* `content`"),
        ([{"role": "user", "content": b"Hi."}], TypeError, r"messages\[0\]\.content.*base64"),
        ([{"role": "user", "content": "\ud800"}], ValueError, "surrogates"),
        ("Before \ud83c after", ValueError, "messages: half of a character at position 7"),
        (
            [USER, USER, {"role": "user", "content": "Before \ud83c after"}],
            ValueError,
            r"messages\[2\]\.content: half of a character at position 7",
        ),
    ],
)
def test_what_is_wrong_is_named(messages: Any, error: type[Exception], place: str) -> None:
    with Simulator() as simulator, pytest.raises(error, match=place):
        simulator.client().complete("openai/gpt", messages)


def test_a_list_that_holds_itself_is_an_error() -> None:
    content: list[Any] = []
    content.append({"type": "text", "text": content})
    with Simulator() as simulator, pytest.raises(ValueError, match="nested deeper"):
        simulator.client().complete("openai/gpt", [{"role": "user", "content": content}])


THOUGHT = [
    {"reasoning": {"text": "Let me see.", "signature": "c2ln"}},
    {"redacted_reasoning": "eHl6"},
    {"text": "I look."},
    {"tool_call": {"id": "c1", "name": "weather", "arguments": {"day": 1}}},
]
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"day": {"type": "integer"}}}}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("as_dict", [False, True])
def test_a_replys_message_goes_back_whole(streamed: bool, as_dict: bool) -> None:
    """Signatures and redacted thoughts too, or the provider refuses the next turn."""
    with Simulator([rule({"content": THOUGHT}, times=1), rule("Done.")]) as simulator:
        client = simulator.client()
        if streamed:
            with client.stream("anthropic/claude", "Weather?", tools=[TOOL]) as stream:
                list(stream)
            message = stream.reply().message
        else:
            message = client.complete("anthropic/claude", "Weather?", tools=[TOOL]).message
        conversation = [ASKED, message.to_dict() if as_dict else message, OPENAI_RESULT]
        assert client.complete("anthropic/claude", conversation, tools=[TOOL]).text == "Done."
        assert simulator.requests[1].body["messages"] == [
            ASKED,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"},
                    {"type": "redacted_thinking", "data": "eHl6"},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "c1", "name": "weather", "input": {"day": 1}},
                ],
            },
            ANTHROPIC_RESULT,
        ]
        # Another provider could read nothing of them; it gets what was said and done.
        assert client.complete("openai/gpt", conversation, tools=[TOOL]).text == "Done."
        assert "c2ln" not in str(simulator.requests[2].body)
        assert "eHl6" not in str(simulator.requests[2].body)
        said = simulator.requests[2].body["messages"][1]
        assert (said["content"], said["tool_calls"][0]["id"]) == ("I look.", "c1")


def test_redacted_thoughts_of_nobody_knows_whom_are_refused() -> None:
    """Written by hand, they say of no signer that they are its own."""
    redacted = {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "eHl6"}]}
    with Simulator() as simulator, pytest.raises(ferrule.UnsupportedError, match="redacted"):
        simulator.client().complete("openai/gpt", [ASKED, redacted])


SEARCH = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "sky"}}


@pytest.mark.parametrize("form", ["by hand", "dict", "JSON", "pickle", "copy"])
def test_a_part_of_one_format_goes_back_to_it_alone(form: str) -> None:
    written = {"role": "assistant", "content": [SEARCH, TEXT]}
    message = Message.from_dict(written)
    assert message.content[0] == {"type": "provider_item", "dialect": "anthropic", "item": SEARCH}
    forms: dict[str, Any] = {
        "by hand": written,
        "dict": message.to_dict(),
        "JSON": json.loads(json.dumps(message.to_dict())),
        "pickle": pickle.loads(pickle.dumps(message)),
        "copy": copy.deepcopy(message),
    }
    conversation = [ASKED, forms[form], USER]
    with Simulator([rule("Done.")]) as simulator:
        client = simulator.client()
        client.complete("anthropic/claude", conversation)
        assert simulator.requests[0].body["messages"][1] == written
        for other in ("openai/gpt", "gemini/gemini-3-flash", "cohere/command"):
            with pytest.raises(ferrule.UnsupportedError, match=r"messages\[1\]\.content\[0\]"):
                client.complete(other, conversation)
        with pytest.warns(UserWarning, match=r"messages\[1\]\.content\[0\]"):
            client.complete("openai/gpt", conversation, drop_params=True)
        assert simulator.requests[-1].body["messages"][1] == {"role": "assistant", "content": "Look:"}


@pytest.mark.parametrize("model", ["openai/gpt", "anthropic/claude"])
def test_a_conversation_that_changes_providers(model: str) -> None:
    other = "openai/gpt" if model.startswith("anthropic") else "anthropic/claude"
    script = [rule({"content": [THOUGHT[2], THOUGHT[3]]}, times=1), rule("Done.")]
    with Simulator(script) as simulator:
        client = simulator.client()
        message = client.complete(model, "Weather?", tools=[TOOL]).message
        assert client.complete(other, [ASKED, message, ANTHROPIC_RESULT], tools=[TOOL]).text == "Done."


def test_a_message_reads_well() -> None:
    message = Message("assistant", "Hello.", tool_calls=OPENAI_CALL["tool_calls"])
    assert (message.role, message.text, message.reasoning, message.refusal) == ("assistant", "Hello.", None, None)
    assert [call.name for call in message.tool_calls] == ["weather"]
    assert Message.from_dict(message.to_dict()) == message
    assert repr(message) == "Message(role='assistant', content=['Hello.', <call of weather>])"
    assert Message("user", "Hi.").content == "Hi."
    with pytest.raises(ValueError, match="content"):
        Message("user", 7)
    with pytest.raises(TypeError):
        Message(7, "Hi.")
