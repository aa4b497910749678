"""Chats and presence over both transports, on one running gateway, with the effects on the phones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from .people import People, Person
from .people_transport import PeopleTransport
from .processes import until
from .transport import SESSION, RefusedError

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    async with People.run(tmp_path_factory.mktemp("chats")) as people:
        yield people


@pytest.fixture
def api(people: People, over: str) -> PeopleTransport:
    return people.over[over]


async def test_a_changed_chat_is_so_on_the_phone(people: People, api: PeopleTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.writer(f"one {over}", f"two {over}")
    found = await api.chat(ben.phone)
    assert (found["id"], found["phone"], found["lid"], found["unread_count"]) == (ben.jid, ben.jid, ben.lid, 2)
    assert found == await api.chat(ben.lid)
    assert [found[name] for name in ("archived", "pinned_at", "muted", "muted_until")] == [False, None, False, None]

    # Each is told once, and what is so already isn't told again.
    for _ in range(2):
        assert (await api.update_chat(ben.phone, archived=True))["archived"] is True
    await ana.shows_chat(ben, archived=True)
    assert (await api.update_chat(ben.phone, archived=False))["archived"] is False
    await ana.shows_chat(ben, archived=False)
    pinned = await api.update_chat(ben.phone, pinned=True)
    await ana.shows_chat(ben, pinned_s=int(datetime.fromisoformat(pinned["pinned_at"]).timestamp()))
    assert (await api.update_chat(ben.phone, pinned=False))["pinned_at"] is None
    await ana.shows_chat(ben, pinned_s=0)

    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=8)
    muted = await api.update_chat(ben.phone, muted=True, muted_until=end.isoformat().replace("+00:00", "Z"))
    assert (muted["muted"], datetime.fromisoformat(muted["muted_until"])) == (True, end)
    await ana.shows_chat(ben, muted_until_s=int(end.timestamp()))
    muted = await api.update_chat(ben.phone, muted=True)
    assert (muted["muted"], muted["muted_until"]) == (True, None)
    await ana.shows_chat(ben, muted_until_s=-1)
    assert (await api.update_chat(ben.phone, muted=False))["muted"] is False
    await ana.shows_chat(ben, muted_until_s=0)

    read = await api.update_chat(ben.phone, unread=False)
    assert (read["unread_count"], read["marked_unread"]) == (0, False)

    async def seen() -> bool | None:
        return all(message["ack"] == 3 for message in await ben.held(ana)) or None

    await until(seen)  # its writer sees that
    assert (await api.update_chat(ben.phone, unread=True))["marked_unread"] is True
    await ana.shows_chat(ben, marked_unread=True, unread=0)
    assert (await api.update_chat(ben.phone, unread=False))["marked_unread"] is False
    await ana.shows_chat(ben, marked_unread=False)

    names = ["archived"] * 2 + ["pinned"] * 2 + ["muted"] * 3 + ["unread"] * 3
    told = await people.until_all_told("chat.updated", ben, len(names))
    assert [(each["changed"], each["chat"]["id"]) for each in told] == [([name], ben.jid) for name in names]


async def test_chats_are_listed_by_what_they_are(people: People, api: PeopleTransport, over: str) -> None:
    away, new, plain = [await people.writer(f"{name} {over}") for name in ("away", "new", "plain")]
    for each in (away, plain):
        await api.update_chat(each.phone, unread=False)
    await api.update_chat(away.phone, archived=True)
    await api.update_chat(plain.phone, pinned=True)

    async def listed(**which: Any) -> set[str]:
        found, token = await api.chats(**which)
        assert token is None
        return {chat["id"] for chat in found} & {away.jid, new.jid, plain.jid}

    assert await listed() == {away.jid, new.jid, plain.jid}
    assert await listed(archived=True) == {away.jid}
    assert await listed(archived=False) == {new.jid, plain.jid}
    assert await listed(unread=True) == {new.jid}
    assert await listed(archived=False, unread=False) == {plain.jid}

    pages, token = [], ""
    while token is not None:
        page, token = await api.chats(page_size=2, **({"page_token": token} if token else {}))
        pages += [chat["id"] for chat in page]
    assert pages == [chat["id"] for chat in (await api.chats())[0]]
    assert pages[0] == plain.jid
    await api.update_chat(plain.phone, pinned=False)


async def test_a_fourth_chat_is_not_pinned(people: People, api: PeopleTransport, over: str) -> None:
    ana = await people.ana()
    *pinned, fourth = [await people.writer(f"{number} of four {over}") for number in range(4)]
    for each in pinned:
        await api.update_chat(each.phone, pinned=True)
    with pytest.raises(RefusedError) as error:
        await api.update_chat(fourth.phone, pinned=True)
    assert error.value.reason == "TOO_MANY_PINNED"
    await ana.shows_chat(fourth, pinned_s=0)
    for each in pinned:
        await api.update_chat(each.phone, pinned=False)
        assert len(await people.until_all_told("chat.updated", each, 2)) == 2
    assert await people.told("chat.updated", about=fourth) == []


async def test_a_cleared_and_a_deleted_chat_are_so_for_the_account_alone(
    people: People, api: PeopleTransport, over: str
) -> None:
    texts = [f"{name} {over}" for name in ("starred", "plain")]
    ana, ben = await people.ana(), await people.writer(*texts)
    await api.star((await people.gateway.received(texts[0]))["id"])
    await api.update_chat(ben.phone, unread=False)
    await api.clear_chat(ben.phone)
    assert await ana.texts(ben) == texts[:1]
    cleared = await api.clear_chat(ben.phone, keep_starred=False)
    assert (cleared["id"], cleared["unread_count"]) == (ben.jid, 0)
    assert (await ana.texts(ben), await ben.texts(ana)) == ([], texts)
    assert (await api.chat(ben.phone))["id"] == ben.jid

    for _ in range(2):  # It is deleted already.
        await api.delete_chat(ben.phone)
    assert await ana.chat(ben) is None
    with pytest.raises(RefusedError) as error:
        await api.chat(ben.phone)
    assert error.value.reason == "CHAT_NOT_FOUND"
    told = await people.until_all_told("chat.updated", ben, 4)
    assert [each["changed"] for each in told] == [["unread"], ["cleared"], ["cleared"], ["deleted"]]

    # The other side and the gateway's own record keep it all, and the conversation goes on.
    await ben.sends(ana, f"again {over}")
    await people.gateway.received(f"again {over}")
    assert (await api.chat(ben.phone))["unread_count"] == 1
    assert (await ana.texts(ben), await ben.texts(ana)) == ([f"again {over}"], [*texts, f"again {over}"])
    assert len(await api.messages(ben.phone)) == 3


async def test_what_the_account_is_at_is_seen(people: People, api: PeopleTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.writer(f"are you there? {over}")
    for activity, seen in (("COMPOSING", "composing"), ("RECORDING", "recording"), ("PAUSED", None)):
        await api.act(ben.phone, activity)
        await ben.sees_until(ana, typing=seen)
    for online, seen in ((True, "available"), (False, "unavailable")):
        await api.show(online=online)
        await ben.sees_until(ana, state=seen)
    assert (await ben.sees(ana))["last_seen_s"] is not None


async def test_whose_presence_is_subscribed_to_is_told(people: People, api: PeopleTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.writer(f"look at me {over}")
    shown = await api.subscribe(ben.phone)
    assert (shown["chat_id"], shown["lid"], shown["participant"]) == (ben.jid, ben.lid, None)
    assert (shown["online"], shown["activity"], shown["last_seen_at"]) == (False, "PAUSED", None)
    await ben.does("POST", "/presence", {"state": "available"})
    await people.until_told("presence.update", ben, lambda told: told["presence"]["online"])
    assert (await api.subscribe(ben.phone))["online"] is True
    for typing, activity in (("composing", "COMPOSING"), ("recording", "RECORDING")):
        await ben.does("POST", "/typing", {"chat": ana.phone, "state": typing})
        await people.until_told("presence.update", ben, lambda told, it=activity: told["presence"]["activity"] == it)
    await ben.does("POST", "/typing", {"chat": ana.phone, "state": "paused"})
    await ben.does("POST", "/presence", {"state": "unavailable"})
    left = await people.until_told("presence.update", ben, lambda told: told["presence"]["last_seen_at"])
    assert (left["presence"]["online"], left["presence"]["phone"]) == (False, ben.jid)
    await api.unsubscribe(ben.phone)


async def test_who_types_in_a_group_that_is_subscribed_to_is_told(
    people: People, api: PeopleTransport, over: str
) -> None:
    ana, ben, cyd = await people.ana(), await people.somebody(), await people.somebody()
    founding = {"subject": f"Choir {over}", "participants": [ana.phone, cyd.phone]}
    group = (await ben.does("POST", "/groups", founding))["group"]["id"]
    await ben.does("POST", "/send", {"to": group, "text": f"join in {over}"})
    await people.gateway.received(f"join in {over}")

    async def told(who: Person, activity: str) -> None:
        def holds(told: dict[str, Any]) -> bool:
            return (told["presence"]["participant"], told["presence"]["activity"]) == (who.lid, activity)

        shown = (await people.until_told("presence.update", group, holds))["presence"]
        # That somebody types there says nothing of where else they are.
        assert (shown["chat_id"], shown["phone"], shown["online"], shown["last_seen_at"]) == (group, None, None, None)

    shown = await api.subscribe(group)
    assert (shown["chat_id"], shown["participant"], shown["activity"]) == (group, None, "PAUSED")
    await ben.does("POST", "/typing", {"chat": group, "state": "composing"})
    await told(ben, "COMPOSING")
    # Somebody else does the same meanwhile, and is still at it when the first has stopped.
    await cyd.does("POST", "/typing", {"chat": group, "state": "composing"})
    await told(cyd, "COMPOSING")
    await ben.does("POST", "/typing", {"chat": group, "state": "paused"})
    await told(ben, "PAUSED")
    await cyd.does("POST", "/typing", {"chat": group, "state": "recording"})
    await told(cyd, "RECORDING")
    await cyd.does("POST", "/typing", {"chat": group, "state": "paused"})
    await told(cyd, "PAUSED")
    assert (await api.subscribe(group))["online"] is None
    updates = [each["presence"] for each in await people.told("presence.update", about=group)]
    assert [each["activity"] for each in updates if each["participant"] == ben.lid] == ["COMPOSING", "PAUSED"]
    assert [each["activity"] for each in updates if each["participant"] == cyd.lid] == [
        "COMPOSING",
        "RECORDING",
        "PAUSED",
    ]
    await api.unsubscribe(group)


async def test_a_subscription_outlives_a_restart_until_it_is_ended(people: People) -> None:
    kept, ended = {}, {}
    for over, api in people.over.items():
        kept[over], ended[over] = await people.writer(f"keep {over}"), await people.writer(f"end {over}")
        for each in (kept[over], ended[over]):
            await api.subscribe(each.phone)
        await api.unsubscribe(ended[over].phone)
    # Who comes while no page runs is told of by the next one.
    await people.gateway.call("POST", f"/api/v1/sessions/{SESSION}/stop")
    for each in (*ended.values(), *kept.values()):
        await each.does("POST", "/presence", {"state": "available"})
    await people.gateway.call("POST", f"/api/v1/sessions/{SESSION}/start")
    await people.gateway.status(SESSION, "WORKING")
    # They are told of later than the others would be.
    for each in kept.values():
        await people.until_told("presence.update", each, lambda told: told["presence"]["online"])
    for each in ended.values():
        told = await people.told("presence.update", about=each)
        assert not any(each["presence"]["online"] for each in told)
