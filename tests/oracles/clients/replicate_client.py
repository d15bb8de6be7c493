"""The official `replicate` SDK as a client of the simulator: `python replicate_client.py http://host:port/replicate`.

`../test_replicate_sdk.py` says what must come of each case.
"""

from __future__ import annotations

import sys

import httpx
from cases import case, run

# Its models are those of pydantic's first version, which keep nothing that they do not know.
from pydantic import v1 as pydantic

pydantic.BaseModel.Config.extra = "allow"

import replicate  # noqa: E402
from replicate.exceptions import ReplicateError  # noqa: E402

MODEL = "simulated/echo"


class Conformity:
    """Whether predictions are what the SDK declares, which reads them strictly, but for what it does not know."""

    def __init__(self):
        self.unknown_fields = set()
        self.missing_fields = set()

    def __call__(self, value):
        self.unknown_fields |= {
            f"{type(value).__name__}.{name}" for name in set(value.__dict__) - set(value.__fields__)
        }
        return value


@case
def ran(client, conforming):
    return "".join(client.run(MODEL, input={"prompt": "Hello, world!"}))


@case
def streamed(client, conforming):
    events = [conforming(event) for event in client.stream(MODEL, input={"prompt": "one two three"})]
    return {
        "kinds": [event.event.value for event in events],
        "text": "".join(str(event) for event in events),
    }


@case
def predicted(client, conforming):
    prediction = conforming(client.models.predictions.create(MODEL, input={"prompt": "Hello."}))
    begun = [prediction.status, sorted(prediction.urls)]
    prediction.wait()
    again = conforming(client.predictions.get(prediction.id))
    return {
        "begun": begun,
        "status": [prediction.status, again.status],
        "output": ["".join(prediction.output), "".join(again.output)],
        "error": prediction.error,
        "model": prediction.model,
        "urls": sorted(again.urls),
    }


@case
def canceled(client, conforming):
    prediction = client.models.predictions.create("simulated/slow-1", input={"prompt": "Hello."})
    prediction.cancel()
    return conforming(prediction).status


@case
def failures(client, conforming):
    statuses = (400, 401, 402, 404, 422, 429, 500, 503)
    return {f"status-{status}": failing(client, f"simulated/status-{status}") for status in statuses}


def failing(client, model):
    try:
        client.models.predictions.create(model, input={"prompt": "Hello."}, wait=True)
    except ReplicateError as error:
        return {"status": error.status, "title": error.title, "detail": error.detail}
    raise AssertionError("no error was raised")


@case
async def asynchronous(client, conforming):
    text = "".join(await client.async_run(MODEL, input={"prompt": "Hello."}))
    stream = await client.async_stream(MODEL, input={"prompt": "one two"})
    return {"text": text, "streamed": "".join([str(event) async for event in stream])}


if __name__ == "__main__":

    class Client(replicate.Client):
        """One that can be entered."""

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._client.close()

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            await self._async_client.aclose()

    def make(headers):
        client = Client(api_token="sk-oracle", base_url=sys.argv[1], headers=headers, timeout=httpx.Timeout(20))
        client.poll_interval = 0.02
        return client

    run(make, make, Conformity)
