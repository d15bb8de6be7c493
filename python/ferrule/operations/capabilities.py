"""Capabilities of a model: context window, modalities, tools, reasoning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferrule.configuration.suggestions import suggestion

if TYPE_CHECKING:
    from ferrule._native import CatalogModel

ABILITIES = ("tools", "structured_output", "reasoning", "embeddings")
MODALITIES = ("text", "image", "audio", "video", "document")


@dataclass(frozen=True)
class Capabilities:
    """The known capabilities of a model. What is not known is `None`, never a guess.

    Attributes:
        provider: The id of the provider that is called for it.
        model: The provider's name for it.
        known: Whether the catalog, or your own `models`, has an entry for it.
        name: Its display name.
        context_window: The maximum number of tokens of prompt and reply together.
        max_output_tokens: The maximum number of tokens of a reply.
        input_modalities: What it accepts: `text`, `image`, `audio`, `video`, `document`.
        output_modalities: What it produces: `text`, `image`, `audio`, `video`, `embedding`.
        tools: Whether it can call tools.
        structured_output: Whether it can follow a JSON schema.
        reasoning: Whether it can reason before it answers.
        embeddings: Whether it is an embedding model.
        category: What to choose it for: `fast`, `balanced`, `powerful`, `local` or `embedding`.
        deprecated: Whether its provider has deprecated it.
    """

    provider: str
    model: str
    known: bool = False
    name: str | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    tools: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    embeddings: bool | None = None
    category: str | None = None
    deprecated: bool | None = None

    def supports(self, *abilities: str) -> bool | None:
        """Whether the model has all of these abilities.

        Args:
            *abilities: `tools`, `structured_output`, `reasoning`, `embeddings`; or an input modality: `text`,
                `image`, `audio`, `video`, `document`.

        Returns:
            `False` if one is known to be missing; else `None` if one is not known; else `True`.

        Raises:
            ValueError: There is no such ability.
        """
        answers = [self._supports(ability) for ability in abilities]
        if False in answers:
            return False
        return None if None in answers else True

    def _supports(self, ability: str) -> bool | None:
        if ability in ABILITIES:
            answer: bool | None = getattr(self, ability)
            return answer
        if ability in MODALITIES:
            return None if self.input_modalities is None else ability in self.input_modalities
        known = (*ABILITIES, *MODALITIES)
        hint = suggestion(ability, known) or f"; there are {', '.join(known)}"
        raise ValueError(f"there is no ability {ability!r}{hint}")


def capabilities_of(provider: str, model: str, found: CatalogModel | None) -> Capabilities:
    """The capabilities by the catalog's entry `found`; without one, nothing is known."""
    if found is None:
        return Capabilities(provider, model)
    return Capabilities(
        provider,
        model,
        known=True,
        name=found.name,
        context_window=found.context_window,
        max_output_tokens=found.max_output_tokens,
        input_modalities=found.input_modalities,
        output_modalities=found.output_modalities,
        tools=found.tools,
        structured_output=found.structured_output,
        reasoning=found.reasoning,
        embeddings=_is_embedding_model(found),
        category=found.category,
        deprecated=found.deprecated,
    )


def _is_embedding_model(found: CatalogModel) -> bool | None:
    if found.category == "embedding":
        return True
    return None if found.output_modalities is None else "embedding" in found.output_modalities
