"""The clients of one transport, in a process of their own: ``python -m tests.load.crowd ORDERS RESULT``."""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # read when grpc is imported

from tests.chaos import children
from tests.load.calls import Caller
from tests.load.clients import Client
from tests.load.grpc_calls import GrpcCaller
from tests.load.plan import ClientPlan
from tests.load.rest_calls import RestCaller
from tests.load.tally import Tally

_LAG_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a crowd does.

    Attributes:
        address: the gateway's, as its transport wants it.
        keys: of the clients, in their order.
        begin: the log's end before all of it.
    """

    transport: str
    address: str
    seconds: float
    pause: float
    seed: int
    begin: int
    keys: Sequence[str]
    clients: Sequence[ClientPlan]


async def run(orders: Orders, home: Path) -> Tally:
    """Has them call, in a process of their own; gives what they saw.

    Raises:
        RuntimeError: the process has failed; its log says why.
    """
    name = orders.transport
    plan, result, log = home / f"{name}.orders.json", home / f"{name}.json", home / "logs" / f"{name}.log"
    plan.write_text(json.dumps(asdict(orders)))
    process = await children.launch(("tests.load.crowd", str(plan), str(result)), log, os.environ)
    try:
        if await process.wait() != 0:
            raise RuntimeError(f"the {name} clients have failed: {log.read_text(errors='replace')[-500:]}")
    finally:
        await children.end(process, 1.0)
    return Tally.from_json(json.loads(result.read_text()))


async def _call(content: dict[str, Any]) -> Tally:
    orders = Orders(**{**content, "clients": [ClientPlan(**each) for each in content["clients"]]})
    tally, dice = Tally(orders.transport), random.Random(f"{orders.seed} {orders.transport}")
    callers: list[Caller] = [_caller(orders, key) for key in orders.keys]
    clients = [
        Client(each, caller, tally, orders.begin, orders.pause, random.Random(dice.getrandbits(64)))
        for each, caller in zip(orders.clients, callers, strict=True)
    ]
    began = time.monotonic()
    measuring = asyncio.create_task(_measure(tally))
    try:
        async with asyncio.TaskGroup() as tasks:
            for client in clients:
                tasks.create_task(client.run(began + orders.seconds))
    finally:
        measuring.cancel()
        await asyncio.gather(*(caller.close() for caller in callers))
    tally.seconds = time.monotonic() - began
    return tally


def _caller(orders: Orders, key: str) -> Caller:
    kind = {"rest": RestCaller, "grpc": GrpcCaller}[orders.transport]
    return kind(orders.address, key)


async def _measure(tally: Tally) -> None:
    """How late this program is: what its clients measure can't be better than that."""
    while True:
        due = time.perf_counter() + _LAG_SECONDS
        await asyncio.sleep(_LAG_SECONDS)
        tally.lag.append(round((time.perf_counter() - due) * 1_000, 2))


if __name__ == "__main__":
    plan, result = map(Path, sys.argv[1:])
    result.write_text(json.dumps(asyncio.run(_call(json.loads(plan.read_text()))).as_json()))
