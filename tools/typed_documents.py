"""Type check of the documents' Python code, by mypy --strict and pyright: part of `make types`.

    python tools/typed_documents.py              # all documents
    python tools/typed_documents.py README.md    # some of them

The blocks of a document become one module, on the document's own lines, so that errors name them. Blocks that share no
namespace in the document do here: a name keeps its type.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from documents import DOCUMENTS, WITH_SDKS, blocks  # noqa: E402 - tests/support is not a package

MODULES = ROOT / "target" / "typed-documents"
# A document is read by people: names that they need not annotate, and expressions whose value is shown.
PYRIGHT = {
    "include": ["."],
    "typeCheckingMode": "standard",
    "pythonVersion": "3.11",
    "venvPath": str(ROOT),
    "venv": ".venv",
    "extraPaths": [str(ROOT / "python")],
}


def module_of(document: Path) -> str:
    """The file name of the module with a document's code."""
    return str(document.relative_to(ROOT).with_suffix("")).replace("/", "__").replace("-", "_") + ".py"


def source_of(document: Path) -> str:
    """The code of a document, each line where it is in the document."""
    lines: list[str] = []
    for block in blocks(document, "python"):
        if not block.typed:
            continue
        lines += [""] * (block.line - len(lines))
        lines += block.code.splitlines()
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    checked = [path for path in DOCUMENTS if str(path.relative_to(ROOT)) not in WITH_SDKS]
    chosen = [(Path.cwd() / name).resolve() for name in arguments] or checked
    MODULES.mkdir(parents=True, exist_ok=True)
    for old in MODULES.glob("*.py"):
        old.unlink()
    names: dict[str, str] = {}
    for document in chosen:
        if blocks(document, "python"):
            names[module_of(document)] = str(document.relative_to(ROOT))
            (MODULES / module_of(document)).write_text(source_of(document), "utf-8")
    (MODULES / "pyrightconfig.json").write_text(json.dumps(PYRIGHT), "utf-8")
    mypy = ["mypy", "--strict", "--config-file", str(ROOT / "tools" / "typed-documents.ini"), *names]
    failed = False
    for command in (mypy, ["pyright", "--project", "."]):
        done = subprocess.run(  # noqa: S603 - our own tools
            [sys.executable, "-m", *command], cwd=MODULES, capture_output=True, text=True, check=False
        )
        failed |= done.returncode != 0
        output = done.stdout + done.stderr
        for module, document in names.items():
            output = output.replace(f"{MODULES / module}", document).replace(module, document)
        print(f"{command[0]}: {output.strip()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
