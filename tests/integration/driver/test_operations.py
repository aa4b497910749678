"""Operations on messages where something comes between: age, refusals, lost answers, dead browsers, absence."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from application.ports.page_events import ChangesSeen, Connected, MessagesSeen
from application.ports.whatsapp_driver import Outgoing, OutgoingOperation, WhatsAppPage
from domain.changes import AnyChange, Edited, Pinned, Reacted, Revoked, Voted
from domain.content import Content, Text
from domain.errors import DeadlineExceededError, PomboError, UnavailableError, UnprocessableError
from domain.ids import SessionId, WhatsAppMessageId
from domain.operations import Edit, Operation, PollVote, Reaction, Revoke
from domain.poll_content import Poll

from .conftest import MakeDriver
from .world import SECONDS, Ear, Phone, Sandbox, in_page, kill_browser, link, message_id

pytestmark = pytest.mark.asyncio(loop_scope="package")

SESSION: Final = SessionId("operations")
_NUMBERS = itertools.count(0xABCD)
_LAST_WRITE: Final = """
  window.lastWrite = new Promise((resolve) => {
    const begin = IDBDatabase.prototype.transaction;
    let over = false;
    IDBDatabase.prototype.transaction = function (names, mode, options) {
      if (mode === "readwrite" && over) throw new Error("nothing is written any more");
      const transaction = begin.call(this, names, mode, options);
      if (mode === "readwrite" && [names].flat().includes("addon")) {
        over = true;
        transaction.addEventListener("complete", resolve);
      }
      return transaction;
    };
  });
  undefined
"""
"""The next transaction that stores what was done to a message is the document's last."""


@dataclass
class Scene:
    """A linked page, its person and another one, in a sandbox of their own: its clock is moved."""

    sandbox: Sandbox
    driver: PlaywrightWhatsAppDriver
    page: WhatsAppPage
    ear: Ear
    me: Phone
    ben: Phone

    async def send(self, content: Content) -> WhatsAppMessageId:
        whatsapp_id = message_id(self.ben.jid, next(_NUMBERS))
        await self.page.send(Outgoing(whatsapp_id=whatsapp_id, chat=self.ben.jid, content=content))
        return whatsapp_id

    def to_do(self, content: Operation) -> OutgoingOperation:
        whatsapp_id = message_id(self.ben.jid, next(_NUMBERS))
        return OutgoingOperation(whatsapp_id=whatsapp_id, chat=self.ben.jid, content=content)

    async def refusal(self, content: Operation) -> str:
        with pytest.raises(PomboError) as refused:
            await self.page.perform(self.to_do(content))
        return refused.value.reason

    async def heard[T: AnyChange](self, kind: type[T], target: str) -> T:
        def fitting(event: ChangesSeen) -> list[T]:
            return [change for change in event.changes if isinstance(change, kind) and target in change.target]

        return fitting(await self.ear.until(ChangesSeen, lambda event: bool(fitting(event))))[0]

    async def told_of(self, *kinds: type[AnyChange]) -> dict[type[AnyChange], Any]:
        """The changes of these kinds, from the news and from what the page knows, once all of them are there."""
        async with asyncio.timeout(SECONDS):
            while True:
                events = [event for event in self.ear.heard if isinstance(event, ChangesSeen)]
                found = [change for event in events for change in event.changes]
                recent = await self.page.recent(since=datetime.now(UTC) - timedelta(hours=1), limit=100)
                found += [change for message in recent for change in message.changes]
                told = {type(change): change for change in found}
                if set(kinds) <= set(told):
                    return told
                await asyncio.sleep(0.1)

    async def reopen(self) -> None:
        """Opens the page anew, after its browser has gone."""
        await self.page.close()
        await self.ear.stop()
        self.page = await self.driver.open(SESSION, 1)
        self.ear = Ear(self.page)
        await self.ear.until(Connected)


def inner(whatsapp_id: str) -> str:
    return whatsapp_id.split("_")[2]


@pytest_asyncio.fixture(loop_scope="package")
async def scene(tmp_path: Path, browser: Browser, make_driver: MakeDriver) -> AsyncIterator[Scene]:
    async with Sandbox.run(tmp_path / "sandbox") as sandbox:
        driver = make_driver(sandbox, browser, send_timeout=timedelta(seconds=4))
        await driver.start()
        me, ben = await sandbox.phone("Me"), await sandbox.phone("Ben")
        page = await driver.open(SESSION, 1)
        scene = Scene(sandbox, driver, page, await link(page, me), me, ben)
        yield scene
        await scene.page.close()
        await scene.ear.stop()


async def test_what_is_too_old_is_left_alone_and_says_so(scene: Scene) -> None:
    target = await scene.send(Text(body="set in stone"))
    await scene.sandbox.call("POST", "/clock", {"advance_ms": 16 * 60_000})
    assert await scene.refusal(Edit(target=target, body="later")) == "EDIT_TOO_LATE"
    assert await scene.page.effect(scene.to_do(Edit(target=target, body="later"))) is None
    await scene.sandbox.call("POST", "/clock", {"advance_ms": 60 * 3_600_000})
    assert await scene.refusal(Revoke(target=target)) == "REVOKE_TOO_LATE"
    (held,) = await scene.ben.held(scene.me, "set in stone")
    assert (held["edits"], held["revoked"]) == ([], None)


async def test_what_the_server_refuses_is_not_done_though_the_page_would_have(scene: Scene) -> None:
    target = await scene.send(Text(body="soon gone"))
    # The page doesn't hear of the deletion before it asks for the reaction: its connection is away.
    await scene.sandbox.call(
        "POST", "/faults", {"kind": "drop_socket", "account": scene.me.number, "duration_ms": 1_500}
    )
    await scene.me.revoke(scene.ben, inner(target))
    reason = await scene.refusal(Reaction(target=target, emoji="👍"))
    assert reason in {"TARGET_UNKNOWN", "SEND_REFUSED"}
    assert (await scene.heard(Revoked, inner(target))).from_me
    events = [event for event in scene.ear.heard if isinstance(event, ChangesSeen)]
    assert not [change for event in events for change in event.changes if isinstance(change, Reacted)]


async def test_a_lost_answer_is_asked_for_again_and_it_is_done_once(scene: Scene) -> None:
    target = await scene.send(Text(body="react"))
    await scene.sandbox.call("POST", "/faults", {"kind": "lose_acks", "account": scene.me.number, "count": 1})
    operation = scene.to_do(Reaction(target=target, emoji="👍"))
    with pytest.raises(DeadlineExceededError):
        await scene.page.perform(operation)
    # Nobody may say that it is there before the page knows that the server has it; then it says so by itself.
    done = await scene.heard(Reacted, inner(target))
    assert await scene.page.effect(operation) == done.at
    (message,) = await scene.ben.held(scene.me, "react")
    assert [each["emoji"] for each in message["reactions"]] == ["👍"]


async def test_what_was_done_when_the_browser_died_is_found_and_not_done_again(scene: Scene) -> None:
    target = await scene.send(Text(body="befor"))
    edit = scene.to_do(Edit(target=target, body="before"))
    react = scene.to_do(Reaction(target=target, emoji="💥"))
    done = {operation: await scene.page.perform(operation) for operation in (edit, react)}
    await kill_browser(scene.driver, SESSION)
    await scene.reopen()
    for operation, at in done.items():
        found = await scene.page.effect(operation)
        # What the page hadn't brought to its disk is done again: then it is the same effect, once.
        assert found in {None, at}
        assert await scene.page.perform(operation) is not None
    (message,) = await scene.ben.held(scene.me, "before")
    assert len(message["reactions"]) == 1


@pytest.mark.parametrize("kind", [Reacted, Revoked])
async def test_a_page_that_dies_between_two_writes_leaves_no_change_half_stored(
    scene: Scene, kind: type[AnyChange]
) -> None:
    target = await scene.ben.send(scene.me, "half done?")
    await scene.ear.until(MessagesSeen, lambda event: any(target in each.whatsapp_id for each in event.messages))
    await in_page(scene.page, _LAST_WRITE)
    if kind is Reacted:
        await scene.ben.react(scene.me, target, "👋")
    else:
        await scene.ben.revoke(scene.me, target)
    await in_page(scene.page, "window.lastWrite")
    await kill_browser(scene.driver, SESSION)
    await scene.reopen()
    told = await scene.told_of(kind)
    assert told[kind].target == f"false_{scene.ben.jid}_{target}"


async def test_an_operation_that_waited_for_the_connection_is_done_once(scene: Scene) -> None:
    target = await scene.send(Text(body="wait for it"))
    await scene.sandbox.call(
        "POST", "/faults", {"kind": "drop_socket", "account": scene.me.number, "duration_ms": 60_000}
    )
    operation = scene.to_do(Reaction(target=target, emoji="⏳"))
    with pytest.raises((DeadlineExceededError, UnavailableError)):
        await scene.page.perform(operation)
    assert await scene.page.effect(operation) is None
    await scene.sandbox.call("DELETE", "/faults")
    await scene.heard(Reacted, inner(target))
    (message,) = await scene.ben.held(scene.me, "wait for it")
    assert [each["emoji"] for each in message["reactions"]] == ["⏳"]


async def test_what_was_done_while_the_page_was_closed_is_told_when_it_is_open(scene: Scene) -> None:
    target = await scene.send(Text(body="while away"))
    poll = await scene.send(Poll(question="When?", options=("now", "then"), selectable=1))
    edited, revoked = [await scene.ben.send(scene.me, body) for body in ("helo", "oops")]
    await scene.ear.until(MessagesSeen, lambda event: any(revoked in each.whatsapp_id for each in event.messages))
    await scene.page.close()
    await scene.ben.react(scene.me, inner(target), "👋")
    await scene.ben.pin(scene.me, inner(target), timedelta(days=1))
    await scene.ben.vote(scene.me, inner(poll), ("then",))
    await scene.ben.edit(scene.me, edited, "hello")
    await scene.ben.revoke(scene.me, revoked)
    await scene.reopen()
    # What came before the bridge could listen is told with the messages, when they are asked for.
    told = await scene.told_of(Reacted, Pinned, Voted, Edited, Revoked)
    assert told[Reacted].emoji == "👋"
    assert told[Pinned].until is not None
    assert told[Voted].options == ("then",)
    assert (told[Edited].body, told[Edited].target) == ("hello", f"false_{scene.ben.jid}_{edited}")
    assert (told[Revoked].by, told[Revoked].target) == (scene.ben.jid, f"false_{scene.ben.jid}_{revoked}")


async def test_a_vote_for_what_the_poll_has_not_is_refused(scene: Scene) -> None:
    poll = await scene.send(Poll(question="When?", options=("now", "then"), selectable=1))
    assert await scene.refusal(PollVote(target=poll, options=("never",))) == "SEND_REFUSED"
    assert await scene.refusal(PollVote(target=poll, options=("now", "then"))) == "SEND_REFUSED"
    text = await scene.send(Text(body="no poll"))
    assert await scene.refusal(PollVote(target=text, options=("now",))) == "SEND_REFUSED"


async def test_a_voice_note_is_played_once_its_writer_hears_of_it(scene: Scene) -> None:
    note = {"type": "ptt", "mimetype": "audio/ogg; codecs=opus", "duration": 3, "body": "note"}
    part = await scene.ben.send_content(scene.me, note)
    await scene.ear.until(MessagesSeen, lambda event: any(part in each.whatsapp_id for each in event.messages))
    target = WhatsAppMessageId(f"false_{scene.ben.jid}_{part}")
    for _ in range(2):
        await scene.page.messages.mark_played(target)
    (message,) = await scene.ben.held(scene.me, "note")
    assert message["receipts"][0]["played_ms"] is not None
    with pytest.raises(UnprocessableError):
        await scene.page.messages.mark_played(await scene.send(Text(body="not playable")))


async def test_strange_contents_and_changes_of_strangers_cost_no_other_message(scene: Scene) -> None:
    strange = [
        {"type": "poll_creation", "pollName": 5, "pollOptions": "x", "pollSelectableOptionsCount": -3},
        {"type": "location", "lat": "north", "lng": None},
        {"type": "event_creation", "eventName": ["x"], "eventStartTime": 1e300},
        {"type": "multi_vcard", "vcardList": [None, 7, {"vcard": "x" * 100}]},
        {"type": "list", "list": {"sections": [{"rows": "x"}]}},
        {"type": "groups_v4_invite", "inviteGrp": "nowhere"},
        {
            "type": "chat",
            "body": "x",
            "thumbnail": "\u0000",
            "matchedText": "https://example.org",
            "nonJidMentions": "x",
        },
        {"type": "chat", "body": "y", "dynamicReplyButtons": {"length": 5}},
    ]
    for content in strange:
        await scene.ben.send_content(scene.me, content)
    last = await scene.ben.send(scene.me, "after all that")
    await scene.ear.until(MessagesSeen, lambda event: any(last in each.whatsapp_id for each in event.messages))
    target = await scene.send(Text(body="react"))
    await scene.ben.react(scene.me, inner(target), "\ud83d\udc4d" * 3 + "\u0000")
    assert (await scene.heard(Reacted, inner(target))).by == scene.ben.jid
