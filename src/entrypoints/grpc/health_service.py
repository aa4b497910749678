"""grpc.health.v1: what the gateway's own check of its parts says, for each of its services."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import timedelta
from typing import Any, Final, override

import grpc.aio
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1.health_pb2_grpc import HealthServicer

from application.health.check_health import CheckHealth
from domain.errors import NotFoundError
from entrypoints.grpc.stopping import Stopping

type Context = grpc.aio.ServicerContext[Any, Any]

_FRESH_SECONDS: Final = 1.0
"""An answer serves everybody who asks this long after it: the service needs no key, and each check costs."""
_Status: Final = pb.HealthCheckResponse


class HealthService(HealthServicer):
    """Every service needs the same parts, so all have the same status; the empty name stands for the whole."""

    def __init__(
        self, check_health: CheckHealth, stopping: Stopping, services: Collection[str], *, interval: timedelta
    ) -> None:
        self._check_health = check_health
        self._stopping = stopping
        self._services = frozenset({"", *services})
        self._interval = interval
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._ready = False

    @override
    async def Check(self, request: pb.HealthCheckRequest, context: Context) -> pb.HealthCheckResponse:
        if request.service not in self._services:
            raise NotFoundError("SERVICE_UNKNOWN", "This server has no such service.", field="service")
        return pb.HealthCheckResponse(status=await self._status())

    @override
    async def List(self, request: pb.HealthListRequest, context: Context) -> pb.HealthListResponse:
        status = pb.HealthCheckResponse(status=await self._status())
        return pb.HealthListResponse(statuses=dict.fromkeys(sorted(self._services), status))

    @override
    async def Watch(self, request: pb.HealthCheckRequest, context: Context) -> AsyncIterator[pb.HealthCheckResponse]:
        told: int | None = None
        while True:
            # Looked at first: an end that begins during the check below is told in another round.
            ending = self._stopping.begun
            # The protocol wants an unknown service told and the stream kept: the service might come later.
            known = request.service in self._services
            now = await self._status() if known else _Status.SERVICE_UNKNOWN
            if now != told:
                told = now
                yield pb.HealthCheckResponse(status=now)
            if ending:
                return
            await self._stopping.pause(self._interval)

    async def _status(self) -> pb.HealthCheckResponse.ServingStatus:
        if self._stopping.begun:
            return _Status.NOT_SERVING
        async with self._lock:
            loop = asyncio.get_running_loop()
            if loop.time() - self._asked_at > _FRESH_SECONDS:
                self._ready = (await self._check_health.execute()).ready
                self._asked_at = loop.time()
        return _Status.SERVING if self._ready else _Status.NOT_SERVING
