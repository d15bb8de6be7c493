"""Run command, `ferrule run`: a Python program whose SDKs are patched. `ferrule.dropin.program` runs it."""

from typing import Annotated

import typer

from ferrule.dropin import program


def run(
    arguments: Annotated[list[str], typer.Argument(help="The program's file, or `-m MODULE`, and its arguments.")],
) -> None:
    """Runs a Python program with the SDKs patched that `FERRULE_PATCH` names.

    `FERRULE_PATCH=openai,anthropic ferrule run app.py` is `python app.py` after `ferrule.patch("openai")` and
    `ferrule.patch("anthropic")`: the program needs no change.
    """
    program.run(arguments)
