"""`pombo send` and `pombo events` against a gateway."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing

import pytest

from domain.errors import PomboError
from entrypoints.cli.client import GatewayClient
from entrypoints.cli.events import Selection, follow
from tests.integration.cli.conftest import ANA, BEN, Gateway, Ran

Pombo = Callable[..., Awaitable[Ran]]


async def test_a_message_is_sent_and_shows_in_the_events(gateway: Gateway, pombo: Pombo) -> None:
    await gateway.link()
    ran = await pombo("send", "demo", f"+{BEN}", "hello [there]")
    assert (ran.code, ran.err) == (0, "")
    message_id, status = ran.out.split()
    assert message_id.startswith("msg_")
    assert status in {"SENT", "DELIVERED"}
    assert len(gateway.whatsapp.account(BEN).phone_messages) == 1
    ran = await pombo("events", "--types", "message.queued", "--session", "demo")
    assert "hello [there]" in ran.out
    ran = await pombo("events", "--json")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    ran = await pombo("events", "--json", "--after", str(len(events) - 1))
    assert len(ran.out.splitlines()) == 1


async def test_a_sent_message_as_json(gateway: Gateway, pombo: Pombo) -> None:
    await gateway.link()
    ran = await pombo("send", "demo", BEN, "hi", "--json")
    assert json.loads(ran.out)["to"] == f"{BEN}@c.us"


async def test_sending_again_with_the_same_key_sends_nothing_twice(gateway: Gateway, pombo: Pombo) -> None:
    await gateway.link()
    first, second = [await pombo("send", "demo", BEN, "hi", "--key", "order 7", "--json") for _ in range(2)]
    assert json.loads(first.out)["id"] == json.loads(second.out)["id"]
    assert len(gateway.whatsapp.account(BEN).phone_messages) == 1
    ran = await pombo("send", "demo", BEN, "hi", "--key", "order 8", "--url", "http://127.0.0.1:9")
    assert "--key order 8" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("send", "demo", "15550000009", "hi"), 1, "NUMBER_NOT_ON_WHATSAPP"),
        (("send", "demo", "0123", "hi"), 2, "INVALID_PHONE"),
        (("send", "demo", BEN, "  "), 2, "EMPTY_TEXT"),
        (("send", "other", BEN, "hi"), 1, "SESSION_NOT_FOUND"),
        (("events", "--types", "nothing"), 2, "UNKNOWN_EVENT_TYPE"),
        (("events", "--after", "999999"), 2, "INVALID_CURSOR"),
        (("events", "--after", "x"), 2, "reason"),
        (("link", "other"), 1, "--create"),
        (("link", "A/B", "--create"), 2, "INVALID_SESSION_ID"),
        (("link", "..", "--create"), 2, "INVALID_SESSION_ID"),
        (("send", "demo", BEN, "half a \udcff"), 2, "INVALID_TEXT"),
        (("send", "half a \udcff", BEN, "hi"), 2, "This isn't JSON"),
        (("events", "--api-key", "a-wrong-key-of-some-length"), 1, "API_KEY_INVALID"),
        (("events", "--url", "http://127.0.0.1:9"), 3, "pombo serve"),
        (("events", "--url", "nonsense"), 2, "INVALID_URL"),
        (("send", "demo"), 2, "Missing argument"),
        (("nonsense",), 2, "No such command"),
    ],
)
async def test_failures_are_told_with_a_code(
    gateway: Gateway, pombo: Pombo, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    await gateway.link()
    ran = await pombo(*arguments)
    assert ran.code == code, ran
    assert reason in ran.err
    assert ran.out == ""
    assert "Traceback" not in ran.err


async def test_a_missing_key_says_where_to_give_it(pombo: Pombo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("API_KEY")
    ran = await pombo("events")
    assert ran.code == 1
    assert "API_KEY_MISSING" in ran.err
    assert "--api-key" in ran.err


async def test_bad_settings_end_with_usage(pombo: Pombo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "short")
    monkeypatch.delenv("POMBO_URL")
    ran = await pombo("events")
    assert ran.code == 2
    assert "error: API_KEY: must have at least 16 characters" in ran.err


async def test_following_begins_now_and_goes_on(gateway: Gateway, client: GatewayClient) -> None:
    await gateway.link()
    lost: list[PomboError] = []
    async with (
        asyncio.timeout(10),
        aclosing(follow(client, Selection(types="message.received"), after=None, on_lost=lost.append)) as stream,
    ):
        first = asyncio.ensure_future(anext(stream))
        # The stream has begun when the gateway has answered; what is sent until then could be missed.
        while not first.done():
            gateway.whatsapp.phone_sends(BEN, ANA, "hi")
            await asyncio.wait({first}, timeout=0.1)
        assert first.result()["payload"]["message"]["text"]["body"] == "hi"
    assert lost == []
