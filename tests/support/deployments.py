"""Deployments of litellm's routers, at the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferrule.testing import Simulator

MESSAGES = [{"role": "user", "content": "Why is the sky blue?"}]


def deployment(simulator: Simulator, name: str, model: str, **more: Any) -> dict[str, Any]:
    """An entry of a router's `model_list`."""
    info = {"id": more.pop("id")} if "id" in more else {}
    params = {"model": model, "api_base": simulator.openai_base_url, "api_key": f"sk-{model}", **more}
    return {"model_name": name, "litellm_params": params, "model_info": info}
