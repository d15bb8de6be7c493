"""Targets for the tests of groups: simulated providers of different dialects, each with a script of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrule.testing import Simulator, rule

if TYPE_CHECKING:
    import ferrule


class Targets:
    """Three providers: `one` and `three` speak OpenAI's format, `two` Anthropic's."""

    def __init__(self, simulators: dict[str, Simulator]) -> None:
        self.simulators = simulators
        for name, simulator in simulators.items():
            simulator.set_script([rule(f"From {name}.")])

    def script(self, name: str, *rules: Any) -> None:
        """What the provider `name` does; afterwards it answers."""
        self.simulators[name].set_script([*rules, rule(f"From {name}.")])

    def asked(self, name: str) -> int:
        """How many requests the provider `name` got."""
        return len(self.simulators[name].requests)

    def settings(self, **group: Any) -> dict[str, Any]:
        """The arguments of a client with a group `all` of them."""
        providers: dict[str, Any] = {
            name: {"base_url": simulator.openai_base_url, "api_key": f"key-of-{name}"}
            for name, simulator in self.simulators.items()
        }
        providers["two"].update(base_url=self.simulators["two"].anthropic_base_url, dialect="anthropic")
        models = [f"{name}/m" for name in self.simulators]
        group = {"targets": models, **group}
        return {"config": False, "providers": providers, "groups": {"all": group}, "timeout": 20}


def whole(client: ferrule.Client, model: Any, *, streamed: bool, **options: Any) -> ferrule.Reply:
    """The reply of a call, plain or streamed."""
    if not streamed:
        return client.complete(model, "Hello?", max_tokens=50, **options)
    with client.stream(model, "Hello?", max_tokens=50, **options) as stream:
        list(stream)
    return stream.reply()


async def whole_async(client: ferrule.AsyncClient, model: Any, *, streamed: bool, **options: Any) -> ferrule.Reply:
    """The reply of an asynchronous call, plain or streamed."""
    if not streamed:
        return await client.complete(model, "Hello?", max_tokens=50, **options)
    async with client.stream(model, "Hello?", max_tokens=50, **options) as stream:
        async for _ in stream:
            pass
    return stream.reply()
