"""What a model can do, as programs see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferrule._native import CatalogModel

ABILITIES = ("tools", "structured_output", "reasoning", "embeddings")
MODALITIES = ("text", "image", "audio", "video", "document")


@dataclass(frozen=True)
class Capabilities:
    """What is known of a model. What is not known is `None`, never a guess.

    Attributes:
        provider: The provider that is asked for it.
        model: The provider's name of it.
        known: Whether the catalog, or your own `models`, has it at all.
        name: Its name for people.
        context_window: The most tokens of prompt and answer together.
        max_output_tokens: The most tokens of an answer.
        input_modalities: What it can be shown: `text`, `image`, `audio`, `video`, `document`.
        output_modalities: What it answers with: `text`, `image`, `audio`, `video`, `embedding`.
        tools: Whether it calls tools.
        structured_output: Whether it keeps to a JSON schema.
        reasoning: Whether it can think before it answers.
        embeddings: Whether it makes vectors of texts.
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
        """Whether the model can do all of these.

        Args:
            *abilities: `tools`, `structured_output`, `reasoning`, `embeddings`; or what it can be shown: `text`,
                `image`, `audio`, `video`, `document`.

        Returns:
            `False` where one is known to be missing; else `None` where one is not known.

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
        from ferrule.configuration.words import nearest

        known = (*ABILITIES, *MODALITIES)
        raise ValueError(
            f"there is no ability {ability!r}{nearest(ability, known) or '; there are ' + ', '.join(known)}"
        )


def of(provider: str, model: str, found: CatalogModel | None) -> Capabilities:
    """What the catalog's entry says of a model; without one, that nothing is known."""
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
        embeddings=_makes_vectors(found),
        category=found.category,
        deprecated=found.deprecated,
    )


def _makes_vectors(found: CatalogModel) -> bool | None:
    if found.category == "embedding":
        return True
    return None if found.output_modalities is None else "embedding" in found.output_modalities
