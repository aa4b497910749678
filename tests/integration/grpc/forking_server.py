"""A server as the gateway's, which is called without a pause while processes are started."""

# isort: off
import entrypoints.status  # noqa: F401 - as the gateway comes to import gRPC
import asyncio
from asyncio.subprocess import DEVNULL, PIPE

import grpc.aio
import uvloop
# isort: on

_COUNT = 200


def _echo(request: bytes, _: object) -> bytes:
    return request


async def _call(port: int) -> None:
    while True:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            for _ in range(20):
                await channel.unary_unary("/pombo.Echo/Echo")(b"x")


async def _lives() -> bool:
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    told, _ = await process.communicate(b"x")
    return (process.returncode, told) == (0, b"x")


async def _main() -> None:
    server = grpc.aio.server()
    echo = grpc.unary_unary_rpc_method_handler(_echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("pombo.Echo", {"Echo": echo}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    calls = asyncio.create_task(_call(port))
    lived = [await _lives() for _ in range(_COUNT)]
    calls.cancel()
    await asyncio.gather(calls, return_exceptions=True)
    await server.stop(0)
    print(f"{sum(lived)} lived")  # noqa: T201 - the test reads it


asyncio.run(_main(), loop_factory=uvloop.new_event_loop)
