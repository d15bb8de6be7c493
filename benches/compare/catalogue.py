"""Who is measured. A new client is a row here, a file in `clients/` and, for a package, one in `requirements/`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """`environment` names requirements and virtual environment; `library` is the import a program would write."""

    name: str
    environment: str
    library: str | None = None

    @property
    def module(self) -> str:
        return "clients." + self.name.replace("+", "_").replace("-", "_")


CATALOGUE = {
    entry.name: entry
    for entry in (
        Entry("floor", "floor"),
        Entry("floor+json", "floor", "orjson"),
        Entry("ferrule", "ferrule", "ferrule"),
        Entry("ferrule-batches", "ferrule", "ferrule"),
        Entry("pyreqwest", "pyreqwest", "pyreqwest.client"),
        Entry("aiohttp", "aiohttp", "aiohttp"),
        Entry("httpx", "httpx", "httpx"),
        Entry("anthropic", "anthropic", "anthropic"),
        Entry("openai", "openai", "openai"),
        Entry("litellm", "litellm", "litellm"),
    )
}
