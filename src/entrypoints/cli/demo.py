"""`pombo demo`: sandbox and gateway on this machine, and the main job in front of the user."""

import asyncio
import signal
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from domain.errors import UnavailableError
from entrypoints.cli.children import Child, child
from entrypoints.cli.client import GatewayClient, Target
from entrypoints.cli.demo_job import MainJob
from entrypoints.cli.demo_settings import DemoHome, SandboxSettings
from entrypoints.cli.sandbox_client import SandboxClient
from entrypoints.ports import check_port
from entrypoints.settings import Settings

type Json = dict[str, Any]

_SANDBOX_SECONDS: Final = 30.0
_GATEWAY_SECONDS: Final = 240.0
"""The first start may unpack a browser and makes a database."""
_JOB_SECONDS: Final = 150.0
_GATEWAY_STOP: Final = 7.5
_SANDBOX_STOP: Final = 2.0
"""Together under ten seconds."""


class Demo:
    """One run of the demonstration."""

    def __init__(self, settings: Settings, sandbox: SandboxSettings, console: Console) -> None:
        self._settings = settings
        self._sandbox = sandbox
        self._console = console
        self._home = DemoHome.choose(settings)

    async def run(self, *, once: bool) -> None:
        """Does the main job, and serves until a signal unless told to do it once.

        Raises:
            PomboError: what went wrong, and where the logs are.
        """
        self._check_ports()
        self._home.prepare()
        api_key = self._home.api_key(self._settings)
        stop = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        async with AsyncExitStack() as stack:
            work = asyncio.create_task(self._work(stack, api_key, once=once))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if stop.is_set():
                self._console.print("\nStopping…")
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work

    async def _work(self, stack: AsyncExitStack, api_key: str, *, once: bool) -> None:
        # Both take seconds to load and know each other's addresses, unless the operating system chooses the ports.
        sandbox = await self._sandbox_child(stack)
        if self._sandbox.port == 0:
            page, control = await self._sandbox_ready(sandbox)
            gateway = await self._gateway_child(stack, page, api_key)
        else:
            gateway = await self._gateway_child(stack, f"http://127.0.0.1:{self._sandbox.port}", api_key)
            page, control = await self._sandbox_ready(sandbox)
        target, grpc = await self._gateway_ready(gateway, api_key)
        async with asyncio.TaskGroup() as tasks:
            watches = [tasks.create_task(_watch(running)) for running in (sandbox, gateway)]
            await self._do_job(target, control)
            self._print_addresses(target, grpc, control, page)
            if once:
                for watch in watches:
                    watch.cancel()

    async def _sandbox_child(self, stack: AsyncExitStack) -> Child:
        ports = self._sandbox
        arguments = ["-m", "sandbox", "--data-dir", str(self._home.sandbox), "--host", "127.0.0.1"]
        arguments += ["--port", str(ports.port), "--control-port", str(ports.control_port)]
        arguments += ["--https-port", str(ports.https_port)]
        return await stack.enter_async_context(
            child("sandbox", arguments, self._home.log("sandbox"), environment={}, stop_seconds=_SANDBOX_STOP)
        )

    async def _sandbox_ready(self, sandbox: Child) -> tuple[str, str]:
        with self._console.status("Starting the sandbox: a WhatsApp of our own…"):
            ready = await sandbox.ready("sandbox.ready", seconds=_SANDBOX_SECONDS, on_line=lambda _: None)
        self._done(f"sandbox at {ready['page']}")
        return ready["page"], ready["control"]

    async def _gateway_child(self, stack: AsyncExitStack, page: str, api_key: str) -> Child:
        environment = {
            "WHATSAPP_WEB_URL": page,
            "API_KEY": api_key,
            "POMBO_DATA_DIR": str(self._home.gateway),
            "POMBO_LOG_FORMAT": "json",
            "PORT": str(self._settings.port),
            "GRPC_PORT": str(self._settings.grpc_port),
            "POMBO_HOST": self._settings.host,
        }
        arguments = ["-m", "entrypoints.cli", "serve"]
        log = self._home.log("gateway")
        return await stack.enter_async_context(
            child("gateway", arguments, log, environment=environment, stop_seconds=_GATEWAY_STOP)
        )

    async def _gateway_ready(self, gateway: Child, api_key: str) -> tuple[Target, str]:
        with self._console.status("Starting the gateway…") as status:

            def tell(line: Json) -> None:
                match line.get("event"):
                    case "gateway.step":
                        status.update(f"Starting the gateway: {line['text']}…")
                        if not self._console.is_terminal:
                            self._console.print(f"  … {line['text']}", markup=False)
                    case "gateway.warning":
                        self._console.print(f"[yellow]warning[/yellow]: {escape(line['text'])}")
                    case _:
                        pass

            ready = await gateway.ready("gateway.ready", seconds=_GATEWAY_SECONDS, on_line=tell)
        self._done(f"gateway at {ready['rest']}, gRPC at {ready['grpc']}")
        return Target.here(self._settings, ready["rest"], api_key), ready["grpc"]

    async def _do_job(self, target: Target, control: str) -> None:
        async with GatewayClient.open(target) as gateway, SandboxClient.open(control) as sandbox:
            try:
                async with asyncio.timeout(_JOB_SECONDS):
                    await MainJob(gateway, sandbox, self._console).run()
            except TimeoutError:
                raise UnavailableError(
                    "DEMO_TIMED_OUT",
                    f"The main job wasn't done within {_JOB_SECONDS:.0f} s. The logs are in {self._home.path}.",
                ) from None
        self._console.print("\n[bold green]main job: ok[/bold green]\n")

    def _print_addresses(self, target: Target, grpc: str, control: str, page: str) -> None:
        rows = {
            "REST": f"{target.url}/api/v1",
            "API docs": f"{target.url}/docs",
            "gRPC": grpc,
            "sandbox phones": control,
            "sandbox page": page,
            "API key": target.api_key,
            "logs": str(self._home.path),
        }
        for name, value in rows.items():
            self._console.print(f"  {name:<15} {value}", markup=False)

    def _check_ports(self) -> None:
        host = self._settings.host
        check_port(host, self._settings.port, "PORT")
        check_port(host, self._settings.grpc_port, "GRPC_PORT")
        check_port("127.0.0.1", self._sandbox.port, "POMBO_SANDBOX_PORT")
        check_port("127.0.0.1", self._sandbox.https_port, "POMBO_SANDBOX_HTTPS_PORT")
        check_port("127.0.0.1", self._sandbox.control_port, "POMBO_SANDBOX_CONTROL_PORT")

    def _done(self, text: str) -> None:
        self._console.print(f"[green]✓[/green] {text}")


async def _watch(running: Child) -> None:
    """Fails when a child ends of its own accord."""
    await running.drain()
    code = await running.wait()
    raise running.failed(f"ended with status {code}")
