"""Nothing that the gateway tells operators holds a key, a secret, a content, a QR or a whole phone number.

Everything is done once that has to do with such things, over both transports, with all that can be logged being logged;
then all that was told is searched for all of them.
"""

import io
import json
import logging
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import grpc
import grpc.aio
import pytest
import structlog

from adapters.memory.driver import Operation, Refuse
from adapters.memory.tracer import MemoryTracer
from adapters.prometheus.metrics import PrometheusMetrics
from application.observability.catalogue import MEASURES
from application.observability.instruments import Instruments
from domain.errors import UnavailableError, UnprocessableError
from domain.ids import SessionId
from entrypoints.grpc.config import GrpcConfig
from entrypoints.grpc.gen.pombo.v1 import message_pb2
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as messages
from entrypoints.grpc.gen.pombo.v1 import session_service_pb2 as sessions
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from entrypoints.grpc.server import GrpcServer
from entrypoints.logging import configure_logging
from entrypoints.rest.config import RestConfig
from tests.media_files import picture
from tests.unit.application.world import until
from tests.unit.rest.gateway import KEY, Answer, Client, Gateway, running

PICTURE = picture()
# None of the numbers that the documents and the errors have for examples.
ANA, BEN = "15550170701", "15550170702"
NOBODY, NUMBERED = "15550109999", "15550100400"
SENT, CAME, CAPTION, OVER_GRPC = "sent-Quokka-7", "came-Wombat-7", "caption-Numbat-7", "grpc-Bilby-7"
FILE = "file-Dingo-7.jpg"
WRONG_KEY, HOOK_CREDENTIAL, HOOK_PATH = "wrong-key-Emu-7-is-long", "bearer-Kiwi-7", "path-Moa-7"
HOOK = f"https://hook.test/{HOOK_PATH}"
API = "/api/v1"


@dataclass
class Told:
    """All that operators and callers who do something wrong are told."""

    log: io.StringIO
    metrics: PrometheusMetrics
    tracer: MemoryTracer
    errors: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)

    def all(self) -> dict[str, str]:
        return {
            "the log": self.log.getvalue(),
            "the measurements": self.metrics.text(),
            "the traces": repr(self.tracer.spans),
            "the errors": "\n".join(self.errors),
        }


@pytest.fixture
def told() -> Iterator[Told]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    buffer = io.StringIO()
    configure_logging(level="debug", format="json", stream=buffer)
    yield Told(buffer, PrometheusMetrics(MEASURES), MemoryTracer())
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@dataclass
class Actor:
    """Does things over REST and gRPC, and notes the errors."""

    gateway: Gateway
    channel: grpc.aio.Channel
    told: Told

    async def rest(self, method: str, target: str, body: Any = None, client: Client | None = None) -> Answer:
        return self.note(await (client or self.gateway.client).call(method, f"{API}{target}", json_body=body))

    def note(self, answer: Answer) -> Answer:
        if answer.status >= 400:
            self.told.errors.append(f"{answer.headers} {answer.body.decode()}")
        return answer

    async def failing(self, call: Any, request: Any, key: str = KEY) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(request, metadata=(("x-api-key", key),))
        error = caught.value
        self.told.errors.append(f"{error.details()} {error.trailing_metadata()} {error.debug_error_string()}")

    async def text(self, to: str, body: str, session: str = "ana") -> Answer:
        request = {"session_id": session, "to": to, "type": "text", "text": {"body": body}}
        return await self.rest("POST", "/messages/send", request)

    async def until_event(self, wanted: str) -> None:
        async def happened() -> bool | None:
            events = await self.gateway.client.get(f"{API}/events?types={wanted}")
            return bool(events.json()["items"]) or None

        await until(happened)


@asynccontextmanager
async def serving(told: Told) -> AsyncIterator[Actor]:
    instruments = Instruments(metrics=told.metrics, tracer=told.tracer)
    async with running(Gateway(RestConfig(instruments=instruments))) as gateway:
        for phone in (ANA, BEN):
            gateway.whatsapp.add_account(phone)
        server = GrpcServer(gateway.use_cases, GrpcConfig(port=0, instruments=instruments))
        await server.start()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                yield Actor(gateway, channel, told)
        finally:
            await server.stop(timedelta(0))


async def link(actor: Actor) -> None:
    """One session by QR, one by a pairing code; the QRs are shown in every form."""
    whatsapp, secrets = actor.gateway.whatsapp, actor.told.secrets
    secrets["the QR"] = qr = await actor.gateway.show_qr("ana")
    await actor.rest("GET", "/sessions/ana/qr")
    whatsapp.scan(ANA, qr)
    await actor.rest("POST", "/sessions", {"id": NUMBERED})
    secrets["another QR"] = (await actor.gateway.use_cases.get_qr.execute(NUMBERED, wait=timedelta(seconds=5))).text
    code = await actor.rest("POST", f"/sessions/{NUMBERED}/pairing-code", {"phone": f"+{BEN}"})
    secrets["the pairing code"] = code.json()["code"]
    await actor.rest("POST", "/sessions/ana/pairing-code", {"phone": f"+{NOBODY}"})
    whatsapp.enter_code(BEN, code.json()["code"])


async def write(actor: Actor) -> None:
    """What leaves, what comes, what can't leave, and what was never well asked for."""
    whatsapp = actor.gateway.whatsapp
    assert (await actor.text(f"+{BEN}", SENT)).status == 201
    whatsapp.phone_sends(BEN, ANA, CAME)
    await actor.until_event("message.received")
    for to in (NOBODY, f"{BEN}@broadcast", f"{BEN}@nowhere"):
        assert (await actor.text(to, SENT)).status >= 400
    # Its caller is told the session's id again, which is the caller's own; nobody else is.
    assert (await actor.gateway.client.get(f"{API}/sessions/none-{NOBODY}")).status == 404
    assert (
        await actor.rest("POST", "/messages/send", {"text": SENT, "to": BEN, "session_id": {"a": SENT}})
    ).status == 400
    assert (await actor.rest("POST", f"/messages/{SENT}/forward", {"to": BEN})).status >= 400
    for error in (UnprocessableError("SEND_REFUSED", "No."), UnavailableError("PAGE_UNAVAILABLE", "Gone.")):
        whatsapp.script(SessionId("ana"), Operation.SEND, Refuse(error))
        await actor.rest(
            "POST", "/messages/send?wait=0", {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": SENT}}
        )
    file = {"base64": b64encode(PICTURE).decode(), "caption": CAPTION, "filename": FILE}
    request = {"session_id": "ana", "to": BEN, "type": "document", "document": file}
    assert (await actor.rest("POST", "/messages/send", request)).status == 201
    actor.told.secrets["a file's content"] = b64encode(PICTURE).decode()[:60]
    await actor.rest("GET", f"/messages?chat={BEN}@c.us&session_id={NUMBERED}&page_size=9999")


async def call(actor: Actor) -> None:
    """The same over gRPC."""
    stub, of_sessions = MessageServiceStub(actor.channel), SessionServiceStub(actor.channel)
    request = messages.SendMessageRequest(session_id="ana", to=BEN, text=message_pb2.Text(body=OVER_GRPC))
    await stub.SendMessage(request, metadata=(("x-api-key", KEY),))
    await actor.failing(stub.SendMessage, request, key=WRONG_KEY)
    for to in (NOBODY, f"{BEN}@nowhere"):
        request.to = to
        await actor.failing(stub.SendMessage, request)
    await actor.failing(of_sessions.GetSession, sessions.GetSessionRequest(session_id=SENT + "!"))


async def hook(actor: Actor) -> None:
    """An endpoint with credentials, which fails, and whose secret is rotated."""
    made = await actor.rest("POST", "/webhooks", {"url": HOOK, "headers": {"Authorization": HOOK_CREDENTIAL}})
    actor.told.secrets["the webhook's secret"] = made.json()["secret"]
    actor.gateway.receivers.scripts[HOOK].extend([500, 204])
    await actor.text(BEN, SENT)
    rotated = await actor.rest("POST", f"/webhooks/{made.json()['id']}/rotate-secret", {})
    actor.told.secrets["the next secret"] = rotated.json()["secret"]
    await actor.rest("POST", "/webhooks", {"url": f"ftp://{HOOK_CREDENTIAL}@hook.test/"})

    async def received() -> bool | None:
        return bool(actor.gateway.receivers.received) or None

    await until(received)


async def trespass(actor: Actor) -> None:
    """Without a key, with a wrong one, and with one where none is looked for."""
    app = actor.gateway.app
    for client in (Client(app, key=None), Client(app, key=WRONG_KEY)):
        assert (await actor.rest("GET", "/sessions", client=client)).status == 401
    assert actor.note(await actor.gateway.client.get(f"/nowhere/{NOBODY}?api_key={WRONG_KEY}")).status == 404
    basic = b64encode(f"x:{WRONG_KEY}".encode()).decode()
    assert actor.note(await Client(app, key=None).get("/docs", authorization=f"Basic {basic}")).status == 401


async def break_down(actor: Actor) -> None:
    """A fault of ours, whose text quotes what it was at."""
    actor.gateway.break_database(
        RuntimeError(f"no chat {BEN}@c.us, +{NOBODY}\nDETAIL:  Failing row contains ({SENT}).")
    )
    assert (await actor.rest("GET", "/sessions")).status == 500
    actor.gateway.database.fault = None


async def test_nothing_that_is_told_holds_a_secret(told: Told) -> None:
    async with serving(told) as actor:
        for act in (link, hook, write, call, trespass, break_down):
            await act(actor)
        assert (await actor.gateway.client.get("/metrics")).status == 200
    told.secrets |= {
        "the key": KEY,
        "a wrong key": WRONG_KEY,
        "a text": SENT,
        "a text that came": CAME,
        "a caption": CAPTION,
        "a text over gRPC": OVER_GRPC,
        "a file's name": FILE,
        "an endpoint's credential": HOOK_CREDENTIAL,
        "an endpoint's path": HOOK_PATH,
        **{f"the number {phone}": phone for phone in (ANA, BEN, NOBODY, NUMBERED)},
    }
    texts = told.all()
    found = [
        f"{where} has {what}: …{text[max(text.find(secret) - 200, 0) : text.find(secret) + 60]}…"
        for where, text in texts.items()
        for what, secret in told.secrets.items()
        if secret in text
    ]
    assert found == []
    # What was searched was there.
    assert len(told.errors) > 15
    events = [json.loads(line)["event"] for line in texts["the log"].splitlines()]
    assert {"rest.request", "grpc.call", "rest.request_failed"} <= set(events)
    assert re.search(r"pombo_send_seconds_count\{.*\} [1-9]", texts["the measurements"])
    assert {span.name for span in told.tracer.spans} >= {"outbox.dispatch", "page.send", "messages.accept"}


async def test_lines_tell_the_session_and_the_request(told: Told) -> None:
    async with serving(told) as actor:
        await actor.gateway.link(phone=ANA)
        told.log.truncate(0)
        told.log.seek(0)
        await actor.rest("GET", "/sessions/ana")
        await actor.text(BEN, SENT)
        request = messages.SendMessageRequest(session_id="ana", to=BEN, text=message_pb2.Text(body=OVER_GRPC))
        await MessageServiceStub(actor.channel).SendMessage(
            request, metadata=(("x-api-key", KEY), ("x-request-id", "mine-1"))
        )
        lines = [json.loads(line) for line in told.log.getvalue().splitlines()]
    done = [line for line in lines if line["event"] in {"rest.request", "grpc.call"}]
    assert [line["session_id"] for line in done] == ["ana"] * 3
    assert all(line["request_id"] for line in done)
    assert done[-1]["request_id"] == "mine-1"
