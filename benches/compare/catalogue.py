"""Catalogue of the clients that are measured.

A new one is a row here, a file in `clients/` and, for a package, one in `requirements/`.
"""

from __future__ import annotations

from dataclasses import dataclass

# Ferrule as an older wheel has it, which `--before` names: measured in the same run as the new one.
BEFORE = "ferrule-before"


@dataclass(frozen=True)
class Entry:
    """`environment` names requirements and virtual environment; `library` is the import a program would write.

    `program` is the file in `clients/`, where it is not called as the client is.
    """

    name: str
    environment: str
    library: str | None = None
    program: str | None = None

    @property
    def module(self) -> str:
        name = self.program or self.name
        return "clients." + name.replace("+", "_").replace("-", "_").replace(".", "_")

    @property
    def has_wheel(self) -> bool:
        """Whether the environment has the wheel that is measured, next to its requirements."""
        return self.environment != BEFORE and self.environment.partition("-")[0] == "ferrule"


CATALOGUE = {
    entry.name: entry
    for entry in (
        Entry("floor", "floor"),
        Entry("floor+json", "floor", "orjson"),
        Entry("ferrule", "ferrule", "ferrule"),
        Entry("ferrule-batches", "ferrule", "ferrule"),
        Entry("ferrule-group", "ferrule", "ferrule"),
        Entry(BEFORE, BEFORE, "ferrule", program="ferrule"),
        Entry("ferrule.openai", "ferrule-openai", "ferrule.openai"),
        Entry("ferrule.anthropic", "ferrule-anthropic", "ferrule.anthropic"),
        Entry("ferrule.litellm", "ferrule", "ferrule.litellm"),
        Entry("pyreqwest", "pyreqwest", "pyreqwest.client"),
        Entry("aiohttp", "aiohttp", "aiohttp"),
        Entry("httpx", "httpx", "httpx"),
        Entry("anthropic", "anthropic", "anthropic"),
        Entry("openai", "openai", "openai"),
        Entry("litellm", "litellm", "litellm"),
    )
}
