"""HealthService: see proto/pombo/v1/health_service.proto."""

from typing import Any, override

import grpc.aio

from application.ports.survey import SessionState
from entrypoints.grpc.converters.sessions import REASONS, STATUSES, WANTED
from entrypoints.grpc.converters.times import optional_time_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import health_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.health_service_pb2_grpc import HealthServiceServicer
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]


class GatewayHealthService(HealthServiceServicer):
    """How the gateway is, over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    @override
    async def GetHealth(self, request: pb.GetHealthRequest, context: Context) -> pb.GetHealthResponse:
        health = await self._use_cases.read_health.execute()
        return pb.GetHealthResponse(
            ready=health.ready,
            parts=[
                pb.PartHealth(name=part.name, ready=part.problem is None, problem=part.problem, needed=part.is_needed)
                for part in health.parts
            ],
            sessions_known=health.sessions is not None,
            sessions=map(_session, health.sessions or ()),
        )


def _session(session: SessionState) -> pb.SessionHealth:
    return pb.SessionHealth(
        session_id=session.session_id,
        sound=not session.is_ailing,
        wanted=WANTED[session.wanted],
        status=STATUSES[session.status],
        status_reason=REASONS[session.reason],
        status_time=time_to_proto(session.status_at),
        waiting=session.waiting,
        sending=session.sending,
        put_off=session.put_off,
        oldest_due_time=optional_time_to_proto(session.oldest_due_at),
        gateway=None if session.lease is None else session.lease.owner.node,
        epoch=session.epoch,
    )
