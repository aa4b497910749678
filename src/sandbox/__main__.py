"""`python -m sandbox`: run the sandbox's server until it is told to stop."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig
from sandbox.errors import StartError


def main(arguments: list[str] | None = None) -> int:
    """Run; answers the exit code: 0 after a signal, 1 when it can't start or go on, 2 for wrong arguments."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    config = _parse(arguments)
    try:
        return asyncio.run(_serve(config))
    except StartError as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201 - a command's own output
        return 1


async def _serve(config: SandboxConfig) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    async with SandboxServer(config) as server:
        if server.failure is None:
            raise AssertionError("a started server can tell of its failure")
        ready = {
            "event": "sandbox.ready",
            "page": server.page_url,
            "https": server.https_url,
            "control": server.control_url,
        }
        print(json.dumps(ready), flush=True)  # noqa: T201 - whoever started it waits for this line
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait((stopped, server.failure), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        return 1 if server.failure.done() else 0


def _parse(arguments: list[str] | None) -> SandboxConfig:
    parser = argparse.ArgumentParser(prog="sandbox", description="A WhatsApp of our own, on loopback.")
    parser.add_argument("--data-dir", type=Path, required=True, help="where it keeps its state")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8800, help="page over HTTP (default: %(default)s; 0: any)")
    parser.add_argument("--https-port", type=_port, default=None, help="page over HTTPS (default: none; 0: any)")
    parser.add_argument("--control-port", type=_port, default=8801, help="control API and phones (0: any)")
    parser.add_argument("--control-host", action="append", default=[], help="a further Host name to answer to")
    parser.add_argument("--qr-first-ms", type=_positive, default=60_000, help="how long the first QR code is valid")
    parser.add_argument("--qr-next-ms", type=_positive, default=20_000, help="how long each following one is valid")
    parser.add_argument("--qr-refs", type=_positive, default=6, help="QR codes of a batch")
    parser.add_argument("--group-size", type=_positive, default=1024, help="how many people a group holds")
    parser.add_argument("--page-dir", type=Path, default=None, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    return SandboxConfig(
        data_dir=given.data_dir,
        host=given.host,
        port=given.port,
        https_port=given.https_port,
        control_port=given.control_port,
        control_hosts=tuple(given.control_host),
        qr_first_ms=given.qr_first_ms,
        qr_next_ms=given.qr_next_ms,
        qr_refs=given.qr_refs,
        max_group_size=given.group_size,
        **({} if given.page_dir is None else {"page_dir": given.page_dir}),
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - the range of ports
        raise argparse.ArgumentTypeError("a port is 0 to 65535")
    return port


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("a positive number is needed")
    return number


if __name__ == "__main__":
    sys.exit(main())
