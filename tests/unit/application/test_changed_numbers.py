"""Somebody has another number: the person and the conversation stay one, and it is told."""

import pytest

from adapters.memory.database import MemoryDatabase
from application.ports.message_repository import MessageFilter
from application.ports.page_events import NumberChange, SeenMessage
from domain.content import Unsupported
from domain.event import ContactMerged
from domain.jid import Jid
from tests.contracts.samples import NOON

from .test_ingestion import log_of, recorder
from .test_ingestion import seen as seen_message
from .world import SESSION

LID = Jid.parse("900001@lid")


def seen(identifier: str, chat: Jid, **changes: object) -> SeenMessage:
    return seen_message(identifier, NOON, **{"chat": chat, "sender": chat, **changes})


def notice(before: Jid, now: Jid) -> SeenMessage:
    content = Unsupported(kind="notification_template", raw={"subtype": "change_number"})
    return seen("3EB0CC", now, content=content, number_change=NumberChange(before=before, now=now))


@pytest.mark.parametrize(("before", "now"), [("15550001@c.us", "15550009@c.us"), ("15550009@c.us", "15550001@c.us")])
@pytest.mark.parametrize("lid", [LID, None])
async def test_the_conversation_stays_one_and_the_new_number_is_the_person_s(
    before: str, now: str, lid: Jid | None
) -> None:
    database = MemoryDatabase()
    record = recorder(database)
    old, new = Jid.parse(before), Jid.parse(now)
    for news in (seen("3EB0AA", old, alternate=lid), notice(old, new), notice(old, new), seen("3EB0BB", new)):
        await record.messages(SESSION, [news], backfilled=False)
    [merged] = [each.payload for each in await log_of(database) if isinstance(each.payload, ContactMerged)]
    assert (merged.contact_id, merged.phone, merged.lid) == (new, new, lid)
    assert merged.merged == ((old,) if lid is None else (old, lid))
    async with database.begin() as uow:
        person = await uow.people.find(SESSION, old)
        assert person is not None
        assert person.id == new
        everywhere = MessageFilter(session_id=SESSION, chat=old, also=(new,))
        listed = await uow.messages.list(everywhere, after=None, limit=10)
    assert len(listed) == 3


async def test_a_number_that_nobody_knew_is_replaced_as_well() -> None:
    database = MemoryDatabase()
    old, new = Jid.parse("15550009@c.us"), Jid.parse("15550001@c.us")
    await recorder(database).messages(SESSION, [notice(old, new)], backfilled=True)
    async with database.begin() as uow:
        person = await uow.people.find(SESSION, old)
    assert person is not None
    assert (person.phone, person.addresses) == (new, (new, old))
