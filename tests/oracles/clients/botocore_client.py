"""`botocore` as a client of the simulator's Bedrock: `python botocore_client.py http://host:port/bedrock`.

Its parsers drop what its descriptions of the service do not have: `Conformity` holds each answer against them before it
is read. `../test_botocore.py` says what must come of each case.
"""

from __future__ import annotations

import contextlib
import json
import sys
import urllib.request

from botocore import exceptions
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer
from botocore.session import Session
from cases import case, error_of, run

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ACCESS_KEY, SECRET = "AKIASIMULATED", "sk-simulated"
PROFILE = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc123"


def tool(name, properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"toolSpec": {"name": name, "description": f"What {name} does.", "inputSchema": {"json": schema}}}


WEATHER = tool("get_weather", {"city": {"type": "string"}})
CLOCK = tool("get_time", {"zone": {"enum": ["utc", "local"]}})
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}


class Conformity:
    """Whether answers are what botocore's description of the service has."""

    def __init__(self):
        self.unknown_fields = set()
        self.missing_fields = set()

    def __call__(self, client):
        """Gives `client` back, whose answers are looked at from now on."""
        client.meta.events.register("before-parse", self._before_parse, unique_id="conformity")
        return client

    def _before_parse(self, operation_model, response_dict, **_):
        streams = operation_model.has_event_stream_output or operation_model.has_streaming_output
        if response_dict["status_code"] < 300 and not streams:
            self.check(json.loads(response_dict["body"]), operation_model.output_shape)

    def check(self, value, shape):
        if shape.type_name == "list":
            for item in value:
                self.check(item, shape.member)
        elif shape.type_name == "map":
            for item in value.values():
                self.check(item, shape.value)
        elif shape.type_name == "structure" and not shape.is_document_type:
            members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
            self.unknown_fields |= {f"{shape.name}.{name}" for name in set(value) - set(members)}
            self.missing_fields |= {f"{shape.name}.{name}" for name in set(shape.required_members) - set(value)}
            for name in set(value) & set(members):
                self.check(value[name], members[name])


def asking(model, text, **options):
    return {"modelId": model, "messages": [{"role": "user", "content": [{"text": text}]}], **options}


@case
def plain(client, conforming):
    reply = conforming(client).converse(**asking("echo", "Hello, world!", system=[{"text": "Be brief."}]))
    return {
        "message": reply["output"]["message"],
        "stop_reason": reply["stopReason"],
        "usage": [reply["usage"][name] for name in ("inputTokens", "outputTokens", "totalTokens")],
        "is_measured": reply["metrics"]["latencyMs"] >= 0,
        "request_id": reply["ResponseMetadata"]["RequestId"],
    }


@case
def addressed(client, conforming):
    """Models whose names have to be escaped in the address."""
    answers = [conforming(client).converse(**asking(model, "Hello.")) for model in (CLAUDE, PROFILE)]
    return [answer["output"]["message"]["content"][0]["text"] for answer in answers]


def read(stream):
    """The kinds of a stream's events, each run of one kind once, and what the events come to."""
    kinds, text, thinking, signature, calls, end = [], "", "", "", {}, {}
    for event in stream:
        ((kind, content),) = event.items()
        kinds += [kind] if kinds[-1:] != [kind] else []
        if kind == "contentBlockStart":
            calls[content["contentBlockIndex"]] = [content["start"]["toolUse"]["name"], ""]
        elif kind == "contentBlockDelta":
            delta = content["delta"]
            text += delta.get("text", "")
            thinking += delta.get("reasoningContent", {}).get("text", "")
            signature += delta.get("reasoningContent", {}).get("signature", "")
            if "toolUse" in delta:
                calls[content["contentBlockIndex"]][1] += delta["toolUse"]["input"]
        else:
            end |= content
    return {
        "kinds": kinds,
        "text": text,
        "thinking": thinking,
        "has_signature": bool(signature),
        "calls": [[name, json.loads(arguments)] for name, arguments in calls.values()],
        "stop_reason": end["stopReason"],
        "total_tokens": end["usage"]["totalTokens"],
    }


@case
def streamed(client, conforming):
    return read(client.converse_stream(**asking("echo", "one two three"))["stream"])


@case
def tools(client, conforming):
    asked = asking("any", "Use the tools, please.", toolConfig={"tools": [WEATHER, CLOCK]})
    first = conforming(client).converse(**asked)
    message = first["output"]["message"]
    calls = [block["toolUse"] for block in message["content"]]
    results = [
        {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": f"result of {call['name']}"}]}}
        for call in calls
    ]
    asked["messages"] += [message, {"role": "user", "content": results}]
    second = client.converse(**asked)
    return {
        "calls": [[call["name"], call["input"]] for call in calls],
        "different_ids": len({call["toolUseId"] for call in calls}),
        "stop_reasons": [first["stopReason"], second["stopReason"]],
        "answer": second["output"]["message"]["content"][0]["text"],
    }


@case
def tools_streamed(client, conforming):
    config = {"tools": [WEATHER, CLOCK], "toolChoice": {"any": {}}}
    return read(client.converse_stream(**asking("any", "Hello.", toolConfig=config))["stream"])


@case
def thinking(client, conforming):
    """The thought goes back with the second question."""
    asked = asking(CLAUDE, "Why?", additionalModelRequestFields=THINKING)
    message = conforming(client).converse(**asked)["output"]["message"]
    streamed = read(client.converse_stream(**asked)["stream"])
    asked["messages"] += [message, {"role": "user", "content": [{"text": "And then?"}]}]
    thought = message["content"][0]["reasoningContent"]["reasoningText"]
    return {
        "thinking": thought["text"],
        "has_signature": bool(thought["signature"]),
        "streamed": streamed,
        "answer": client.converse(**asked)["output"]["message"]["content"][-1]["text"],
    }


@case
def cut_short(client, conforming):
    reply = conforming(client).converse(**asking("long-50", "Go.", inferenceConfig={"maxTokens": 5}))
    return [reply["stopReason"], reply["usage"]["outputTokens"]]


@case
def embeddings(client, conforming):
    titan = {"inputText": "one two", "dimensions": 256, "normalize": True}
    cohere = {"texts": ["one", "two"], "input_type": "search_document"}
    asked = {"amazon.titan-embed-text-v2:0": titan, "cohere.embed-english-v3": cohere}
    found = {}
    for model, body in asked.items():
        reply = client.invoke_model(modelId=model, body=json.dumps(body), contentType="application/json")
        found[model] = json.loads(reply["body"].read())
    vectors = found["cohere.embed-english-v3"]["embeddings"]
    return {
        "titan": [len(found["amazon.titan-embed-text-v2:0"]["embedding"])],
        "tokens": found["amazon.titan-embed-text-v2:0"]["inputTextTokenCount"],
        "cohere": [len(vector) for vector in vectors],
    }


@case
def count_tokens(client, conforming):
    asked = asking("any", "one two")
    reply = conforming(client).count_tokens(modelId="any", input={"converse": {"messages": asked["messages"]}})
    return reply["inputTokens"]


@case
def models(client, conforming):
    """They are another service's."""
    with contextlib.closing(service("bedrock", client.headers)) as control:
        listed = conforming(control).list_foundation_models()["modelSummaries"]
    return [model["modelId"] for model in listed]


@case
def failures(client, conforming):
    names = [f"status-{status}" for status in (400, 403, 404, 408, 424, 429, 500, 503)]
    found = {name: failing(lambda name=name: client.converse(**asking(name, "Hello."))) for name in names}
    found["streamed"] = failing(lambda: client.converse_stream(**asking("status-429", "Hello.")))
    found["reset"] = error_of(
        lambda: client.converse(**asking("reset-headers", "Hello.")), exceptions.ConnectionClosedError
    )
    return found


def failing(call):
    try:
        call()
    except exceptions.ClientError as error:
        return {
            "class": type(error).__name__,
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
            "code": error.response["Error"]["Code"],
            "message": error.response["Error"]["Message"],
        }
    raise AssertionError("no error was raised")


@case
def wrong_secret(client, conforming):
    with contextlib.closing(service("bedrock-runtime", client.headers, secret="another")) as stranger:
        plain = failing(lambda: stranger.converse(**asking("echo", "Hello.")))
        streamed = failing(lambda: stranger.converse_stream(**asking("echo", "Hello.")))
    return [plain, streamed]


@case
def error_mid_stream(client, conforming):
    pieces = []
    stream = client.converse_stream(**asking("error-mid-stream", "Hello."))["stream"]
    try:
        # What is not read to its end has a connection that nobody closes.
        with contextlib.closing(stream):
            pieces.extend(event.get("contentBlockDelta", {}).get("delta", {}).get("text", "") for event in stream)
    except exceptions.EventStreamError as error:
        return {"text": "".join(pieces), "code": error.response["Error"]["Code"], "message": str(error)}
    raise AssertionError("no error was raised")


@case
def retried(client, conforming):
    with contextlib.closing(service("bedrock-runtime", client.headers, attempts=3)) as patient:
        reply = patient.converse(**asking("fail-once-429", "Hello."))
    return [reply["output"]["message"]["content"][0]["text"], reply["ResponseMetadata"]["RetryAttempts"]]


@case
def frames(client, conforming):
    """The frames themselves, which botocore's reader gets in small pieces."""
    union = client.meta.service_model.operation_model("ConverseStream").output_shape.members["stream"]
    asked = {
        "echo": asking("echo", "one two three"),
        "any": asking("any", "Use the tools, please.", toolConfig={"tools": [WEATHER, CLOCK]}),
        CLAUDE: asking(CLAUDE, "Why?", additionalModelRequestFields=THINKING),
    }
    headers = []
    for model, body in asked.items():
        del body["modelId"]
        address = f"{sys.argv[1]}/model/{model.replace(':', '%3A')}/converse-stream"
        request = urllib.request.Request(address, json.dumps(body).encode(), {"x-case": "frames"})
        buffer = EventStreamBuffer()
        with urllib.request.urlopen(request) as answer:
            media_type = answer.headers["content-type"]
            while piece := answer.read(7):
                buffer.add_data(piece)
                for message in buffer:
                    headers.append(message.headers)
                    conforming.check(json.loads(message.payload), union.members[message.headers[":event-type"]])
    return {
        "media_type": media_type,
        "messages": sorted({header[":message-type"] for header in headers}),
        "contents": sorted({header[":content-type"] for header in headers}),
        "events": sorted({header[":event-type"] for header in headers}),
        "left": len(buffer._data),
    }


def service(name, headers, attempts=1, secret=SECRET):
    """A client of an AWS service, with `headers` in each request, which the simulator holds against its signature."""
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=20)
    keys = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": secret, "aws_session_token": "session"}
    address = {"region_name": "us-east-1", "endpoint_url": sys.argv[1]}
    client = Session().create_client(name, **address, **keys, config=config)
    client.meta.events.register("before-call", lambda params, **_: params["headers"].update(headers))
    client.headers = headers
    return client


if __name__ == "__main__":

    def make(headers):
        return contextlib.closing(service("bedrock-runtime", headers))

    run(make, None, Conformity)
