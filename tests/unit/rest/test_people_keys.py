"""History and the end of a subscription over REST: with a key they are done once, and answered alike."""

from typing import Any

import pytest

from adapters.memory.faults import Operation, Refuse
from domain.errors import UnavailableError
from domain.ids import SessionId

from .gateway import ANA, BEN, Answer, Client, Gateway

API = "/api/v1/sessions/ana"
SLUG = SessionId("ana")


@pytest.fixture
async def linked(gateway: Gateway) -> Gateway:
    await gateway.link()
    return gateway


async def test_history_is_fetched_once_per_key(linked: Gateway, client: Client) -> None:
    linked.whatsapp.mute(SLUG)
    for number in range(2):
        linked.whatsapp.phone_sends(BEN, ANA, f"m{number}")

    async def fetch(key: str | None = "k3", **body: Any) -> Answer:
        headers = {} if key is None else {"Idempotency_Key": key}
        return await client.post(f"{API}/chats/{BEN}/history", {"limit": 2, **body}, **headers)

    # What was refused leaves its key free.
    unknown = {"before": "msg_01JDXW2Q4F8T0V5R7M3K9N6B1C"}
    assert [(await fetch("k4", **asked)).reason for asked in (unknown, unknown)] == ["MESSAGE_NOT_FOUND"] * 2
    linked.whatsapp.script(SLUG, Operation.PEOPLE, Refuse(UnavailableError("PAGE_UNAVAILABLE", "The page is gone.")))
    assert (await fetch()).status == 503
    first = (await fetch()).json()
    assert ([item["text"]["body"] for item in first["items"]], first["added"], first["more"]) == (
        ["m0", "m1"],
        2,
        False,
    )
    linked.whatsapp.phone_sends(BEN, ANA, "m2")
    assert (await fetch()).json() == first
    assert [item["text"]["body"] for item in (await fetch(None)).json()["items"]] == ["m1", "m2"]
    for other in ({"limit": 3}, {"before": first["items"][1]["id"]}):
        assert ((refused := await fetch(**other)).status, refused.reason) == (422, "IDEMPOTENCY_KEY_REUSED")
    # Its messages are told as they stand, whether or not the page can be asked.
    reaction = f"/api/v1/messages/{first['items'][1]['id']}/reaction"
    assert (await client.call("PUT", reaction, json_body={"emoji": "👍"})).status == 200
    assert [each["emoji"] for each in (await fetch(None)).json()["items"][0]["reactions"]] == ["👍"]
    await client.post(f"{API}/stop")
    assert (await fetch(None)).reason == "SESSION_NOT_RUNNING"
    again = (await fetch()).json()
    assert [each["emoji"] for each in again["items"][1].pop("reactions")] == ["👍"]
    assert first["items"][1].pop("reactions") == []
    assert again == first


async def test_a_subscription_is_ended_once_per_key(linked: Gateway, client: Client) -> None:
    async def end(person: str = BEN, session: str = "ana") -> Answer:
        path = f"/api/v1/sessions/{session}/presence/{person}"
        return await client.call("DELETE", path, headers={"Idempotency-Key": "k5"})

    async def watched() -> int:
        async with linked.database.begin() as uow:
            return len(await uow.people.watched(SLUG))

    # What was refused leaves its key free.
    assert (await end(session="none")).reason == "SESSION_NOT_FOUND"
    counts = []
    for _ in range(2):
        assert (await client.call("PUT", f"{API}/presence/{BEN}")).status == 200
        counts.append(await watched())
        assert (await end()).status == 204
        counts.append(await watched())
    assert counts == [1, 0, 1, 1]
    assert ((refused := await end(ANA)).status, refused.reason) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await client.call("DELETE", f"{API}/presence/{BEN}")).status == 204
    assert await watched() == 0
