"""Entry point of `ferrule chat`: from the command's arguments to a session that is run."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ferrule
from ferrule.cli import failures, screen, templates
from ferrule.cli.chat import attachments, request, tools
from ferrule.cli.chat.retries import show_retries
from ferrule.cli.chat.session import Manner, Session
from ferrule.cli.conversation_log import ConversationLog
from ferrule.cli.piped import piped
from ferrule.configuration import Configuration

if TYPE_CHECKING:
    from ferrule import Client

_USUAL_MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "cohere": "command-a-03-2025",
    "deepseek": "deepseek-chat",
    "gemini": "gemini-2.5-flash",
    "groq": "llama-3.3-70b-versatile",
    "mistral": "mistral-small-latest",
    "openai": "gpt-5-mini",
    "xai": "grok-4",
}
"""A good model of a provider, for users who have a key of it alone and name none. Others are asked for their list."""


@dataclass
class Arguments:
    """What was given to `ferrule chat`.

    Attributes:
        words: The prompt's words; `-` stands for piped text.
        continued: The number of the conversation to continue; -1 for the last one.
        call: Options of the call that have options of the command.
        options: Others, as `key=value`.
    """

    words: list[str]
    model: str | None
    system: str | None
    attachments: list[str]
    continued: int | None
    template: str | None
    params: list[str]
    tools: list[str]
    yes: bool
    schema: str | None
    extract: bool
    as_json: bool
    stats: bool
    plain: bool
    options: list[str]
    call: dict[str, Any]
    log: bool


def run(given: Arguments) -> None:
    """Asks once, or holds a conversation."""
    template = templates.read(given.template) if given.template else None
    functions = [function for file in given.tools for function in tools.load(file)]
    options = given.call | request.options(given.options)
    if given.schema is not None:
        options["response_format"] = request.schema(given.schema)
    parts = [attachments.part(path) for path in given.attachments]
    log = ConversationLog.for_chat() if given.log else None
    earlier = None
    if given.continued is not None:
        earlier = ConversationLog.existing().load(None if given.continued < 0 else given.continued)
    with show_retries() as retries, ferrule.Client() as client:
        chosen = given.model or (template.model if template else None) or (earlier.model if earlier else None)
        # A wrong name is reported before anything is typed or read.
        model = _model(client, chosen)
        prompt, interactive = _input(given.words)
        if template:
            prompt = template.filled(prompt, request.pairs(given.params, "--param"))
        elif given.params:
            raise failures.UsageError("--param is for a template; name one with --template")
        system = given.system or (template.system if template else None) or (earlier.system if earlier else None)
        manner = Manner(given.as_json, given.stats, given.plain, given.extract)
        session = Session(client, model, system, options, manner, retries, log, tools.Approval(functions, given.yes))
        if earlier:
            session.resume(earlier)
        if prompt or (parts and not interactive):
            session.answer_once(prompt, parts)
        elif not interactive:
            raise failures.UsageError("no prompt; give one as an argument, or pipe one in")
        elif given.as_json or given.extract:
            flag = "--json" if given.as_json else "--extract"
            raise failures.UsageError(f"{flag} is for one reply; give a prompt, or pipe one in")
        else:
            session.attach(parts)
            session.run()


def _input(words: list[str]) -> tuple[str, bool]:
    """The text to send, and whether a conversation can be held."""
    if "-" in words:
        text = sys.stdin.read() if sys.stdin is not None else ""
        before, _, after = " ".join(words).partition("-") if words.count("-") == 1 else (" ".join(words), "", "")
        return "\n\n".join(part.strip("\n") for part in (before.strip(), text, after.strip()) if part.strip()), False
    prompt, text = " ".join(words), piped()
    return "\n\n".join(part for part in (prompt, text) if part and part.strip()), text is None


def _model(client: "Client", name: str | None) -> str:
    """The model to call, as the user calls it.

    Raises:
        UsageError: None is named, and none can be taken for granted.
        ConfigError: There is no such model.
    """
    if name or client.registry.default_model:
        resolved = client.registry.resolve(name)
        return name or resolved
    usable = client.registry.usable_providers()
    advice = "use --model provider/model (for instance openai/gpt-5-mini), or set FERRULE_MODEL"
    if not usable:
        raise failures.UsageError(
            f"no model given, and no provider has a key: `ferrule keys set openai` keeps one; {advice}"
        )
    if len(usable) > 1:
        raise failures.UsageError(f"no model given, and {_listed(usable)} have keys; {advice}")
    (provider,) = usable
    usual = _USUAL_MODELS.get(provider)
    if usual is None:
        listed = client.models(provider)
        if len(listed) != 1:
            raise failures.UsageError(f"no model given; `ferrule models {provider}` lists {len(listed)}; {advice}")
        usual = listed[0].id
    screen.note(f"{provider}/{usual}, as {provider} is the only provider with a key; --model chooses another")
    return f"{provider}/{usual}"


def _listed(names: list[str]) -> str:
    shown = names[:4]
    rest = len(names) - len(shown)
    return f"{', '.join(shown)} and {rest} more" if rest else f"{', '.join(shown[:-1])} and {shown[-1]}"


def complete_model(incomplete: str) -> list[str]:
    """The models whose names begin so: aliases, and those of the catalog whose provider can be called."""
    from ferrule.cli import prices

    try:
        with ferrule.Client() as client:
            usable = set(Configuration.read().usable())
            aliases = list(client.registry.aliases)
            known = [
                f"{one.provider}/{one.id}" for one in prices.catalog(client.registry).models() if one.provider in usable
            ]
    except ferrule.FerruleError:
        return []
    return [name for name in [*aliases, *known] if name.startswith(incomplete)]
