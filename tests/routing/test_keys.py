"""Several keys of one provider: shares by weight, rotation within a call, refused keys, and what callers see."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from group_targets import Targets, whole, whole_async

import ferrule
from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST, SECOND, THIRD = "sk-first-0123456789-aaaa", "sk-second-012345678-bbbb", "sk-third-0123456789-cccc"
SHOWN = {FIRST: "***aaaa", SECOND: "***bbbb", THIRD: "***cccc"}
EVERYWHERE = [False, True]

LIMITED = {"rate_limit": {"retry": "seconds", "delay_ms": 30_000}}


def status(code: int) -> dict[str, Any]:
    return {"status": {"status": code}}


def refuses(key: str, fault: Any, **options: Any) -> Any:
    """A rule for requests with `key`, in whatever header."""
    header = options.pop("header", "authorization")
    return rule(fault=fault, headers={header: f"*{key}"}, **options)


def used(simulator: Simulator) -> list[str]:
    """The keys of the requests that `simulator` got."""
    found = [one.headers.get("authorization") or one.headers.get("x-api-key", "") for one in simulator.requests]
    return [header.removeprefix("Bearer ") for header in found]


@pytest.fixture
def upstream() -> Iterator[Simulator]:
    with Simulator([rule("Here.")]) as simulator:
        yield simulator


def script(simulator: Simulator, *rules: Any) -> None:
    simulator.set_script([*rules, rule("Here.")])


def settings(simulator: Simulator, keys: list[Any], **options: Any) -> dict[str, Any]:
    providers = {"main": {"base_url": simulator.openai_base_url, "api_keys": keys}}
    return {"config": False, "providers": providers, "timeout": 20, **options}


def told(attempts: Any) -> list[tuple[str | None, int | None]]:
    return [(attempt.key, attempt.status) for attempt in attempts]


@pytest.mark.parametrize("streamed", EVERYWHERE)
def test_keys_are_used_by_their_weights(upstream: Simulator, streamed: bool) -> None:
    keys = [{"key": FIRST, "weight": 2}, SECOND, {"key": THIRD, "weight": 0.5}]
    with ferrule.Client(**settings(upstream, keys)) as client:
        for _ in range(35):
            reply = whole(client, "main/m", streamed=streamed)
            assert reply.attempts[0].key == SHOWN[used(upstream)[-1]]
    assert Counter(used(upstream)) == {FIRST: 20, SECOND: 10, THIRD: 5}
    assert used(upstream)[:3] != [FIRST, FIRST, FIRST], "in turns, not in blocks"


@pytest.mark.parametrize("streamed", EVERYWHERE)
@pytest.mark.parametrize("dialect", ["openai-chat", "openai-responses", "anthropic", "gemini"])
@pytest.mark.parametrize(
    ("fault", "code", "state"),
    [
        (LIMITED, 429, "rate_limited"),
        (status(401), 401, "refused"),
        (status(402), 402, "refused"),
        (status(403), 403, "refused"),
    ],
)
def test_another_key_answers_within_the_call(
    upstream: Simulator, dialect: str, fault: Any, code: int, state: str, streamed: bool
) -> None:
    header = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}.get(dialect, "authorization")
    script(upstream, refuses(FIRST, fault, header=header))
    options = settings(upstream, [FIRST, SECOND], max_retries=0)
    base = {"anthropic": upstream.anthropic_base_url, "gemini": f"{upstream.url}/gemini/v1beta"}
    options["providers"]["main"] |= {"dialect": dialect, "base_url": base.get(dialect, upstream.openai_base_url)}
    with ferrule.Client(**options) as client:
        reply = whole(client, "main/m", streamed=streamed)
        assert reply.text == "Here."
        assert told(reply.attempts) == [("***aaaa", code), ("***bbbb", None)]
        assert reply.attempts[0].next == "used another key"
        count = len(upstream.requests)
        for _ in range(4):
            reply = whole(client, "main/m", streamed=streamed)
            assert [attempt.key for attempt in reply.attempts] == ["***bbbb"], "the first is left alone"
        assert len(upstream.requests) == count + 4
        first, second = client.status().keys
        assert (first.provider, first.key, first.state) == ("main", "***aaaa", state)
        assert first.models == (("m",) if state == "rate_limited" else ())
        assert first.usable_in is not None
        assert 20 < first.usable_in <= 30
        assert (second.key, second.state, second.usable_in, second.models) == ("***bbbb", "usable", None, ())


@pytest.mark.parametrize("streamed", EVERYWHERE)
def test_asynchronous_calls_rotate_as_well(upstream: Simulator, streamed: bool) -> None:
    script(upstream, refuses(FIRST, LIMITED), refuses(SECOND, status(401)))

    async def main() -> None:
        async with ferrule.AsyncClient(**settings(upstream, [FIRST, SECOND, THIRD], max_retries=0)) as client:
            replies = await asyncio.gather(*(whole_async(client, "main/m", streamed=streamed) for _ in range(20)))
            assert {reply.text for reply in replies} == {"Here."}
            assert {reply.attempts[-1].key for reply in replies} == {"***cccc"}
            before = Counter(used(upstream))
            await whole_async(client, "main/m", streamed=streamed)
            assert Counter(used(upstream)) - before == {THIRD: 1}
            assert [key.state for key in (await client.status()).keys] == ["rate_limited", "refused", "usable"]

    asyncio.run(main())


def test_embeddings_and_other_operations_rotate_as_well(upstream: Simulator) -> None:
    upstream.set_script([refuses(FIRST, LIMITED)])
    with ferrule.Client(**settings(upstream, [FIRST, SECOND], max_retries=0)) as client:
        embedded = client.embed("main/e", [f"text {number}" for number in range(8)], batch_size=2)
        assert len(embedded.vectors) == 8
        assert Counter(attempt.key for attempt in embedded.attempts if not attempt.status) == {"***bbbb": 4}
        before = len(upstream.requests)
        client.embed("main/e", ["text"])
        assert used(upstream)[before:] == [SECOND]
        upstream.set_script([refuses(SECOND, status(401)), refuses(FIRST, LIMITED, model="e")])
        assert client.models("main")
        (health,) = client.health(["main"])
        assert (health.reachable, health.authorised) == (True, True)


@pytest.mark.parametrize("streamed", EVERYWHERE)
def test_a_key_is_rate_limited_at_one_model_and_refused_at_all(upstream: Simulator, streamed: bool) -> None:
    script(upstream, refuses(FIRST, LIMITED, model="a"), refuses(SECOND, status(401)))
    with ferrule.Client(**settings(upstream, [FIRST, SECOND, THIRD], max_retries=0)) as client:
        for _ in range(3):
            assert whole(client, "main/a", streamed=streamed).attempts[-1].key == "***cccc"
        keys = {whole(client, "main/b", streamed=streamed).attempts[-1].key for _ in range(6)}
        assert keys == {"***aaaa", "***cccc"}


@pytest.mark.parametrize("streamed", EVERYWHERE)
@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (401, ferrule.AuthenticationError, "all 2 keys of provider `main` are refused"),
        (403, ferrule.PermissionDeniedError, "all 2 keys of provider `main` are refused"),
        (402, ferrule.QuotaExceededError, "all 2 keys of provider `main` are used up"),
    ],
)
def test_where_all_keys_are_refused_the_error_says_so(
    upstream: Simulator, code: int, kind: type[ferrule.FerruleError], words: str, streamed: bool
) -> None:
    script(upstream, rule(fault=status(code)))
    with ferrule.Client(**settings(upstream, [FIRST, SECOND])) as client:
        with pytest.raises(kind, match=words) as caught:
            whole(client, "main/m", streamed=streamed)
        assert told(caught.value.attempts) == [("***aaaa", code), ("***bbbb", code)]
        assert "aaaa" not in str(caught.value)
        count = len(upstream.requests)
        assert count == 2
        # Those after it do not ask again, and say the same.
        with pytest.raises(kind, match=words) as caught:
            whole(client, "main/m", streamed=streamed)
        assert len(upstream.requests) == count
        assert [attempt.outcome for attempt in caught.value.attempts] == ["skipped: none of its keys may be used now"]


@pytest.mark.parametrize("streamed", EVERYWHERE)
def test_where_all_keys_are_rate_limited_a_call_waits_for_the_first(upstream: Simulator, streamed: bool) -> None:
    def limited(key: str, milliseconds: int) -> Any:
        return refuses(key, {"rate_limit": {"retry": "milliseconds", "delay_ms": milliseconds}}, times=1)

    script(upstream, limited(FIRST, 100), limited(SECOND, 30_000))
    with ferrule.Client(**settings(upstream, [FIRST, SECOND], max_retries=1)) as client:
        reply = whole(client, "main/m", streamed=streamed)
        assert told(reply.attempts) == [("***aaaa", 429), ("***bbbb", 429), ("***aaaa", None)]
        assert 0.01 < reply.attempts[2].waited < 2
        script(upstream, limited(FIRST, 30_000))
        with pytest.raises(ferrule.RateLimitedError, match="all 2 keys of provider `main` are rate limited") as caught:
            client.complete("main/m", "Hello?", timeout=2)
        assert caught.value.retry_after is not None
        assert 20 < caught.value.retry_after <= 30
        with pytest.raises(ferrule.RateLimitedError, match="all 2 keys of provider `main` are rate limited") as caught:
            client.complete("main/m", "Hello?", timeout=2)
        assert [attempt.skipped for attempt in caught.value.attempts] == [True]


@pytest.mark.parametrize("streamed", EVERYWHERE)
@pytest.mark.parametrize("fault", [LIMITED, status(401), status(402), status(403)])
def test_a_target_loses_its_keys_before_the_call_moves_on(targets: Targets, fault: Any, streamed: bool) -> None:
    targets.script("one", rule(fault=fault))
    options = targets.settings()
    del options["providers"]["one"]["api_key"]
    options["providers"]["one"]["api_keys"] = [FIRST, {"key": SECOND}]
    with ferrule.Client(**options) as client:
        reply = whole(client, "all", streamed=streamed)
        assert [(attempt.provider, attempt.key) for attempt in reply.attempts] == [
            ("one", "***aaaa"),
            ("one", "***bbbb"),
            ("two", "***"),
        ]
        assert [attempt.next for attempt in reply.attempts] == ["used another key", "asked two/m", None]
        reply = whole(client, "all", streamed=streamed)
        assert [attempt.outcome for attempt in reply.attempts] == [
            "skipped: none of its keys may be used now",
            "success",
        ]
        assert targets.asked("one") == 2


def test_a_key_that_may_not_use_a_model_is_left_alone_there(upstream: Simulator) -> None:
    said = {"kind": "permission_denied", "message": "This key has no access to model m"}
    forbidden = {"status": {"status": 403, "error": said}}
    script(upstream, refuses(FIRST, forbidden))
    with ferrule.Client(**settings(upstream, [FIRST, SECOND])) as client:
        assert told(client.complete("main/m", "Hello?").attempts) == [("***aaaa", 403), ("***bbbb", None)]
        first, _ = client.status().keys
        assert first.models == ("m",)
        script(upstream)
        assert {client.complete("main/other", "Hello?").attempts[0].key for _ in range(4)} == {"***aaaa", "***bbbb"}


@pytest.mark.parametrize("streamed", EVERYWHERE)
def test_a_key_with_which_a_target_keeps_failing_is_left_alone_there(upstream: Simulator, streamed: bool) -> None:
    script(upstream, refuses(FIRST, status(500)))
    options = settings(upstream, [FIRST, SECOND], breaker={"failures": 3, "open": 30, "open_max": 30})
    with ferrule.Client(**options) as client:
        for _ in range(12):
            assert whole(client, "main/m", streamed=streamed).text == "Here."
        assert Counter(used(upstream))[FIRST] == 3
        target = client.status().target("main/m")
        assert target is not None
        assert target.breaker == "closed"


def test_what_is_known_of_a_key_outlasts_a_reload(
    upstream: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ferrule.toml"
    kept = tmp_path / "third"
    kept.write_text(THIRD)
    monkeypatch.setenv("SECOND_KEY", SECOND)

    def write(keys: str, **more: str) -> None:
        extra = "".join(f"{name} = {value!r}\n" for name, value in more.items())
        file.write_text(f"[providers.main]\nbase_url = {upstream.openai_base_url!r}\napi_keys = {keys}\n{extra}")

    write(f"['{FIRST}', '${{SECOND_KEY}}', {{ file = '{kept}' }}]")
    script(upstream, refuses(FIRST, status(401)), refuses(THIRD, status(401)))
    with ferrule.Client(config=str(file), max_retries=0) as client:
        for _ in range(3):
            assert client.complete("main/m", "Hello?").attempts[-1].key == "***bbbb"
        assert [key.state for key in client.status().keys] == ["refused", "usable", "refused"]
        write(f"[{{ key = '${{SECOND_KEY}}', weight = 3 }}, {{ file = '{kept}' }}, '{FIRST}']", region="eu")
        client.registry.reload()
        assert [(key.key, key.state) for key in client.status().keys] == [
            ("***bbbb", "usable"),
            ("***cccc", "refused"),
            ("***aaaa", "refused"),
        ]
        count = len(upstream.requests)
        assert client.complete("main/m", "Hello?").attempts[0].key == "***bbbb"
        assert len(upstream.requests) == count + 1
        # Another key is another key, in the place of the old one or not.
        fresh = "sk-fresh-0123456789-dddd"
        write(f"['{fresh}', '${{SECOND_KEY}}']")
        client.registry.reload()
        assert [key.state for key in client.status().keys] == ["usable", "usable"]


def test_keys_are_fetched_when_their_turn_comes(upstream: Simulator, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    code = f"import sys; open({str(runs)!r}, 'a').write('x'); print({SECOND!r})"
    keys = [FIRST, {"key": {"command": [sys.executable, "-c", code]}}]
    with ferrule.Client(**settings(upstream, keys, max_retries=0)) as client:
        assert client.complete("main/m", "Hello?").attempts[0].key == "***aaaa"
        assert not runs.exists(), "a key that is not needed is not fetched"
        assert [key.key for key in client.status().keys] == ["***aaaa", "***"]
        assert client.complete("main/m", "Hello?").attempts[0].key == "***bbbb"
        for _ in range(4):
            client.complete("main/m", "Hello?")
        assert runs.read_text() == "x", "fetched once for all calls"
        assert [key.key for key in client.status().keys] == ["***aaaa", "***bbbb"]


def test_a_key_that_cannot_be_read_is_passed_over(upstream: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "key"
    with ferrule.Client(**settings(upstream, [{"file": str(path)}, SECOND], max_retries=0)) as client:
        first, second = client.complete("main/m", "Hello?").attempts
        assert str(path) in first.outcome
        assert (first.key, first.next, second.key) == (None, "used another key", "***bbbb")
        for _ in range(3):
            assert [one.key for one in client.complete("main/m", "Hello?").attempts] == ["***bbbb"]
        assert [key.state for key in client.status().keys] == ["unreadable", "usable"]
        script(upstream, refuses(SECOND, status(401)))
        words = "all 2 keys of provider `main` are out of use: 1 refused, 1 unreadable"
        with pytest.raises(ferrule.AuthenticationError, match=words):
            client.complete("main/m", "Hello?")
        # Where there is no other it is looked for again at once.
        with pytest.raises(ferrule.ConfigError, match=rf"{words} .*{path}: No such file"):
            client.complete("main/m", "Hello?")
        path.write_text(FIRST)
        assert [one.key for one in client.complete("main/m", "Hello?").attempts] == ["***aaaa"]
        assert [key.state for key in client.status().keys] == ["usable", "refused"]


def test_a_fetched_key_that_is_refused_is_fetched_again_first(upstream: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(FIRST)
    with ferrule.Client(**settings(upstream, [{"file": str(path)}, SECOND], max_retries=0)) as client:
        assert client.complete("main/m", "Hello?").attempts[0].key == "***aaaa"
        assert client.complete("main/m", "Hello?").attempts[0].key == "***bbbb"
        path.write_text(THIRD)
        script(upstream, refuses(FIRST, status(401)))
        reply = client.complete("main/m", "Hello?")
        assert told(reply.attempts) == [("***aaaa", 401), ("***cccc", None)]
        assert reply.attempts[0].next == "renewed the credentials"
        assert [key.state for key in client.status().keys] == ["usable", "usable"]


@pytest.mark.parametrize(
    ("provider", "header", "value"),
    [("azure", "api-key", "{}"), ("gemini", "x-goog-api-key", "{}"), ("bedrock", "authorization", "Bearer {}")],
)
def test_keys_go_in_the_header_of_their_provider(
    upstream: Simulator, provider: str, header: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "not-this-one-0123456789")
    options: ferrule.ProviderOptions = {"base_url": upstream.base_url(provider), "api_keys": [FIRST, SECOND]}
    script(upstream, refuses(FIRST, status(401), header=header))
    with ferrule.Client(config=False, providers={provider: options}, max_retries=0, timeout=20) as client:
        reply = client.complete(f"{provider}/gpt-4.1", "Hello?", max_tokens=50)
        assert told(reply.attempts) == [("***aaaa", 401), ("***bbbb", None)]
    assert [request.headers[header] for request in upstream.requests] == [value.format(FIRST), value.format(SECOND)]


def test_a_call_that_brings_its_own_key_uses_that(upstream: Simulator) -> None:
    script(upstream, refuses(FIRST, status(401)), refuses(SECOND, status(401)))
    with ferrule.Client(**settings(upstream, [FIRST, SECOND], max_retries=0)) as client:
        own = {"authorization": f"Bearer {THIRD}"}
        for _ in range(2):
            reply = client.complete("main/m", "Hello?", extra_headers=own)
            assert told(reply.attempts) == [(None, None)]
        with pytest.raises(ferrule.AuthenticationError, match="all 2 keys"):
            client.complete("main/m", "Hello?")
        assert client.complete("main/m", "Hello?", extra_headers=own).text == "Here."
        with pytest.raises(ferrule.AuthenticationError) as caught:
            client.complete("main/m", "Hello?", extra_headers={"authorization": f"Bearer {FIRST}"})
        assert "all 2 keys" not in str(caught.value)


def test_a_target_of_a_group_has_keys_of_its_own(upstream: Simulator) -> None:
    own = {"api_keys": [SECOND, THIRD], "region": "eu"}
    group = {"targets": ["main/m", {"model": "main/m", "provider": own}]}
    script(upstream, refuses(FIRST, status(401)), refuses(SECOND, status(429)))
    options = settings(upstream, [], groups={"all": group})
    options["providers"]["main"] = {"base_url": upstream.openai_base_url, "api_key": FIRST}
    with ferrule.Client(**options) as client:
        reply = client.complete("all", "Hello?")
        assert told(reply.attempts) == [("***aaaa", 401), ("***bbbb", 429), ("***cccc", None)]
        assert reply.attempts[2].target == "main/m@eu"
        assert [(key.provider, key.key) for key in client.status().keys] == [
            ("main@eu", "***bbbb"),
            ("main@eu", "***cccc"),
        ]


def test_keys_are_replaced_at_run_time(upstream: Simulator) -> None:
    with ferrule.Client(**settings(upstream, [FIRST, SECOND])) as client:
        entry: ferrule.ProviderOptions = {"base_url": upstream.openai_base_url, "api_keys": [THIRD]}
        client.registry.providers.replace("main", entry)
        assert client.complete("main/m", "Hello?").attempts[0].key == "***cccc"
        assert client.registry.providers.get("main")["api_keys"] == [{"key": "***", "weight": 1.0}]
        script(upstream, rule(fault=status(401)))
        with pytest.raises(ferrule.AuthenticationError, match="the only key of provider `main` is refused"):
            client.complete("main/m", "Hello?")
        client.registry.providers.replace("main", {"base_url": upstream.openai_base_url, "api_key": FIRST})
        script(upstream)
        assert client.complete("main/m", "Hello?").attempts[0].key == "***aaaa"
        assert client.status().keys == ()


@pytest.mark.parametrize("streamed", EVERYWHERE)
def test_no_key_is_shown(upstream: Simulator, caplog: pytest.LogCaptureFixture, streamed: bool) -> None:
    """Upstream repeats the key that it refuses, as some providers do."""
    caplog.set_level(logging.DEBUG)
    echo = [
        refuses(key, {"status": {"status": 401, "error": {"message": f"Incorrect API key provided: {key}"}}})
        for key in (FIRST, SECOND)
    ]
    script(upstream, *echo)
    with ferrule.Client(**settings(upstream, [FIRST, {"key": SECOND, "weight": 3}])) as client:
        with pytest.raises(ferrule.AuthenticationError) as caught:
            whole(client, "main/m", streamed=streamed)
        error = caught.value
        shown = [str(error), repr(error), repr(error.attempts), repr(client), repr(client.status())]
        shown += [repr(client.registry.providers.get("main")), repr(vars(error)), caplog.text]
    for text in shown:
        for key in (FIRST, SECOND):
            assert key not in text
            assert key[3:-4] not in text, "at most the last four characters"
    assert len(error.attempts) == 2


def test_short_keys_are_not_shown_at_all(upstream: Simulator) -> None:
    with ferrule.Client(**settings(upstream, ["short-aaaa", "short-bbbb"])) as client:
        assert client.complete("main/m", "Hello?").attempts[0].key == "***"
        assert [key.key for key in client.status().keys] == ["***", "***"]


def test_keys_come_back(upstream: Simulator) -> None:
    script(upstream, refuses(FIRST, {"rate_limit": {"retry": "milliseconds", "delay_ms": 50}}, times=1))
    with ferrule.Client(**settings(upstream, [FIRST, SECOND], max_retries=0)) as client:
        assert client.complete("main/m", "Hello?").attempts[-1].key == "***bbbb"
        used_after = set()
        for _ in range(40):
            used_after.add(client.complete("main/m", "Hello?").attempts[0].key)
            if "***aaaa" in used_after:
                break
            upstream_wait()
        assert "***aaaa" in used_after


def upstream_wait() -> None:
    import time

    time.sleep(0.01)
