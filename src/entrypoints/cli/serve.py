"""`pombo serve`: runs the gateway until a signal."""

import asyncio
import json
import os
import signal
import sys
from typing import Final, override

from rich.console import Console

from entrypoints.cli.console import ExitCode
from entrypoints.runtime.announcer import Addresses, Announcer
from entrypoints.runtime.gateway import Gateway
from entrypoints.settings import Settings

STOP_SECONDS: Final = 9.5
"""Then it ends at once; embedded servers and browsers go with it."""


class TerminalAnnouncer(Announcer):
    """For people."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @override
    def step(self, text: str) -> None:
        self._console.print(f"[dim]…[/dim] {text}")

    @override
    def warn(self, text: str) -> None:
        self._console.print("[yellow]warning[/yellow]: ", end="")
        self._console.print(text, markup=False)

    @override
    def api_key(self, key: str) -> None:
        self._console.print("\n[bold]API key[/bold], shown this once (or set your own in API_KEY):")
        self._console.print(f"  {key}\n", markup=False)

    @override
    def webhook_secret(self, secret: str) -> None:
        self._console.print("\n[bold]Secret of WEBHOOK_URL[/bold], shown this once; its requests are signed with it:")
        self._console.print(f"  {secret}\n", markup=False)

    @override
    def ready(self, addresses: Addresses) -> None:
        self._console.print("[bold green]The gateway serves.[/bold green] Ctrl-C stops it.")
        if addresses.grpc is None:
            self._console.print(f"  health   {addresses.rest}/health/ready")
            return
        self._console.print(f"  REST     {addresses.rest}/api/v1   (browse it: {addresses.rest}/docs)")
        self._console.print(f"  gRPC     {addresses.grpc}")


class LineAnnouncer(Announcer):
    """For programs: one JSON object per line on standard output."""

    @override
    def step(self, text: str) -> None:
        _write("gateway.step", text=text)

    @override
    def warn(self, text: str) -> None:
        _write("gateway.warning", text=text)

    @override
    def api_key(self, key: str) -> None:
        _write("gateway.api_key", api_key=key)

    @override
    def webhook_secret(self, secret: str) -> None:
        _write("gateway.webhook_secret", webhook_secret=secret)

    @override
    def ready(self, addresses: Addresses) -> None:
        _write("gateway.ready", rest=addresses.rest, **({} if addresses.grpc is None else {"grpc": addresses.grpc}))


def _write(event: str, **fields: str) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


async def serve(settings: Settings, console: Console) -> None:
    """Serves until SIGINT or SIGTERM; a second signal ends it at once.

    Raises:
        PomboError: why it can't start or go on.
    """
    announcer = TerminalAnnouncer(console) if console.is_terminal else LineAnnouncer()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            _end_now("asked twice")
        stop.set()
        loop.call_later(STOP_SECONDS, _end_now, f"it didn't stop within {STOP_SECONDS} s")

    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, on_signal)
    await Gateway(settings, announcer).run(stop)


def _end_now(why: str) -> None:
    """Ends without ceremony. The kernel then tells the embedded servers and the browsers to end, too."""
    sys.stderr.write(f"pombo: ends at once: {why}\n")
    os._exit(ExitCode.FAILURE)
