"""Similarity of texts: the cosines of their embeddings, as a table."""

import math

from rich.text import Text

from ferrule.cli import screen

MIN_TEXTS = 2
MAX_TEXTS = 200
"""More texts would take minutes: each is compared with every other, number by number."""
_MAX_COLUMNS = 10
"""With more texts than fit next to each other, only the most similar one of each is shown."""
_SIMILAR = 0.8
"""Cosines from here on are green. What a cosine means depends on the model; this is only an aid for the eye."""


def matrix(vectors: list[list[float]]) -> list[list[float]]:
    """The cosines of every vector with every other; 0 for vectors of length 0."""
    units = [_unit(vector) for vector in vectors]
    cosines = [[0.0] * len(units) for _ in units]
    for row, one in enumerate(units):
        for column, other in enumerate(units[: row + 1]):
            cosines[row][column] = cosines[column][row] = sum(x * y for x, y in zip(one, other, strict=True))
    return cosines


def _unit(vector: list[float]) -> list[float]:
    length = math.hypot(*vector)
    return [number / length for number in vector] if length else vector


def show(texts: list[str], vectors: list[list[float]]) -> None:
    """Prints the similarity of the texts."""
    cosines = matrix(vectors)
    names = [Text(screen.printable(" ".join(text.split()))) for text in texts]
    table = screen.new_table()
    table.add_column("", justify="right", style="dim")
    table.add_column("text", no_wrap=True, overflow="ellipsis")
    if len(texts) <= _MAX_COLUMNS:
        for index in range(len(texts)):
            table.add_column(str(index), justify="right", no_wrap=True)
        for index, row in enumerate(cosines):
            table.add_row(str(index), names[index], *(_cell(value, index == other) for other, value in enumerate(row)))
    else:
        table.add_column("most similar", justify="right", no_wrap=True)
        table.add_column("", no_wrap=True, overflow="ellipsis")
        table.add_column("cosine", justify="right", no_wrap=True)
        for index, row in enumerate(cosines):
            best = max((other for other in range(len(row)) if other != index), key=row.__getitem__)
            table.add_row(str(index), names[index], str(best), names[best], _cell(row[best], False))
    screen.print_table(table)


def _cell(cosine: float, itself: bool) -> Text:
    style = "dim" if itself else "green" if cosine >= _SIMILAR else ""
    return Text(f"{cosine:.2f}", style)
