"""Public names and modules: what the public API takes and returns is in `ferrule`; imports have no circles."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import ferrule

PACKAGE = Path(ferrule.__file__).parent
SUFFIXES = (".py", ".pyi")


def sources() -> dict[str, ast.Module]:
    """The modules of the package, except the command line and `ferrule.litellm`, whose names are litellm's."""
    apart = {"cli", "litellm"}
    files = [path for path in PACKAGE.rglob("*") if path.suffix in SUFFIXES]
    files = [path for path in files if path.relative_to(PACKAGE).parts[0] not in apart]
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text("utf-8")) for path in files}


def classes() -> dict[str, ast.ClassDef]:
    """The classes of the package by name; of an internal one's name there may be several."""
    return {
        node.name: node for module in sources().values() for node in ast.walk(module) if isinstance(node, ast.ClassDef)
    }


def names_in(annotation: ast.expr | None) -> set[str]:
    if annotation is None:
        return set()
    text = ast.unparse(annotation).replace("'", " ")
    return set(re.findall(r"\b[A-Z]\w+", text))


def public_functions(
    kind: ast.ClassDef, known: dict[str, ast.ClassDef]
) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The public methods of a class, those of its bases included."""
    found = [
        node
        for node in kind.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_")
    ]
    for base in kind.bases:
        if (name := ast.unparse(base)) in known:
            found += public_functions(known[name], known)
    return found


def mentioned(kind: ast.ClassDef, known: dict[str, ast.ClassDef]) -> set[str]:
    """The names in the annotations of a class's public methods and fields."""
    found: set[str] = set()
    for function in public_functions(kind, known):
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for argument in every:
            found |= names_in(argument.annotation if argument else None)
        found |= names_in(function.returns)
    for node in kind.body:
        if isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
            found |= names_in(node.annotation)
    return found


def test_what_the_public_api_takes_and_returns_is_public() -> None:
    known = classes()
    for name in ferrule.__all__:
        if name in known:
            missing = {one for one in mentioned(known[name], known) if one in known} - set(ferrule.__all__)
            assert not missing, f"{name} has {sorted(missing)} in its methods"


def test_type_checkers_see_the_same_names() -> None:
    module = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    (block,) = [node for node in module.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {
        alias.asname: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    modules = {name for name, home in seen.items() if home == "ferrule"}
    assert modules == set(ferrule._MODULES)
    assert sorted([*(seen.keys() - modules), "__version__"]) == ferrule.__all__
    for name, home in seen.items():
        assert getattr(importlib.import_module(str(home)), name) is getattr(ferrule, name), name


def test_every_public_class_says_what_it_is() -> None:
    undocumented = [
        name
        for name in ferrule.__all__
        if isinstance(value := getattr(ferrule, name), type) and not (inspect.getdoc(value) or "").strip()
    ]
    assert not undocumented


def test_a_star_import_brings_the_public_names() -> None:
    program = "from ferrule import *; print(Client, Embeddings, RateLimitedError, complete, sep='')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr


def test_what_is_closed_asynchronously_is_closed_with_one_word() -> None:
    """`aclose` of everything asynchronous, `close` or `stop` of everything else."""
    for name, kind in classes().items():
        for method in public_functions(kind, {}):
            if method.name in ("close", "aclose"):
                assert isinstance(method, ast.AsyncFunctionDef) == (method.name == "aclose"), name


def imported(module: ast.AST, known: set[str]) -> set[str]:
    """The modules of the package that a module imports, also inside functions, except for type checkers only."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(module):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if names & known else {str(node.module)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        found |= imported(node, known)
    return found & known


def test_imports_have_one_direction() -> None:
    modules = {
        ".".join(("ferrule", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }
    left = {name: imported(ast.parse(path.read_text("utf-8")), set(modules)) - {name} for name, path in modules.items()}
    # Python itself imports the package before any module of it.
    for needed in left.values():
        needed -= {"ferrule"}
    while leaves := [name for name, needed in left.items() if not needed & left.keys()]:
        for name in leaves:
            del left[name]
    assert not left, "these import each other in a circle"
