"""MCP: the tools of servers that speak the Model Context Protocol, for `client.run`.

The protocol is the SDK's (`mcp` on PyPI, version 2), which the extra `mcp` brings. A session with a server lives on an
event loop of Ferrule's own, so that synchronous and asynchronous programs use it alike.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from ferrule.errors import ConfigError, ConnectError, ConnectTimeoutError
from ferrule.own_loop import OwnLoop
from ferrule.tool_results import ModelVisibleError
from ferrule.toolbox import Tool

if TYPE_CHECKING:
    import sys
    from collections.abc import AsyncGenerator, Collection, Coroutine, Mapping
    from types import TracebackType

    if sys.version_info >= (3, 11):
        from typing import Self
    else:
        from typing_extensions import Self

    import mcp

__all__ = ["McpError", "McpTools", "tools"]

_loop = OwnLoop("ferrule-mcp")
_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_MAX_NAME = 64


class McpError(ModelVisibleError):
    """A tool of a server failed; the message is what the server says, for the model."""


def tools(
    server: Any,
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    headers: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
    prefix: str = "",
    timeout: float = 30.0,
) -> McpTools:
    """The tools of an MCP server, in a `with` or `async with` statement.

    ```python
    with ferrule.mcp.tools("uvx", "mcp-server-time") as tools:
        run = client.run("openai/gpt-5-mini", "What time is it in Oslo?", tools=tools)
    ```

    Args:
        server: The address of a server (`https://...`, streamable HTTP); or the program of one, which is started and
            spoken to over its standard streams; or what the SDK's `mcp.Client` takes (a transport, a server object).
        *arguments: The program's arguments.
        env: Environment variables for the program, in addition to the few that the SDK passes on (`PATH`, `HOME`, ...).
        cwd: The program's working directory.
        headers: HTTP headers for an address, for instance `Authorization`.
        only: The names of the tools to take, as the server has them; all by default.
        prefix: Text before the names that the model sees, where several servers have tools of the same name.
        timeout: Seconds within which the server has to start and list its tools. Default 30.

    Returns:
        The tools; the server is connected to when the `with` statement is entered.

    Raises:
        ConfigError: The package `mcp` is missing, or is older than version 2.
        TypeError: An argument does not go with the server.
    """
    try:
        import mcp  # an extra

        mcp.Client  # noqa: B018 - version 1 does not have it
    except (ImportError, AttributeError):
        raise ConfigError("ferrule.mcp needs the package `mcp`, version 2 or later: pip install 'mcp>=2'") from None
    if isinstance(server, str) and re.match(r"https?://", server):
        if arguments or env is not None or cwd is not None:
            raise TypeError("mcp.tools: `arguments`, `env` and `cwd` are for programs, not for an address")
        return McpTools(_http_transport(server, headers), _without_secrets(server), only, prefix, timeout)
    if headers is not None:
        raise TypeError("mcp.tools: `headers` are for addresses (`https://...`), not for programs")
    if isinstance(server, str) or hasattr(server, "__fspath__"):
        variables = None if env is None else dict(env)
        folder = None if cwd is None else os.fspath(cwd)
        program = mcp.StdioServerParameters(command=str(server), args=list(arguments), env=variables, cwd=folder)
        # Only the first of its arguments is shown: others may be keys.
        return McpTools(program, " ".join([str(server), *arguments[:1]]), only, prefix, timeout)
    if arguments or env is not None or cwd is not None:
        raise TypeError("mcp.tools: `arguments`, `env` and `cwd` are for programs")
    return McpTools(server, type(server).__name__, only, prefix, timeout)


class McpTools(Sequence[Tool]):
    """The tools of an MCP server, while it is connected: `tools` makes it.

    It is a list of `Tool` objects; `[*tools, my_function]` adds others.
    """

    def __init__(self, server: Any, described: str, only: Collection[str] | None, prefix: str, timeout: float) -> None:
        self._server = server
        self._described = described
        self._only = None if only is None else set(only)
        self._prefix = prefix
        self._timeout = timeout
        self._tools: list[Tool] = []
        self._client: mcp.Client | None = None
        self._leave: asyncio.Event | None = None
        self._session: concurrent.futures.Future[None] | None = None

    @overload
    def __getitem__(self, index: int) -> Tool: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tool]: ...
    def __getitem__(self, index: int | slice) -> Tool | list[Tool]:
        """One of the tools, or several."""
        return self._tools[index]

    def __len__(self) -> int:
        return len(self._tools)

    def __repr__(self) -> str:
        return f"McpTools({self._described!r}, {[tool.name for tool in self._tools]})"

    def __enter__(self) -> Self:
        try:
            _loop.submit(self._open()).result()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        try:
            await asyncio.wrap_future(_loop.submit(self._open()))
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def close(self) -> None:
        """Ends the session; a program that was started ends with it."""
        if self._session is not None:
            _loop.submit(self._end()).result()

    async def aclose(self) -> None:
        """Ends the session; a program that was started ends with it."""
        if self._session is not None:
            await asyncio.wrap_future(_loop.submit(self._end()))

    async def _open(self) -> None:
        """Starts the session, and waits until its tools are known."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._leave = asyncio.Event()
        # The SDK's contexts have to be left in the task that entered them.
        session = asyncio.get_running_loop().create_task(self._hold(ready, self._leave))
        self._session = _outcome_of(session)
        try:
            await asyncio.wait_for(ready, self._timeout)
        except asyncio.TimeoutError:
            session.cancel()
            raise ConnectTimeoutError(
                f"the MCP server `{self._described}` did not list its tools within {self._timeout:g} seconds"
            ) from None

    async def _hold(self, ready: asyncio.Future[None], leave: asyncio.Event) -> None:
        import mcp  # an extra

        try:
            async with mcp.Client(self._server) as client:
                listed = await _all_tools(client)
                self._client = client
                self._tools = self._chosen(listed)
                if not ready.done():
                    ready.set_result(None)
                await leave.wait()
        except Exception as error:
            if not ready.done():
                ready.set_exception(self._failure(error))
        finally:
            self._client, self._tools = None, []

    def _failure(self, error: Exception) -> Exception:
        while isinstance(inner := getattr(error, "exceptions", None), tuple) and inner:  # An exception group.
            error = inner[0]
        if isinstance(error, ConfigError):
            return error
        said = f": {error}" if str(error) else ""
        return ConnectError(
            f"the MCP server `{self._described}` cannot be used ({type(error).__name__}{said}); is the address or the "
            "program right, and does the program speak MCP over its standard streams?"
        )

    async def _end(self) -> None:
        session, self._session = self._session, None
        if session is None or self._leave is None:
            return
        self._leave.set()
        await asyncio.wrap_future(session)

    def _chosen(self, listed: list[Any]) -> list[Tool]:
        names = [tool.name for tool in listed]
        if missing := sorted((self._only or set()) - set(names)):
            raise ConfigError(f"only: the MCP server `{self._described}` has no tool `{missing[0]}`; it has {names}")
        return [self._tool(tool) for tool in listed if self._only is None or tool.name in self._only]

    def _tool(self, listed: Any) -> Tool:
        async def call(**arguments: Any) -> Any:
            return await self._call(listed.name, arguments)

        return Tool(
            call,
            name=_NAME.sub("_", f"{self._prefix}{listed.name}")[:_MAX_NAME],
            description=listed.description or listed.title or "",
            parameters=listed.input_schema,
        )

    async def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Calls a tool, from whatever event loop."""
        client = self._client
        if client is None:
            raise McpError(f"the MCP server `{self._described}` is not connected")
        return _content_of(await asyncio.wrap_future(_loop.submit(_called(client, name, arguments))))


def _without_secrets(url: str) -> str:
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", url)[0])


def _called(client: mcp.Client, name: str, arguments: dict[str, Any]) -> Coroutine[Any, Any, Any]:
    return client.call_tool(name, arguments)


async def _all_tools(client: mcp.Client) -> list[Any]:
    page = await client.list_tools()
    listed = list(page.tools)
    while page.next_cursor:
        page = await client.list_tools(cursor=page.next_cursor)
        listed += page.tools
    return listed


def _outcome_of(task: asyncio.Task[None]) -> concurrent.futures.Future[None]:
    """The end of a task as a future that any thread or loop can wait for."""
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    task.add_done_callback(lambda _: future.set_result(None))
    return future


@contextlib.asynccontextmanager
async def _http_transport(url: str, headers: Mapping[str, str] | None) -> AsyncGenerator[Any, None]:
    import httpx2  # of the SDK
    from mcp.client.streamable_http import streamable_http_client

    # The SDK's own limits: a server may hold a stream open for long.
    limits = httpx2.Timeout(30.0, read=300.0)
    async with (
        httpx2.AsyncClient(headers=dict(headers or {}), timeout=limits) as http_client,
        streamable_http_client(url, http_client=http_client) as streams,
    ):
        yield streams


def _content_of(result: Any) -> Any:
    """What a tool answered, as `tool_results` takes it."""
    parts = [_part_of(block) for block in result.content]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    if result.is_error:
        raise McpError("\n".join(texts) or "the tool failed and did not say why")
    if not parts:
        return result.structured_content
    return "\n".join(texts) if len(texts) == len(parts) else parts


def _part_of(block: Any) -> dict[str, Any]:
    """A block of an answer as a content part."""
    if block.type == "text":
        return _text(block.text)
    if block.type == "image":
        return _media("image", block.mime_type, block.data)
    if block.type == "audio":
        sound = {"data": block.data, "format": block.mime_type.rpartition("/")[2]}
        return {"type": "input_audio", "input_audio": sound}
    if block.type == "resource_link":
        return _text(f"{block.name}: {block.uri}")
    resource = block.resource
    if hasattr(resource, "text"):
        return _text(resource.text)
    if str(resource.mime_type).startswith("image/"):
        return _media("image", resource.mime_type, resource.blob)
    if resource.mime_type == "application/pdf":
        return _media("document", resource.mime_type, resource.blob)
    return _text(f"[{resource.uri}: {resource.mime_type or 'data'}, not shown]")


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _media(kind: str, media_type: str, data: str) -> dict[str, Any]:
    return {"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}}
