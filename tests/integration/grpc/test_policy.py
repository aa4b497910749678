"""Every method with every role, and every method that names what isn't in a key's scope."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import grpc
import grpc.aio
import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import ParseDict

from adapters.memory.driver import MemoryWhatsApp
from adapters.system.system_clock import SystemClock
from application.access.policy import POLICY, Place
from application.messages.acceptance import SendMessageCommand
from application.sessions.create_session import CreateSessionCommand
from application.webhooks.manage_webhooks import CreateWebhookCommand
from domain.access import Role
from domain.content import Text
from domain.jid import Jid
from domain.session import SessionStatus
from entrypoints.container import Container
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import event_service_pb2, session_service_pb2
from entrypoints.grpc.gen.pombo.v1.event_service_pb2_grpc import EventServiceStub
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from entrypoints.grpc.rules import operation_of
from entrypoints.grpc.server import DESCRIPTORS, GrpcServer
from entrypoints.use_cases import UseCases
from tests.unit.access_samples import key_with
from tests.unit.entrypoints.assembly import API_KEY, build, running

from .gateway import info

METHODS: Final = [method for service in DESCRIPTORS for method in service.methods]
MISSING: Final = "0" * 26
ANA, BEN = "15550100100", "15550100200"
FIELDS: Final[dict[str, Any]] = {
    "chat_id": BEN,
    "contact_id": BEN,
    "person_id": BEN,
    "call_id": "ABC",
    "group_id": "120363000000000001@g.us",
    "code": "ABCDEFGHIJKLMNOPQRSTUV",
    "invite_code": "ABCDEFGHIJKLMNOPQRSTUV",
    "user_id": f"usr_{MISSING}",
    "key_id": f"key_{MISSING}",
    "event_id": f"evt_{MISSING}",
    "to": BEN,
    "address": BEN,
    "phone": ANA,
    "emoji": "👍",
    "body": "better",
    "subject": "Us",
    "participants": [BEN],
    "contacts": [BEN],
    "options": ["a"],
}
"""What requests hold, by the names of their fields."""
OTHERS: Final[dict[str, dict[str, Any]]] = {
    "SendMessage": {"text": {"body": "hi"}},
    "SendMessages": {"messages": []},
    "UpdateChat": {"archived": True},
    "SaveContact": {"first_name": "Ben"},
    "SetActivity": {"activity": "ACTIVITY_COMPOSING"},
    "ChangeParticipants": {"action": "PARTICIPANT_ACTION_ADD"},
    "SetGroupPicture": {"picture": "aGk="},
    "ReplayEvents": {"after": "0"},
    "StreamEvents": {"after": str(10**9)},
    "CreateUser": {"name": "Ana", "role": "ROLE_READER"},
    "UpdateUser": {"user": {"id": f"usr_{MISSING}"}},
    "CreateApiKey": {"name": "x", "role": "ROLE_READER"},
    "CreateSession": {"session_id": "new", "start": False},
    "UpdateSession": {"session": {"name": "Other"}},
    "UpdateWebhook": {"webhook": {"description": "Other"}},
    "CreateWebhook": {"url": "https://example.org/hook"},
}


def request_of(method: MethodDescriptor, names: dict[str, str]) -> bytes:
    """A request that is good but for what it names."""
    plain = {field.name for field in method.input_type.fields if field.message_type is None}
    fields = {name: value for name, value in {**FIELDS, **names}.items() if name in plain}
    others = OTHERS.get(method.name, {})
    fields.update({name: value for name, value in others.items() if not isinstance(value, dict)})
    for name, value in others.items():
        if isinstance(value, dict):
            inner = {"session": "session_id", "webhook": "webhook_id"}.get(name)
            fields[name] = value | ({} if inner is None else {"id": names[inner]})
    kind = message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(method.input_type.full_name))
    return bytes(ParseDict(fields, kind()).SerializeToString())


async def reason_of(channel: grpc.aio.Channel, method: MethodDescriptor, key: str | None, request: bytes) -> str:
    """Why a call failed; empty when it didn't."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    metadata = () if key is None else (("x-api-key", key),)

    async def requests() -> AsyncIterator[bytes]:
        yield request

    try:
        if method.client_streaming:
            await channel.stream_unary(path)(requests(), metadata=metadata)
        elif method.server_streaming:
            async for _ in channel.unary_stream(path)(request, metadata=metadata):
                pass
        else:
            await channel.unary_unary(path)(request, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        reason = info(error).reason
        assert (error.code() is grpc.StatusCode.PERMISSION_DENIED) == (
            reason in {"ROLE_TOO_LOW", "SESSION_OUT_OF_SCOPE"}
        )
        return reason
    return ""


@dataclass(frozen=True)
class Served:
    channel: grpc.aio.Channel
    use_cases: UseCases
    whatsapp: MemoryWhatsApp
    container: Container


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    whatsapp = MemoryWhatsApp(SystemClock())
    for phone in (ANA, BEN):
        whatsapp.add_account(phone)
    container = build(whatsapp)
    async with running(container) as use_cases:
        server = GrpcServer(use_cases, GrpcConfig(port=0))
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                yield Served(channel, use_cases, whatsapp, container)
        finally:
            await server.stop(SystemClock().elapsed() * 0)


NOBODY: Final = {
    "session_id": "nobody",
    "message_id": f"msg_{MISSING}",
    "media_id": f"media_{MISSING}",
    "webhook_id": f"whk_{MISSING}",
}


@pytest.mark.parametrize("role", Role)
async def test_every_method_with_every_role(server: Served, role: Role) -> None:
    key = await key_with(server.use_cases, role)
    for method in METHODS:
        reason = await reason_of(server.channel, method, key, request_of(method, NOBODY))
        if role.allows(POLICY[operation_of(method.name)].role):
            assert reason not in {"ROLE_TOO_LOW", "API_KEY_MISSING", "API_KEY_INVALID", "INTERNAL"}, method.full_name
        else:
            assert reason == "ROLE_TOO_LOW", method.full_name


async def test_every_method_without_a_good_key(server: Served) -> None:
    for method in METHODS:
        request = request_of(method, NOBODY)
        assert await reason_of(server.channel, method, None, request) == "API_KEY_MISSING"
        assert await reason_of(server.channel, method, "wrong", request) == "API_KEY_INVALID"


async def link(server: Served) -> dict[str, str]:
    """A session of another's, and what belongs to it."""
    cases = server.use_cases
    await cases.create_session.execute(CreateSessionCommand(id="ana"))
    async with asyncio.timeout(5):
        views = await cases.watch_session.execute("ana")
        async for view in views:
            if view.qr is not None:
                server.whatsapp.scan(ANA, view.qr.text)
            if view.session.status is SessionStatus.WORKING:
                break
    message = await cases.send_message.execute(
        SendMessageCommand(session_id="ana", to=Jid.parse_recipient(BEN), content=Text(body="hi"))
    )
    hook = await cases.create_webhook.execute(CreateWebhookCommand(url="https://example.org/h", session_ids=("ana",)))
    return {**NOBODY, "session_id": "ana", "message_id": message.id, "webhook_id": hook.id}


async def test_what_is_out_of_scope_is_not_there(server: Served) -> None:
    names = await link(server)
    key = await key_with(server.use_cases, Role.OPERATOR, ["mine"])
    not_there = {
        Place.SESSION: "SESSION_NOT_FOUND",
        Place.MESSAGE: "MESSAGE_NOT_FOUND",
        Place.WEBHOOK: "WEBHOOK_NOT_FOUND",
        Place.MEDIA: "MEDIA_NOT_FOUND",
        Place.NEW_WEBHOOK: "SESSION_OUT_OF_SCOPE",
        Place.NEW_SESSION: "SESSION_OUT_OF_SCOPE",
    }
    wrong, tried = [], 0
    for method in METHODS:
        place = POLICY[operation_of(method.name)].place
        if place in not_there:
            reason = await reason_of(server.channel, method, key, request_of(method, names))
            tried += 1
            if reason != not_there[place]:
                wrong.append((method.full_name, reason))
    assert wrong == []
    assert tried > 70


async def test_lists_and_streams_show_what_is_in_scope(server: Served) -> None:
    await link(server)
    await server.use_cases.create_session.execute(CreateSessionCommand(id="mine", start=False))
    mine = (("x-api-key", await key_with(server.use_cases, Role.READER, ["mine"])),)
    sessions = SessionServiceStub(server.channel)
    listed = await sessions.ListSessions(session_service_pb2.ListSessionsRequest(), metadata=mine)
    assert [session.id for session in listed.sessions] == ["mine"]
    stream = EventServiceStub(server.channel).StreamEvents(
        event_service_pb2.StreamEventsRequest(after=0), metadata=mine
    )
    async with asyncio.timeout(5):
        assert (await stream.read()).event.session_id == "mine"
        await server.use_cases.create_session.execute(CreateSessionCommand(id="third", start=False))
        await server.use_cases.start_session.execute("mine")
        assert (await stream.read()).event.session_id == "mine"
    stream.cancel()


@pytest.mark.parametrize("method", ["StreamEvents", "WatchSession"])
async def test_a_stream_ends_with_its_key(server: Served, method: str) -> None:
    await server.use_cases.create_session.execute(CreateSessionCommand(id="mine", start=False))
    secret = await key_with(server.use_cases, Role.OPERATOR, ["mine"])
    caller = await server.use_cases.authenticate.execute(secret)
    assert caller.key_id is not None
    metadata = (("x-api-key", secret),)
    stream: Any = (
        EventServiceStub(server.channel).StreamEvents(event_service_pb2.StreamEventsRequest(after=0), metadata=metadata)
        if method == "StreamEvents"
        else SessionServiceStub(server.channel).WatchSession(
            session_service_pb2.WatchSessionRequest(session_id="mine"), metadata=metadata
        )
    )
    async with asyncio.timeout(4):
        await stream.read()
        await server.use_cases.access.revoke_key.execute(caller.key_id)
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await stream.read()
    assert ended.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert info(ended.value).reason == "API_KEY_REVOKED"
    # The configured key's streams go on.
    assert secret != API_KEY
