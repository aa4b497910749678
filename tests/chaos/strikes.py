"""The faults themselves."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from adapters.embedded.postgres import EmbeddedPostgres
from adapters.embedded.supervised_server import SupervisedServer
from adapters.embedded.valkey import EmbeddedValkey
from tests.chaos import children
from tests.chaos.gateways import Gateway
from tests.chaos.ledger import Ledger, Struck
from tests.chaos.plan import Strike
from tests.chaos.receiver import Receiver
from tests.chaos.whatsapp import WhatsApp
from tests.faults.proxy import BOTH, FaultProxy, Way

_DELAY_SECONDS: Final = 0.15
_LOST_ACKS: Final = 20
_OPERATOR_SECONDS: Final = 600.0
"""A session whose login isn't taken back stays without it for good."""

_RETRY_SECONDS: Final = 0.5
_SLOW_SYNC_MS: Final = 3_000
_WAYS: Final = (BOTH, *(frozenset({way}) for way in Way))


@dataclass(slots=True)
class Striker:
    """Injects faults, and takes back those that last."""

    gateways: Sequence[Gateway]
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey
    whatsapp: WhatsApp
    receiver: Receiver
    accounts: Sequence[str]
    ledger: Ledger
    say: Callable[[str], None]
    _lasting: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, strikes: Sequence[Strike], begin: float) -> None:
        """Strikes at the planned moments, in seconds since `begin` on the event loop's clock."""
        loop = asyncio.get_running_loop()
        for strike in strikes:
            await asyncio.sleep(max(0.0, begin + strike.at - loop.time()))
            task = asyncio.create_task(self._strike(strike), name=strike.kind)
            self._lasting.add(task)
        await asyncio.wait(self._lasting)
        for task in self._lasting:
            task.result()

    async def end(self) -> None:
        """Breaks off what still lasts, and mends everything."""
        for task in self._lasting:
            task.cancel()
        await asyncio.gather(*self._lasting, return_exceptions=True)
        for proxy in self._proxies():
            await proxy.mend()
        await self.receiver.up()
        with suppress(aiohttp.ClientError, OSError, TimeoutError):
            await self.whatsapp.mend()

    async def _strike(self, strike: Strike) -> None:
        struck = Struck(strike.kind, "", time.time(), time.time() + strike.seconds)
        self.ledger.faults.append(struck)
        work: Callable[[Strike, Struck], Awaitable[None]] = getattr(self, f"_{strike.kind}")
        try:
            await work(strike, struck)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # The sandbox was down itself just then: the fault had nothing to strike.
            struck.detail = f"not injected: {type(error).__name__}"
        finally:
            struck.until = time.time()

    def _tell(self, struck: Struck, target: str, detail: str = "") -> None:
        struck.target, struck.detail = target, detail
        self.say(f"{struck.kind} {target} {detail}".rstrip())

    def _gateway(self, strike: Strike) -> Gateway:
        return self.gateways[strike.place % len(self.gateways)]

    def _account(self, strike: Strike) -> str:
        return self.accounts[strike.place % len(self.accounts)]

    def _proxies(self) -> list[FaultProxy]:
        return [proxy for gateway in self.gateways for proxy in (gateway.postgres, gateway.redis)]

    async def _gateway_kill(self, strike: Strike, struck: Struck) -> None:
        gateway = self._gateway(strike)
        self._tell(struck, gateway.name)
        await gateway.kill()

    async def _gateway_restart(self, strike: Strike, struck: Struck) -> None:
        gateway = self._gateway(strike)
        self._tell(struck, gateway.name)
        await gateway.restart()

    async def _gateway_pause(self, strike: Strike, struck: Struck) -> None:
        gateway = self._gateway(strike)
        if (pid := gateway.pid) is not None:
            self._tell(struck, gateway.name, f"{strike.seconds} s")
            await children.freeze([pid], strike.seconds)

    async def _gateway_sleep(self, strike: Strike, struck: Struck) -> None:
        await self._gateway_pause(strike, struck)

    async def _gateway_alone(self, strike: Strike, struck: Struck) -> None:
        """Cut off from the database, while its peers aren't."""
        await self._hold(strike, struck, self._gateway(strike).postgres, FaultProxy.lose)

    async def _browser_kill(self, strike: Strike, struck: Struck) -> None:
        self._kill_below(strike, struck, _is_browser)

    async def _renderer_kill(self, strike: Strike, struck: Struck) -> None:
        self._kill_below(strike, struck, _is_renderer)

    async def _driver_kill(self, strike: Strike, struck: Struck) -> None:
        self._kill_below(strike, struck, lambda line: b"run-driver" in line)

    async def _browser_freeze(self, strike: Strike, struck: Struck) -> None:
        pid = self._below(strike, struck, (_is_browser, _is_renderer)[strike.place % 2], f"{strike.seconds} s")
        if pid is not None:
            await children.freeze([pid], strike.seconds)

    def _kill_below(self, strike: Strike, struck: Struck, wanted: Callable[[tuple[bytes, ...]], bool]) -> None:
        pid = self._below(strike, struck, wanted)
        if pid is not None:
            children.kill(pid)

    def _below(
        self, strike: Strike, struck: Struck, wanted: Callable[[tuple[bytes, ...]], bool], detail: str = ""
    ) -> int | None:
        """One of the processes that the gateways have started; None where there is no such one."""
        below = [
            (gateway, pid)
            for gateway in self.gateways
            if gateway.pid is not None
            for pid in children.descendants(gateway.pid)
            if wanted(children.command(pid))
        ]
        if not below:
            struck.detail = "not injected: no such process is running"
            return None
        gateway, pid = below[strike.place % len(below)]
        self._tell(struck, f"{gateway.name}, process {pid}", detail)
        return pid

    async def _postgres_kill(self, strike: Strike, struck: Struck) -> None:  # noqa: ARG002 - there is one
        self._kill_server(self.postgres, struck)

    async def _redis_kill(self, strike: Strike, struck: Struck) -> None:  # noqa: ARG002 - there is one
        self._kill_server(self.valkey, struck)

    def _kill_server(self, server: SupervisedServer, struck: Struck) -> None:
        if server.pid is None:
            struck.detail = "not injected: it is down already"
            return
        self._tell(struck, server.name, f"process {server.pid}")
        children.kill(server.pid)

    async def _postgres_cut(self, strike: Strike, struck: Struck) -> None:
        gateway = self._gateway(strike)
        self._tell(struck, gateway.name, f"{gateway.postgres.cut()} connections")

    async def _redis_cut(self, strike: Strike, struck: Struck) -> None:
        gateway = self._gateway(strike)
        self._tell(struck, gateway.name, f"{gateway.redis.cut()} connections")

    async def _postgres_delay(self, strike: Strike, struck: Struck) -> None:
        await self._hold(strike, struck, self._gateway(strike).postgres, lambda proxy: proxy.delay(_DELAY_SECONDS))

    async def _redis_delay(self, strike: Strike, struck: Struck) -> None:
        await self._hold(strike, struck, self._gateway(strike).redis, lambda proxy: proxy.delay(_DELAY_SECONDS))

    async def _postgres_stall(self, strike: Strike, struck: Struck) -> None:
        await self._hold(strike, struck, self._gateway(strike).postgres, FaultProxy.stall)

    async def _postgres_refuse(self, strike: Strike, struck: Struck) -> None:
        def refuse(proxy: FaultProxy) -> None:
            proxy.refuse()
            proxy.cut()

        await self._hold(strike, struck, self._gateway(strike).postgres, refuse)

    async def _postgres_half_open(self, strike: Strike, struck: Struck) -> None:
        ways = _WAYS[strike.place % len(_WAYS)]
        await self._hold(strike, struck, self._gateway(strike).postgres, lambda proxy: proxy.lose(ways))

    async def _redis_half_open(self, strike: Strike, struck: Struck) -> None:
        ways = _WAYS[strike.place % len(_WAYS)]
        await self._hold(strike, struck, self._gateway(strike).redis, lambda proxy: proxy.lose(ways))

    async def _hold(
        self, strike: Strike, struck: Struck, proxy: FaultProxy, begin: Callable[[FaultProxy], None]
    ) -> None:
        """Two on one proxy at once: the first that ends takes back both."""
        self._tell(struck, self._gateway(strike).name, f"{strike.seconds} s")
        begin(proxy)
        try:
            await asyncio.sleep(strike.seconds)
        finally:
            await proxy.mend()

    async def _socket_drop(self, strike: Strike, struck: Struck) -> None:
        account = self._account(strike)
        self._tell(struck, account, f"{strike.seconds} s")
        await self.whatsapp.fault("drop_socket", account=account, duration_ms=round(strike.seconds * 1000))
        await asyncio.sleep(strike.seconds)

    async def _acks_lost(self, strike: Strike, struck: Struck) -> None:
        account = self._account(strike)
        self._tell(struck, account, f"{strike.seconds} s")
        milliseconds = round(strike.seconds * 1000)
        await self.whatsapp.fault("lose_acks", account=account, count=_LOST_ACKS, duration_ms=milliseconds)
        await asyncio.sleep(strike.seconds)

    async def _slow_sync(self, strike: Strike, struck: Struck) -> None:
        account = self._account(strike)
        self._tell(struck, account, f"{strike.seconds} s")
        milliseconds = round(strike.seconds * 1000)
        await self.whatsapp.fault("slow_sync", account=account, ms=_SLOW_SYNC_MS, duration_ms=milliseconds)
        await self.whatsapp.fault("drop_socket", account=account)
        await asyncio.sleep(strike.seconds)

    async def _whatsapp_restart(self, strike: Strike, struck: Struck) -> None:  # noqa: ARG002 - there is one
        self._tell(struck, "sandbox")
        await self.whatsapp.stop()
        await asyncio.shield(self.whatsapp.start())

    async def _takeover(self, strike: Strike, struck: Struck) -> None:
        """Another browser uses the login, and somebody takes it back after a while."""
        account = self._account(strike)
        if not (await self.whatsapp.fault("conflict", account=account))["affected"]:
            struck.detail = "not injected: the account wasn't connected"
            return
        self._tell(struck, account, f"{strike.seconds} s")
        await asyncio.sleep(strike.seconds)
        session = next(name for name, number in self.ledger.sessions.items() if number == account)
        headers = {"Idempotency-Key": f"takeover-{strike.at}"}
        async with asyncio.timeout(_OPERATOR_SECONDS):
            while True:
                for gateway in self.gateways:
                    with suppress(aiohttp.ClientError, OSError, TimeoutError):
                        await gateway.call("POST", f"/sessions/{session}/restart", **headers)
                        return
                await asyncio.sleep(_RETRY_SECONDS)

    async def _receiver_down(self, strike: Strike, struck: Struck) -> None:
        self._tell(struck, "webhook receiver", f"{strike.seconds} s")
        await self.receiver.down()
        try:
            await asyncio.sleep(strike.seconds)
        finally:
            await self.receiver.up()


def _is_browser(line: tuple[bytes, ...]) -> bool:
    in_profile = any(argument.startswith(b"--user-data-dir") for argument in line)
    return in_profile and not any(argument.startswith(b"--type=") for argument in line)


def _is_renderer(line: tuple[bytes, ...]) -> bool:
    return b"--type=renderer" in line
