"""What every page does once it is linked.

Fixture: ``linked``. It may be one page for all of these tests.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.page_events import (
    BridgeReady,
    Connected,
    ConnectionLost,
    MessagesSeen,
    ReceiptsSeen,
    SeenMessage,
)
from application.ports.whatsapp_driver import PageHealth
from domain.content import Text
from domain.errors import ConflictError, UnprocessableError
from domain.ids import WhatsAppMessageId
from domain.message import MessageStatus, advances
from tests.contracts.whatsapp_world import Linked, message_id, stored, text, text_to


async def heard(linked: Linked, inner_id: str, *, after: int = 0) -> SeenMessage:
    """The message whose id ends so, as the page told of it."""
    seen = await linked.ear.until(
        MessagesSeen, lambda event: any(inner_id in message.whatsapp_id for message in event.messages), after=after
    )
    return next(message for message in seen.messages if inner_id in message.whatsapp_id)


class WhatsAppPageContract:
    async def test_a_text_leaves_with_its_id_and_its_receipts_only_go_forward(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        outgoing = text(ben, "bom dia 🐦")
        sent = await linked.page.send(outgoing)
        assert (sent.whatsapp_id, sent.content) == (outgoing.whatsapp_id, Text(body="bom dia 🐦"))
        assert (sent.chat, sent.sender, sent.recipient) == (ben.jid, linked.me.jid, ben.jid)
        assert sent.from_me
        assert sent.status is not None
        assert len(await ben.held(linked.me, "bom dia 🐦")) == 1

        def told() -> list[MessageStatus]:
            events = (event for event in linked.ear.heard if isinstance(event, ReceiptsSeen))
            receipts = (receipt for event in events for receipt in event.receipts)
            return [receipt.status for receipt in receipts if receipt.whatsapp_id == sent.whatsapp_id]

        await linked.ear.until(ReceiptsSeen, lambda _: MessageStatus.READ in told())
        assert all(advances(earlier, later) for earlier, later in zip(told(), told()[1:], strict=False)), told()
        found = await linked.page.find(sent.whatsapp_id)
        assert found is not None
        assert found.status is MessageStatus.READ

    async def test_sending_again_with_the_same_id_sends_nothing_twice(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        outgoing = text(ben, "once")
        first, *others = await asyncio.gather(*[linked.page.send(outgoing) for _ in range(3)])
        again = await linked.page.send(outgoing)
        assert {message.whatsapp_id for message in (first, again, *others)} == {outgoing.whatsapp_id}
        assert len(await ben.held(linked.me, "once")) == 1

    async def test_sends_may_overlap(self, linked: Linked) -> None:
        people = [await linked.stage.person(name) for name in ("Ben", "Carla")]
        outgoing = [text(person, f"many {n}") for n in range(10) for person in people]
        sent = await asyncio.gather(*[linked.page.send(message) for message in outgoing])
        assert [message.whatsapp_id for message in sent] == [message.whatsapp_id for message in outgoing]
        for person in people:
            for n in range(10):
                assert len(await person.held(linked.me, f"many {n}")) == 1

    async def test_texts_come_in_whole_and_in_order(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        mark = len(linked.ear.heard)
        inner = [await ben.send(linked.me, f"olá\u2028 🐦 {n}") for n in range(20)]
        message = await heard(linked, inner[-1], after=mark)
        assert message.whatsapp_id == f"false_{ben.jid}_{inner[-1]}"
        assert (message.chat, message.sender, message.recipient) == (ben.jid, ben.jid, linked.me.jid)
        assert not message.from_me
        assert message.alternate is not None
        assert message.alternate.server == "lid"
        assert abs(message.timestamp - datetime.now(UTC)) < timedelta(minutes=2)
        events = [event for event in linked.ear.heard[mark:] if isinstance(event, MessagesSeen)]
        told = [each for event in events for each in event.messages if each.chat == ben.jid]
        assert [each.whatsapp_id.split("_")[2] for each in told] == inner
        assert [each.content for each in told] == [Text(body=f"olá\u2028 🐦 {n}") for n in range(20)]

    async def test_an_answer_names_the_message_that_it_answers(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        question = await heard(linked, await ben.send(linked.me, "ok?"))
        answer = await linked.page.send(text(ben, "ok", reply_to=question.whatsapp_id))
        assert answer.reply_to == question.whatsapp_id

    async def test_an_answer_to_an_unknown_message_is_refused_and_does_not_leave(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        unknown = WhatsAppMessageId(f"false_{ben.jid}_3EB0FFFFFFFFFFFFFFFFFF")
        with pytest.raises(UnprocessableError) as caught:
            await linked.page.send(text(ben, "to nothing", reply_to=unknown))
        assert caught.value.reason == "QUOTED_MESSAGE_UNKNOWN"
        assert await ben.held(linked.me, "to nothing") == []

    async def test_a_number_without_an_account_is_refused(self, linked: Linked) -> None:
        outgoing = text_to(linked.stage.nobody, "anyone?")
        with pytest.raises(UnprocessableError) as caught:
            await linked.page.send(outgoing)
        assert caught.value.reason in {"NUMBER_NOT_ON_WHATSAPP", "SEND_REFUSED"}
        found = await linked.page.find(outgoing.whatsapp_id)
        assert found is None or found.status is None

    async def test_find(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        sent = await linked.page.send(text(ben, "find me"))
        received = await heard(linked, await ben.send(linked.me, "and me"))
        for message in (sent, received):
            found = await linked.page.find(message.whatsapp_id)
            assert found is not None
            assert (found.whatsapp_id, found.content) == (message.whatsapp_id, message.content)
        for unknown in (message_id(ben.jid, 0xFFFF), message_id(linked.stage.nobody, 1), WhatsAppMessageId("nonsense")):
            assert await linked.page.find(unknown) is None

    async def test_recent_is_the_newest_oldest_first(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        ids = [(await linked.page.send(text(ben, f"recent {n}"))).whatsapp_id for n in range(4)]
        since = datetime.now(UTC) - timedelta(minutes=30)
        everything = await linked.page.recent(since=since, limit=1000)
        assert [message.timestamp for message in everything] == sorted(message.timestamp for message in everything)
        assert len({message.whatsapp_id for message in everything}) == len(everything)
        assert set(ids) <= {message.whatsapp_id for message in everything}
        newest = await linked.page.recent(since=since, limit=2)
        assert len(newest) == 2
        assert min(message.timestamp for message in newest) >= everything[-2].timestamp
        assert await linked.page.recent(since=datetime.now(UTC) + timedelta(hours=1), limit=10) == ()

    async def test_resolve(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        found = await linked.page.resolve(ben.jid)
        assert found is not None
        assert found.jid == ben.jid
        assert found.lid is not None
        assert found.lid.server == "lid"
        assert await linked.page.resolve(linked.stage.nobody) is None

    async def test_a_linked_page_is_sound_and_cant_be_linked_again(self, linked: Linked) -> None:
        probe = await linked.page.probe()
        assert probe.health is PageHealth.SOUND
        assert probe.me is not None
        assert probe.me.jid == linked.me.jid
        assert linked.page.bridge() is not None
        names = [capability.name for capability in linked.page.capabilities() if capability.available]
        assert len(set(names)) == len(names) > 0
        for asked in (linked.page.refresh_qr(), linked.page.request_pairing_code(linked.me.number)):
            with pytest.raises(ConflictError) as caught:
                await asked
            assert caught.value.reason == "ALREADY_LINKED"
        with pytest.raises(ConflictError) as caught:
            await linked.page.take_over()
        assert caught.value.reason == "NOT_IN_CONFLICT"

    async def test_what_came_while_the_connection_was_lost_comes_with_the_next(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        mark = len(linked.ear.heard)
        await linked.stage.cut(linked.session, linked.me)
        await linked.ear.until(ConnectionLost, after=mark)
        assert (await linked.page.probe()).health is PageHealth.DISCONNECTED
        inner = await ben.send(linked.me, "while you were out")
        await linked.stage.mend(linked.session)
        await linked.ear.until(Connected, after=mark)
        assert (await heard(linked, inner, after=mark)).content == Text(body="while you were out")
        assert (await linked.page.probe()).health is PageHealth.SOUND

    async def test_a_reload_keeps_the_link_and_tells_of_its_state_again(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        before = await linked.page.send(text(ben, "before"))
        await stored(linked.page, before.whatsapp_id)
        mark = len(linked.ear.heard)
        await linked.page.reload()
        await linked.ear.until(BridgeReady, after=mark)
        await linked.ear.until(Connected, after=mark)
        assert await linked.page.find(before.whatsapp_id) is not None
        await linked.page.send(text(ben, "after"))
        assert [len(await ben.held(linked.me, body)) for body in ("before", "after")] == [1, 1]
