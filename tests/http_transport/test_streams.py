"""Streamed bodies, sent and received in chunks, and what ends them early."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import TYPE_CHECKING, Any

import pytest
from scripted import Scripted, chunked, sized

from ferrule.httpx import AsyncFerruleTransport, FerruleTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scripted import Peer, Received


class Paced:
    """Sends each piece when it is told to, and notes when the client is gone."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.gone = threading.Event()

    def __call__(self, peer: Peer, _: Received) -> bool:
        try:
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in range(3):
                self.go.acquire(timeout=10)
                peer.send(b"1\r\n%d\r\n" % number)
            peer.wait_for_close()
        finally:
            self.gone.set()
        return False


@pytest.fixture
def paced() -> Paced:
    return Paced()


@pytest.fixture
def server(paced: Paced) -> Iterator[Scripted]:
    with Scripted({"/paced": paced, "/plain": lambda peer, _: peer.send(sized(b"hello"))}) as server:
        yield server


def test_pieces_arrive_as_they_are_sent(library: Any, server: Scripted, paced: Paced) -> None:
    with (
        library.Client(transport=FerruleTransport()) as client,
        client.stream("GET", server.url + "/paced") as response,
    ):
        assert response.status_code == 200
        assert not response.is_closed
        pieces = response.iter_raw()
        for number in range(3):
            paced.go.release()
            assert next(pieces) == b"%d" % number
        assert not paced.gone.is_set()
    assert paced.gone.wait(10), "leaving the stream closes its connection"


@pytest.mark.parametrize("leave", ["close", "drop"])
def test_leaving_a_stream_closes_its_connection(library: Any, server: Scripted, paced: Paced, leave: str) -> None:
    with library.Client(transport=FerruleTransport()) as client:
        request = client.build_request("GET", server.url + "/paced")
        response = client.send(request, stream=True)
        for _ in range(3):
            paced.go.release()
        if leave == "close":
            response.close()
            with pytest.raises(library.StreamClosed):
                next(response.iter_raw())
        else:
            del response
            gc.collect()
        assert paced.gone.wait(10)


async def test_cancelling_closes_the_connection(library: Any, server: Scripted, paced: Paced) -> None:
    async with library.AsyncClient(transport=AsyncFerruleTransport()) as client:
        started = asyncio.Event()

        async def read() -> None:
            async with client.stream("GET", server.url + "/paced") as response:
                async for _ in response.aiter_raw():
                    started.set()

        task = asyncio.create_task(read())
        paced.go.release()
        await started.wait()
        for _ in range(2):
            paced.go.release()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(paced.gone.wait, 10)


async def test_cancelling_before_an_answer_closes_the_connection(library: Any) -> None:
    asked, gone = threading.Event(), threading.Event()

    def silent(peer: Peer, _: Received) -> bool:
        asked.set()
        peer.wait_for_close()
        gone.set()
        return False

    with Scripted({"/": silent}) as server:
        async with library.AsyncClient(transport=AsyncFerruleTransport()) as client:
            task = asyncio.create_task(client.get(server.url))
            assert await asyncio.to_thread(asked.wait, 10)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(gone.wait, 10)


def test_a_connection_is_used_again(library: Any, server: Scripted) -> None:
    with library.Client(transport=FerruleTransport()) as client:
        for _ in range(5):
            assert client.get(server.url + "/plain").text == "hello"
    assert {received.connection for received in server.received} == {1}


def test_a_stream_is_read_in_another_thread(library: Any, server: Scripted, paced: Paced) -> None:
    with library.Client(transport=FerruleTransport()) as client:
        response = client.send(client.build_request("GET", server.url + "/paced"), stream=True)
        found: list[bytes] = []
        reader = threading.Thread(target=lambda: found.extend(next(pieces) for _ in range(3)))
        pieces = response.iter_raw()
        reader.start()
        for _ in range(3):
            paced.go.release()
        reader.join(10)
        response.close()
    assert found == [b"0", b"1", b"2"]


def test_an_upload_that_fails_ends_the_request(library: Any) -> None:
    began, broken = threading.Event(), threading.Event()

    def upload(peer: Peer, received: Received) -> bool:
        began.set()
        with pytest.raises((AssertionError, ValueError, OSError)):
            peer.read_body(received)
        broken.set()
        return False

    upload.reads_itself = True  # type: ignore[attr-defined]

    def pieces() -> Iterator[bytes]:
        yield b"begin"
        assert began.wait(10)
        raise LookupError("no more")

    async def async_pieces() -> AsyncIterator[bytes]:
        yield b"begin"
        assert await asyncio.to_thread(began.wait, 10)
        raise LookupError("no more")

    with Scripted({"/": upload}) as server:
        with library.Client(transport=FerruleTransport()) as client, pytest.raises(LookupError):
            client.post(server.url, content=pieces())
        assert broken.wait(10)
        began.clear()
        broken.clear()

        async def run() -> None:
            async with library.AsyncClient(transport=AsyncFerruleTransport()) as client:
                with pytest.raises(LookupError):
                    await client.post(server.url, content=async_pieces())

        asyncio.run(run())
        assert broken.wait(10)


def test_an_upload_goes_on_while_its_answer_comes(library: Any) -> None:
    """The server repeats each piece as it comes, long before the last was sent."""

    def both_ways(peer: Peer, _: Received) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            size = int(peer._until(b"\r\n"), 16)
            piece = peer._exactly(size)
            peer._until(b"\r\n")
            peer.send(b"%x\r\n%s\r\n" % (size, piece))
            if size == 0:
                return

    both_ways.reads_itself = True  # type: ignore[attr-defined]
    with Scripted({"/": both_ways}) as server, library.Client(transport=FerruleTransport()) as client:
        response = client.post(server.url, content=(b"%05d" % number * 2000 for number in range(80)))
    assert response.content == b"".join(b"%05d" % number * 2000 for number in range(80))


async def test_many_at_once(library: Any) -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def repeat(peer: Peer, received: Received) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.005)
        with lock:
            under_way -= 1
        peer.send(chunked(received.body))

    with Scripted({"/": repeat}) as server:
        transport = AsyncFerruleTransport(limits=library.Limits(max_connections=4, max_keepalive_connections=4))
        async with library.AsyncClient(transport=transport, timeout=20) as client:
            responses = await asyncio.gather(*(client.post(server.url, content=b"%d" % n) for n in range(40)))
    assert [response.content for response in responses] == [b"%d" % n for n in range(40)]
    assert most <= 4


def test_an_async_client_on_several_loops(library: Any, server: Scripted) -> None:
    client = library.AsyncClient(transport=AsyncFerruleTransport())
    for _ in range(2):
        assert asyncio.run(client.get(server.url + "/plain")).text == "hello"
    asyncio.run(client.aclose())
