"""`ferrule embed`: vectors of texts, and how alike texts are."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ferrule.cli import failures, screen, similarity
from ferrule.cli.piped import lines, piped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrule import Client
    from ferrule.operations.embeddings import Embeddings

_AT_ONCE = 256
"""Texts in one call; the client splits them further, to what the provider takes."""
_SHOWN = 3
"""Numbers of a vector that people see."""


def embed(
    model: Annotated[str, typer.Argument(help="`provider/model`, or a configured name.")],
    texts: Annotated[list[str] | None, typer.Argument(help="Texts. Without one, each line piped in is one.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", exists=True, dir_okay=False, help="A file; each line is a text.")
    ] = None,
    dimensions: Annotated[int | None, typer.Option(min=1, help="Numbers in each vector, where one can choose.")] = None,
    input_type: Annotated[
        str | None, typer.Option(help="What they are for: `query`, `document`, `classification`, `clustering`.")
    ] = None,
    alike: Annotated[bool, typer.Option("--similarity", help="How alike the texts are, in place of vectors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds for each call.")] = None,
) -> None:
    """Makes vectors of texts: in a pipe one JSON object on each line, with `index` and `vector`."""
    from ferrule import Client

    with Client() as client:
        client.registry.resolve(model)  # A wrong name is said before anything is read.
        chosen = _texts(texts, file)
        if alike and not similarity.FEWEST <= len(chosen) <= similarity.MOST:
            raise failures.UsageError(f"--similarity compares texts; give 2 to {similarity.MOST}, not {len(chosen)}")
        options = {"dimensions": dimensions, "input_type": input_type, "timeout": timeout}
        answers = _answers(client, model, chosen, options)
        if not alike and not as_json and not screen.stdout().is_terminal:
            for index, vector in enumerate(vector for answer in answers for vector in answer):
                sys.stdout.write(json.dumps({"index": index, "vector": vector}) + "\n")
            return
        whole = list(answers)
    vectors = [vector for answer in whole for vector in answer]
    if as_json:
        matrix = {"similarity": similarity.matrix(vectors)} if alike else {"vectors": vectors}
        used = [answer.usage.input_tokens if answer.usage else None for answer in whole]
        tokens = None if None in used else sum(number for number in used if number is not None)
        head = {"model": whole[0].model, "provider": whole[0].provider, "dimensions": whole[0].dimensions}
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
            raise failures.UsageError(f"{file}: is not text (UTF-8)") from None
    else:
        found = given or lines(piped() or "")
    if not found:
        raise failures.UsageError("nothing to embed; give texts, --file, or pipe in lines")
    return found


def _answers(client: "Client", model: str, texts: list[str], options: dict[str, Any]) -> "Iterator[Embeddings]":
    """The answers, in order; with a bar on a terminal where there are many."""
    console = screen.stderr()
    columns = (TextColumn("embedding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = len(texts) <= _AT_ONCE or not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=len(texts))
        for begin in range(0, len(texts), _AT_ONCE):
            part = texts[begin : begin + _AT_ONCE]
            yield client.embed(model, part, **options)
            progress.advance(task, len(part))


def _show(texts: list[str], vectors: list[list[float]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", justify="right", style="dim")
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("vector", no_wrap=True)
    for index, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
        numbers = ", ".join(f"{number:.4f}" for number in vector[:_SHOWN])
        more = ", ..." if len(vector) > _SHOWN else ""
        table.add_row(str(index), Text(screen.printable(" ".join(text.split()))), f"[{numbers}{more}]", style=None)
    screen.print_table(table)
    remark = f"{len(vectors)} vectors of {len(vectors[0])} numbers; in a pipe, or with --json, all of them"
    screen.stderr().print(Text(remark, "dim"), soft_wrap=True)
