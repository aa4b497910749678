"""Reactions to messages that a page lacks are found, and a page is asked for no others."""

from collections.abc import Collection
from typing import Any

import pytest

from adapters.memory.driver import Operation, Refuse
from adapters.memory.page import MemoryWhatsAppPage
from application.ports.page_events import SeenMessage
from domain.changes import AnyChange
from domain.errors import UnavailableError
from domain.ids import WhatsAppMessageId
from domain.message import Message
from domain.operations import Reaction
from domain.session import SessionStatus

from .world import ANA, BEN, SESSION, World, until


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[WhatsAppMessageId]:
    """The messages for whose changes pages were asked, in order."""
    asked: list[WhatsAppMessageId] = []
    changes = MemoryWhatsAppPage.changes

    async def note(page: MemoryWhatsAppPage, targets: Collection[WhatsAppMessageId]) -> tuple[AnyChange, ...]:
        asked.extend(targets)
        return await changes(page, targets)

    monkeypatch.setattr(MemoryWhatsAppPage, "changes", note)
    return asked


def lose(world: World, message: Message) -> None:
    """The page is that of an older snapshot from here on."""
    del world.whatsapp.profile(SESSION).messages[message.whatsapp_id]


def react(world: World, message: Message, emoji: str = "👍") -> None:
    at_ben = WhatsAppMessageId(f"false_{ANA}@c.us_{message.whatsapp_id.split('_')[2]}")
    world.whatsapp.phone_does(BEN, Reaction(target=at_ben, emoji=emoji))


async def shows(world: World, message: Message, emoji: str) -> None:
    await world.message(message.id, lambda now: [each.emoji for each in now.state.present_reactions] == [emoji])


async def told(world: World) -> int:
    return sum(event.type == "message.reaction" for event in await world.events())


async def test_a_reaction_to_a_message_that_the_page_lacks_is_found_and_told_once(
    world: World, asked: list[WhatsAppMessageId]
) -> None:
    await world.linked()
    mine, other = await world.text("hi"), await world.text("and bye")
    await world.stop.execute(SESSION)
    lose(world, mine)
    react(world, mine)
    world.whatsapp.mute(SESSION)  # the page takes it, and its gateway is killed before it has stored that
    await world.start.execute(SESSION)
    await shows(world, mine, "👍")
    assert other.whatsapp_id not in asked
    await world.restart.execute(SESSION)
    await world.status(SessionStatus.WORKING)
    await world.text("after another look")
    assert await told(world) == 1


async def test_a_page_that_has_everything_is_asked_for_nothing(
    world: World, asked: list[WhatsAppMessageId], monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.linked()
    await world.text("hi")
    await world.stop.execute(SESSION)
    world.whatsapp.phone_sends(BEN, ANA, "while you were out")
    world.whatsapp.mute(SESSION)  # so that it is found by looking back
    looks = 0
    recent = MemoryWhatsAppPage.recent

    async def note(page: MemoryWhatsAppPage, **arguments: Any) -> tuple[SeenMessage, ...]:
        nonlocal looks
        looks += 1
        return await recent(page, **arguments)

    async def enough() -> bool | None:
        return looks > 12 or None  # the page is looked through for lacked messages after every fifth

    monkeypatch.setattr(MemoryWhatsAppPage, "recent", note)
    await world.start.execute(SESSION)
    await until(enough)
    assert [event.type for event in await world.events()].count("message.received") == 1
    assert asked == []


async def test_it_is_asked_again_after_each_connect_and_after_a_failure(
    world: World, asked: list[WhatsAppMessageId]
) -> None:
    await world.linked()
    mine = await world.text("hi")
    await world.stop.execute(SESSION)
    lose(world, mine)
    react(world, mine)
    world.whatsapp.mute(SESSION)
    world.whatsapp.script(SESSION, Operation.CHANGES, Refuse(UnavailableError("PAGE_UNAVAILABLE", "It is busy.")))
    await world.start.execute(SESSION)
    await shows(world, mine, "👍")
    assert asked == [mine.whatsapp_id] * 2

    world.whatsapp.drop_connection(SESSION)
    react(world, mine, "🎉")
    world.whatsapp.restore_connection(SESSION)
    await shows(world, mine, "🎉")
    assert await told(world) == 2
