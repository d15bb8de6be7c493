"""Circles of files: sets of Rust or Python files that reach each other by `use`, `import` or path.

    python tools/file_circles.py                # every crate and the Python package; exit 1 where there is a circle
    python tools/file_circles.py crates/wire    # one of them
    python tools/file_circles.py --edges crates/wire crates/wire/src/quirks/decode.rs   # what one file reaches

A name counts for the file that defines it, through any number of re-exports. `mod` lines, tests, imports inside Python
functions and imports under `TYPE_CHECKING` are left out.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
# Circles that stay, each with its reason.
ALLOWED: dict[frozenset[str], str] = {}

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(\#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\])'|(?P<word>[A-Za-z_]\w*|::|[{}();,*\[\]#!=<>])""",
    re.DOTALL | re.VERBOSE,
)
_DEFINES = {"fn", "struct", "enum", "trait", "type", "const", "static", "union", "macro_rules"}
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass
class Module:
    """A Rust module that is a file (or a block in one)."""

    path: tuple[str, ...]
    file: Path
    words: list[str]
    children: dict[str, Module] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)
    imported: dict[str, tuple[str, ...]] = field(default_factory=dict)
    globs: list[tuple[str, ...]] = field(default_factory=list)
    paths: list[tuple[str, ...]] = field(default_factory=list)


def words_of(text: str) -> list[str]:
    """The words and marks of Rust source, without comments and literals."""
    return [match["word"] for match in _TOKEN.finditer(text) if match["word"]]


def close(words: list[str], start: int, opening: str, closing: str) -> int:
    """The place after the bracket that closes the one at `start`."""
    depth = 0
    for place in range(start, len(words)):
        depth += (words[place] == opening) - (words[place] == closing)
        if depth == 0:
            return place + 1
    return len(words)


def without_tests(words: list[str]) -> list[str]:
    """Leaves out items under `#[cfg(test)]`."""
    kept: list[str] = []
    place = 0
    while place < len(words):
        if words[place : place + 7] == ["#", "[", "cfg", "(", "test", ")", "]"]:
            place += 7
            while place < len(words) and words[place] not in ("{", ";"):
                if words[place] == "use":
                    while words[place] != ";":
                        place += 1
                    break
                place += 1
            place = close(words, place, "{", "}") if words[place : place + 1] == ["{"] else place + 1
        else:
            kept.append(words[place])
            place += 1
    return kept


def tree_paths(words: list[str], place: int, prefix: tuple[str, ...]) -> tuple[list[tuple[tuple[str, ...], str]], int]:
    """The paths of one `use` tree with the name that each is known by, and the place after it."""
    found: list[tuple[tuple[str, ...], str]] = []
    path = prefix
    while place < len(words):
        word = words[place]
        if word == "{":
            place += 1
            while words[place] != "}":
                more, place = tree_paths(words, place, path)
                found += more
                if words[place] == ",":
                    place += 1
            return found, place + 1
        if word == "*":
            return [(path, "*")], place + 1
        if word == "as":
            return [(path, words[place + 1])], place + 2
        if word in (",", "}", ";"):
            break
        if word != "::":
            path = (*path, word)
        place += 1
    if path[-1:] == ("self",):
        path = path[:-1]
    return [(path, path[-1])], place


def read_module(path: tuple[str, ...], file: Path, words: list[str], folder: Path) -> Module:
    """Reads one module and, below it, those it declares."""
    module = Module(path, file, words)
    place, depth = 0, 0
    while place < len(words):
        word = words[place]
        # `use<...>` in a type is a list of what it captures.
        if word == "use" and words[place + 1 : place + 2] != ["<"]:
            found, place = tree_paths(words, place + 1, ())
            for target, name in found:
                if name == "*":
                    module.globs.append(target)
                else:
                    module.imported[name] = target
                    module.paths.append(target)
            continue
        if word == "mod" and depth == 0 and _NAME.fullmatch(words[place + 1]):
            name = words[place + 1]
            if words[place + 2] == "{":
                end = close(words, place + 2, "{", "}")
                module.children[name] = read_module((*path, name), file, words[place + 3 : end - 1], folder / name)
                place = end
                continue
            for child, below in ((folder / f"{name}.rs", folder / name), (folder / name / "mod.rs", folder / name)):
                if child.exists() and name != "tests":
                    child_words = without_tests(words_of(child.read_text()))
                    module.children[name] = read_module((*path, name), child, child_words, below)
            place += 3
            continue
        if word in _DEFINES and depth == 0:
            if word == "macro_rules":
                module.defined.add(words[place + 2])
            elif words[place + 1] != "fn":
                module.defined.add(words[place + 1])
        if _NAME.fullmatch(word) and words[place + 1 : place + 2] == ["::"] and words[place - 1 : place] != ["::"]:
            target = [word]
            while words[place + 1 : place + 2] == ["::"] and _NAME.fullmatch((words[place + 2 : place + 3] or [""])[0]):
                place += 2
                target.append(words[place])
            module.paths.append(tuple(target))
        depth += (word == "{") - (word == "}")
        place += 1
    return module


class Crate:
    """The modules of one crate."""

    def __init__(self, folder: Path) -> None:
        source = folder / "src"
        root = source / "lib.rs"
        self.root = read_module((), root, without_tests(words_of(root.read_text())), source)

    def modules(self, module: Module | None = None) -> Iterator[Module]:
        module = module or self.root
        yield module
        for child in module.children.values():
            yield from self.modules(child)

    def _at(self, path: tuple[str, ...]) -> Module:
        module = self.root
        for name in path:
            module = module.children[name]
        return module

    def find(self, start: Module, path: tuple[str, ...], seen: frozenset[object] = frozenset()) -> Module | None:
        """The module that defines what `path`, written in `start`, names; `None` where that is another crate's."""
        key = (start.path, path)
        if key in seen or not path:
            return None
        seen = seen | {key}
        first, rest = path[0], path[1:]
        if first == "crate":
            return self._walk(self.root, rest, seen)
        if first == "self":
            return self._walk(start, rest, seen)
        if first == "super":
            return self._walk(self._at(start.path[:-1]), rest, seen)
        if first in start.children or first in start.defined:
            return self._walk(start, path, seen)
        # `use serde::{self}` brings another crate under its own name.
        if first in start.imported and start.imported[first][0] != first:
            return self._walk(start, path, seen)
        return None

    def _walk(self, module: Module, path: tuple[str, ...], seen: frozenset[object]) -> Module | None:
        if not path:
            # A module that is only named gives nothing; what is taken from it counts where it is taken.
            return None
        first, rest = path[0], path[1:]
        if first == "super":
            return self._walk(self._at(module.path[:-1]), rest, seen)
        if first in module.children:
            return self._walk(module.children[first], rest, seen)
        if first in module.imported:
            return self.find(module, (*module.imported[first], *rest), seen)
        if first in module.defined:
            return module
        for glob in module.globs:
            target = self.find(module, (*glob, *path), seen)
            if target:
                return target
        return None

    def edges(self) -> dict[str, set[str]]:
        edges: dict[str, set[str]] = {}
        for module in self.modules():
            mine = edges.setdefault(name_of(module.file), set())
            for path in module.paths:
                target = self.find(module, path)
                if target and target.file != module.file:
                    mine.add(name_of(target.file))
            for glob in module.globs:
                mine |= self._glob_edges(module, glob)
        return edges

    def _glob_edges(self, module: Module, glob: tuple[str, ...]) -> set[str]:
        """What a glob import brings counts for those of its names that are written."""
        used = set(module.words)
        found: set[str] = set()
        for name in used:
            if _NAME.fullmatch(name) and name not in module.defined and name not in module.imported:
                target = self.find(module, (*glob, name))
                if target and target.file != module.file:
                    found.add(name_of(target.file))
        return found


def name_of(file: Path) -> str:
    return file.resolve().relative_to(ROOT).as_posix()


def python_edges(package: Path) -> dict[str, set[str]]:
    """What each file of a Python package imports from it when it is itself imported."""
    files = {python_name(package, file): file for file in package.rglob("*.py")}
    edges: dict[str, set[str]] = {}
    for file in files.values():
        mine = edges.setdefault(name_of(file), set())
        for target in imports(ast.parse(file.read_text()).body):
            while target and target not in files:
                target = target.rpartition(".")[0]
            if target and target != package.name and files[target] != file:
                mine.add(name_of(files[target]))
    return edges


def python_name(package: Path, file: Path) -> str:
    parts = [package.name, *file.relative_to(package).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        match statement:
            case ast.Import(names):
                yield from (name.name for name in names)
            case ast.ImportFrom(str(module), names):
                yield from (f"{module}.{name.name}" for name in names)
            case ast.If(test) if "TYPE_CHECKING" not in ast.dump(test):
                yield from imports(statement.body + statement.orelse)
            case ast.Try():
                yield from imports(statement.body)
            case _:
                pass


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The strongly connected sets of more than one file (Tarjan's algorithm), largest first."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            place = stack.index(node)
            if len(stack) - place > 1:
                found.append(sorted(stack[place:]))
            del stack[place:]

    sys.setrecursionlimit(10_000)
    for node in sorted(edges):
        if node not in index:
            visit(node)
    return sorted(found, key=len, reverse=True)


def edges_of(folder: Path) -> dict[str, set[str]]:
    return Crate(folder).edges() if (folder / "Cargo.toml").exists() else python_edges(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, help="crates or Python packages; default: all")
    parser.add_argument("--edges", action="store_true", help="list what the last file named reaches")
    arguments = parser.parse_args()
    folders = arguments.folders
    if arguments.edges:
        file = name_of(folders.pop())
        print("\n".join(sorted(edges_of(folders[0].resolve())[file])))
        return 0
    folders = folders or [*sorted(path.parent for path in ROOT.glob("crates/*/Cargo.toml")), ROOT / "python/ferrule"]
    left = 0
    for folder in folders:
        for circle in circles(edges_of(folder.resolve())):
            if frozenset(circle) in ALLOWED:
                continue
            left += 1
            print(f"{folder.name}: a circle of {len(circle)} files:", *circle, sep="\n  ")
    print(f"{left} circles of files")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
