"""`pombo sandbox`: runs the WhatsApp of our own."""

import asyncio
import json
import signal
import sys

from rich.console import Console

from domain.errors import InternalError, UnavailableError
from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig
from sandbox.errors import StartError


async def serve_sandbox(config: SandboxConfig, console: Console) -> None:
    """Runs until a signal.

    Raises:
        UnavailableError: ``SANDBOX_FAILED``: a port or the data directory can't be used.
        InternalError: ``SANDBOX_STOPPED``: it can't go on.
    """
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    try:
        async with SandboxServer(config) as server:
            _announce(server, console)
            await _until_end(server, stop)
    except StartError as error:
        raise UnavailableError(
            "SANDBOX_FAILED", f"The sandbox can't start: {error}. Choose other ports or another --data-dir."
        ) from error


async def _until_end(server: SandboxServer, stop: asyncio.Event) -> None:
    if server.failure is None:
        raise AssertionError("a started server can tell of its failure")
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((stopped, server.failure), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
    if server.failure.done():
        raise InternalError("SANDBOX_STOPPED", f"The sandbox can't go on: {server.failure.result()}")


def _announce(server: SandboxServer, console: Console) -> None:
    if console.is_terminal:
        console.print("[bold]The sandbox runs.[/bold] Ctrl-C stops it.")
        console.print(f"  phones   {server.control_url}")
        console.print(f"  page     {server.page_url}   (WHATSAPP_WEB_URL={server.page_url} pombo serve)")
        if server.https_url:
            console.print(f"  https    {server.https_url}")
        return
    ready = {
        "event": "sandbox.ready",
        "page": server.page_url,
        "https": server.https_url,
        "control": server.control_url,
    }
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
