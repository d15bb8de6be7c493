"""Input of `ferrule chat`: words, files, options, schemas, templates, a default model."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrule.cli.chat import request
from ferrule.testing import rule

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from ferrule.testing import Simulator

    Run = Callable[..., subprocess.CompletedProcess[str]]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.mark.parametrize(
    "arguments",
    [
        ["chat", "-m", "openai/echo", "Why", "so", "blue?"],
        ["Why so blue?", "-m", "openai/echo"],
        ["-m", "openai/echo", "Why so blue?"],
        ["Why", "so", "blue?", "-m", "openai/echo"],
        ["Why", "-m", "openai/echo", "so", "blue?"],
    ],
)
def test_a_question_needs_no_quotes_and_no_command(arguments: list[str], ferrule: Run) -> None:
    done = ferrule(*arguments)
    assert (done.returncode, done.stdout) == (0, "Why so blue?\n"), done.stderr


def test_a_misspelt_command_is_no_question(ferrule: Run, ferrule_simulator: Simulator) -> None:
    done = ferrule("modles", FERRULE_MODEL="openai/echo")
    assert done.returncode == 2
    assert "models" in done.stderr
    assert not ferrule_simulator.requests


def test_a_dash_is_piped_text(ferrule: Run) -> None:
    assert ferrule("chat", "-m", "openai/echo", "-", typed="From a pipe.\n").stdout == "From a pipe.\n"
    both = ferrule("chat", "-m", "openai/echo", "Before", "-", "after", typed="piped")
    assert both.stdout == "Before\n\npiped\n\nafter\n"
    assert ferrule("-m", "openai/echo", "-", typed="x").stdout == "x\n"


@pytest.mark.parametrize(
    ("variable", "model"), [("OPENAI_API_KEY", "gpt-5-mini"), ("ANTHROPIC_API_KEY", "claude-sonnet-4-5")]
)
def test_the_only_provider_with_a_key_has_a_model(
    variable: str, model: str, ferrule: Run, ferrule_simulator: Simulator
) -> None:
    addresses = {key: value for key, value in ferrule_simulator.environment().items() if key.endswith("_URL")}
    done = ferrule("chat", "Hello", simulator=None, **addresses, **{variable: "sk-simulated"})
    assert done.returncode == 0, done.stderr
    assert ferrule_simulator.requests[-1].model == model
    assert model in done.stderr


def test_options_are_read_as_json_where_they_are(ferrule: Run, ferrule_simulator: Simulator) -> None:
    options = [
        "-o",
        "top_p=0.5",
        "-o",
        "seed=7",
        "-o",
        'stop=["a", "b"]',
        "-o",
        "user=ada",
        "-o",
        'extra_body={"safety_identifier": "s"}',
    ]
    done = ferrule("chat", "-m", "openai/echo", *options, "Hello")
    assert done.returncode == 0, done.stderr
    body = ferrule_simulator.requests[-1].body
    assert (body["top_p"], body["seed"], body["stop"]) == (0.5, 7, ["a", "b"])
    assert body["safety_identifier"] == "s"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["-o", "top_q=1"], "did you mean `top_p`?"),
        (["-o", "top_p"], "NAME=VALUE"),
        (["-o", "top_p=high"], "top_p"),
        (["-o", "tools=[]"], "--help"),
        (["--schema", "nowhere.json"], "nowhere.json"),
        (["--schema", "{]"], "not valid JSON"),
        (["--schema", "name what"], "name what"),
        (["-a", "nowhere.png"], "nowhere.png: No such file"),
        (["-t", "nowhere"], "no template 'nowhere'"),
        (["-p", "a=b"], "--template"),
        (["-c"], "no conversation was kept yet"),
    ],
)
def test_what_is_wrong_is_one_line_and_2(options: list[str], named: str, ferrule: Run) -> None:
    done = ferrule("chat", "-m", "openai/echo", *options, "Hello")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert named in line


def test_a_schema_reaches_the_provider(ferrule: Run, ferrule_simulator: Simulator, tmp_path: Path) -> None:
    wanted = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    (tmp_path / "schema.json").write_text(json.dumps(wanted))
    for given in (str(tmp_path / "schema.json"), json.dumps(wanted), "name"):
        ferrule_simulator.set_script([rule('{"name": "Ada"}')])
        done = ferrule("chat", "-m", "openai/x", "--schema", given, "Who?")
        assert (done.returncode, json.loads(done.stdout)) == (0, {"name": "Ada"}), done.stderr
        schema = ferrule_simulator.requests[-1].body["response_format"]["json_schema"]["schema"]
        assert schema["properties"] == {"name": {"type": "string"}}


def test_a_schema_in_short() -> None:
    schema = request.schema("name, age int, bio: one sentence")
    assert schema["properties"] == {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "bio": {"type": "string", "description": "one sentence"},
    }
    assert schema["required"] == ["name", "age", "bio"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("Here:\n```python\nprint(1)\n\nprint(2)\n```\nand\n```\nno\n```", "print(1)\n\nprint(2)\n"),
        ("~~~~\n```\n~~~~", "```\n"),
        ("no code", "no code\n"),
        ("```sh\ncut off", "cut off\n"),
    ],
)
def test_code_is_extracted(reply: str, code: str, ferrule: Run, ferrule_simulator: Simulator) -> None:
    ferrule_simulator.set_script([rule(reply)])
    assert ferrule("chat", "-m", "openai/x", "-x", "Hello").stdout == code


def test_files_are_attached(ferrule: Run, ferrule_simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(PNG)
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    done = ferrule(
        *("chat", "-m", "anthropic/x", "-a", str(tmp_path / "dot.png"), "-a", str(tmp_path / "page.pdf"), "What is it?")
    )
    assert done.returncode == 0, done.stderr
    image, document, text = ferrule_simulator.requests[-1].body["messages"][0]["content"]
    assert (image["type"], image["source"]["media_type"]) == ("image", "image/png")
    assert base64.b64decode(image["source"]["data"]) == PNG
    assert (document["type"], document["source"]["media_type"]) == ("document", "application/pdf")
    assert text["text"] == "What is it?"


def test_templates(ferrule: Run, ferrule_simulator: Simulator) -> None:
    made = ferrule(
        "templates", "save", "sum", "-m", "openai/echo", "-s", "Be $kind.", "Summarise in $language:\n\n$input"
    )
    assert made.returncode == 0, made.stderr
    assert ferrule("templates", "save", "sum", "x").returncode == 2
    done = ferrule("chat", "-t", "sum", "-p", "language=French", typed="A text.")
    assert done.stdout == "Summarise in French:\n\nA text.\n", done.stderr
    messages: list[Any] = ferrule_simulator.requests[-1].body["messages"]
    assert messages[0] == {"role": "system", "content": "Be $kind."}
    missing = ferrule("chat", "-t", "sum", typed="A text.")
    assert (missing.returncode, "--param language=TEXT" in missing.stderr) == (2, True)
    assert "sum" in ferrule("templates").stdout
    assert "Summarise" in ferrule("templates", "show", "sum").stdout
    assert ferrule("templates", "remove", "sum").returncode == 0
    assert "no template" in ferrule("templates").stderr
    assert ferrule("templates", "save", "../x", "y").returncode == 2
