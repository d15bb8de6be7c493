"""Bodies and events as providers send them: the transcripts of `tests/fixtures/wire`, and what they lack."""

from __future__ import annotations

import json
from pathlib import Path

WIRE = Path(__file__).resolve().parents[2] / "fixtures" / "wire"


def transcribed(name: str) -> list[bytes]:
    """JSON texts of the type called `name` (`sdks.py`)."""
    found = [text.encode() for text in MORE.get(name, [])]
    if name == "ChatCompletionChunk":
        return found + events("openai-chat") + replies("stream", "choices")
    if name == "ChatCompletion":
        return found + replies("reply", "choices")
    if name == "Completion":
        return found + [*events("openai-completions"), *bodies("openai-completions")]
    if name == "Response":
        ended = [json.loads(event).get("response") for event in events("openai-responses")]
        return found + [json.dumps(body).encode() for body in ended if body]
    if name == "ResponseStreamEvent":
        return found + events("openai-responses")
    if name in {"Message", "BetaMessage"}:
        return found + bodies("anthropic")
    if name in {"RawMessageStreamEvent", "BetaRawMessageStreamEvent"}:
        return found + events("anthropic")
    return found


def events(dialect: str) -> list[bytes]:
    """The data of all events that are JSON objects."""
    return [data for path in sorted((WIRE / dialect).glob("*.sse")) for data in data_of(path.read_bytes())]


def data_of(stream: bytes) -> list[bytes]:
    lines = [line.removeprefix(b"data:").strip() for line in stream.splitlines() if line.startswith(b"data:")]
    return [line for line in lines if is_object(line)]


def bodies(dialect: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((WIRE / dialect).glob("*.json"))]


def replies(part: str, key: str) -> list[bytes]:
    """What each provider's transcript has as `part`, where it is of OpenAI's form."""
    found: list[bytes] = []
    for path in sorted((WIRE / "providers").glob("*.json")):
        value = json.loads(path.read_text("utf-8")).get(part)
        for text in [value] if isinstance(value, str) else [json.dumps(value)]:
            found += data_of(text.encode()) if part == "stream" and isinstance(value, str) else [text.encode()]
    return [text for text in found if is_object(text) and key in json.loads(text)]


def is_object(text: bytes) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


CHUNK = (
    '{"id":"chatcmpl-B9","object":"chat.completion.chunk","created":1741569952,"model":"gpt-5-mini-2025-08-07",'
    '"service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":%s,"logprobs":null,'
    '"finish_reason":null}],"usage":null,"obfuscation":"x8"}'
)

CHAT = (
    '{"id":"chatcmpl-B9","object":"chat.completion","created":1741569952,"model":"gpt-5-mini","choices":[{"index":0,'
    '"message":{"role":"assistant","content":%s,"refusal":null,"annotations":[]},"logprobs":null,'
    '"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,'
    '"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,'
    '"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default",'
    '"system_fingerprint":null}'
)

RESPONSE = (
    '{"id":"resp_67","object":"response","created_at":1741476542,"status":"completed","background":false,"error":null,'
    '"incomplete_details":null,"instructions":"Be brief.","max_output_tokens":null,"max_tool_calls":null,'
    '"model":"gpt-5-2025-08-07","output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text",'
    '"text":"Thinking."}],"encrypted_content":"gAAA"},{"type":"function_call","id":"fc_1","status":"completed",'
    '"arguments":"{\\"city\\":\\"Paris\\"}","call_id":"call_1","name":"get_weather"},{"type":"message","id":"msg_67",'
    '"status":"completed","role":"assistant","content":[{"type":"output_text","text":"In a forest…",'
    '"annotations":[{"type":"url_citation","start_index":0,"end_index":4,"url":"https://a.example/","title":"A"}],'
    '"logprobs":[]}]}],"parallel_tool_calls":true,"previous_response_id":null,"prompt_cache_key":null,'
    '"reasoning":{"effort":"medium","summary":"auto"},"safety_identifier":null,"service_tier":"default","store":true,'
    '"temperature":1.0,"text":{"format":{"type":"json_schema","name":"a","schema":{"type":"object"},"strict":true,'
    '"description":null},"verbosity":"medium"},"tool_choice":"auto","tools":[{"type":"function","name":"get_weather",'
    '"description":"The weather.","strict":true,"parameters":{"type":"object","properties":{"city":{"type":"string"}},'
    '"required":["city"]}},{"type":"web_search","filters":null,"search_context_size":"medium",'
    '"user_location":{"type":"approximate","country":"US","city":null,"region":null,"timezone":null}}],'
    '"top_logprobs":0,"top_p":1.0,"truncation":"disabled","usage":{"input_tokens":36,'
    '"input_tokens_details":{"cached_tokens":0},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":0},'
    '"total_tokens":123},"user":null,"metadata":{"a":"b"}}'
)

MESSAGE = (
    '{"id":"msg_01","type":"message","role":"assistant","model":"claude-x","content":[{"type":"thinking",'
    '"thinking":"Hm.","signature":"EqQB"},{"type":"text","text":"Hello.","citations":null},{"type":"tool_use",'
    '"id":"toolu_1","name":"f","input":{"a":[1,2.5,{"b":null}]}}],"stop_reason":"tool_use","stop_sequence":null,'
    '"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":'
    '{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":6,"service_tier":"standard"}}'
)

MORE: dict[str, list[str]] = {
    "ChatCompletionChunk": [
        CHUNK % '{"role":"assistant","content":"","refusal":null}',
        CHUNK % '{"content":"Hello, wörld 😀"}',
        CHUNK % '{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}',
        CHUNK % '{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]}',
        # vLLM and DeepSeek
        CHUNK % '{"content":null,"reasoning_content":"Let me","tool_calls":[]}',
        # Groq
        '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","service_tier":"on_demand",'
        '"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"x_groq":{"id":"req_1","usage":'
        '{"queue_time":0.01,"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}',
        # OpenRouter
        '{"id":"gen-1","provider":"Novita","model":"a/b","object":"chat.completion.chunk","created":1,"choices":'
        '[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"x","reasoning_details":[{"type":'
        '"reasoning.text","text":"x"}]},"finish_reason":"","native_finish_reason":null,"logprobs":null}],"usage":'
        '{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"cost":0.00001,"cost_details":{"a":null},'
        '"prompt_tokens_details":{"cached_tokens":0}}}',
        # Azure
        '{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,'
        '"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}',
        '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a"},'
        '"logprobs":{"content":[{"token":"a","logprob":-0.25,"bytes":[97],"top_logprobs":[{"token":"a","logprob":-0.25,'
        '"bytes":null}]}],"refusal":null},"finish_reason":null}]}',
    ],
    "ChatCompletion": [
        CHAT % '"Hello! How can I assist you today?"',
        CHAT % "null",
        '{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
        '"content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}},'
        '{"id":"call_2","type":"custom","custom":{"name":"g","input":"x"}}]},"finish_reason":"tool_calls"}]}',
    ],
    "Completion": [
        '{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":"a","index":0,'
        '"logprobs":{"tokens":["a"],"token_logprobs":[-1.5],"top_logprobs":[{"a":-1.5,"b":-2}],"text_offset":[0]},'
        '"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}',
    ],
    "CreateEmbeddingResponse": [
        '{"object":"list","data":[{"object":"embedding","embedding":[0.0023,-0.009,1,-2e-7,0.1],"index":0}],'
        '"model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}',
        '{"object":"list","data":[{"object":"embedding","embedding":"AACAPwAAAMAzM5M+","index":0},{"object":'
        '"embedding","embedding":"AACAPwAAAMAzM5M+","index":1}],"model":"m","usage":{"prompt_tokens":8,"total_tokens":8}}',
    ],
    "Response": [RESPONSE],
    "ResponseStreamEvent": [
        '{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hi",'
        '"logprobs":[],"sequence_number":4,"obfuscation":"abc"}',
        '{"type":"response.completed","sequence_number":9,"response":%s}' % RESPONSE,
        '{"type":"response.output_item.done","sequence_number":7,"output_index":0,"item":{"id":"fc_1","type":'
        '"function_call","status":"completed","arguments":"{}","call_id":"call_1","name":"f"}}',
        '{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":0,"delta":"{",'
        '"sequence_number":3}',
    ],
    "Message": [MESSAGE],
    "BetaMessage": [MESSAGE],
    "MessageTokensCount": ['{"input_tokens":2095}'],
    "BetaMessageTokensCount": ['{"input_tokens":2095,"context_management":{"original_input_tokens":3000}}'],
    "RawMessageStreamEvent": [
        '{"type":"message_start","message":%s}' % MESSAGE,
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}',
        '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}',
        '{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\""}}',
        '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}',
        '{"type":"message_stop"}',
    ],
}
MORE["BetaRawMessageStreamEvent"] = MORE["RawMessageStreamEvent"]
