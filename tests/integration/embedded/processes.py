"""What the machine says of processes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from application.ports.health_check import HealthCheck


def is_running(pid: int | str | None) -> bool:
    """Whether a process runs. One that has ended and waits for its parent to notice doesn't."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


async def eventually(holds: Callable[[], bool]) -> None:
    """Waits until something holds."""
    async with asyncio.timeout(15):
        while not holds():  # noqa: ASYNC110 - processes don't tell
            await asyncio.sleep(0.01)


async def healthy(server: HealthCheck) -> None:
    """Waits until a server is well."""
    async with asyncio.timeout(15):
        while await server.check() is not None:  # noqa: ASYNC110 - it is asked, it doesn't tell
            await asyncio.sleep(0.01)
