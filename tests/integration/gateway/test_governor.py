"""The governor through the running gateway: WhatsApp's restrictions, quotas and opt-outs, over both transports."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from entrypoints.grpc.gen.pombo.v1 import (
    message_service_pb2,
    pacing_pb2,
    session_service_pb2,
    suppression_service_pb2,
)
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from entrypoints.grpc.gen.pombo.v1.session_service_pb2_grpc import SessionServiceStub
from entrypoints.grpc.gen.pombo.v1.suppression_service_pb2_grpc import SuppressionServiceStub
from tests.integration.grpc.gateway import info

from .conftest import ANA, BEN, serving
from .processes import Gateway, Sandbox, until

pytestmark = pytest.mark.timeout(300)

CLARA, DINA, EVA = "15550100300", "15550100400", "15550100500"
SESSION = "/api/v1/sessions/ana"
PAUSE_MINUTES = 0.15


class Governed:
    """A gateway whose session's account Ben has written to; nobody else has."""

    def __init__(self, gateway: Gateway, sandbox: Sandbox, channel: grpc.aio.Channel) -> None:
        self.gateway = gateway
        self.sandbox = sandbox
        self.sessions = SessionServiceStub(channel)
        self.messages = MessageServiceStub(channel)
        self.suppressions = SuppressionServiceStub(channel)
        self.key = (("x-api-key", gateway.key),)

    async def queue(self, to: str, body: str) -> dict[str, Any]:
        """A message that isn't waited for."""
        request = {"session_id": "ana", "to": to, "type": "text", "text": {"body": body}}
        headers = {"Prefer": "respond-async"}
        url = f"{self.gateway.url}/api/v1/messages/send"
        async with self.gateway.http.post(url, json=request, headers=headers) as answer:
            assert answer.status == 202, await answer.text()
            message: dict[str, Any] = await answer.json()
            return message

    async def message(self, message: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = await self.gateway.call("GET", f"/api/v1/messages/{message['id']}")
        return found

    async def arrived(self, phone: str, body: str) -> None:
        async def look() -> bool | None:
            return body in await self.sandbox.bodies(phone, ANA) or None

        await until(look)

    async def refused(self, to: str) -> str:
        request = {"session_id": "ana", "to": to, "type": "text", "text": {"body": "hello"}}
        async with self.gateway.http.post(f"{self.gateway.url}/api/v1/messages/send", json=request) as answer:
            assert not answer.ok
            return str((await answer.json())["reason"])

    async def refused_over_grpc(self, to: str) -> str:
        request = message_service_pb2.SendMessageRequest(session_id="ana", to=to)
        request.text.body = "hello"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.messages.SendMessage(request, metadata=self.key)
        return str(info(caught.value).reason)


@asynccontextmanager
async def governed(home: Path) -> AsyncIterator[Governed]:
    async with Sandbox.run(home / "sandbox") as sandbox:
        for phone in (ANA, BEN, CLARA, DINA, EVA):
            await sandbox.account(phone)
        async with serving(home, sandbox, POMBO_PACE_RESTRICTION_MINUTES=str(PAUSE_MINUTES)) as gateway:
            await gateway.link("ana", sandbox, ANA)
            await sandbox.send(BEN, ANA, "hello")
            await gateway.received("hello")
            async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
                yield Governed(gateway, sandbox, channel)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Governed]:
    async with governed(tmp_path) as world:
        yield world


@pytest.mark.parametrize(("kind", "reason"), [("restrict_463", "REACHOUT_TIMELOCK"), ("cap_475", "NEW_CHAT_CAP")])
async def test_a_restriction_pauses_those_who_never_wrote_and_it_goes_on_by_itself(
    world: Governed, kind: str, reason: str
) -> None:
    gateway = world.gateway
    await world.sandbox.call("POST", "/faults", {"kind": kind, "account": ANA})
    assert await world.refused(CLARA) == reason
    paused = (await gateway.call("GET", f"{SESSION}/status"))["restriction"]
    assert (paused["reason"], paused["strikes"]) == (reason, 1)

    waiting = await world.queue(DINA, "still there?")
    assert (await gateway.send("ana", BEN, "for who wrote"))["status"] != "QUEUED"
    held = await world.message(waiting)
    assert (held["status"], held["expected_at"]) == ("QUEUED", paused["resumes_at"])
    quota = await gateway.call("GET", f"{SESSION}/quota")
    assert (quota["restriction"], quota["waiting"]) == (paused, 1)
    assert {"reason": reason, "until": paused["resumes_at"]} in quota["holds"]

    request = session_service_pb2.GetQuotaRequest(session_id="ana")
    same = (await world.sessions.GetQuota(request, metadata=world.key)).quota
    assert pacing_pb2.RestrictionReason.Name(same.restriction.reason) == f"RESTRICTION_REASON_{reason}"
    assert same.restriction.resume_time.ToJsonString() == paused["resumes_at"]
    assert pacing_pb2.HoldReason.Value(f"HOLD_REASON_{reason}") in {hold.reason for hold in same.holds}

    await world.sandbox.call("DELETE", "/faults")
    await world.arrived(DINA, "still there?")
    events = await gateway.events("session.restricted", "session.resumed")
    assert [(event["type"], event["payload"]["reason"]) for event in events] == [
        ("session.restricted", reason),
        ("session.resumed", reason),
    ]

    async def forgotten() -> bool | None:
        return (await gateway.call("GET", f"{SESSION}/quota"))["restriction"] is None or None

    await until(forgotten)


async def test_a_session_s_own_pace_is_kept_over_a_restart_and_told_by_both_transports(world: Governed) -> None:
    gateway = world.gateway
    own = {"new_chats_per_day": 2, "messages_per_minute": 600, "burst": 2, "jitter": 0}
    session = await gateway.call("PATCH", SESSION, {"pacing": own})
    assert {name: session["pacing"][name] for name in own} == own
    for number, phone in enumerate((CLARA, DINA)):
        await world.queue(phone, f"hi {number}")
        await world.arrived(phone, f"hi {number}")
    third = await world.queue(EVA, "hi 2")
    await world.queue(BEN, "for who wrote")
    await world.arrived(BEN, "for who wrote")
    assert (await world.message(third))["status"] == "QUEUED"

    assert await gateway.stop() == 0
    await gateway.start()
    await gateway.status("ana", "WORKING")
    await world.queue(BEN, "after the restart")
    await world.arrived(BEN, "after the restart")
    assert (await world.message(third))["status"] == "QUEUED"
    quota = await gateway.call("GET", f"{SESSION}/quota")
    assert (quota["new_chats_used"], quota["new_chats_remaining"], quota["waiting"]) == (2, 0, 1)
    assert [event["payload"]["new_chats"]["used"] for event in await gateway.events("session.quota")] == [2]

    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        sessions = SessionServiceStub(channel)
        request = session_service_pb2.UpdateSessionRequest()
        request.session.id = "ana"
        request.update_mask.paths.append("pacing")
        updated = (await sessions.UpdateSession(request, metadata=world.key)).session
        assert not updated.HasField("pacing")
    await world.arrived(EVA, "hi 2")
    bad = await gateway.call("PATCH", SESSION, {"pacing": {"burst": 0}}, status=400)
    assert (bad["reason"], bad["errors"][0]["field"]) == ("INVALID_PACING", "pacing.burst")


async def test_who_has_opted_out_is_not_written_to(world: Governed) -> None:
    gateway = world.gateway
    await gateway.call("PATCH", SESSION, {"stop_words": ["STOP"]})
    await world.sandbox.send(BEN, ANA, "stop")

    async def noticed() -> list[dict[str, Any]] | None:
        return await gateway.events("suppression.added") or None

    (event,) = await until(noticed)
    assert event["payload"]["source"] == "message"
    assert await world.refused(BEN) == "RECIPIENT_OPTED_OUT"
    assert await world.refused_over_grpc(BEN) == "RECIPIENT_OPTED_OUT"

    request = suppression_service_pb2.AddSuppressionRequest(session_id="ana", address=f"+{CLARA}", note="by phone")
    added = (await world.suppressions.AddSuppression(request, metadata=world.key)).suppression
    assert (added.address, added.note) == (f"{CLARA}@c.us", "by phone")
    assert await world.refused(CLARA) == "RECIPIENT_OPTED_OUT"
    listed = (await gateway.call("GET", f"{SESSION}/suppressions"))["items"]
    assert {each["phone"] for each in listed} == {f"{BEN}@c.us", f"{CLARA}@c.us"}
    # By her other address she is the same person.
    lid = next(each["lid"] for each in listed if each["phone"] == f"{BEN}@c.us")
    assert lid is not None
    assert await world.refused(lid) == "RECIPIENT_OPTED_OUT"

    await gateway.call("DELETE", f"{SESSION}/suppressions/{lid}", status=204)
    await gateway.send("ana", BEN, "welcome back")
    await world.arrived(BEN, "welcome back")
    gone = await gateway.call("DELETE", f"{SESSION}/suppressions/{BEN}", status=404)
    assert gone["reason"] == "SUPPRESSION_NOT_FOUND"
    page = await world.suppressions.ListSuppressions(
        suppression_service_pb2.ListSuppressionsRequest(session_id="ana"), metadata=world.key
    )
    assert [each.address for each in page.suppressions] == [f"{CLARA}@c.us"]
