"""The gRPC server."""

import errno
from datetime import timedelta
from typing import Final

import grpc.aio
import structlog
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection

from domain.errors import PomboError
from entrypoints.grpc.api_key_service import ApiKeyService
from entrypoints.grpc.audit_service import AuditService
from entrypoints.grpc.call_interceptor import CallInterceptor, MethodKinds
from entrypoints.grpc.call_service import CallService
from entrypoints.grpc.chat_service import ChatService
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.contact_service import ContactService
from entrypoints.grpc.event_service import EventService
from entrypoints.grpc.gateway_health_service import GatewayHealthService
from entrypoints.grpc.gen.pombo.v1 import (
    api_key_service_pb2,
    audit_service_pb2,
    call_service_pb2,
    chat_service_pb2,
    contact_service_pb2,
    event_service_pb2,
    group_service_pb2,
    health_service_pb2,
    media_service_pb2,
    message_service_pb2,
    presence_service_pb2,
    session_service_pb2,
    suppression_service_pb2,
    user_service_pb2,
    webhook_service_pb2,
)
from entrypoints.grpc.gen.pombo.v1.api_key_service_pb2_grpc import add_ApiKeyServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.audit_service_pb2_grpc import add_AuditServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.call_service_pb2_grpc import add_CallServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.chat_service_pb2_grpc import add_ChatServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.contact_service_pb2_grpc import add_ContactServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import add_EventServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.group_service_pb2_grpc import add_GroupServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.health_service_pb2_grpc import add_HealthServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.media_service_pb2_grpc import add_MediaServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import add_MessageServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.presence_service_pb2_grpc import add_PresenceServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import add_SessionServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.suppression_service_pb2_grpc import add_SuppressionServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.user_service_pb2_grpc import add_UserServiceServicer_to_server
from entrypoints.grpc.gen.pombo.v1.webhook_service_pb2_grpc import add_WebhookServiceServicer_to_server
from entrypoints.grpc.group_service import GroupService
from entrypoints.grpc.health_service import HealthService
from entrypoints.grpc.media_service import MediaService
from entrypoints.grpc.message_service import MessageService
from entrypoints.grpc.presence_service import PresenceService
from entrypoints.grpc.rules import MethodRules
from entrypoints.grpc.session_service import SessionService
from entrypoints.grpc.stopping import Stopping
from entrypoints.grpc.suppression_service import SuppressionService
from entrypoints.grpc.tls import server_credentials
from entrypoints.grpc.user_service import UserService
from entrypoints.grpc.webhook_service import WebhookService
from entrypoints.ports import check_port, listen_error
from entrypoints.use_cases import UseCases

DESCRIPTORS: Final = tuple(
    file.DESCRIPTOR.services_by_name[name]
    for file, name in (
        (session_service_pb2, "SessionService"),
        (message_service_pb2, "MessageService"),
        (event_service_pb2, "EventService"),
        (media_service_pb2, "MediaService"),
        (webhook_service_pb2, "WebhookService"),
        (chat_service_pb2, "ChatService"),
        (contact_service_pb2, "ContactService"),
        (presence_service_pb2, "PresenceService"),
        (call_service_pb2, "CallService"),
        (group_service_pb2, "GroupService"),
        (suppression_service_pb2, "SuppressionService"),
        (user_service_pb2, "UserService"),
        (api_key_service_pb2, "ApiKeyService"),
        (audit_service_pb2, "AuditService"),
        (health_service_pb2, "HealthService"),
    )
)
"""The gateway's own services."""
SERVICES: Final = tuple(service.full_name for service in DESCRIPTORS)
_MESSAGES: Final = f"/{message_service_pb2.DESCRIPTOR.services_by_name['MessageService'].full_name}"
_MEDIA: Final = f"/{media_service_pb2.DESCRIPTOR.services_by_name['MediaService'].full_name}"
_SEND: Final = f"{_MESSAGES}/SendMessage"
_SENDS: Final = frozenset({_SEND, f"{_MESSAGES}/SendMessages", f"{_MESSAGES}/ForwardMessage"})
_FILES: Final = frozenset({f"{_MEDIA}/DownloadMedia", f"{_MEDIA}/DownloadMessageMedia"})
_HEALTH: Final = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_SETTING: Final = "GRPC_PORT"
_log: Final = structlog.stdlib.get_logger(__name__)


class GrpcServer:
    """Serves the use cases. Make it on the event loop that it will run on; start it once, stop it once."""

    def __init__(self, use_cases: UseCases, config: GrpcConfig) -> None:
        self._config = config
        self._port = 0
        self._stopping = Stopping()
        self._end_waits = use_cases.send_message.end_waits
        self._server = grpc.aio.server(
            interceptors=[
                CallInterceptor(
                    use_cases.authenticate,
                    MethodRules(DESCRIPTORS),
                    use_cases.limits,
                    use_cases.audit,
                    max_request_bytes=config.max_request_bytes,
                    others={_SEND: max(config.max_request_bytes, config.max_inline_bytes)},
                    stall=config.stall,
                    methods=MethodKinds(sends=_SENDS, files=_FILES),
                    trusted_proxies=config.trusted_proxies,
                    instruments=config.instruments,
                )
            ],
            options=config.channel_options(),
        )
        add_SessionServiceServicer_to_server(SessionService(use_cases, self._stopping), self._server)
        add_MessageServiceServicer_to_server(MessageService(use_cases), self._server)
        add_MediaServiceServicer_to_server(MediaService(use_cases), self._server)
        add_EventServiceServicer_to_server(EventService(use_cases, self._stopping), self._server)
        add_WebhookServiceServicer_to_server(WebhookService(use_cases), self._server)
        add_ChatServiceServicer_to_server(ChatService(use_cases), self._server)
        add_ContactServiceServicer_to_server(ContactService(use_cases), self._server)
        add_PresenceServiceServicer_to_server(PresenceService(use_cases), self._server)
        add_CallServiceServicer_to_server(CallService(use_cases), self._server)
        add_GroupServiceServicer_to_server(GroupService(use_cases), self._server)
        add_SuppressionServiceServicer_to_server(SuppressionService(use_cases), self._server)
        add_UserServiceServicer_to_server(UserService(use_cases), self._server)
        add_ApiKeyServiceServicer_to_server(ApiKeyService(use_cases), self._server)
        add_AuditServiceServicer_to_server(AuditService(use_cases), self._server)
        add_HealthServiceServicer_to_server(GatewayHealthService(use_cases), self._server)
        health = HealthService(use_cases.check_health, self._stopping, SERVICES, interval=config.health_interval)
        add_HealthServicer_to_server(health, self._server)  # type: ignore[no-untyped-call]  # the library is untyped
        names = (*SERVICES, _HEALTH, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)  # type: ignore[no-untyped-call]  # the library is untyped

    @property
    def port(self) -> int:
        """The port that is served; 0 before the start."""
        return self._port

    async def start(self) -> None:
        """Binds the port and serves from now on.

        Raises:
            ConflictError: ``PORT_IN_USE``.
            UnavailableError: ``CANNOT_LISTEN``.
        """
        host, port = self._config.host, self._config.port
        try:
            # Asked first: gRPC itself doesn't say why it can't bind, and writes a line of its own to standard error.
            check_port(host, port, _SETTING)
            address, tls = f"{_bracketed(host)}:{port}", self._config.tls
            if tls is None:
                self._port = self._server.add_insecure_port(address)
            else:
                self._port = self._server.add_secure_port(address, server_credentials(tls))
        except PomboError:
            await self._server.stop(None)
            raise
        except RuntimeError as error:
            # Taken in the moment between.
            await self._server.stop(None)
            raise listen_error(OSError(errno.EADDRINUSE, str(error)), host, port, _SETTING) from error
        await self._server.start()
        _log.info("grpc.started", host=host, port=self._port)

    async def stop(self, grace: timedelta) -> None:
        """Takes no more calls, ends streams, and gives the calls that go on some time to end by themselves.

        Who waits for a message to leave waits half of it, so that there is time for the answer: it is accepted.
        """
        self._stopping.begin()
        self._end_waits(grace / 2)
        await self._server.stop(grace.total_seconds())
        _log.info("grpc.stopped")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
