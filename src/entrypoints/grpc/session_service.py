"""SessionService: see proto/pombo/v1/session_service.proto."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final, override

import grpc.aio

from application.page_tokens import read_id_token
from application.sessions.create_session import CreateSessionCommand
from application.sessions.own_proxy import ProxyChange
from application.sessions.read_sessions import DEFAULT_HISTORY
from application.sessions.update_session import UpdateSessionCommand
from domain.errors import InvalidArgumentError
from domain.ids import parse_session_id
from entrypoints.grpc.converters.pacing import pacing_from_proto, quota_to_proto, restriction_to_proto
from entrypoints.grpc.converters.sessions import (
    bridge_to_proto,
    capability_to_proto,
    me_to_proto,
    pairing_code_to_proto,
    proxy_from_proto,
    qr_to_proto,
    session_to_proto,
    status_change_to_proto,
)
from entrypoints.grpc.gen.pombo.v1 import session_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.session_pb2 import Session
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.grpc.stopping import Stopping
from entrypoints.grpc.waits import wait_within
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 100
_REFRESH_WAIT: Final = timedelta(seconds=20)
_CHANGEABLE: Final = frozenset({"name", "metadata", "pacing", "stop_words", "proxy"})


class SessionService(SessionServiceServicer):
    """The sessions' use cases over gRPC."""

    def __init__(self, use_cases: UseCases, stopping: Stopping) -> None:
        self._use_cases = use_cases
        self._stopping = stopping

    @override
    async def CreateSession(self, request: pb.CreateSessionRequest, context: Context) -> pb.CreateSessionResponse:
        command = CreateSessionCommand(
            id=request.session_id if request.HasField("session_id") else None,
            name=request.name if request.HasField("name") else None,
            start=request.start if request.HasField("start") else True,
            metadata=dict(request.metadata),
            pacing=pacing_from_proto(request.pacing) if request.HasField("pacing") else None,
            stop_words=tuple(request.stop_words),
            proxy=proxy_from_proto(request.proxy) if request.HasField("proxy") else None,
            request=key_of(request),
        )
        session = await self._use_cases.create_session.execute(command)
        return pb.CreateSessionResponse(session=session_to_proto(session))

    @override
    async def GetSession(self, request: pb.GetSessionRequest, context: Context) -> pb.GetSessionResponse:
        session = await self._use_cases.get_session.execute(request.session_id)
        return pb.GetSessionResponse(session=session_to_proto(session))

    @override
    async def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:
        page = await self._use_cases.list_sessions.execute(
            after=read_id_token(request.page_token, parse_session_id), limit=request.page_size or _DEFAULT_PAGE
        )
        return pb.ListSessionsResponse(
            sessions=[session_to_proto(session) for session in page.items], next_page_token=page.next_after or ""
        )

    @override
    async def UpdateSession(self, request: pb.UpdateSessionRequest, context: Context) -> pb.UpdateSessionResponse:
        try:
            session = await self._use_cases.update_session.execute(_update(request))
        except InvalidArgumentError as error:
            raise _inside_session(error) from error
        return pb.UpdateSessionResponse(session=session_to_proto(session))

    @override
    async def DeleteSession(self, request: pb.DeleteSessionRequest, context: Context) -> pb.DeleteSessionResponse:
        await self._use_cases.delete_session.execute(request.session_id, request=key_of(request))
        return pb.DeleteSessionResponse()

    @override
    async def StartSession(self, request: pb.StartSessionRequest, context: Context) -> pb.StartSessionResponse:
        session = await self._use_cases.start_session.execute(request.session_id, request=key_of(request))
        return pb.StartSessionResponse(session=session_to_proto(session))

    @override
    async def StopSession(self, request: pb.StopSessionRequest, context: Context) -> pb.StopSessionResponse:
        session = await self._use_cases.stop_session.execute(request.session_id, request=key_of(request))
        return pb.StopSessionResponse(session=session_to_proto(session))

    @override
    async def RestartSession(self, request: pb.RestartSessionRequest, context: Context) -> pb.RestartSessionResponse:
        session = await self._use_cases.restart_session.execute(request.session_id, request=key_of(request))
        return pb.RestartSessionResponse(session=session_to_proto(session))

    @override
    async def TakeOverSession(self, request: pb.TakeOverSessionRequest, context: Context) -> pb.TakeOverSessionResponse:
        session = await self._use_cases.take_over_session.execute(request.session_id, request=key_of(request))
        return pb.TakeOverSessionResponse(session=session_to_proto(session))

    @override
    async def ListStatusChanges(
        self, request: pb.ListStatusChangesRequest, context: Context
    ) -> pb.ListStatusChangesResponse:
        changes = await self._use_cases.list_status_changes.execute(
            request.session_id, limit=request.page_size or DEFAULT_HISTORY
        )
        return pb.ListStatusChangesResponse(changes=[status_change_to_proto(change) for change in changes])

    @override
    async def LogoutSession(self, request: pb.LogoutSessionRequest, context: Context) -> pb.LogoutSessionResponse:
        session = await self._use_cases.logout_session.execute(request.session_id, request=key_of(request))
        return pb.LogoutSessionResponse(session=session_to_proto(session))

    @override
    async def GetSessionStatus(
        self, request: pb.GetSessionStatusRequest, context: Context
    ) -> pb.GetSessionStatusResponse:
        report = await self._use_cases.get_session_status.execute(request.session_id)
        return pb.GetSessionStatusResponse(
            session=session_to_proto(report.session),
            history=[status_change_to_proto(change) for change in report.history],
            capabilities=[capability_to_proto(capability) for capability in report.capabilities],
            bridge=bridge_to_proto(report.bridge),
            restriction=restriction_to_proto(report.restriction),
        )

    @override
    async def GetQuota(self, request: pb.GetQuotaRequest, context: Context) -> pb.GetQuotaResponse:
        quota = await self._use_cases.pacing.get_quota.execute(request.session_id)
        return pb.GetQuotaResponse(quota=quota_to_proto(quota))

    @override
    async def GetQr(self, request: pb.GetQrRequest, context: Context) -> pb.GetQrResponse:
        requested = request.wait if request.HasField("wait") else None
        wait = wait_within(context, requested, default=timedelta(0))
        async with self._stopping.interrupting():
            qr = await self._use_cases.get_qr.execute(request.session_id, wait=wait)
        return pb.GetQrResponse(qr_code=qr_to_proto(qr))

    @override
    async def RefreshQr(self, request: pb.RefreshQrRequest, context: Context) -> pb.RefreshQrResponse:
        requested = request.wait if request.HasField("wait") else None
        wait = wait_within(context, requested, default=_REFRESH_WAIT)
        async with self._stopping.interrupting():
            qr = await self._use_cases.refresh_qr.execute(request.session_id, wait=wait, request=key_of(request))
        return pb.RefreshQrResponse(qr_code=qr_to_proto(qr))

    @override
    async def RequestPairingCode(
        self, request: pb.RequestPairingCodeRequest, context: Context
    ) -> pb.RequestPairingCodeResponse:
        code = await self._use_cases.request_pairing_code.execute(
            request.session_id, phone=request.phone, request=key_of(request)
        )
        return pb.RequestPairingCodeResponse(pairing_code=pairing_code_to_proto(code))

    @override
    async def GetMe(self, request: pb.GetMeRequest, context: Context) -> pb.GetMeResponse:
        return pb.GetMeResponse(me=me_to_proto(await self._use_cases.get_me.execute(request.session_id)))

    @override
    async def WatchSession(
        self, request: pb.WatchSessionRequest, context: Context
    ) -> AsyncIterator[pb.WatchSessionResponse]:
        views = await self._use_cases.watch_session.execute(request.session_id)
        async with aclosing(self._stopping.follow(views)) as following:
            async for view in following:
                yield pb.WatchSessionResponse(
                    session=session_to_proto(view.session),
                    qr_code=None if view.qr is None else qr_to_proto(view.qr),
                    capabilities=[capability_to_proto(capability) for capability in view.capabilities],
                )


def _update(request: pb.UpdateSessionRequest) -> UpdateSessionCommand:
    session, paths = request.session, set(request.update_mask.paths)
    if not paths:
        # Without a mask, what the message holds is what is meant (https://google.aip.dev/134).
        paths = {name for name in ("name", "metadata", "stop_words") if getattr(session, name)}
        paths |= {"pacing"} if session.HasField("pacing") else set()
        paths |= {"proxy"} if session.HasField("proxy") else set()
    elif paths == {"*"}:
        paths = set(_CHANGEABLE)
    if not paths <= _CHANGEABLE:
        raise InvalidArgumentError(
            "INVALID_REQUEST",
            f"Of a session these can be changed: {', '.join(sorted(_CHANGEABLE))}.",
            field="update_mask",
        )
    return UpdateSessionCommand(
        session_id=session.id,
        name=session.name if "name" in paths else None,
        metadata=dict(session.metadata) if "metadata" in paths else None,
        pacing=pacing_from_proto(session.pacing) if "pacing" in paths else None,
        stop_words=tuple(session.stop_words) if "stop_words" in paths else None,
        proxy=_proxy_change(session) if "proxy" in paths else None,
        request=key_of(request),
    )


def _proxy_change(session: Session) -> ProxyChange:
    return ProxyChange(proxy_from_proto(session.proxy) if session.HasField("proxy") else None)


def _inside_session(error: InvalidArgumentError) -> InvalidArgumentError:
    """The same error, its field named as the request has it."""
    inner = {"session_id": "session.id", "name": "session.name", "metadata": "session.metadata"}
    inner |= {"stop_words": "session.stop_words"}
    field = None if error.field is None else inner.get(error.field, error.field)
    if field is not None and field.startswith(("pacing.", "proxy.")):
        field = f"session.{field}"
    return InvalidArgumentError(error.reason, error.message, field=field, metadata=error.metadata)
