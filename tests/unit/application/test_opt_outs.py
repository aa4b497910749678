"""People who asked not to be written to aren't, by whichever of their addresses, however the message comes about."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.driver import MemoryWhatsApp
from application.idempotency.request_key import RequestKey
from application.messages.send_message import SendMessageCommand
from application.messages.send_messages import SendMessages, SendMessagesCommand
from application.pacing.manage_suppressions import AddSuppression, ListSuppressions, RemoveSuppression
from application.sessions.update_session import UpdateSession, UpdateSessionCommand
from domain.content import Text
from domain.errors import NotFoundError, PomboError, UnprocessableError
from domain.event import SuppressionAdded, SuppressionRemoved
from domain.jid import Jid
from domain.message import Message, MessageStatus
from domain.operations import Edit, Reaction, Revoke
from domain.suppression import SuppressionSource

from .world import ANA, BEN, CARLA, SESSION, World, until

BENS = Jid.from_phone(BEN)


async def opt_out(world: World, address: Jid = BENS, **more: Any) -> None:
    await AddSuppression(world.database, world.clock, world.ids).execute(SESSION, address, **more)


async def opt_in(world: World, address: Jid = BENS, **more: Any) -> None:
    await RemoveSuppression(world.database, world.clock, world.ids).execute(SESSION, address, **more)


async def listed(world: World, **more: Any) -> Sequence[str]:
    page = await ListSuppressions(world.database).execute(SESSION, **more)
    return [str(shown.suppression.address) for shown in page.items]


async def told(world: World, kind: type[Any]) -> list[Any]:
    return [event.payload for event in await world.events() if isinstance(event.payload, kind)]


async def link(world: World, *addresses: Jid) -> None:
    async with world.database.begin() as uow:
        await uow.people.link(SESSION, addresses)


async def scheduled(world: World, to: str, span: timedelta) -> Message:
    return await world.send.execute(
        SendMessageCommand(
            session_id=SESSION,
            to=Jid.from_phone(to),
            content=Text(body="later"),
            not_before=world.clock.now() + span,
        )
    )


async def test_a_send_is_refused_and_nothing_is_accepted(world: World) -> None:
    await world.linked()
    await opt_out(world)
    with pytest.raises(UnprocessableError) as caught:
        await world.text("hello")
    assert (caught.value.reason, caught.value.field) == ("RECIPIENT_OPTED_OUT", "to")
    assert "message.queued" not in await world.event_types()
    await world.text("hello", to=CARLA)
    await opt_in(world)
    await world.text("hello")
    assert world.phone_bodies(BEN) == ["hello"]


async def test_it_holds_for_a_person_s_other_address(world: World, whatsapp: MemoryWhatsApp) -> None:
    await world.linked()
    lid = whatsapp.account(BEN).lid
    await link(world, BENS, lid)
    await opt_out(world, lid)
    with pytest.raises(UnprocessableError):
        await world.text("hello")
    await opt_in(world, BENS)
    await world.text("hello")
    assert await listed(world) == []


async def test_what_was_accepted_before_fails_in_its_turn(world: World) -> None:
    await world.linked()
    waiting = await scheduled(world, BEN, timedelta(milliseconds=300))
    others = await scheduled(world, CARLA, timedelta(milliseconds=300))
    await opt_out(world)
    failed = await world.message(waiting.id, lambda now: now.status is MessageStatus.FAILED)
    assert failed.failure is not None
    assert failed.failure.reason == "RECIPIENT_OPTED_OUT"
    await world.message(others.id, lambda now: now.status is not MessageStatus.QUEUED)
    assert (await world.event_types()).count("message.failed") == 1
    assert world.phone_bodies(BEN) == []


async def test_a_bulk_send_tells_it_of_each_entry(world: World) -> None:
    await world.linked()
    await opt_out(world)
    entries = [
        SendMessageCommand(session_id=SESSION, to=Jid.from_phone(phone), content=Text(body="hi"))
        for phone in (BEN, CARLA)
    ]
    send = SendMessages(world.database, world.clock, world.ids, world.supervisor)
    first, second = await send.execute(SendMessagesCommand(entries=entries))
    assert isinstance(first, PomboError)
    assert first.reason == "RECIPIENT_OPTED_OUT"
    assert isinstance(second, Message)


async def test_what_was_written_can_still_be_deleted_and_nothing_else(world: World) -> None:
    await world.linked()
    sent = await world.text("a slip")
    await opt_out(world)
    for content in (
        Edit(target=sent.whatsapp_id, body="another"),
        Reaction(target=sent.whatsapp_id, emoji="👍"),
    ):
        with pytest.raises(UnprocessableError) as caught:
            await world.send.execute(SendMessageCommand(session_id=SESSION, to=BENS, content=content))
        assert caught.value.reason == "RECIPIENT_OPTED_OUT"
    revoked = await world.send.execute(
        SendMessageCommand(session_id=SESSION, to=BENS, content=Revoke(target=sent.whatsapp_id))
    )
    assert revoked.status is not MessageStatus.FAILED


async def test_the_first_opt_out_stays_and_is_told_once(world: World) -> None:
    await world.linked()
    await opt_out(world, note="on the phone")
    await opt_out(world, note="again")
    page = await ListSuppressions(world.database).execute(SESSION)
    assert [(shown.suppression.note, shown.person.phone) for shown in page.items] == [("on the phone", BENS)]
    assert await told(world, SuppressionAdded) == [
        SuppressionAdded(address=BENS, source=SuppressionSource.API, message_id=None)
    ]
    await opt_in(world)
    with pytest.raises(NotFoundError) as caught:
        await opt_in(world)
    assert caught.value.reason == "SUPPRESSION_NOT_FOUND"
    assert await told(world, SuppressionRemoved) == [SuppressionRemoved(address=BENS)]


async def test_by_a_key_it_is_done_once(world: World) -> None:
    await world.linked()
    key = RequestKey(key="k1", scope="key:me")
    await opt_out(world, request=key)
    await opt_in(world)
    await opt_out(world, request=key)  # what it was answered, and nothing more
    assert await listed(world) == []
    again = RequestKey(key="k2", scope="key:me")
    await opt_out(world)
    await opt_in(world, request=again)
    await opt_in(world, request=again)


async def test_they_are_listed_page_by_page(world: World) -> None:
    await world.linked()
    for phone in (CARLA, BEN):
        await opt_out(world, Jid.from_phone(phone))
    assert await listed(world) == [f"{BEN}@c.us", f"{CARLA}@c.us"]
    first = await ListSuppressions(world.database).execute(SESSION, limit=1)
    assert first.next_after == BENS
    assert await listed(world, after=first.next_after) == [f"{CARLA}@c.us"]


class TestStopWords:
    async def words(self, world: World, *words: str) -> None:
        await world.linked()
        update = UpdateSession(world.database, world.clock, world.supervisor, world.proxies)
        await update.execute(UpdateSessionCommand(session_id=SESSION, stop_words=words))

    async def came(self, world: World, count: int) -> None:
        async def look() -> bool | None:
            return (await world.event_types()).count("message.received") == count or None

        await until(look)

    async def test_who_sends_one_opts_out(self, world: World, whatsapp: MemoryWhatsApp) -> None:
        await self.words(world, "STOP")
        whatsapp.phone_sends(BEN, ANA, "stop, I say")
        whatsapp.phone_sends(CARLA, ANA, " Stop ")
        await self.came(world, 2)
        assert await listed(world) == [f"{CARLA}@c.us"]
        page = await ListSuppressions(world.database).execute(SESSION)
        suppression = page.items[0].suppression
        assert suppression.source is SuppressionSource.MESSAGE
        assert suppression.message_id is not None
        async with world.database.begin() as uow:
            asked = await uow.messages.get(suppression.message_id)
        assert isinstance(asked.content, Text)
        assert asked.content.body == " Stop "
        assert [event.message_id for event in await told(world, SuppressionAdded)] == [suppression.message_id]
        with pytest.raises(UnprocessableError):
            await world.text("hello", to=CARLA)
        await world.text("hello", to=BEN)

    async def test_twice_is_once(self, world: World, whatsapp: MemoryWhatsApp) -> None:
        await self.words(world, "STOP")
        for _ in range(2):
            whatsapp.phone_sends(BEN, ANA, "STOP")
        await self.came(world, 2)
        assert len(await told(world, SuppressionAdded)) == 1

    async def test_without_any_nobody_does(self, world: World, whatsapp: MemoryWhatsApp) -> None:
        await self.words(world)
        whatsapp.phone_sends(BEN, ANA, "STOP")
        await self.came(world, 1)
        assert await listed(world) == []
