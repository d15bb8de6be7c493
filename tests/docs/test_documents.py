"""Documents: their code runs, their commands exist, their links lead somewhere."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from documents import DOCUMENTS, ROOT, WITH_SDKS, blocks, commands
from ferrule.configuration import providers
from ferrule.testing import Simulator

if TYPE_CHECKING:
    from pathlib import Path

OURS = "https://github.com/ferrule/ferrule/blob/main/"

# What a document may do to the machine it is read on.
RUN = {"demo", "doctor", "models", "chat"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Providers whose examples in docs/providers/ call the simulator, which speaks as each of them under its id.
EXAMPLES = ("azure", "bedrock", "cohere", "gemini", "groq", "ollama", "openrouter", "replicate", "ruvllm")


def reach(simulator: Simulator, document: Path | None = None) -> dict[str, str]:
    found = os.environ | simulator.environment() | {"PYTHONWARNINGS": "error", "NO_COLOR": "1"}
    if document is not None and document.parent.name == "providers":
        for identifier in EXAMPLES:
            row = providers.rows()[identifier]
            found[row["base_url_variables"][0]] = f"{simulator.url}/{identifier}"
            found |= dict.fromkeys(row["key_variables"][:1], "key-of-nobody")
    return found


RUNNABLE = [path for path in DOCUMENTS if blocks(path, "python") and name(path) not in WITH_SDKS]


@pytest.mark.parametrize("document", RUNNABLE, ids=name)
def test_python_blocks_run(document: Path) -> None:
    # Models in the documents have real names; these call tools as real ones would.
    with Simulator({"defaults": {"use_tools": True}}) as simulator:
        done = subprocess.run(
            [sys.executable, ROOT / "tests" / "support" / "documents.py", document],
            env=reach(simulator, document),
            capture_output=True,
            text=True,
            timeout=50,
        )
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def simulated_names() -> re.Pattern[str]:
    """The names that select what the simulator does, as docs/simulator.md lists them, behind a provider's."""
    text = (ROOT / "docs" / "simulator.md").read_text("utf-8")
    table = text.partition("## Model names")[2].partition("\n\n- ")[0]
    column = [row.split("|")[1] for row in table.splitlines() if "|" in row]
    names = re.findall(r"`([a-z]+(?:-[\w-]+)?)`", " ".join(column))
    forms = [re.sub(r"\b[A-Z]+\b", r"[\\w-]+", name) for name in names]
    return re.compile(rf'"[a-z][a-z-]*/(?:{"|".join(forms)})"')


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if blocks(path, "python")], ids=name)
def test_pages_that_use_simulated_models_make_their_simulator(document: Path) -> None:
    """So that their blocks run anywhere: a provider has no model of such a name."""
    code = "\n".join(block.code for block in blocks(document, "python"))
    used = simulated_names().findall(code)
    assert not used or "Simulator(" in code or "ferrule_simulator" in code, used


def test_simulated_names_are_found() -> None:
    found = simulated_names()
    assert found.search('"openai/status-401"')
    assert found.search('"anthropic/reset-mid-event"')
    assert not found.search('"openai/gpt-5-mini"')


MAKE = [(path, command) for path in DOCUMENTS for command in commands(path) if command.startswith("make ")]
FERRULE = [
    (path, command) for path in DOCUMENTS for command in commands(path) if re.search(r"(^|\| )ferrule\b", command)
]


def test_commands_are_found() -> None:
    # Else the tests below would pass over whatever the documents say.
    assert {"make demo", "make test"} <= {command for path, command in MAKE if path.name == "README.md"}


@pytest.mark.parametrize(("document", "command"), MAKE, ids=lambda value: getattr(value, "name", value))
def test_make_targets_exist(document: Path, command: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    wanted = [word for word in shlex.split(command)[1:] if "=" not in word]
    assert wanted
    assert set(wanted) <= set(targets)


def prepare(directory: Path) -> None:
    """The files and the template that the documents' commands name."""
    (directory / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    (directory / "weather.py").write_text(
        'def weather(city: str) -> str:\n    """Tells the weather."""\n    return city\n'
    )
    templates = directory / "xdg_config_home" / "ferrule" / "templates"
    templates.mkdir(parents=True)
    (templates / "shorten.toml").write_text('prompt = "Shorten this to $words words: $input"\n')


@pytest.mark.parametrize(("document", "command"), FERRULE, ids=lambda value: getattr(value, "name", value))
def test_ferrule_commands_work(document: Path, command: str, tmp_path: Path) -> None:
    program = re.split(r"(?:^|\| )ferrule\b", command)[-1]
    # What the shell does with files and with the output is not ours.
    words = shlex.split(re.sub(r" [<>|] ?[^'\"]*$", "", program))
    if not words or words[0] not in RUN:
        words = [*words[:1], "--help"]
    prepare(tmp_path)
    with Simulator() as simulator:
        found = reach(simulator) | {"FERRULE_MODEL": "openai/gpt-5-mini", "FERRULE_LOG": ""}
        found |= {name: str(tmp_path / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
        if "--continue" in words:
            subprocess.run([sys.executable, "-m", "ferrule", "chat", "Hello"], env=found, check=True, timeout=50)
        done = subprocess.run(
            [sys.executable, "-m", "ferrule", *words],
            env=found,
            cwd=tmp_path,
            input="A question from a pipe.\n",
            capture_output=True,
            text=True,
            timeout=50,
        )
    assert done.returncode == 0, f"{done.stdout[-1000:]}\n{done.stderr}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?^```$", "", document.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        # What is outside docs/ is outside the site, too, so pages link to it in the repository.
        file = ROOT / path.removeprefix(OURS) if path.startswith(OURS) else document.parent / path
        if "://" in path and not path.startswith(OURS):
            continue
        file = file if path else document
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_files_that_documents_name_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    named = set(re.findall(r"`((?:crates|python|tests|docs|benches)/[\w./-]+)`", text))
    assert len(named) > 20
    assert not sorted(path for path in named if not (ROOT / path).exists())
