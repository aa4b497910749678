"""kill -9 of the gateway at the points of a send and of a receive: one copy on the phone, one event in the log.

The gateway is the ordinary one with a trap in it (``armed_gateway``). All tests of this module share a sandbox, a link
and a data directory, as one gateway's life after another: what a death left behind may not show in a later life.
"""

import asyncio
import signal
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.integration.cli.programs import all_gone

from .armed_gateway import NOT_FOUND, Point, Trap
from .conftest import ANA, BEN
from .processes import Gateway, Sandbox, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ARMED = "tests.integration.gateway.armed"


class Lives:
    """A gateway's lives on one data directory, and what they have to do with a person's phone."""

    def __init__(self, gateway: Gateway, sandbox: Sandbox, data: Path, order: Path) -> None:
        self.gateway = gateway
        self.sandbox = sandbox
        self._data = data
        self._order = order

    async def begin(self, *, armed: bool = True) -> None:
        """A new life, from its start until it works; without a QR, for nobody is there to scan it."""
        began = datetime.now(UTC)
        await self.gateway.start(*([ARMED] if armed else []))
        session = await self.gateway.call("GET", "/api/v1/sessions/ana")
        assert datetime.fromisoformat(session["status_at"]) > began, "it claims what the dead one saw"
        await self.gateway.status("ana", "WORKING")

    def order(self, point: Point, body: str) -> None:
        """Has the gateway die when it comes to a point with a message."""
        Trap.sprung(self._order).unlink(missing_ok=True)
        Trap.set(self._order, point, body)

    async def dead(self) -> None:
        """Waits for the ordered death, and that nothing which the gateway had started survives it."""
        async with asyncio.timeout(30):
            assert await self.gateway.process.wait() == -signal.SIGKILL
        assert Trap.sprung(self._order).exists()
        assert await all_gone(self._data) == []

    async def die_at_once(self, point: Point, body: str) -> None:
        """A life that ends at a point of its beginning."""
        self.order(point, body)
        await self.gateway.launch(ARMED)
        await self.dead()

    async def post(self, body: str, prefer: str = "wait=60") -> dict[str, Any] | None:
        """A client's send; None when the gateway didn't live to answer. Said again, it is the same request."""
        headers = {"Prefer": prefer, "Idempotency-Key": str(uuid.uuid5(uuid.NAMESPACE_OID, body))}
        request = {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": body}}
        try:
            async with self.gateway.http.post(
                f"{self.gateway.url}/api/v1/messages/send", json=request, headers=headers
            ) as answer:
                message: dict[str, Any] = await answer.json()
                assert answer.status in {201, 202}, message
                return message
        except aiohttp.ClientError:
            return None

    async def found(self, subject: str) -> str | None:
        """A client's founding of a group: its address; None when the gateway didn't live to answer."""
        headers = {"Idempotency-Key": str(uuid.uuid5(uuid.NAMESPACE_OID, subject))}
        request = {"subject": subject, "participants": [BEN]}
        try:
            async with self.gateway.http.post(
                f"{self.gateway.url}/api/v1/sessions/ana/groups", json=request, headers=headers
            ) as answer:
                created = await answer.json()
                assert answer.status == 201, created
                return str(created["group"]["id"])
        except aiohttp.ClientError:
            return None

    @asynccontextmanager
    async def silent(self, phone: str) -> AsyncIterator[None]:
        """A phone that is off: no receipt of it says what became of a message."""
        await self.sandbox.call("PATCH", f"/accounts/{phone}", {"online": False})
        yield
        await self.sandbox.call("PATCH", f"/accounts/{phone}", {"online": True})

    async def lose_ack(self, body: str) -> asyncio.Task[dict[str, Any] | None]:
        """A client's send that WhatsApp's server has, while the gateway waits to hear of it."""
        await self.sandbox.call("POST", "/faults", {"kind": "lose_acks", "account": ANA, "count": 1})
        sending = asyncio.create_task(self.post(body))

        async def arrived() -> bool | None:
            return any(message["body"] == body for message in await self.held(ANA, BEN)) or None

        await until(arrived)
        return sending

    async def held(self, phone: str, chat: str) -> list[dict[str, Any]]:
        """A chat as a phone holds it; the sender's phone knows what WhatsApp's server has."""
        held: list[dict[str, Any]] = (await self.sandbox.call("GET", f"/accounts/{phone}/messages?chat={chat}"))[
            "messages"
        ]
        return held

    async def sent(self, body: str) -> None:
        """Waits until the gateway has found out for itself, while no receipt tells it, that a message has left."""

        async def known() -> bool | None:
            return [message["status"] for message in await self.messages(body)] == ["SENT"] or None

        await until(known)

    async def retry(self, body: str) -> None:
        """The client's second try is answered with the message that the first one made, however far that came."""
        made = await self.messages(body)
        again = await self.post(body, "respond-async")
        assert again is not None
        assert [again["id"]] == [message["id"] for message in made or await self.messages(body)]

    async def messages(self, body: str) -> list[dict[str, Any]]:
        """What REST shows of a text."""
        page = await self.gateway.call("GET", "/api/v1/messages?session_id=ana&page_size=200")
        return [message for message in page["items"] if message["type"] == "text" and message["text"]["body"] == body]

    async def events(self, body: str) -> Counter[str]:
        """How many events of each type the log holds of a text; acks count by their status."""
        events = await self.gateway.events()
        ids = {message["id"] for message in await self.messages(body)}
        counted: Counter[str] = Counter()
        for event in events:
            payload = event["payload"]
            if event["type"] == "message.ack":
                if payload["message_id"] in ids:
                    counted[payload["status"]] += 1
            elif event["type"].startswith("message.") and payload["message"]["text"]["body"] == body:
                assert payload["message"]["id"] in ids
                counted[event["type"]] += 1
        return counted

    async def assert_sent_once(self, *bodies: str) -> None:
        """All of them on the recipient's phone once and in order, in the log once, and truly told of."""
        for body in bodies:
            await self.retry(body)

            async def read(body: str = body) -> bool | None:
                return {message["status"] for message in await self.messages(body)} == {"READ"} or None

            await until(read)
            (message,) = await self.messages(body)
            assert (message["direction"], message["from_api"], message["error"]) == ("outbound", True, None)
            times = [message[name] for name in ("created_at", "sent_at", "delivered_at", "read_at")]
            # What was read before anybody heard of its delivery has no time of it, and no event.
            delivered = times[2] is not None
            known = [datetime.fromisoformat(time) for time in times if time is not None]
            assert len(known) == (4 if delivered else 3)
            assert known == sorted(known)
            acks = {"DELIVERED": 1, "READ": 1} if delivered else {"READ": 1}
            assert await self.events(body) == {"message.queued": 1, "message.sent": 1, **acks}
        held = await self.sandbox.bodies(BEN, ANA)
        assert [body for body in held if body in bodies] == list(bodies)

    async def assert_received_once(self, body: str) -> None:
        """In the log once, and truly told of."""

        async def there() -> bool | None:
            return bool((await self.events(body))["message.received"]) or None

        await until(there)
        (message,) = await self.messages(body)
        assert (message["direction"], message["from"], message["error"]) == ("inbound", f"{BEN}@c.us", None)
        assert await self.events(body) == {"message.received": 1}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with Sandbox.run(tmp_path_factory.mktemp("sandbox")) as sandbox:
        await sandbox.account(ANA)
        await sandbox.account(BEN, read_after_ms=50)
        yield sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _linked(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lives]:
    home = tmp_path_factory.mktemp("gateway")
    order = home / "order"
    gateway = Gateway(
        home / "data", sandbox, {"TEST_TRAP": str(order), "WHATSAPP_WEB_URL": f"{sandbox.page}?syncDelayMs=300"}
    )
    try:
        await gateway.start(ARMED)
        await gateway.link("ana", sandbox, ANA)
        yield Lives(gateway, sandbox, home / "data", order)
    finally:
        await asyncio.shield(gateway.close())
    assert await all_gone(home / "data") == []


@pytest_asyncio.fixture(loop_scope="module")
async def lives(_linked: Lives) -> Lives:
    """A gateway that works, with a trap and no order; the last test's, or a new life of it."""
    if _linked.gateway.process.returncode is not None:
        await _linked.begin()
    return _linked


@pytest.mark.parametrize(
    "point",
    [
        Point.ACCEPT_WRITTEN,
        Point.ACCEPT_COMMITTED,
        Point.SEND_CALLED,
        Point.SEND_UNDER_WAY,
        Point.SEND_ANSWERED,
        Point.SENT_WRITTEN,
        Point.SENT_COMMITTED,
    ],
)
async def test_a_send(lives: Lives, point: Point) -> None:
    body = f"sent: {point}"
    async with lives.silent(BEN):
        lives.order(point, body)
        assert await lives.post(body) is None
        await lives.dead()
        await lives.begin()
        if point is Point.ACCEPT_WRITTEN:  # nothing was accepted, and the client doesn't know: it says it again
            assert await lives.messages(body) == []
            assert await lives.events(body) == {}
            assert body not in [message["body"] for message in await lives.held(ANA, BEN)]
            await lives.retry(body)
        await lives.sent(body)
    await lives.assert_sent_once(body)


async def test_a_send_that_whatsapp_has_and_has_not_confirmed(lives: Lives) -> None:
    body = "sent: with its ack lost"
    async with lives.silent(BEN):
        sending = await lives.lose_ack(body)
        assert [message["status"] for message in await lives.messages(body)] == ["SENDING"]
        await lives.gateway.kill()
        assert await sending is None
        await lives.begin()
        await lives.sent(body)
    await lives.assert_sent_once(body)


@pytest.mark.parametrize("point", [Point.CLAIM_WRITTEN, Point.CLAIM_COMMITTED, Point.SEND_CALLED])
async def test_a_send_that_waited_for_its_turn(lives: Lives, point: Point) -> None:
    first, second = f"first: {point}", f"second: {point}"
    async with lives.silent(BEN):
        sending = await lives.lose_ack(first)
        queued = await lives.post(second, "respond-async")
        assert queued is not None
        assert queued["status"] == "QUEUED"
    lives.order(point, second)
    # The page connects anew and sends the first again, which is confirmed now: it is the second one's turn.
    await lives.sandbox.call("POST", "/faults", {"kind": "drop_socket", "account": ANA})
    await lives.dead()
    await sending
    await lives.begin()
    await lives.assert_sent_once(first, second)


@pytest.mark.parametrize(
    "point", [Point.NEWS_TOLD, Point.RECEIVED_WRITTEN, Point.RECEIVED_COMMITTED, Point.RECEIVED_SETTLED]
)
async def test_a_receive(lives: Lives, point: Point) -> None:
    body = f"received: {point}"
    lives.order(point, body)
    await lives.sandbox.send(BEN, ANA, body)
    await lives.dead()
    await lives.begin()
    await lives.assert_received_once(body)


@pytest.mark.parametrize("point", [Point.FOUNDING_CALLED, Point.FOUNDING_ANSWERED])
async def test_a_founding_of_a_group(lives: Lives, point: Point) -> None:
    subject = f"founded: {point}"
    lives.order(point, subject)
    assert await lives.found(subject) is None
    await lives.dead()
    await lives.begin()
    group = await lives.found(subject)
    assert group is not None
    assert await lives.found(subject) == group
    shown = await lives.sandbox.call("GET", f"/accounts/{BEN}/groups")
    assert [each["id"] for each in shown["groups"] if each["subject"] == subject] == [group]


@pytest.mark.parametrize("found", [False, True])
async def test_a_send_whose_recovery_is_killed_too(lives: Lives, *, found: bool) -> None:
    """In the second life before the message is sent again, or before it is recorded that this isn't needed."""
    body = f"sent: recovered twice, {found=}"
    async with lives.silent(BEN):
        lives.order(Point.SENT_WRITTEN if found else Point.SEND_CALLED, body)
        assert await lives.post(body) is None
        await lives.dead()
        await lives.die_at_once(Point.LOOKED_UP, body if found else NOT_FOUND)
        await lives.begin()
        await lives.sent(body)
    await lives.assert_sent_once(body)


async def test_a_receive_while_it_was_away(lives: Lives) -> None:
    """Killed again at the back-fill of the next life; then by the gateway as it is delivered."""
    body = "received: while it was away"
    await lives.gateway.kill()
    await lives.sandbox.send(BEN, ANA, body)
    await lives.die_at_once(Point.BACKFILL_READ, body)
    await lives.begin(armed=False)
    await lives.assert_received_once(body)
    await lives.assert_sent_once(*await lives.sandbox.bodies(BEN, ANA))
    for received in await lives.sandbox.bodies(ANA, BEN):
        await lives.assert_received_once(received)
    kinds = [event["type"] for event in await lives.gateway.events()]
    assert kinds.count("session.qr") == 1
    assert "message.failed" not in kinds
