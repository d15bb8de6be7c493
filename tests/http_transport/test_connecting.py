"""Connecting: time limits, pools, proxies, TLS and the environment."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import scripted
import trio
import trio.lowlevel
from scripted import SCRIPTS, Scripted

from ferrule.httpx import AsyncFerruleTransport, FerruleTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

CERTIFICATES = Path(__file__).parent / "certificates"
AUTHORITY = str(CERTIFICATES / "authority.pem")


def test_read_timeout(library: Any, server: Scripted) -> None:
    timeout = library.Timeout(10, read=0.2)
    with library.Client(transport=FerruleTransport(), timeout=timeout) as client:
        for path in ("/silent", "/stalls"):
            with pytest.raises(library.ReadTimeout) as caught:
                client.get(server.url + path)
            assert caught.value.request.url.path == path


def test_write_timeout(library: Any, server: Scripted) -> None:
    scripted.deaf_done.clear()
    timeout = library.Timeout(10, write=0.3)
    try:
        for content in (b"x" * 20_000_000, iter([b"x" * 1_000_000] * 20)):
            with (
                library.Client(transport=FerruleTransport(), timeout=timeout) as client,
                pytest.raises(library.WriteTimeout),
            ):
                client.post(server.url + "/deaf", content=content)
    finally:
        scripted.deaf_done.set()


def test_connect_timeout(library: Any) -> None:
    # A listener whose queue is full lets nobody in.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        timeout = library.Timeout(10, connect=0.2)
        try:
            with (
                library.Client(transport=FerruleTransport(), timeout=timeout) as client,
                pytest.raises(library.ConnectTimeout),
            ):
                client.get(f"http://127.0.0.1:{port}/")
        finally:
            for each in waiting:
                each.close()


def test_pool_timeout(library: Any, server: Scripted) -> None:
    transport = FerruleTransport(limits=library.Limits(max_connections=1))
    with library.Client(transport=transport, timeout=library.Timeout(10, pool=0.2)) as client:
        with client.stream("GET", server.url + "/stalls"), pytest.raises(library.PoolTimeout):
            client.get(server.url + "/plain")
        assert client.get(server.url + "/plain").text == "hello"


def test_no_limit(library: Any, server: Scripted) -> None:
    with library.Client(transport=FerruleTransport(), timeout=None) as client:
        assert client.get(server.url + "/plain").text == "hello"


def test_idle_connections_are_kept_as_long_as_the_limits_say(library: Any, server: Scripted) -> None:
    for limits in (library.Limits(max_keepalive_connections=0), library.Limits(keepalive_expiry=0.0)):
        before = server.connections
        with library.Client(transport=FerruleTransport(limits=limits)) as client:
            for _ in range(3):
                client.get(server.url + "/plain")
        assert server.connections - before == 3


def test_connecting_is_tried_again(library: Any) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (
        library.Client(transport=FerruleTransport(retries=2), timeout=5) as client,
        pytest.raises(library.ConnectError),
    ):
        client.post(f"http://127.0.0.1:{port}/", content=iter([b"a"]))


def test_a_server_that_keeps_failing_is_left_alone(library: Any, server: Scripted) -> None:
    breaker = {"failures": 2, "open": 60.0, "open_max": 60.0}
    with Scripted(SCRIPTS) as other, library.Client(transport=FerruleTransport(breaker=breaker)) as client:
        for _ in range(2):
            assert client.get(server.url + "/error").status_code == 500
        with pytest.raises(library.ConnectError, match="circuit breaker of http://127"):
            client.get(server.url + "/plain")
        assert len(server.received) == 2
        assert client.get(other.url + "/plain").text == "hello", "each server has its own"


class TestProxies:
    def test_plain_requests_go_through_it(self, library: Any, server: Scripted) -> None:
        with scripted.proxy() as (url, asked):
            for given in (url, library.URL(url), library.Proxy(url)):
                with library.Client(transport=FerruleTransport(proxy=given)) as client:
                    assert client.get(server.url + "/plain").text == "hello"
        assert asked == [f"GET {server.url}/plain HTTP/1.1"] * 3

    def test_encrypted_ones_through_a_tunnel(self, library: Any, encrypted: Scripted) -> None:
        with scripted.proxy() as (url, asked):
            transport = FerruleTransport(proxy=url, verify=AUTHORITY)
            with library.Client(transport=transport) as client:
                assert client.get(encrypted.url + "/plain").text == "hello"
        assert asked == [f"CONNECT 127.0.0.1:{encrypted.port} HTTP/1.1"]

    @pytest.mark.parametrize("how", ["url", "proxy"])
    def test_a_user_name_and_password(self, library: Any, server: Scripted, encrypted: Scripted, how: str) -> None:
        expected = "basic " + base64.b64encode(b"me:s3cret w").decode().lower()
        with scripted.proxy(user="me") as (url, asked):
            address = url.replace("//", "//me:s3cret%20w@")
            given = address if how == "url" else library.Proxy(url, auth=("me", "s3cret w"))
            with library.Client(transport=FerruleTransport(proxy=given, verify=AUTHORITY)) as client:
                assert client.get(server.url + "/plain").text == "hello"
                assert client.get(encrypted.url + "/plain").text == "hello"
            assert asked[1] == asked[3] == expected
            with library.Client(transport=FerruleTransport(proxy=url, verify=AUTHORITY)) as client:
                assert client.get(server.url + "/plain").status_code == 407
                with pytest.raises(library.ProxyError):
                    client.get(encrypted.url + "/plain")

    def test_of_the_environment(
        self, library: Any, server: Scripted, encrypted: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def asked_with(**variables: str) -> list[str]:
            with scripted.proxy() as (url, asked), monkeypatch.context() as patch:
                for name, value in variables.items():
                    patch.setenv(name, value.format(url=url))
                with library.Client(transport=FerruleTransport(verify=AUTHORITY)) as client:
                    assert client.get(server.url + "/plain").text == "hello"
                    assert client.get(encrypted.url + "/plain").text == "hello"
                return [line.split(" ")[0] for line in asked]

        assert asked_with() == []
        assert asked_with(HTTP_PROXY="{url}") == ["GET"]
        assert asked_with(https_proxy="{url}") == ["CONNECT"]
        assert asked_with(ALL_PROXY="{url}") == ["GET", "CONNECT"]
        assert asked_with(ALL_PROXY="{url}", NO_PROXY="127.0.0.1") == []
        assert asked_with(ALL_PROXY="{url}", NO_PROXY="elsewhere.example,127.0.0.0/8") == []
        assert asked_with(ALL_PROXY="{url}", NO_PROXY="elsewhere.example") == ["GET", "CONNECT"]

    def test_the_environment_does_not_count_where_it_is_not_trusted(
        self, library: Any, server: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
        with library.Client(transport=FerruleTransport(trust_env=False)) as client:
            assert client.get(server.url + "/plain").text == "hello"

    def test_a_proxy_that_is_not_there(self, library: Any, server: Scripted) -> None:
        with library.Client(transport=FerruleTransport(proxy="http://me:hunter2@127.0.0.1:1")) as client:
            with pytest.raises(library.ConnectError) as caught:
                client.get(server.url + "/plain")
            assert "hunter2" not in str(caught.value)

    def test_an_address_that_is_none(self) -> None:
        with pytest.raises(ValueError, match="proxy") as caught:
            FerruleTransport(proxy="quic://me:hunter2@p")
        assert "hunter2" not in str(caught.value)


@pytest.fixture
def encrypted() -> Iterator[Scripted]:
    with Scripted(SCRIPTS, tls("server.pem")) as server:
        yield server


def tls(certificate: str, *, wants_ours: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / certificate)
    if wants_ours:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(AUTHORITY)
    return context


class TestTls:
    def test_an_unknown_authority_is_not_trusted(self, library: Any, encrypted: Scripted) -> None:
        with library.Client(transport=FerruleTransport()) as client, pytest.raises(library.ConnectError) as caught:
            client.get(encrypted.url + "/plain")
        assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value)

    @pytest.mark.parametrize("how", ["file", "context", "environment", "directory", "not at all"])
    def test_what_is_to_be_trusted(
        self, library: Any, encrypted: Scripted, how: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        verify: Any = True
        if how == "file":
            verify = AUTHORITY
        elif how == "context":
            verify = ssl.create_default_context(cafile=AUTHORITY)
        elif how == "environment":
            monkeypatch.setenv("SSL_CERT_FILE", AUTHORITY)
        elif how == "directory":
            shutil.copy(AUTHORITY, tmp_path)
            monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
        else:
            verify = False
        with library.Client(transport=FerruleTransport(verify=verify)) as client:
            assert client.get(encrypted.url + "/plain").text == "hello"

    def test_the_environments_certificates_do_not_count_where_it_is_not_trusted(
        self, library: Any, encrypted: Scripted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", AUTHORITY)
        with (
            library.Client(transport=FerruleTransport(trust_env=False)) as client,
            pytest.raises(library.ConnectError),
        ):
            client.get(encrypted.url + "/plain")

    def test_a_certificate_for_another_name(self, library: Any) -> None:
        with Scripted(SCRIPTS, tls("elsewhere.pem")) as server:
            with (
                library.Client(transport=FerruleTransport(verify=AUTHORITY)) as client,
                pytest.raises(library.ConnectError),
            ):
                client.get(server.url + "/plain")
            context = ssl.create_default_context(cafile=AUTHORITY)
            context.check_hostname = False
            with library.Client(transport=FerruleTransport(verify=context)) as client:
                assert client.get(server.url + "/plain").text == "hello"

    def test_a_certificate_of_ones_own(self, library: Any, tmp_path: Path) -> None:
        whole = CERTIFICATES / "client.pem"
        certificate, separator, key = whole.read_text().partition("-----BEGIN PRIVATE KEY-----")
        (tmp_path / "certificate.pem").write_text(certificate)
        (tmp_path / "key.pem").write_text(separator + key)
        pair = (str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
        with Scripted(SCRIPTS, tls("server.pem", wants_ours=True)) as server:
            for cert in (str(whole), pair, (*pair, None)):
                with library.Client(transport=FerruleTransport(verify=AUTHORITY, cert=cert)) as client:
                    assert client.get(server.url + "/plain").text == "hello"
            with (
                library.Client(transport=FerruleTransport(verify=AUTHORITY)) as client,
                pytest.raises(library.TransportError),
            ):
                client.get(server.url + "/plain")

    def test_a_server_without_tls(self, library: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve() -> None:
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

            thread = threading.Thread(target=serve)
            thread.start()
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            with library.Client(transport=FerruleTransport()) as client, pytest.raises(library.ConnectError):
                client.get(url)
            thread.join(10)

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"verify": "/nowhere/ca.pem"}, OSError),
            ({"verify": __file__}, ValueError),
            ({"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}, ValueError),
            ({"cert": "/nowhere/cert.pem"}, OSError),
            ({"cert": AUTHORITY}, ValueError),
            ({"cert": (AUTHORITY, AUTHORITY, "password")}, ValueError),
            ({"http1": False}, ValueError),
            ({"local_address": "nowhere"}, ValueError),
            ({"breaker": {"fails": 1}}, TypeError),
            ({"socket_options": [(1, 2, 3)]}, ValueError),
        ],
    )
    def test_what_cannot_be_used_is_said_at_once(self, options: dict[str, Any], error: type[Exception]) -> None:
        with pytest.raises(error):
            FerruleTransport(**options)


def test_a_unix_socket(library: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                assert b"Host: a.example\r\n" in peer.recv(65536)
                peer.sendall(scripted.sized(b"over a socket"))

        thread = threading.Thread(target=serve)
        thread.start()
        with library.Client(transport=FerruleTransport(uds=path)) as client:
            assert client.get("http://a.example/").text == "over a socket"
        thread.join(10)


def test_trio(library: Any, server: Scripted) -> None:
    async def run() -> None:
        async with library.AsyncClient(transport=AsyncFerruleTransport(), timeout=10) as client:
            response = await client.post(server.url + "/echo", content=pieces())
            assert response.text == "onetwo"
            async with client.stream("GET", server.url + "/chunked") as response:
                assert b"".join([piece async for piece in response.aiter_raw()]) == b"onetwothree"
            with trio.move_on_after(0.2) as scope:
                await client.get(server.url + "/silent")
            assert scope.cancelled_caught
            with pytest.raises(library.ReadTimeout):
                await client.get(server.url + "/silent", timeout=0.1)

    async def pieces() -> Any:
        for piece in (b"one", b"two"):
            yield piece
            await trio.lowlevel.checkpoint()

    trio.run(run)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_connects_anew(library: Any, server: Scripted) -> None:
    with library.Client(transport=FerruleTransport()) as client:
        assert client.get(server.url + "/plain").text == "hello"
        child = os.fork()
        if child == 0:
            # The parent's threads are not here: nothing but this may run.
            code = 1
            try:
                code = 0 if client.get(server.url + "/plain").text == "hello" else 2
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert client.get(server.url + "/plain").text == "hello"
    assert server.connections == 2


def test_gevent_lets_others_run(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = tmp_path / "program.py"
    program.write_text(
        """
from gevent import monkey
monkey.patch_all()
import gevent, httpx
from gevent.pywsgi import WSGIServer
from ferrule.httpx import Client

def app(environ, start):
    body = environ["wsgi.input"].read()
    gevent.sleep(0.05)
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"hello " + body]

server = WSGIServer(("127.0.0.1", 0), app, log=None)
server.start()
url = f"http://127.0.0.1:{server.server_port}/"
with Client() as client:
    jobs = [gevent.spawn(client.post, url, content=iter([b"%d" % n])) for n in range(10)]
    gevent.joinall(jobs, timeout=20)
    assert [job.value.text for job in jobs] == [f"hello {n}" for n in range(10)]
print("all")
"""
    )
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=50, check=False)
    assert (done.stdout, done.returncode) == ("all\n", 0), done.stderr
