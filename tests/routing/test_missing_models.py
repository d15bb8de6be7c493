"""Models that are unknown, retired or forbidden: the call moves on, and the target is left alone for five minutes."""

from __future__ import annotations

from typing import Any

import pytest
from group_targets import Targets, whole

import ferrule
from ferrule.testing import rule


def error(status: int, **fields: Any) -> dict[str, Any]:
    return {"status": {"status": status, "body": {"error": fields}}}


MISSING = {
    "unknown": error(404, message="The model `m` does not exist", code="model_not_found"),
    "unknown, in the request": error(400, message="m is not a valid model ID", code=400),
    "unknown, without a word": {"status": {"status": 404, "body": ""}},
    "retired": {"status": {"status": 410, "body": {"detail": "Gone"}}},
    "retired, Groq": error(400, message="The model `m` has been decommissioned.", code="model_decommissioned"),
    "retired, OpenAI": error(404, message="The model `m` has been deprecated", type="invalid_request_error"),
    "retired, in other words": error(400, message="This model is no longer available."),
    "forbidden": error(403, message="Project `p` does not have access to model `m`", code="model_not_found"),
    "forbidden, Bedrock's words": error(403, message="You don't have access to the model with the specified model ID."),
}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("missing", MISSING)
def test_a_model_that_is_not_there_is_left_alone(
    client: ferrule.Client, targets: Targets, missing: str, streamed: bool
) -> None:
    targets.script("one", rule(fault=MISSING[missing], model="m"))
    reply = whole(client, "all", streamed=streamed)
    assert [(one.provider, one.reason) for one in reply.attempts] == [("one", "model_unavailable"), ("two", None)]
    for _ in range(8):
        reply = whole(client, "all", streamed=streamed)
        assert reply.provider == "two"
        assert reply.attempts[0].skipped
    assert targets.asked("one") == 1
    status = client.status().target("one/m")
    assert status is not None
    assert (status.breaker, status.failures) == ("excluded", 0)
    assert status.reopens_in is not None
    assert 290 < status.reopens_in <= 300
    # Another model of the same provider is there.
    assert whole(client, ["one/other", "two/m"], streamed=streamed).provider == "one"
    # Asked for by its own name it is asked, and the operator may know better.
    with pytest.raises(ferrule.ProviderError):
        whole(client, "one/m", streamed=streamed)
    targets.script("one")
    client.breaker("one/m").reset()
    assert whole(client, "all", streamed=streamed).provider == "one"


def test_embeddings_leave_it_alone_as_well(targets: Targets) -> None:
    targets.script("one", rule(fault=MISSING["unknown"]))
    targets.simulators["three"].set_script([])
    same = "openai/text-embedding-3-small"
    models = [{"model": f"{name}/e", "same_as": same} for name in ("one", "three")]
    with ferrule.Client(**targets.settings(targets=models)) as client:
        for _ in range(3):
            assert client.embed("all", ["x"]).provider == "three"
        assert targets.asked("one") == 1


@pytest.mark.parametrize(
    "fault",
    [
        error(404, message="No such File object: file-123", type="invalid_request_error"),
        error(404, message="Previous response with id 'resp_1' not found.", code="previous_response_not_found"),
        error(400, message="`functions` is deprecated", code="invalid_value"),
    ],
)
def test_what_one_request_refers_to_is_no_fault_of_the_target(
    client: ferrule.Client, targets: Targets, fault: dict[str, Any]
) -> None:
    targets.script("one", rule(fault=fault, times=1))
    with pytest.raises(ferrule.ProviderError) as caught:
        client.complete("all", "Hello?")
    assert [one.reason for one in caught.value.attempts] == ["invalid_request"]
    assert client.complete("all", "Hello?").provider == "one"
