"""What is started beside a gRPC server that is in use."""

import asyncio
import os
import sys
from pathlib import Path

_CALLED = Path(__file__).with_name("forking_server.py")
_ROOT = Path(__file__).parents[3]


async def test_grpc_does_nothing_to_what_the_gateway_starts() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRPC_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(_CALLED)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**environment, "PYTHONPATH": str(_ROOT / "src")},
    )
    async with asyncio.timeout(60):
        told, complaints = await process.communicate()
    # gRPC says so where it leaves a fork alone; where it doesn't, the new process may die before it is a program.
    assert (process.returncode, told.decode()) == (0, "200 lived\n"), complaints.decode()[-2000:]
    assert "fork" not in complaints.decode()
