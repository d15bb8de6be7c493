"""`ferrule models --all`, `cost`, `tokens`, `embed`, `health` and `providers`: what they print, and how they fail."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]
    Open = Callable[..., Any]

EMBEDDER = "openai/text-embedding-3-small"


class TestModels:
    def test_all_needs_no_key_and_asks_nobody(self, ferrule: Run) -> None:
        done = ferrule("models", "--all", simulator=None)
        assert done.returncode == 0
        assert "openai/gpt-4o" in done.stdout.splitlines()
        assert len(done.stdout.splitlines()) > 2000

    def test_all_of_one_provider(self, ferrule: Run) -> None:
        models = json.loads(ferrule("models", "--all", "bedrock", "--json", simulator=None).stdout)
        assert {model["provider"] for model in models} == {"bedrock"}
        (gpt,) = [
            model
            for model in json.loads(ferrule("models", "--all", "openai", "--json", simulator=None).stdout)
            if model["id"] == "gpt-4o"
        ]
        assert (gpt["context_window"], gpt["prices"]["input_mtok"]) == (128_000, "2.5")

    def test_facts_beside_a_provider_s_list(self, ferrule: Run, tmp_path: Path) -> None:
        path = tmp_path / "ferrule.toml"
        path.write_text('[models."openai/echo"]\ncontext_window = 32000\nprices = { input_mtok = "1.5" }\n')
        models = json.loads(ferrule("models", "openai", "--json", FERRULE_CONFIG=str(path)).stdout)
        (echo,) = [model for model in models if model["id"] == "echo"]
        assert (echo["context_window"], echo["prices"]) == (32_000, {"input_mtok": "1.5"})
        assert [model["prices"] for model in models if model["id"] == "tools"] == [None]

    def test_a_table_on_a_terminal(self, terminal: Open) -> None:
        screen = terminal("models", "--all", "cohere", columns=80)
        text = screen.wait_for("dollars per million tokens")
        assert "context" in text
        assert "$0.60" in text
        assert screen.wait_for_end() == 0

    def test_an_unknown_provider(self, ferrule: Run) -> None:
        done = ferrule("models", "--all", "cohre", simulator=None)
        assert (done.returncode, done.stdout) == (2, "")
        assert "did you mean `cohere`?" in done.stderr


class TestCost:
    def test_numbers(self, ferrule: Run) -> None:
        done = ferrule(
            "cost", "openai/gpt-4o", "--input", "12000", "--output", "800", "--cached", "10000", simulator=None
        )
        assert done.returncode == 0
        assert [line.split() for line in done.stdout.splitlines()[1:]] == [
            ["cache", "read", "tokens", "10,000", "$0.0125"],
            ["input", "tokens", "2,000", "$0.0050"],
            ["output", "tokens", "800", "$0.0080"],
            ["total", "$0.0255"],
        ]
        assert "prices: genai-prices" in done.stderr

    def test_json(self, ferrule: Run) -> None:
        cost = json.loads(ferrule("cost", "openai/gpt-4o", "--input", "1000000", "--json", simulator=None).stdout)
        assert (Decimal(cost["total"]), cost["currency"], cost["calls"]) == (Decimal("2.5"), "USD", 1)
        assert cost["source_date"] == "2025-07-04"

    def test_a_prompt_from_a_pipe(self, ferrule: Run) -> None:
        done = ferrule("cost", "openai/gpt-4o", "--output", "10", "--json", typed="Hello, world!", simulator=None)
        cost = json.loads(done.stdout)
        assert cost["quantities"] == {"input_tokens": 11, "output_tokens": 10}
        assert cost["estimated"] is False

    def test_usages_and_replies_from_a_file(self, ferrule: Run, tmp_path: Path) -> None:
        usage = {"input_tokens": 1000, "output_tokens": 100, "cache_read_tokens": None, "extra": {"x": 1}}
        path = tmp_path / "usages.jsonl"
        path.write_text(f"{json.dumps(usage)}\n\n{json.dumps({'id': 'a', 'usage': usage})}\n")
        for arguments, typed in (((str(path),), ""), (("-",), path.read_text())):
            done = ferrule("cost", "openai/gpt-4o", "--json", "--usages", *arguments, typed=typed, simulator=None)
            cost = json.loads(done.stdout)
            assert (cost["calls"], Decimal(cost["total"])) == (2, Decimal("0.007"))

    def test_of_a_real_reply(self, ferrule: Run) -> None:
        reply = ferrule("chat", "-m", "openai/gpt-4o", "--json", "Hello").stdout
        cost = json.loads(
            ferrule("cost", "openai/gpt-4o", "--usages", "-", "--json", typed=json.dumps(json.loads(reply))).stdout
        )
        assert cost["total"] == json.loads(reply)["cost"]["total"]

    @pytest.mark.parametrize(
        ("arguments", "typed", "said"),
        [
            (("openai/gpt-4o",), "", "how many tokens?"),
            (("openai/no-such-model", "--input", "5"), "", "the price of openai/no-such-model is not known"),
            (("openai/gpt-4o", "--usages", "-"), "{", "line 1: not valid JSON"),
            (("openai/gpt-4o", "--usages", "-"), "[5]", "line 1: expected an object"),
            (("openai/gpt-4o", "--usages", "-"), '{"input_tokens": -1}', "line 1: input_tokens: expected a whole"),
            (("openai/gpt-4o", "--usages", "-"), '{"prompt": 1}', "line 1: has no `input_tokens`"),
            (("openai/gpt-4o", "--usages", "-", "--input", "5"), "", "leave out the other options"),
            (("opnai/gpt-4o", "--input", "5"), "", "did you mean `openai`?"),
        ],
    )
    def test_what_is_wrong_is_said(self, ferrule: Run, arguments: tuple[str, ...], typed: str, said: str) -> None:
        done = ferrule("cost", *arguments, typed=typed, simulator=None)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert done.stderr.startswith("error: ")

    def test_a_file_that_is_not_there(self, ferrule: Run) -> None:
        done = ferrule("cost", "openai/gpt-4o", "--usages", "/no/such/file", simulator=None)
        assert done.returncode == 1
        assert "/no/such/file: No such file" in done.stderr


class TestTokens:
    def test_here_by_the_provider_and_as_an_estimate(self, ferrule: Run) -> None:
        assert ferrule("tokens", "openai/gpt-4o", "Hello, world!", simulator=None).stdout == "11\n"
        assert ferrule("tokens", "openai/gpt-4o", "--bare", typed="Hello, world!", simulator=None).stdout == "4\n"
        found = json.loads(ferrule("tokens", "anthropic/claude-sonnet-4-5", "one two", "--json").stdout)
        assert found == {
            "model": "anthropic/claude-sonnet-4-5",
            "tokens": found["tokens"],
            "exact": True,
            "source": "provider",
        }
        done = ferrule("tokens", "groq/llama-3.3-70b-versatile", "Hello", simulator=None)
        assert done.stderr == "an estimate\n"

    def test_on_a_terminal_it_says_who_counted(self, terminal: Open) -> None:
        screen = terminal("tokens", "anthropic/claude-sonnet-4-5", "Hello")
        screen.wait_for("counted by anthropic")
        assert screen.wait_for_end() == 0

    def test_nothing_to_count(self, ferrule: Run) -> None:
        done = ferrule("tokens", "openai/gpt-4o", simulator=None)
        assert (done.returncode, done.stderr) == (2, "error: nothing to count; give a text, or pipe one in\n")

    def test_no_key(self, ferrule: Run) -> None:
        done = ferrule("tokens", "anthropic/claude-sonnet-4-5", "Hello", simulator=None)
        assert done.returncode == 2
        assert "ANTHROPIC_API_KEY" in done.stderr


class TestEmbed:
    def test_lines_in_lines_out(self, ferrule: Run, tmp_path: Path) -> None:
        piped = ferrule("embed", EMBEDDER, typed="a cat\n\na dog\n")
        rows = [json.loads(line) for line in piped.stdout.splitlines()]
        assert [row["index"] for row in rows] == [0, 1]
        assert len(rows[0]["vector"]) > 1
        path = tmp_path / "texts.txt"
        path.write_text("a cat\na dog\n")
        assert ferrule("embed", EMBEDDER, "--file", str(path)).stdout == piped.stdout
        assert ferrule("embed", EMBEDDER, "a cat", "a dog").stdout == piped.stdout

    def test_many_come_in_order(self, ferrule: Run, ferrule_simulator: Simulator) -> None:
        texts = [f"text number {number}" for number in range(300)]
        rows = [json.loads(line) for line in ferrule("embed", EMBEDDER, typed="\n".join(texts)).stdout.splitlines()]
        assert [row["index"] for row in rows] == list(range(300))
        (one,) = (json.loads(line) for line in ferrule("embed", EMBEDDER, texts[280]).stdout.splitlines())
        assert one["vector"] == rows[280]["vector"]
        asked = [text for request in ferrule_simulator.requests[:-1] for text in request.body["input"]]
        assert sorted(asked) == sorted(texts)

    def test_dimensions_and_json(self, ferrule: Run) -> None:
        found = json.loads(ferrule("embed", EMBEDDER, "a cat", "--dimensions", "4", "--json").stdout)
        assert (found["dimensions"], len(found["vectors"][0]), found["provider"]) == (4, 4, "openai")

    def test_similarity(self, ferrule: Run) -> None:
        matrix = json.loads(ferrule("embed", EMBEDDER, "a cat", "a dog", "--similarity", "--json").stdout)["similarity"]
        assert matrix[0][0] == pytest.approx(1, abs=1e-5)
        assert matrix[0][1] == pytest.approx(matrix[1][0])
        table = ferrule("embed", EMBEDDER, "a cat", "a dog", "--similarity").stdout.splitlines()
        assert table[1].split() == ["0", "a", "cat", "1.00", f"{matrix[0][1]:.2f}"]
        many = ferrule("embed", EMBEDDER, "--similarity", typed="\n".join(f"text {n}" for n in range(20)))
        assert len(many.stdout.splitlines()) == 21
        assert "most similar" in many.stdout

    def test_many_have_a_bar_on_a_terminal(self, terminal: Open, tmp_path: Path) -> None:
        path = tmp_path / "texts.txt"
        path.write_text("".join(f"text {number}\n" for number in range(300)))
        screen = terminal("embed", EMBEDDER, "--file", str(path), columns=80)
        screen.wait_for("0/300")
        screen.wait_for("300 vectors")
        assert screen.wait_for_end() == 0

    def test_vectors_are_shortened_for_people(self, terminal: Open) -> None:
        screen = terminal("embed", EMBEDDER, "a cat", columns=80)
        screen.wait_for(", ...]")
        screen.wait_for("1 vectors")
        assert screen.wait_for_end() == 0

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ((EMBEDDER,), "nothing to embed"),
            ((EMBEDDER, "one", "--similarity"), "give 2 to 200, not 1"),
            (("anthropic/claude-sonnet-4-5", "one"), "anthropic"),
        ],
    )
    def test_what_is_wrong_is_said(self, ferrule: Run, arguments: tuple[str, ...], said: str) -> None:
        done = ferrule("embed", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr


class TestHealth:
    def test_all_is_well(self, ferrule: Run) -> None:
        done = ferrule("health")
        assert (done.returncode, done.stderr) == (0, "")
        assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [
            ["anthropic", "ok"],
            ["openai", "ok"],
        ]

    def test_what_is_not_ends_with_1(self, ferrule: Run, ferrule_simulator: Simulator) -> None:
        done = ferrule(
            "health", "--json", OPENAI_API_KEY="sk-invalid", ANTHROPIC_BASE_URL=ferrule_simulator.refused_url
        )
        assert done.returncode == 1
        anthropic, openai = json.loads(done.stdout)
        assert (anthropic["reachable"], openai["reachable"], openai["authorised"]) == (False, True, False)
        assert "sk-invalid" not in done.stdout
        table = ferrule("health", "openai", OPENAI_API_KEY="sk-invalid").stdout
        assert "refuses the key" in table

    def test_nobody_to_ask(self, ferrule: Run) -> None:
        assert ferrule("health", simulator=None).returncode == 2
        assert "did you mean" in ferrule("health", "opnai").stderr


class TestProviders:
    def test_the_status_is_that_of_now(self, ferrule: Run, ferrule_simulator: Simulator, tmp_path: Path) -> None:
        file = tmp_path / "ferrule.toml"
        file.write_text('[providers.mistral]\napi_key = "${MISSING_KEY}"\n')
        variables = {"FERRULE_CONFIG": str(file), "ANTHROPIC_BASE_URL": ferrule_simulator.refused_url}
        done = ferrule("providers", "--status", "--json", **variables)
        assert done.returncode == 1
        rows = {row["id"]: row for row in json.loads(done.stdout)}
        assert set(rows) == {"anthropic", "mistral", "openai"}
        assert rows["openai"]["health"]["ok"]
        assert rows["openai"]["health"]["latency"] > 0
        assert not rows["anthropic"]["health"]["reachable"]
        assert rows["mistral"]["health"] is None
        assert "MISSING_KEY" in rows["mistral"]["missing"]
        table = ferrule("providers", "--status", **variables).stdout.splitlines()
        assert [line.split()[0] for line in table] == ["provider", "anthropic", "mistral", "openai"]
        assert "not reachable" in table[1]
        assert "cannot be called" in table[2]
        assert "MISSING_KEY" in table[2]
        assert "ok" in table[3]
        assert "OPENAI_API_KEY" in table[3]
        assert "sk-simulated" not in "".join(table)

    def test_the_status_of_what_is_well_ends_with_0(self, ferrule: Run) -> None:
        done = ferrule("providers", "--status")
        assert (done.returncode, done.stderr) == (0, "")
        refused = ferrule("providers", "--status", OPENAI_API_KEY="sk-invalid")
        assert refused.returncode == 1
        assert "refuses the key" in refused.stdout
        assert "sk-invalid" not in refused.stdout
        assert ferrule("providers", "--status", simulator=None).returncode == 2

    def test_nothing_that_is_typed_is_broken_at_80_columns(self, terminal: Open) -> None:
        screen = terminal("providers", columns=80)
        text = screen.wait_for("VOYAGE_API_KEY")
        assert "CLOUDFLARE_GATEWAY_UPSTREAM_KEY" in text
        assert all(alias in text for alias in ("azure_openai", "vertex_ai", "vercel-ai-gateway", "togetherai"))
        assert "AWS credentials" in text
        assert screen.wait_for_end() == 0

    def test_json_lists_the_operations_of_each(self, ferrule: Run) -> None:
        rows = {row["id"]: row for row in json.loads(ferrule("providers", "--json").stdout)}
        assert rows["deepseek"]["operations"] == ["chat", "models"]
        assert rows["cohere"]["operations"] == ["chat", "embed", "rerank", "models"]
        assert rows["voyage"]["operations"] == ["embed", "rerank"]
