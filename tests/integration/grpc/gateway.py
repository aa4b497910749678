"""A gateway on the in-memory adapters, served on a real socket, and a client of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status

from adapters.memory.rate_limiter import MemoryRateLimiter
from application.audit.read_log import ListAuditLog
from application.audit.trail import AuditTrail
from application.audit.writer import AuditWriter
from application.events.list_events import ListEvents
from application.events.stream_events import StreamEvents
from application.groups.change_group import (
    ChangeParticipants,
    DecideJoinRequests,
    JoinGroup,
    LeaveGroup,
    RevokeInviteCode,
    SetGroupPicture,
    UpdateGroup,
)
from application.groups.create_group import CreateGroup
from application.groups.read_groups import GetGroup, GetInviteCode, ListGroups, ListJoinRequests, PreviewInvite
from application.health.check_health import CheckHealth
from application.idempotency.once import Once
from application.limits.call_limits import CallLimits
from application.limits.call_rates import CallRates
from application.messages.cancel_message import CancelMessage
from application.messages.forward_message import ForwardMessage
from application.messages.message_commands import MessageCommands
from application.messages.operate import OperateOnMessage
from application.messages.read_messages import GetMessage, ListMessages
from application.messages.read_states import ReadMessageState
from application.messages.send_message import SendMessage
from application.messages.send_messages import SendMessages
from application.observability.read_health import ReadHealth
from application.observability.read_metrics import ReadMetrics
from application.pacing.expected_times import ExpectedTimes
from application.ports.health_check import HealthCheck
from application.sessions.asking import PageAsker
from application.sessions.read_sessions import GetMe, GetSession, GetSessionStatus, ListSessions, ListStatusChanges
from application.sessions.take_over import TakeOverSession
from application.sessions.update_session import UpdateSession
from application.sessions.watch_session import WatchSession
from application.webhooks.direct_delivery import DirectDelivery, PostTestEvent, RedeliverEvent
from application.webhooks.manage_webhooks import CreateWebhook, DeleteWebhook, RotateWebhookSecret, UpdateWebhook
from application.webhooks.read_webhooks import GetWebhook, ListDeadLetters, ListDeliveries, ListWebhooks
from application.webhooks.replay_events import ReplayEvents
from domain.lease import Owner
from domain.pacing import Pace
from entrypoints.access_assembly import AccessAssembly
from entrypoints.audit_use_cases import AuditUseCases
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import EventServiceStub
from entrypoints.grpc.gen.pombo.v1.media_service_pb2_grpc import MediaServiceStub
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from entrypoints.grpc.gen.pombo.v1.webhook_service_pb2_grpc import WebhookServiceStub
from entrypoints.grpc.server import GrpcServer
from entrypoints.media_assembly import MediaAssembly
from entrypoints.pacing_assembly import pacing_use_cases
from entrypoints.use_cases import UseCases
from tests.media_parts import media_parts
from tests.people_parts import people_use_cases
from tests.unit.application.world import World

KEY = "pombo_test-key-of-this-suite"
METADATA = (("x-api-key", KEY),)


def use_cases(world: World, checks: Sequence[HealthCheck] = ()) -> UseCases:
    database = world.database
    webhooks = (database, world.clock, world.ids, world.sender)
    direct = DirectDelivery(*webhooks)
    media = MediaAssembly(database, world.clock, world.ids, media_parts(world.media_store), world.supervisor)
    send = SendMessage(
        database, world.clock, world.ids, world.supervisor, world.recipients, world.waiters, media.prepare
    )
    access = AccessAssembly(database, world.clock, world.ids, world.bus, (bytes(32),), KEY)
    groups = PageAsker(database, world.clock, world.supervisor)
    times = ExpectedTimes(world.clock, Pace())
    return UseCases(
        authenticate=access.authenticate,
        access=access.use_cases,
        audit=AuditUseCases(
            trail=AuditTrail(
                database, world.clock, Owner(node="node", life="life"), AuditWriter(database, world.clock)
            ),
            list=ListAuditLog(database),
        ),
        limits=CallLimits(MemoryRateLimiter(world.clock), CallRates(), world.clock),
        check_health=CheckHealth(checks),
        read_health=ReadHealth(CheckHealth(checks), database, world.clock),
        read_metrics=ReadMetrics(
            world.metrics, CheckHealth(checks), database, world.clock, world.supervisor.running, world.driver.memory
        ),
        create_session=world.create,
        list_sessions=ListSessions(database),
        get_session=GetSession(database),
        get_session_status=GetSessionStatus(database, world.clock, world.supervisor),
        list_status_changes=ListStatusChanges(database),
        get_me=GetMe(database),
        update_session=UpdateSession(database, world.clock, world.supervisor, world.proxies),
        delete_session=world.delete,
        start_session=world.start,
        stop_session=world.stop,
        restart_session=world.restart,
        take_over_session=TakeOverSession(database, world.clock, world.supervisor),
        logout_session=world.logout,
        get_qr=world.get_qr,
        refresh_qr=world.refresh_qr,
        request_pairing_code=world.pairing_code,
        watch_session=WatchSession(database, world.codes, world.bus, world.supervisor, access.streams),
        send_message=send,
        send_messages=SendMessages(database, world.clock, world.ids, world.supervisor, media.prepare),
        cancel_message=CancelMessage(database, world.clock, world.ids, world.supervisor, world.waiters),
        create_group=CreateGroup(groups, world.ids),
        list_groups=ListGroups(groups),
        get_group=GetGroup(groups),
        update_group=UpdateGroup(groups),
        set_group_picture=SetGroupPicture(groups),
        leave_group=LeaveGroup(groups),
        change_participants=ChangeParticipants(groups),
        get_invite_code=GetInviteCode(groups),
        revoke_invite_code=RevokeInviteCode(groups),
        preview_invite=PreviewInvite(groups),
        join_group=JoinGroup(groups),
        list_join_requests=ListJoinRequests(groups),
        decide_join_requests=DecideJoinRequests(groups, world.clock, world.ids),
        operate_on_message=OperateOnMessage(database, send),
        forward_message=ForwardMessage(database, send),
        message_commands=MessageCommands(
            database, world.clock, world.ids, world.supervisor, world.waiters, Once(database, world.clock)
        ),
        read_message_state=ReadMessageState(database),
        list_messages=ListMessages(database, times),
        get_message=GetMessage(database, times),
        pacing=pacing_use_cases(database, world.clock, world.ids, Pace()),
        media=media.use_cases,
        list_events=ListEvents(database),
        stream_events=StreamEvents(database, world.feed, access=access.streams),
        create_webhook=CreateWebhook(*webhooks),
        get_webhook=GetWebhook(database),
        list_webhooks=ListWebhooks(database),
        update_webhook=UpdateWebhook(*webhooks),
        delete_webhook=DeleteWebhook(database, world.clock),
        rotate_webhook_secret=RotateWebhookSecret(database, world.clock),
        post_test_event=PostTestEvent(database, world.clock, world.ids, direct),
        list_deliveries=ListDeliveries(database),
        list_dead_letters=ListDeadLetters(database),
        redeliver_event=RedeliverEvent(database, world.clock, database, direct),
        replay_events=ReplayEvents(database, world.clock, database),
        **people_use_cases(world),
    )


@dataclass
class Gateway:
    """A served gateway; the stubs carry the key."""

    server: GrpcServer
    channel: grpc.aio.Channel
    sessions: SessionServiceStub
    messages: MessageServiceStub
    media: MediaServiceStub
    events: EventServiceStub
    webhooks: WebhookServiceStub


def _with_key(details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()), *METADATA)
    return details._replace(metadata=metadata)  # type: ignore[attr-defined]  # it is a named tuple


@asynccontextmanager
async def served(cases: UseCases, config: GrpcConfig | None = None) -> AsyncIterator[Gateway]:
    server = GrpcServer(cases, config or GrpcConfig(port=0))
    await server.start()
    try:
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{server.port}", interceptors=[_Unary(), _Stream(), _Upload()]
        ) as channel:
            yield Gateway(
                server,
                channel,
                SessionServiceStub(channel),
                MessageServiceStub(channel),
                MediaServiceStub(channel),
                EventServiceStub(channel),
                WebhookServiceStub(channel),
            )
    finally:
        await server.stop(timedelta(0))


class _Unary(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(_with_key(client_call_details), request)


class _Stream(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        return await continuation(_with_key(client_call_details), request)


class _Upload(grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        return await continuation(_with_key(client_call_details), request_iterator)


@asynccontextmanager
async def bare_channel(server: GrpcServer) -> AsyncIterator[grpc.aio.Channel]:
    """A client without the key."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield channel


def details[D: (ErrorInfo, BadRequest, RetryInfo)](error: grpc.aio.AioRpcError, kind: type[D]) -> list[D]:
    status = rpc_status.from_call(error)
    assert status is not None, error
    assert status.message == error.details()
    found: list[D] = []
    for packed in status.details:
        detail = kind()
        if packed.Unpack(detail):
            found.append(detail)
    return found


def info(error: grpc.aio.AioRpcError) -> ErrorInfo:
    """The error's one ErrorInfo."""
    (only,) = details(error, ErrorInfo)
    assert only.domain == "pombo"
    return only


def fields(error: grpc.aio.AioRpcError) -> list[str]:
    return [violation.field for found in details(error, BadRequest) for violation in found.field_violations]
