"""What every driver does with a session's profile and page, and how an account is linked.

Fixtures: ``stage``, and ``session``, the id of a session that was never opened.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from application.ports.page_events import (
    BridgeReady,
    Connected,
    LoggedOut,
    MessagesSeen,
    PageDied,
    QrShown,
    Syncing,
)
from application.ports.whatsapp_driver import PageHealth, StoredNews
from domain.changes import Reacted
from domain.errors import ConflictError, UnavailableError, UnprocessableError
from domain.ids import SessionId, WhatsAppMessageId
from tests.contracts.whatsapp_world import SECONDS, Ear, Stage, link, open_linked, stored, text

LONG_AGO = datetime.fromtimestamp(0, UTC)


class WhatsAppDriverContract:
    async def test_a_page_without_a_login_shows_a_qr_and_has_nothing_to_lose(
        self, stage: Stage, session: SessionId
    ) -> None:
        assert not (await stage.driver.login(session)).linked
        assert await stage.driver.image(session) is None
        page = await stage.driver.open(session, 3)
        ear = Ear(page)
        shown = await ear.until(QrShown)
        assert ear.kinds()[0] is BridgeReady
        assert shown.qr.expires_at > datetime.now(UTC)
        assert (await page.probe()).health is PageHealth.UNLINKED
        assert (await stage.driver.memory())[session] > 0
        for asked in (page.logout(), page.image()):
            with pytest.raises(ConflictError) as refused:
                await asked
            assert refused.value.reason == "NOT_LINKED"
        await page.close()
        await ear.until_ended()
        assert session not in await stage.driver.memory()
        login = await stage.driver.login(session)
        assert (login.linked, login.epoch) == (False, 3)

    async def test_a_linked_account_stays_linked_when_its_page_is_closed(
        self, stage: Stage, session: SessionId
    ) -> None:
        linked = await open_linked(stage, session)
        ben = await stage.person("Ben")
        kinds = linked.ear.kinds()
        assert kinds.index(Syncing) < kinds.index(Connected)
        for asked in (stage.driver.open(session, 1), stage.driver.forget(session), stage.driver.login(session)):
            with pytest.raises(ConflictError) as refused:
                await asked
            assert refused.value.reason == "PROFILE_IN_USE"
        await linked.page.close()
        await linked.page.close()
        await linked.ear.until_ended()
        assert PageDied not in linked.ear.kinds()
        for asked in (linked.page.probe(), linked.page.send(text(ben, "too late"))):
            with pytest.raises(UnavailableError) as gone:
                await asked
            assert gone.value.reason == "PAGE_UNAVAILABLE"

        inner = await ben.send(linked.me, "are you there?")
        page = await stage.driver.open(session, 2)
        ear = Ear(page)
        me = (await ear.until(Connected)).me
        assert me.jid == linked.me.jid
        assert QrShown not in ear.kinds()
        # It is told, or at least known: who connects asks for what it missed.
        known = await page.recent(since=datetime.fromtimestamp(0, UTC), limit=100)
        told = [message for event in ear.heard if isinstance(event, MessagesSeen) for message in event.messages]
        assert any(inner in message.whatsapp_id for message in (*known, *told))
        await page.close()
        assert (await stage.driver.login(session)).epoch == 2
        assert await linked.me.devices() == 1

    async def test_a_browser_that_dies_is_told_and_costs_no_login(self, stage: Stage, session: SessionId) -> None:
        linked = await open_linked(stage, session)
        await stage.kill(session)
        assert (await linked.ear.until(PageDied)).detail
        await linked.ear.until_ended()
        assert linked.ear.kinds()[-1] is PageDied
        with pytest.raises(UnavailableError) as gone:
            await linked.page.probe()
        assert gone.value.reason == "PAGE_UNAVAILABLE"
        await linked.page.close()
        page = await stage.driver.open(session, 2)
        ear = Ear(page)
        await ear.until(Connected)
        assert QrShown not in ear.kinds()
        await page.close()

    async def test_a_pairing_code_links_and_a_logout_ends_the_link(self, stage: Stage, session: SessionId) -> None:
        ana = await stage.person("Ana")
        page = await stage.driver.open(session, 1)
        ear = Ear(page)
        await ear.until(QrShown)
        with pytest.raises(UnprocessableError) as unknown:
            await page.request_pairing_code(stage.nobody.user)
        assert unknown.value.reason == "NUMBER_NOT_ON_WHATSAPP"
        code = await page.request_pairing_code(ana.number)
        assert len(code.code) == 8
        assert code.expires_at > datetime.now(UTC)
        await ana.enter_code(code.code)
        await ear.until(Connected)
        assert await ana.devices() == 1
        await page.logout()
        await ear.until(LoggedOut)
        assert await ana.devices() == 0
        await page.close()
        page = await stage.driver.open(session, 1)
        await Ear(page).until(QrShown)
        await page.close()

    async def test_an_unlinking_is_told_at_once_or_at_the_next_opening(self, stage: Stage, session: SessionId) -> None:
        linked = await open_linked(stage, session)
        await linked.me.unlink()
        await linked.ear.until(LoggedOut)
        assert linked.ear.kinds().count(LoggedOut) == 1
        await linked.page.close()

        page = await stage.driver.open(session, 1)
        await link(page, linked.me)
        await page.close()
        await linked.me.unlink()
        page = await stage.driver.open(session, 1)
        ear = Ear(page)
        await ear.until(LoggedOut)
        assert Connected not in ear.kinds()
        await page.close()

    async def test_an_image_brings_a_forgotten_login_back(self, stage: Stage, session: SessionId) -> None:
        linked = await open_linked(stage, session)
        running = await linked.page.image()
        for asked in (stage.driver.image(session), stage.driver.restore(session, running, 5)):
            with pytest.raises(ConflictError) as refused:
                await asked
            assert refused.value.reason == "PROFILE_IN_USE"
        await linked.page.close()
        closed = await stage.driver.image(session)
        assert closed is not None
        assert closed.kind == running.kind

        torn, foreign = replace(closed, data=closed.data[: len(closed.data) // 2]), replace(closed, kind="other")
        for bad in (torn, foreign):
            with pytest.raises(UnprocessableError) as unreadable:
                await stage.driver.restore(session, bad, 9)
            assert unreadable.value.reason in {"SNAPSHOT_CORRUPT", "SNAPSHOT_UNSUPPORTED"}
        login = await stage.driver.login(session)
        assert (login.linked, login.epoch) == (True, 1)  # nothing has changed

        await stage.driver.forget(session)
        assert not (await stage.driver.login(session)).linked
        assert await stage.driver.image(session) is None
        await stage.driver.restore(session, closed, 5)
        login = await stage.driver.login(session)
        assert (login.linked, login.epoch) == (True, 5)
        page = await stage.driver.open(session, 6)
        ear = Ear(page)
        assert (await ear.until(Connected)).me.jid == linked.me.jid
        assert QrShown not in ear.kinds()
        await page.close()

    async def test_what_was_done_to_a_message_that_a_restored_page_lacks_can_be_asked_for(
        self, stage: Stage, session: SessionId
    ) -> None:
        linked = await open_linked(stage, session)
        ben = await stage.person("Ben")
        older = await linked.page.image()
        came = await ben.send(linked.me, "not in the image")
        seen = await linked.ear.until(MessagesSeen, lambda event: came in event.messages[0].whatsapp_id)
        target = seen.messages[0].whatsapp_id
        await stored(linked.page, target)
        await linked.page.close()
        await stage.driver.restore(session, older, 2)
        await ben.react(linked.me, came, "👍")

        page = await stage.driver.open(session, 3)
        await Ear(page).until(Connected)
        asked = [target, WhatsAppMessageId("nonsense"), WhatsAppMessageId("false_no address_3EB0")]
        async with asyncio.timeout(SECONDS):
            while not (known := await page.changes(asked)):  # noqa: ASYNC110 - the page may have told it before anybody heard
                await asyncio.sleep(0.05)
        assert await page.find(target) is None
        (reaction,) = known
        assert isinstance(reaction, Reacted)
        assert (reaction.target, reaction.by, reaction.emoji) == (target, ben.jid, "👍")
        assert await page.changes([]) == ()
        await page.close()
        left = await stage.driver.stored_news(session, since=LONG_AGO, recorded=asked)
        assert left.changes == (reaction,)
        assert target not in {message.whatsapp_id for message in left.messages}

    async def test_a_profile_that_was_left_behind_is_read_without_whatsapp(
        self, stage: Stage, session: SessionId
    ) -> None:
        linked = await open_linked(stage, session)
        ben = await stage.person("Ben")
        assert (await stage.driver.unread()).get(session) == 1
        with pytest.raises(ConflictError) as in_use:
            await stage.driver.stored_news(session, since=LONG_AGO, recorded=())
        assert in_use.value.reason == "PROFILE_IN_USE"
        came = await ben.send(linked.me, "taken, and never put on record")
        await linked.ear.until(MessagesSeen, lambda event: came in event.messages[0].whatsapp_id)
        sent = await linked.page.send(text(ben, "left"))
        # WhatsApp may have a message before the profile does; what was done to it is stored with it.
        await linked.page.messages.star(sent.whatsapp_id, starred=True)
        await stage.kill(session)
        await linked.ear.until_ended()
        await linked.page.close()
        waits = await ben.send(linked.me, "sent meanwhile")

        held = (await stage.driver.stored_news(session, since=LONG_AGO, recorded=())).messages
        bodies = [message.content.body for message in held]  # type: ignore[union-attr]  # all are texts
        assert "taken, and never put on record" in bodies
        assert sent.whatsapp_id in {message.whatsapp_id for message in held}
        assert not any(waits in message.whatsapp_id for message in held), "WhatsApp was reached"
        later = datetime.now(UTC) + timedelta(hours=1)
        assert await stage.driver.stored_news(session, since=later, recorded=()) == StoredNews(messages=())

        login = await stage.driver.login(session)
        assert (login.linked, login.epoch, login.unread) == (True, 1, True)
        await stage.driver.note_read(session, 7)  # of another opening
        assert (await stage.driver.login(session)).unread
        await stage.driver.note_read(session, 1)
        assert not (await stage.driver.login(session)).unread
        assert session not in await stage.driver.unread()

        # The login is as good as before, and what waited for it comes to the next page.
        page = await stage.driver.open(session, 2)
        ear = Ear(page)
        await ear.until(Connected)
        assert (await stage.driver.unread())[session] == 2
        known = await page.recent(since=LONG_AGO, limit=100)
        told = [message for event in ear.heard if isinstance(event, MessagesSeen) for message in event.messages]
        assert any(waits in message.whatsapp_id for message in (*known, *told))
        await page.close()
        image = await stage.driver.image(session)
        assert image is not None
        await stage.driver.restore(session, image, 3)
        assert not (await stage.driver.login(session)).unread, "a snapshot holds what its taker had on record"
        await stage.driver.forget(session)
        with pytest.raises(ConflictError) as unlinked:
            await stage.driver.stored_news(session, since=LONG_AGO, recorded=())
        assert unlinked.value.reason == "NOT_LINKED"
