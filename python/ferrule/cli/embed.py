"""Embed command, `ferrule embed`: embeddings of texts, and the similarity of texts."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

import ferrule
from ferrule.cli import failures, screen, similarity
from ferrule.cli.piped import lines, piped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule import Client, Embeddings

_BATCH = 256
"""Texts per call; the client splits them further, by the provider's limit."""
_SHOWN = 3
"""Numbers of each vector that are shown on a terminal."""


def embed(
    model: Annotated[str, typer.Argument(help="`provider/model`, or a configured name.")],
    texts: Annotated[
        list[str] | None, typer.Argument(help="Texts. Without any, each line of piped text is one.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", exists=True, dir_okay=False, help="A file; each line is a text.")
    ] = None,
    dimensions: Annotated[
        int | None, typer.Option(min=1, help="The length of the vectors, for models that support several.")
    ] = None,
    input_type: Annotated[
        str | None,
        typer.Option(help="What the embeddings are for: `query`, `document`, `classification`, `clustering`."),
    ] = None,
    alike: Annotated[
        bool, typer.Option("--similarity", help="Show how similar the texts are, instead of vectors.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds for each call.")] = None,
) -> None:
    """Embeds texts. To a pipe it writes one JSON object per line, with `index` and `vector`."""
    with ferrule.Client() as client:
        client.registry.resolve(model)  # A wrong name is reported before anything is read.
        chosen = _texts(texts, file)
        if alike and not similarity.MIN_TEXTS <= len(chosen) <= similarity.MAX_TEXTS:
            raise failures.UsageError(
                f"--similarity compares texts; give 2 to {similarity.MAX_TEXTS}, not {len(chosen)}"
            )
        options = {"dimensions": dimensions, "input_type": input_type, "timeout": timeout}
        replies = _replies(client, model, chosen, options)
        if not alike and not as_json and not screen.stdout().is_terminal:
            for index, vector in enumerate(vector for reply in replies for vector in reply):
                sys.stdout.write(json.dumps({"index": index, "vector": vector}) + "\n")
            return
        received = list(replies)
    vectors = [vector for reply in received for vector in reply]
    if as_json:
        matrix = {"similarity": similarity.matrix(vectors)} if alike else {"vectors": vectors}
        used = [reply.usage.input_tokens if reply.usage else None for reply in received]
        tokens = None if None in used else sum(number for number in used if number is not None)
        head = {"model": received[0].model, "provider": received[0].provider, "dimensions": received[0].dimensions}
        screen.print_json(head | {"input_tokens": tokens} | matrix)
    elif alike:
        similarity.show(chosen, vectors)
    else:
        _show(chosen, vectors)


def _texts(given: list[str] | None, file: Path | None) -> list[str]:
    if given and file:
        raise failures.UsageError("give texts or --file, not both")
    if file:
        try:
            found = lines(file.read_text("utf-8"))
        except UnicodeDecodeError:
            raise failures.UsageError(f"{file}: not UTF-8 text") from None
    else:
        found = given or lines(piped() or "")
    if not found:
        raise failures.UsageError("nothing to embed; give texts, --file, or pipe in lines")
    return found


def _replies(client: "Client", model: str, texts: list[str], options: dict[str, Any]) -> "Iterator[Embeddings]":
    """The replies, in order; with a progress bar on a terminal if there are many."""
    console = screen.stderr()
    columns = (TextColumn("embedding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = len(texts) <= _BATCH or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=len(texts))
        for begin in range(0, len(texts), _BATCH):
            part = texts[begin : begin + _BATCH]
            yield client.embed(model, part, **options)
            progress.advance(task, len(part))


def _show(texts: list[str], vectors: list[list[float]]) -> None:
    table = screen.new_table()
    table.add_column("", justify="right", style="dim")
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("vector", no_wrap=True)
    for index, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
        numbers = ", ".join(f"{number:.4f}" for number in vector[:_SHOWN])
        more = ", ..." if len(vector) > _SHOWN else ""
        table.add_row(str(index), Text(screen.printable(" ".join(text.split()))), f"[{numbers}{more}]", style=None)
    screen.print_table(table)
    remark = f"{len(vectors)} vectors of {len(vectors[0])} numbers; a pipe, or --json, gets all of them"
    screen.stderr().print(Text(remark, "dim"))
