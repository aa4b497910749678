"""Event streams, read in all three ways."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import aiohttp
import grpc
import grpc.aio

from entrypoints.grpc.gen.pombo.v1.event_service_pb2 import StreamEventsRequest
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import EventServiceStub
from tests.load.grpc_calls import OPTIONS
from tests.load.plan import StreamPlan
from tests.load.tally import Read

_EACH: Final = 10
"""Of how many events one's delay is kept."""

_BUFFER: Final = 2**20
_AGAIN_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Told:
    """An event, or, without a sequence, a notice of the stream's own."""

    sequence: int | None
    time: float
    notice: str = ""


@dataclass(slots=True)
class Stream:
    """One stream, which goes on with its cursor when it breaks, and says so."""

    plan: StreamPlan
    url: str
    grpc_address: str
    key: str
    read: Read
    cursor: int

    async def run(self) -> None:
        """Reads until it is canceled."""
        ways = {"sse": self._sse, "websocket": self._websocket, "grpc": self._grpc}
        while True:
            try:
                async for told in ways[self.plan.way]():
                    self._take(told)
                self.read.broken.append("ended")
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                self.read.broken.append(f"{type(error).__name__}: {error}"[:200])
            except grpc.aio.AioRpcError as error:
                self.read.broken.append(f"{error.code().name}: {error.details()}"[:200])
            await asyncio.sleep(_AGAIN_SECONDS)

    def _take(self, told: _Told) -> None:
        if told.sequence is None:
            if told.notice == "stream.lag":
                self.read.lags += 1
            else:
                self.read.broken.append(told.notice)
            return
        self.cursor = told.sequence
        self.read.sequences.append(told.sequence)
        if len(self.read.sequences) % _EACH == 0:
            self.read.delays.append(round((time.time() - told.time) * 1_000, 1))

    def _parameters(self) -> dict[str, str]:
        wanted = {"after": str(self.cursor), "session_id": self.plan.session, "types": ",".join(self.plan.types)}
        return {name: value for name, value in wanted.items() if value}

    def _http(self) -> aiohttp.ClientSession:
        # Between events a stream is silent but for its heartbeats; that it lives, the comparison at the end shows.
        return aiohttp.ClientSession(
            headers={"X-API-Key": self.key}, timeout=aiohttp.ClientTimeout(total=None), read_bufsize=_BUFFER
        )

    async def _sse(self) -> AsyncIterator[_Told]:
        url, headers = f"{self.url}/api/v1/events", {"Accept": "text/event-stream"}
        async with self._http() as http, http.get(url, params=self._parameters(), headers=headers) as answer:
            answer.raise_for_status()
            kind = ""
            async for line in answer.content:
                if line.startswith(b"event:"):
                    kind = line[6:].strip().decode()
                elif line.startswith(b"data:"):
                    yield _told(json.loads(line[5:]), kind)

    async def _websocket(self) -> AsyncIterator[_Told]:
        url = f"{self.url}/api/v1/events/ws"
        async with self._http() as http, http.ws_connect(url, params=self._parameters()) as socket:
            async for frame in socket:
                if frame.type is aiohttp.WSMsgType.TEXT:
                    content = json.loads(frame.data)
                    yield _told(content, content["type"])
            self.read.broken.append(f"closed with {socket.close_code}")

    async def _grpc(self) -> AsyncIterator[_Told]:
        request = StreamEventsRequest(after=self.cursor, session_id=self.plan.session, types=self.plan.types)
        async with grpc.aio.insecure_channel(self.grpc_address, options=OPTIONS) as channel:
            call = EventServiceStub(channel).StreamEvents(request, metadata=(("x-api-key", self.key),))
            async for answer in call:
                if answer.HasField("event"):
                    yield _Told(answer.event.sequence, answer.event.event_time.ToMicroseconds() / 1e6)
                else:
                    yield _Told(None, 0.0, "stream.lag")


async def until_read(streams: list[Stream], last: dict[str, int], seconds: float) -> bool:
    """Waits until each stream has had the last event that is its; says whether they have."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not all(stream.cursor >= last[stream.plan.name] for stream in streams):  # noqa: ASYNC110 - of twenty
                await asyncio.sleep(0.1)
            return True
    return False


def _told(content: dict[str, Any], kind: str) -> _Told:
    if "sequence" not in content:
        return _Told(None, 0.0, kind or str(content.get("type")))
    return _Told(content["sequence"], datetime.fromisoformat(content["time"]).timestamp())
