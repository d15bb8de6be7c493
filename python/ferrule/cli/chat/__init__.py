"""Chat command, `ferrule chat`: one prompt, piped text, or a conversation.

`session.py` holds the conversation and makes the calls; `prompt.py` reads what the user types, `commands.py` executes
its slash commands, `display.py` shows replies; `request.py` makes calls of the command's options.
"""

from typing import Annotated, Any

import typer

from ferrule.cli.chat import entry


def chat(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(
            help="The prompt, quoted or not; - for piped text. Without it, piped text; else a conversation."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            envvar="FERRULE_MODEL",
            help="`provider/model`, or a configured name.",
            autocompletion=entry.complete_model,
        ),
    ] = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="Instructions for the model.")] = None,
    attach: Annotated[
        list[str] | None,
        typer.Option("--attach", "-a", metavar="FILE", help="An image, a PDF, audio or text to send; a path or a URL."),
    ] = None,
    go_on: Annotated[bool, typer.Option("--continue", "-c", help="Continue the last conversation.")] = False,
    conversation: Annotated[
        int | None, typer.Option("--conversation", metavar="NUMBER", help="Continue this one of `ferrule logs`.")
    ] = None,
    template: Annotated[str | None, typer.Option("--template", "-t", help="A template of `ferrule templates`.")] = None,
    params: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="A variable of the template.")
    ] = None,
    tools: Annotated[
        list[str] | None,
        typer.Option(
            "--tools",
            "-T",
            metavar="FILE",
            help="A Python file whose functions the model may call; file.py:name for one.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Let the model call tools without asking.")] = False,
    schema: Annotated[
        str | None,
        typer.Option(help="A JSON schema for the reply: a file, JSON, or fields such as `name, age int`."),
    ] = None,
    extract: Annotated[
        bool, typer.Option("--extract", "-x", help="Print only the first code block of the reply.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The whole reply as JSON, for programs.")] = False,
    stats: Annotated[bool, typer.Option("--stats", help="Show times, tokens and cost after each reply.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Do not render Markdown.")] = False,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", metavar="KEY=VALUE", help="Any option of a call, such as `top_p=0.9`."),
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="The sampling temperature.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="The maximum number of tokens of a reply.")] = None,
    reasoning: Annotated[
        str | None, typer.Option(help="How much to reason: `none` to `max`, or a number of tokens.")
    ] = None,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds for a whole reply.")] = None,
    no_log: Annotated[bool, typer.Option("--no-log", help="Do not keep this conversation.")] = False,
) -> None:
    """Calls a model, and shows the reply as it is generated.

    With both a prompt and piped text, the text follows the prompt: `ferrule chat "Summarise this" < notes.txt`. Without
    a prompt, on a terminal, it is a conversation.
    """
    call: dict[str, Any] = {
        "temperature": temperature,
        "max_tokens": max_tokens,
        "reasoning": int(reasoning) if reasoning and reasoning.isdigit() else reasoning,
        "timeout": timeout,
    }
    entry.run(
        entry.Arguments(
            words=prompt or [],
            model=model or None,
            system=system,
            attachments=attach or [],
            continued=conversation if conversation is not None else -1 if go_on else None,
            template=template,
            params=params or [],
            tools=tools or [],
            yes=yes,
            schema=schema,
            extract=extract,
            as_json=as_json,
            stats=stats,
            plain=plain,
            options=options or [],
            call={name: value for name, value in call.items() if value is not None},
            log=not no_log,
        )
    )
