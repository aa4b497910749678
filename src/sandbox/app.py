"""The sandbox's server: page, devices' endpoint and control API on loopback."""

import asyncio
import contextlib
from typing import Self

from aiohttp import web

from sandbox.chat import ChatEndpoint
from sandbox.config import SandboxConfig
from sandbox.control.app import control_application
from sandbox.core import Core
from sandbox.errors import StartError
from sandbox.media.endpoint import MediaEndpoint
from sandbox.pages import StaticPage
from sandbox.pictures import ProfilePictures
from sandbox.tls import server_context


class SandboxServer:
    """One sandbox; `async with` starts and stops it.

    Attributes:
        page_url: Where the page is, e.g. `http://127.0.0.1:8800`, once started.
        https_url: The same over HTTPS, or None.
        control_url: Where the control API and the phones are.
        failure: Resolved with an error if the server can't go on (the disk is full, say).
    """

    def __init__(self, config: SandboxConfig) -> None:
        self.page_url = ""
        self.https_url: str | None = None
        self.control_url = ""
        self.failure: asyncio.Future[BaseException] | None = None
        self._config = config
        self._stack: contextlib.AsyncExitStack | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open the state and listen.

        Raises:
            StartError: A port or the data directory can't be used. Nothing is left running.
        """
        self.failure = asyncio.get_running_loop().create_future()
        async with contextlib.AsyncExitStack() as stack:
            core = Core(self._config, on_failure=self._failed)
            stack.callback(core.database.close)
            keeper = asyncio.create_task(core.database.keep_checkpointed())
            stack.push_async_callback(_end, keeper)
            stack.callback(core.phones.stop)
            stack.callback(core.calls.stop)
            await self._listen(core, stack)
            core.phones.start()
            self._stack = stack.pop_all()

    async def stop(self) -> None:
        """Close every device's connection with 4503, commit, and free ports and data directory."""
        if self._stack is not None:
            stack, self._stack = self._stack, None
            await stack.aclose()

    async def _listen(self, core: Core, stack: contextlib.AsyncExitStack) -> None:
        config = self._config
        chat = ChatEndpoint(core)
        page = web.AppRunner(_page_application(core, chat), access_log=None, shutdown_timeout=1.0)
        stopping = asyncio.Event()
        control = web.AppRunner(control_application(core, stopping), access_log=None, shutdown_timeout=1.0)
        for runner in (page, control):
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
        self.page_url = f"http://{await self._bind(page, config.port)}"
        if config.https_port is not None:
            self.https_url = f"https://{await self._bind(page, config.https_port, tls=True)}"
        self.control_url = f"http://{await self._bind(control, config.control_port)}"
        stack.callback(stopping.set)
        stack.push_async_callback(chat.stop)

    async def _bind(self, runner: web.AppRunner, port: int, *, tls: bool = False) -> str:
        context = server_context(self._config.data_dir) if tls else None
        site = web.TCPSite(runner, self._config.host, port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            raise StartError(f"can't listen on {self._config.host}:{port}: {error.strerror or error}") from error
        # The runner lists every socket of its sites, the newest last; its type leaves the address open.
        address = runner.addresses[-1]
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        return f"{host}:{address[1]}"

    def _failed(self, error: BaseException) -> None:
        if self.failure is not None and not self.failure.done():
            self.failure.set_result(error)


def _page_application(core: Core, chat: ChatEndpoint) -> web.Application:
    application = web.Application()
    application.router.add_get("/pp/{picture}", ProfilePictures(core.people_store).serve)
    application.router.add_get("/ws/chat", chat.serve)
    MediaEndpoint(core).add_to(application.router)
    application.router.add_get("/{path:.*}", StaticPage(core.config.page_dir).serve)
    return application


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
