"""Cases of litellm's `Router`: deployments with what each answers, the router's settings, and the calls made of it.

Plain Python, as it runs where litellm is and where Ferrule is. Which deployment a call asks first is certain in all of
them: a group has one deployment, or one that has all the weight.
"""

from __future__ import annotations

import json
from typing import Any

Case = dict[str, Any]
MESSAGES = [{"role": "user", "content": "hi"}]
MODES = ["sync", "async", "stream", "astream"]


def answer(name: str) -> list[Any]:
    message = {"role": "assistant", "content": name}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return [200, {}, body]


def stream(name: str) -> list[Any]:
    base = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunks = [
        {**base, "choices": [{"index": 0, "delta": {"role": "assistant", "content": name}, "finish_reason": None}]},
        {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return [200, {"content-type": "text/event-stream"}, text]


def fault(status: int, code: str | None = None, headers: dict[str, str] | None = None) -> list[Any]:
    message = {
        "context_length_exceeded": "This model's maximum context length is 8 tokens.",
        "content_policy_violation": "Your request was rejected by our safety system: content_policy_violation",
    }.get(code or "", f"status {status}")
    body = {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    return [status, headers or {}, body]


def case(name: str, deployments: dict[str, Any], calls: list[Any], **settings: Any) -> Case:
    """A case: deployments as `{"group.name": what it answers}`, and the groups that are called or calls' arguments."""
    made = [one if isinstance(one, dict) else {"model": one} for one in calls]
    return {"id": name, "deployments": deployments, "calls": made, "settings": settings}


OK = "ok"
LONG = fault(400, "context_length_exceeded")
FILTERED = fault(400, "content_policy_violation")
WORDS = fault(400, "content_filter")
WORDS[2]["error"]["message"] = "The response was filtered: Azure OpenAI's content management policy."
ALL_WEIGHT = {"weight": 1}
NONE = {"weight": 0}


def plain_cases() -> list[Case]:
    found: list[Case] = []
    for status in (400, 401, 403, 404, 408, 422, 429, 500, 502, 503):
        bad = [fault(status)]
        found.append(case(f"once-{status}", {"g": bad}, ["g"], num_retries=0))
        found.append(case(f"fallback-{status}", {"g": bad, "h": OK}, ["g"], num_retries=0, fallbacks=[{"g": ["h"]}]))
        found.append(case(f"policy-{status}", {"g": bad}, ["g"], num_retries=0, retry_policy=POLICY))
        found.append(
            case(f"off-{status}", {"g": bad, "h": OK}, [{"model": "g", "disable_fallbacks": True}], num_retries=0)
        )
    for status in (408, 429, 500, 503):
        found.append(case(f"retried-{status}", {"g": [fault(status), OK]}, ["g"], num_retries=1))  # noqa: PERF401
    for status in (400, 401, 404):
        found.append(case(f"not-retried-{status}", {"g": [fault(status), OK]}, ["g"], num_retries=2))  # noqa: PERF401
    return found


POLICY = {
    "BadRequestErrorRetries": 1,
    "AuthenticationErrorRetries": 0,
    "TimeoutErrorRetries": 1,
    "RateLimitErrorRetries": 1,
    "InternalServerErrorRetries": 1,
    "ContentPolicyViolationErrorRetries": 1,
}


def fallback_cases() -> list[Case]:
    three = {
        "g": [fault(500)],
        "long": [LONG],
        "filtered": [FILTERED],
        "h": OK,
        "larger": OK,
        "other": OK,
        "bad": [fault(503)],
    }
    kinds: dict[str, Any] = {
        "num_retries": 0,
        "fallbacks": [{"g": ["h"]}, {"long": ["h"]}, {"filtered": ["h"]}],
        "context_window_fallbacks": [{"long": ["larger"]}],
        "content_policy_fallbacks": [{"filtered": ["other"]}],
    }
    usual: dict[str, Any] = {"num_retries": 0, "default_fallbacks": ["h"]}
    found = [case(f"kinds-{name}", three, [name], **kinds) for name in ("g", "long", "filtered", "h")]
    only = {name: value for name, value in kinds.items() if name != "fallbacks"}
    found += [case(f"only-{name}", three, [name], **only) for name in ("g", "long", "filtered")]
    generic = {"num_retries": 0, "fallbacks": kinds["fallbacks"]}
    found += [case(f"generic-{name}", three, [name], **generic) for name in ("long", "filtered")]
    found += [case(f"default-{name}", three, [name], **usual) for name in ("g", "long", "filtered", "bad")]
    found += [
        case("second", three, ["g"], num_retries=0, fallbacks=[{"g": ["bad", "h"]}]),
        case("all-fail", three, ["g"], num_retries=0, fallbacks=[{"g": ["bad", "long"]}]),
        case("chain", three, ["g"], num_retries=0, fallbacks=[{"g": ["bad"]}, {"bad": ["h"]}]),
        case("star", three, ["g"], num_retries=0, fallbacks=[{"*": ["h"]}]),
        case("own-before-star", three, ["g"], num_retries=0, fallbacks=[{"*": ["h"]}, {"g": ["larger"]}]),
        case("most", three, ["g"], num_retries=0, max_fallbacks=1, fallbacks=[{"g": ["bad", "h"]}]),
        case("of-the-call", three, [{"model": "g", "fallbacks": ["h"]}], num_retries=0),
        case("of-the-call-in-place", three, [{"model": "g", "fallbacks": ["larger"]}], **generic),
        case("of-the-call-as-table", three, [{"model": "g", "fallbacks": [{"model": "h"}]}], num_retries=0),
        case("off", three, [{"model": "g", "disable_fallbacks": True}], **generic),
        case("many", {f"g{n}": [fault(500)] for n in range(8)} | {"h": OK}, ["g0"], num_retries=0,
             fallbacks=[{"g0": [*(f"g{n}" for n in range(1, 8)), "h"]}]),
        case("deep", {f"g{n}": [fault(500)] for n in range(8)} | {"h": OK}, ["g0"], num_retries=0, max_fallbacks=2,
             fallbacks=[{f"g{n}": [f"g{n + 1}"]} for n in range(8)]),
        case("filtered-by-words", {"g": [WORDS], "h": OK, "other": OK}, ["g"], num_retries=0,
             fallbacks=[{"g": ["h"]}], content_policy_fallbacks=[{"g": ["other"]}]),
        case("none-for-it", three, ["bad"], num_retries=0, fallbacks=[{"g": ["h"]}]),
        case("retries-then-fallback", three, ["g"], num_retries=1, fallbacks=[{"g": ["h"]}]),
        case("no-such-group", three, ["nobody"], num_retries=0),
        case("no-such-fallback", three, ["g"], num_retries=0, fallbacks=[{"g": ["nobody"]}]),
    ]  # fmt: skip
    return found


def other_cases() -> list[Case]:
    two = {"g.a": ([fault(500)], ALL_WEIGHT), "g.b": (OK, NONE)}
    found = [
        case("alias", {"g": OK}, ["a"], model_group_alias={"a": "g"}),
        case("alias-table", {"g": OK}, ["a"], model_group_alias={"a": {"model": "g", "hidden": True}}),
        case("alias-fallback", {"g": [fault(500)], "h": OK}, ["a"], model_group_alias={"a": "g"}, num_retries=0,
             fallbacks=[{"g": ["h"]}]),
        case("alias-as-fallback", {"g": [fault(500)], "h": OK}, ["g"], model_group_alias={"a": "h"}, num_retries=0,
             fallbacks=[{"g": ["a"]}]),
        case("weights", {"g.a": (OK, ALL_WEIGHT), "g.b": (OK, NONE)}, ["g"] * 5),
        case("retries-of-the-call", {"g": [fault(500)]}, [{"model": "g", "num_retries": 1}], num_retries=0),
        case("group-policy", {"g": [fault(500)]}, ["g"], num_retries=0,
             model_group_retry_policy={"g": {"InternalServerErrorRetries": 1}}),
        case("policy-over-retries", {"g": [fault(401)]}, ["g"], num_retries=2,
             retry_policy={"AuthenticationErrorRetries": 0}),
        case("single-never-cools", {"g": [fault(500)]}, ["g"] * 5, num_retries=0, allowed_fails=0),
    ]  # fmt: skip
    for allowed in (0, 1, 3):
        found.append(  # noqa: PERF401
            case(f"cooldown-{allowed}", two, ["g"] * 6, num_retries=0, allowed_fails=allowed, cooldown_time=60)
        )
    for status in (401, 404, 408, 429, 503):
        deployments = {"g.a": ([fault(status)], ALL_WEIGHT), "g.b": (OK, NONE)}
        found.append(
            case(f"cooldown-by-{status}", deployments, ["g"] * 3, num_retries=0, allowed_fails=1, cooldown_time=60)
        )
    found.append(case("no-cooldowns", two, ["g"] * 6, num_retries=0, allowed_fails=0, disable_cooldowns=True))
    found.append(case("cooldown-ends", two, ["g", "g", {"model": "g", "pause": 1.3}], num_retries=0, allowed_fails=0,
                      cooldown_time=1))  # fmt: skip
    found.append(case("retry-elsewhere", two, ["g"], num_retries=1))
    found.append(case("retry-moves-on", two, ["g"], num_retries=3, allowed_fails=0, cooldown_time=60))
    return found


def every() -> list[Case]:
    """The cases, each in every mode."""
    found: list[Case] = []
    for one in [*plain_cases(), *fallback_cases(), *other_cases()]:
        found += [{**one, "mode": mode, "id": f"{one['id']}.{mode}"} for mode in MODES]
    return found


def scripts() -> dict[str, list[Any]]:
    """What each deployment of each case answers, by its place in the address."""
    found: dict[str, list[Any]] = {}
    for one in every():
        good = stream if "stream" in one["mode"] else answer
        for name, given in one["deployments"].items():
            script = given[0] if isinstance(given, tuple) else given
            steps = [script] if script == OK else script
            found[f"{one['id']}--{name}"] = [good(name) if step == OK else step for step in steps]
    return found


def model_list(one: Case, url: str) -> list[dict[str, Any]]:
    """The deployments of a case, at the upstream."""
    return [
        {
            "model_name": name.partition(".")[0],
            "litellm_params": {
                "model": "openai/m",
                "api_base": f"{url}/{one['id']}--{name}/v1",
                "api_key": f"sk-{name}",
                **(given[1] if isinstance(given, tuple) else {}),
            },
            "model_info": {"id": name},
        }
        for name, given in one["deployments"].items()
    ]
