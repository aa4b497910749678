"""The same failure has the same reason, field and details over REST and over gRPC."""

# ruff: noqa: E501 - a case of the tables is one line

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog
from google.protobuf.message import Message as ProtoMessage
from google.rpc.error_details_pb2 import RetryInfo

from adapters.memory.driver import LoseOutcome, Operation, Refuse
from domain.errors import ErrorKind, RateLimitedError, UnavailableError
from domain.ids import SessionId
from domain.session import SessionStatus
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import event_service_pb2 as events
from entrypoints.grpc.gen.pombo.v1 import message_pb2, session_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as messages
from entrypoints.grpc.gen.pombo.v1 import session_service_pb2 as sessions
from entrypoints.grpc.gen.pombo.v1 import webhook_service_pb2 as webhooks
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from entrypoints.grpc.server import GrpcServer
from entrypoints.rest.config import RestConfig
from entrypoints.status import STATUS
from tests.unit.rest.gateway import BEN, KEY, Gateway, running

from .gateway import details, fields, info

SEND = "/api/v1/messages/send"
MESSAGES = "/api/v1/messages"
SESSIONS = "/api/v1/sessions"
EVENTS = "/api/v1/events"
WEBHOOKS = "/api/v1/webhooks"
NOBODY = "15550109999"
HOOK, NO_HOOK = "https://hook.test/", "whk_" + "0" * 26
UNKNOWN = "msg_" + "0" * 26
LIMIT = 200_000


@dataclass
class Both:
    """One set of use cases behind both transports."""

    gateway: Gateway
    channel: grpc.aio.Channel

    async def over_grpc(self, method: str, request: ProtoMessage) -> grpc.aio.AioRpcError:
        service, _, name = method.partition("/")
        call = self.channel.unary_unary(f"/pombo.v1.{service}/{name}")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(request.SerializeToString(), metadata=(("x-api-key", self.gateway.client.key or ""),))
        return caught.value


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with serving(Gateway(RestConfig(max_body_bytes=LIMIT // 2, max_inline_bytes=LIMIT))) as both:
        yield both


@asynccontextmanager
async def serving(gateway: Gateway) -> AsyncIterator[Both]:
    async with running(gateway):
        server = GrpcServer(gateway.use_cases, GrpcConfig(port=0, max_request_bytes=LIMIT // 2, max_inline_bytes=LIMIT))
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                yield Both(gateway, channel)
        finally:
            await server.stop(timedelta(0))


async def assert_same(
    both: Both, kind: ErrorKind, reason: str, rest: tuple[str, str, Any], rpc: tuple[str, ProtoMessage]
) -> None:
    method, target, body = rest
    answer = await both.gateway.client.call(method, target, json_body=body)
    error = await both.over_grpc(*rpc)
    problem = answer.json()
    assert (problem["reason"], info(error).reason) == (reason, reason)
    assert (answer.status, error.code()) == (STATUS[kind].http, STATUS[kind].grpc)
    assert problem["detail"] == error.details() or reason == "INVALID_REQUEST"
    assert problem["metadata"] == dict(info(error).metadata)
    assert bool(problem["retry_after"]) == bool(details(error, RetryInfo))
    # A session's own id has another name in each.
    renamed = {
        "SessionService/CreateSession": {"id": "session_id"},
        "SessionService/UpdateSession": {
            "session_id": "session.id",
            "name": "session.name",
            "metadata": "session.metadata",
            "proxy.username": "session.proxy.username",
        },
    }.get(rpc[0], {})
    if reason != "INVALID_REQUEST":
        named = [renamed.get(name, name) for name in answer.fields]
        assert named == fields(error)


def send(*, session: str = "ana", to: str = BEN, body: str = "hi", reply: str | None = None) -> tuple[Any, Any]:
    as_json = {"session_id": session, "to": to, "type": "text", "text": {"body": body}}
    request = messages.SendMessageRequest(session_id=session, to=to, text=message_pb2.Text(body=body))
    if reply is not None:
        as_json["context"] = {"message_id": reply}
        request.context.message_id = reply
    return ("POST", SEND, as_json), ("MessageService/SendMessage", request)


def update(**changes: Any) -> tuple[Any, Any]:
    rest = ("PATCH", f"{SESSIONS}/ana", changes)
    request = sessions.UpdateSessionRequest(session=session_pb2.Session(id="ana", **changes))
    request.update_mask.paths.extend(changes)
    return rest, ("SessionService/UpdateSession", request)


def on_session(action: str, method: str, rpc: str, request: ProtoMessage, body: Any = None) -> tuple[Any, Any]:
    return (method, f"{SESSIONS}/{action}", body), (f"SessionService/{rpc}", request)


INVALID, MISSING = ErrorKind.INVALID_ARGUMENT, ErrorKind.NOT_FOUND
# fmt: off
WITHOUT_A_LINK = [
    (MISSING, "SESSION_NOT_FOUND", *send(session="nobody")),
    (MISSING, "SESSION_NOT_FOUND", *on_session("nobody", "GET", "GetSession", sessions.GetSessionRequest(session_id="nobody"))),
    (INVALID, "INVALID_SESSION_ID", *on_session("A%20B", "GET", "GetSession", sessions.GetSessionRequest(session_id="A B"))),
    (INVALID, "INVALID_SESSION_ID", *send(session="A B")),
    (INVALID, "INVALID_SESSION_ID", ("POST", SESSIONS, {"id": "A B"}), ("SessionService/CreateSession", sessions.CreateSessionRequest(session_id="A B"))),
    (INVALID, "INVALID_NAME", ("POST", SESSIONS, {"name": " "}), ("SessionService/CreateSession", sessions.CreateSessionRequest(name=" "))),
    (INVALID, "INVALID_METADATA", ("POST", SESSIONS, {"metadata": {"": "x"}}), ("SessionService/CreateSession", sessions.CreateSessionRequest(metadata={"": "x"}))),
    (INVALID, "INVALID_PROXY", ("POST", SESSIONS, {"proxy": {"url": "http://a"}}), ("SessionService/CreateSession", sessions.CreateSessionRequest(proxy={"url": "http://a"}))),
    (INVALID, "PROXY_TARGET_REFUSED", ("POST", SESSIONS, {"proxy": {"url": "http://private.test:1"}}), ("SessionService/CreateSession", sessions.CreateSessionRequest(proxy={"url": "http://private.test:1"}))),
    (INVALID, "INVALID_PROXY", *update(proxy={"url": "http://a.example:1", "password": "x"})),
    (ErrorKind.ALREADY_EXISTS, "SESSION_EXISTS", ("POST", SESSIONS, {"id": "ana"}), ("SessionService/CreateSession", sessions.CreateSessionRequest(session_id="ana"))),
    (INVALID, "INVALID_NAME", *update(name=" ")),
    (INVALID, "INVALID_METADATA", *update(metadata={"k": "v" * 600})),
    (INVALID, "INVALID_PAGE_SIZE", ("GET", f"{SESSIONS}?page_size=501", None), ("SessionService/ListSessions", sessions.ListSessionsRequest(page_size=501))),
    (INVALID, "INVALID_PAGE_TOKEN", ("GET", f"{SESSIONS}?page_token=A%20B", None), ("SessionService/ListSessions", sessions.ListSessionsRequest(page_token="A B"))),
    (INVALID, "INVALID_WEBHOOK_URL", ("POST", WEBHOOKS, {"url": "x"}), ("WebhookService/CreateWebhook", webhooks.CreateWebhookRequest(url="x"))),
    (INVALID, "WEBHOOK_TARGET_REFUSED", ("POST", WEBHOOKS, {"url": "http://private.test/"}), ("WebhookService/CreateWebhook", webhooks.CreateWebhookRequest(url="http://private.test/"))),
    (INVALID, "INVALID_WEBHOOK_HEADERS", ("POST", WEBHOOKS, {"url": HOOK, "headers": {"Host": "x"}}), ("WebhookService/CreateWebhook", webhooks.CreateWebhookRequest(url=HOOK, headers={"Host": "x"}))),
    (INVALID, "UNKNOWN_EVENT_TYPE", ("POST", WEBHOOKS, {"url": HOOK, "types": ["x"]}), ("WebhookService/CreateWebhook", webhooks.CreateWebhookRequest(url=HOOK, types=["x"]))),
    (INVALID, "INVALID_WEBHOOK_ID", ("GET", f"{WEBHOOKS}/x", None), ("WebhookService/GetWebhook", webhooks.GetWebhookRequest(webhook_id="x"))),
    (MISSING, "WEBHOOK_NOT_FOUND", ("GET", f"{WEBHOOKS}/{NO_HOOK}", None), ("WebhookService/GetWebhook", webhooks.GetWebhookRequest(webhook_id=NO_HOOK))),
    (MISSING, "WEBHOOK_NOT_FOUND", ("POST", f"{WEBHOOKS}/{NO_HOOK}/test", None), ("WebhookService/TestWebhook", webhooks.TestWebhookRequest(webhook_id=NO_HOOK))),
    (INVALID, "INVALID_EVENT_ID", ("POST", f"{WEBHOOKS}/{NO_HOOK}/redeliver", {"event_id": "x"}), ("WebhookService/RedeliverEvent", webhooks.RedeliverEventRequest(webhook_id=NO_HOOK, event_id="x"))),
    (INVALID, "INVALID_CURSOR", ("POST", f"{WEBHOOKS}/{NO_HOOK}/replay", {"after": 10**6}), ("WebhookService/ReplayEvents", webhooks.ReplayEventsRequest(webhook_id=NO_HOOK, after=10**6))),
    (INVALID, "INVALID_PAGE_TOKEN", ("GET", f"{WEBHOOKS}?page_token=x", None), ("WebhookService/ListWebhooks", webhooks.ListWebhooksRequest(page_token="x"))),
    (ErrorKind.CONFLICT, "SESSION_NOT_RUNNING", *on_session("ana/qr", "GET", "GetQr", sessions.GetQrRequest(session_id="ana"))),
    (ErrorKind.CONFLICT, "NOT_LINKED", *on_session("ana/me", "GET", "GetMe", sessions.GetMeRequest(session_id="ana"))),
    (ErrorKind.CONFLICT, "SESSION_NOT_RUNNING", *on_session("ana/takeover", "POST", "TakeOverSession", sessions.TakeOverSessionRequest(session_id="ana"))),
    (INVALID, "INVALID_PAGE_SIZE", *on_session("ana/status/history?page_size=501", "GET", "ListStatusChanges", sessions.ListStatusChangesRequest(session_id="ana", page_size=501))),
    (ErrorKind.CONFLICT, "NOT_LINKED", *on_session("ana/logout", "POST", "LogoutSession", sessions.LogoutSessionRequest(session_id="ana"))),
    (INVALID, "INVALID_PHONE", *on_session("ana/pairing-code", "POST", "RequestPairingCode", sessions.RequestPairingCodeRequest(session_id="ana", phone="0"), {"phone": "0"})),
    (ErrorKind.CONFLICT, "SESSION_NOT_WORKING", *send()),
    (INVALID, "INVALID_JID", *send(to="x@y")),
    (INVALID, "INVALID_PHONE", *send(to="0")),
    (INVALID, "RECIPIENT_NOT_ADDRESSABLE", *send(to="status@broadcast")),
    (INVALID, "EMPTY_TEXT", *send(body=" ")),
    (INVALID, "INVALID_TEXT", *send(body="a\x00b")),
    (INVALID, "TEXT_TOO_LONG", *send(body="a" * 65_537)),
    (ErrorKind.TOO_LARGE, "BODY_TOO_LARGE", *send(body="a" * (LIMIT + 1))),
    (INVALID, "INVALID_REQUEST", ("POST", SEND, {"session_id": "ana", "to": BEN, "type": "text"}), ("MessageService/SendMessage", messages.SendMessageRequest(session_id="ana", to=BEN))),
    (MISSING, "MESSAGE_NOT_FOUND", ("GET", f"{MESSAGES}/{UNKNOWN}", None), ("MessageService/GetMessage", messages.GetMessageRequest(message_id=UNKNOWN))),
    (INVALID, "INVALID_MESSAGE_ID", ("GET", f"{MESSAGES}/7", None), ("MessageService/GetMessage", messages.GetMessageRequest(message_id="7"))),
    (INVALID, "INVALID_PAGE_SIZE", ("GET", f"{MESSAGES}?page_size=-1", None), ("MessageService/ListMessages", messages.ListMessagesRequest(page_size=-1))),
    (INVALID, "INVALID_PAGE_TOKEN", ("GET", f"{MESSAGES}?page_token=x", None), ("MessageService/ListMessages", messages.ListMessagesRequest(page_token="x"))),
    (INVALID, "INVALID_JID", ("GET", f"{MESSAGES}?chat_id=x@y", None), ("MessageService/ListMessages", messages.ListMessagesRequest(chat_id="x@y"))),
    (INVALID, "INVALID_REQUEST", ("GET", f"{MESSAGES}?direction=up", None), ("MessageService/ListMessages", messages.ListMessagesRequest(direction=9))),  # type: ignore[arg-type]  # a newer client's
    (INVALID, "INVALID_CURSOR", ("GET", f"{EVENTS}?after=999999", None), ("EventService/ListEvents", events.ListEventsRequest(after=999_999))),
    (INVALID, "UNKNOWN_EVENT_TYPE", ("GET", f"{EVENTS}?types=x", None), ("EventService/ListEvents", events.ListEventsRequest(types=["x"]))),
    (INVALID, "INVALID_PAGE_SIZE", ("GET", f"{EVENTS}?page_size=1001", None), ("EventService/ListEvents", events.ListEventsRequest(page_size=1001))),
]
# fmt: on


async def test_the_same_errors(both: Both, subtests: pytest.Subtests) -> None:
    await both.gateway.client.post(SESSIONS, {"id": "ana", "start": False})
    for kind, reason, rest, rpc in WITHOUT_A_LINK:
        with subtests.test(rpc[0], reason=reason):
            await assert_same(both, kind, reason, rest, rpc)


# fmt: off
LINKED = [
    (ErrorKind.UNPROCESSABLE, "NUMBER_NOT_ON_WHATSAPP", *send(to=NOBODY)),
    (MISSING, "MESSAGE_NOT_FOUND", *send(reply=UNKNOWN)),
    (INVALID, "INVALID_REPLY", *send(reply="")),
    (ErrorKind.CONFLICT, "ALREADY_LINKED", *on_session("ana/qr", "GET", "GetQr", sessions.GetQrRequest(session_id="ana"))),
    (ErrorKind.CONFLICT, "ALREADY_LINKED", *on_session("ana/qr", "POST", "RefreshQr", sessions.RefreshQrRequest(session_id="ana"))),
]


async def test_the_same_errors_of_a_linked_session(both: Both, subtests: pytest.Subtests) -> None:
    await both.gateway.link()
    for kind, reason, rest, rpc in LINKED:
        with subtests.test(rpc[0], reason=reason):
            await assert_same(both, kind, reason, rest, rpc)


async def test_what_whatsapp_refuses_is_told_alike() -> None:
    later = RateLimitedError("REACHOUT_TIMELOCK", "WhatsApp wants a pause.", retry_after=timedelta(seconds=9))
    rest, (rpc, request) = send()
    # A session each: after the first refusal it sends nothing more to strangers for a while.
    async with serving(Gateway()) as both:
        await both.gateway.link()
        both.gateway.whatsapp.script("ana", Operation.SEND, Refuse(later))  # type: ignore[arg-type]
        answer = await both.gateway.client.call(rest[0], rest[1], json_body=rest[2])
    async with serving(Gateway()) as both:
        await both.gateway.link()
        both.gateway.whatsapp.script("ana", Operation.SEND, Refuse(later))  # type: ignore[arg-type]
        error = await both.over_grpc(rpc, request)
    assert answer.reason == info(error).reason == "REACHOUT_TIMELOCK"
    assert (answer.status, error.code()) == (429, grpc.StatusCode.RESOURCE_EXHAUSTED)
    # Each is told of the message that it sent.
    ids = {answer.json()["metadata"]["message_id"], info(error).metadata["message_id"]}
    assert len(ids) == 2


async def test_a_logout_that_isnt_confirmed_is_told_alike() -> None:
    reasons = []
    for transport in ("rest", "grpc"):
        async with serving(Gateway()) as both:
            await both.gateway.link()
            both.gateway.whatsapp.script("ana", Operation.LOGOUT, LoseOutcome())  # type: ignore[arg-type]
            if transport == "rest":
                answer = await both.gateway.client.post(f"{SESSIONS}/ana/logout")
                reasons.append(answer.reason)
            else:
                request = sessions.LogoutSessionRequest(session_id="ana")
                reasons.append(info(await both.over_grpc("SessionService/LogoutSession", request)).reason)
            await both.gateway.reach(SessionStatus.LOGGED_OUT)
    assert reasons == ["LOGOUT_UNCONFIRMED"] * 2


@pytest.mark.parametrize("transport", ["REST", "gRPC"])
async def test_a_link_whose_login_is_lost_is_forgotten(both: Both, transport: str) -> None:
    gateway, session_id = both.gateway, SessionId("ana")
    await gateway.link()
    await gateway.client.post(f"{SESSIONS}/ana/stop")
    await gateway.container.session_store().delete(session_id, epoch=0)
    gateway.whatsapp.lose_profile(session_id)
    await gateway.client.post(f"{SESSIONS}/ana/start")
    await gateway.reach(SessionStatus.FAILED)
    if transport == "REST":
        assert (await gateway.client.post(f"{SESSIONS}/ana/logout")).status == 200
    else:
        logout = SessionServiceStub(both.channel).LogoutSession
        await logout(sessions.LogoutSessionRequest(session_id="ana"), metadata=(("x-api-key", KEY),))
    ended = (await gateway.client.get(f"{SESSIONS}/ana")).json()
    assert (ended["status"], ended["status_reason"], ended["me"]) == ("LOGGED_OUT", "LOGGED_OUT_BY_API", None)
    await gateway.client.post(f"{SESSIONS}/ana/start")
    await gateway.reach(SessionStatus.SCAN_QR_CODE)


async def test_a_database_that_is_away_is_told_alike(both: Both) -> None:
    await both.gateway.client.get(SESSIONS)
    away = UnavailableError("DATABASE_UNAVAILABLE", "The database doesn't answer.", retry_after=timedelta(seconds=1))
    both.gateway.break_database(away)
    case = ("GET", SESSIONS, None), ("SessionService/ListSessions", sessions.ListSessionsRequest())
    await assert_same(both, ErrorKind.UNAVAILABLE, "DATABASE_UNAVAILABLE", *case)


async def test_a_cursor_from_before_retention_is_told_alike(both: Both) -> None:
    await both.gateway.link()
    later = datetime.now(UTC) + timedelta(days=40)
    await both.gateway.event_head()
    assert await both.gateway.database.prune(now=later, keep=timedelta(days=30), needed_from=None, limit=2) == 2
    case = ("GET", f"{EVENTS}?after=1", None), ("EventService/ListEvents", events.ListEventsRequest(after=1))
    await assert_same(both, ErrorKind.GONE, "CURSOR_EXPIRED", *case)
    answer = await both.gateway.client.get(f"{EVENTS}?after=1", accept="text/event-stream")
    assert (answer.status, answer.json()["metadata"]) == (410, {"oldest_cursor": "2"})
    assert (await both.gateway.client.get(EVENTS)).json()["items"][0]["sequence"] == 3


async def test_an_unforeseen_fault_is_told_alike(both: Both) -> None:
    both.gateway.break_database(ZeroDivisionError("secret"))
    case = ("GET", SESSIONS, None), ("SessionService/ListSessions", sessions.ListSessionsRequest())
    # Caught: printed in full, with every local variable, the two faults take seconds.
    with structlog.testing.capture_logs():
        await assert_same(both, ErrorKind.INTERNAL, "INTERNAL", *case)


@pytest.mark.parametrize(("key", "reason"), [(None, "API_KEY_MISSING"), (KEY + "x", "API_KEY_INVALID")])
async def test_a_wrong_key_is_told_alike(both: Both, key: str | None, reason: str) -> None:
    both.gateway.client.key = key
    case = ("GET", SESSIONS, None), ("SessionService/ListSessions", sessions.ListSessionsRequest())
    await assert_same(both, ErrorKind.UNAUTHENTICATED, reason, *case)
