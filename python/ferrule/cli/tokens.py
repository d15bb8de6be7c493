"""Tokens command, `ferrule tokens`: counts the tokens of a prompt."""

from typing import Annotated

import typer
from rich.text import Text

import ferrule
from ferrule._native import count_text_tokens_locally
from ferrule.cli import failures, screen
from ferrule.cli.piped import piped

_SOURCES = {
    "vocabulary": "counted locally, with the model's vocabulary",
    "provider": "counted by {provider}",
    "estimate": "an estimate: {provider} does not publish how {model} counts",
}


def tokens(
    model: Annotated[str, typer.Argument(help="`provider/model`, or a configured name.")],
    text: Annotated[str | None, typer.Argument(help="The prompt. Without it, piped text.")] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="Instructions for the model.")] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="Only the text, without the tokens that a chat adds. Makes no request.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON document, for programs.")] = False,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds to wait for a provider that counts.")] = 15.0,
) -> None:
    """Counts the tokens of a prompt: locally for OpenAI's models, else by the provider, free of charge."""
    prompt = text if text is not None else piped()
    if not prompt:
        raise failures.UsageError("nothing to count; give a text, or pipe one in")
    with ferrule.Client() as client:
        provider, _, name = client.registry.resolve(model).partition("/")
        if bare:
            number, exact = count_text_tokens_locally(name, prompt)
            source: str = "vocabulary" if exact else "estimate"
        else:
            number, exact, source = client.count_tokens(model, prompt, system=system, timeout=timeout)
    if as_json:
        found = {"model": f"{provider}/{name}", "tokens": number, "exact": exact, "source": source}
        screen.print_json(found)
        return
    console = screen.stdout()
    if not console.is_terminal:
        console.print(number)
        if not exact:
            screen.stderr().print("an estimate", style="dim")
        return
    note = screen.printable(_SOURCES[source].format(provider=provider, model=name))
    console.print(Text(f"{number:,} {'token' if number == 1 else 'tokens'}") + Text(f"  {note}", "dim"))
