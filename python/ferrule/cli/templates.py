"""Templates command, `ferrule templates`: prompts with instructions and a model, kept under a name for `chat -t`."""

import os
import re
import string
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import tomlkit
import typer
from rich.text import Text

from ferrule.cli import failures, screen
from ferrule.configuration.files import user_directory
from ferrule.configuration.suggestions import suggestion

app = typer.Typer(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})


class Template(NamedTuple):
    """A template: a prompt with `$input` and `$variables` in it, instructions, and a model; each may be absent."""

    prompt: str | None = None
    system: str | None = None
    model: str | None = None

    def filled(self, text: str, params: dict[str, str]) -> str:
        """The prompt with `$input` and the variables replaced. Where it has no `$input`, `text` follows it.

        Raises:
            UsageError: A variable has no value.
        """
        if not self.prompt:
            return text
        template = string.Template(self.prompt)
        names = {found["named"] or found["braced"] for found in template.pattern.finditer(self.prompt)} - {None}
        missing = sorted(names - {"input"} - set(params))
        if missing:
            raise failures.UsageError(f"the template needs {', '.join(f'--param {name}=TEXT' for name in missing)}")
        if "input" in names and not text:
            raise failures.UsageError("the template needs a text; give it as the prompt, or pipe it in")
        prompt = template.safe_substitute({**params, "input": text})
        return prompt if "input" in names or not text else f"{prompt}\n\n{text}"


def read(name: str) -> Template:
    """The template called `name`.

    Raises:
        UsageError: There is none, or it cannot be read.
    """
    path = _path(name)
    try:
        found = tomlkit.parse(path.read_text("utf-8")).unwrap()
    except FileNotFoundError:
        hint = suggestion(name, _names())
        raise failures.UsageError(f"there is no template {name!r}{hint}; `ferrule templates` lists them") from None
    except (OSError, ValueError) as error:
        raise failures.UsageError(f"{path}: {error}") from None
    unknown = [key for key in found if key not in Template._fields]
    wrong = [key for key, value in found.items() if not isinstance(value, str)]
    if unknown or wrong:
        raise failures.UsageError(f"{path}: {(unknown + wrong)[0]}: expected a text as prompt, system or model")
    return Template(**found)


@app.callback()
def templates(context: typer.Context) -> None:
    """Keeps prompts under a name: `ferrule chat -t NAME` uses one."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False) -> None:
    """Lists the templates."""
    found = {name: read(name) for name in _names()}
    if as_json:
        screen.print_json([{"name": name, **template._asdict()} for name, template in found.items()])
        return
    if not found:
        screen.note('there is no template yet; `ferrule templates save NAME --system ... "prompt"` makes one')
        return
    table = screen.new_table()
    table.add_column("name", no_wrap=True)
    for column in ("model", "system", "prompt"):
        table.add_column(column, no_wrap=True, overflow="ellipsis", style="dim")
    for name, template in found.items():
        cells = (template.model, template.system, template.prompt)
        table.add_row(name, *(Text(screen.printable(" ".join((cell or "").split()))) for cell in cells))
    screen.print_table(table)


@app.command()
def save(
    name: Annotated[str, typer.Argument(help="Its name.")],
    prompt: Annotated[
        list[str] | None, typer.Argument(help="The prompt; `$input` stands for the text, `$name` for --param name=...")
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="Instructions for the model.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="The model.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace one of this name.")] = False,
) -> None:
    """Saves a template."""
    given = {"prompt": " ".join(prompt or []), "system": system, "model": model}
    kept = {key: value for key, value in given.items() if value}
    if not kept:
        raise failures.UsageError("give a prompt, --system or --model to keep")
    path = _path(name)
    if path.exists() and not replace:
        raise failures.UsageError(f"there is already a template {name!r}; --replace replaces it")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = tomlkit.document()
    for key, value in kept.items():
        document[key] = tomlkit.string(value, multiline="\n" in value)
    path.write_text(tomlkit.dumps(document), "utf-8")
    sys.stdout.write(f"saved in {path}; use it with `ferrule chat -t {name}`\n")


@app.command()
def show(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Shows a template."""
    for key, value in read(name)._asdict().items():
        if value:
            sys.stdout.write(f"{key}: {screen.printable(value)}\n")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Removes a template."""
    read(name)
    _path(name).unlink()
    sys.stdout.write(f"removed: {name}\n")


def _directory() -> Path:
    directory = user_directory(os.environ)
    if directory is None:
        raise failures.UsageError("there is no home directory to keep templates in; set XDG_CONFIG_HOME")
    return Path(directory, "templates")


def _path(name: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise failures.UsageError(f"{name!r} is not a valid name of a template: letters, digits, - and _ only")
    return _directory() / f"{name}.toml"


def _names() -> list[str]:
    return sorted(path.stem for path in _directory().glob("*.toml"))
