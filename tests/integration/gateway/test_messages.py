"""What is done to messages over both transports, on one running gateway, with the effects on the phones."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests import media_files

from .messages_transport import MessagesTransport
from .people import People, Person
from .processes import until
from .transport import RefusedError

pytestmark = pytest.mark.asyncio(loop_scope="module")

type Json = dict[str, Any]

WRITTEN_BEFORE = 130
"""Messages of a chat from before the link: more than the 100 that a phone gives a device that is new."""


@pytest.fixture(scope="module")
def historians() -> dict[str, Person]:
    """By transport, who wrote all that before the link."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory, historians: dict[str, Person]) -> AsyncIterator[People]:
    async def write(people: People) -> None:
        ana = await people.ana()
        for over in people.over:
            historians[over] = await people.somebody()
            for number in range(WRITTEN_BEFORE):
                await historians[over].sends(ana, f"{number} {over}")

    async with People.run(tmp_path_factory.mktemp("messages"), write) as people:
        yield people


@pytest.fixture
def api(people: People, over: str) -> MessagesTransport:
    return people.over[over]


async def sent(api: MessagesTransport, to: str, text: str) -> Json:
    message = await api.sent(to, "text", {"body": text})
    assert message["status"] in {"SENT", "DELIVERED", "READ"}, message
    return message


def done(answer: Json) -> Json:
    """The message that an operation concerns, once WhatsApp has the operation."""
    assert answer["operation"]["status"] in {"SENT", "DELIVERED", "READ"}, answer["operation"]
    message: Json = answer["message"]
    return message


async def told(people: People, kind: str, message: Json) -> list[Json]:
    """The events of a kind about a message, oldest first."""
    payloads = [event["payload"] for event in await people.gateway.events(kind)]
    return [payload for payload in payloads if payload["message_id"] == message["id"]]


async def until_told(people: People, kind: str, message: Json, count: int) -> list[Json]:
    async def look() -> list[Json] | None:
        found = await told(people, kind, message)
        return found if len(found) >= count else None

    return await until(look)


async def test_many_are_sent_listed_and_one_taken_back(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben, clara = await people.ana(), await people.somebody(), await people.somebody()
    texts = [(ben.phone, f"one {over}"), (clara.phone, f"two {over}"), (ben.phone, f"three {over}")]
    many = await api.sent_many(*texts)

    async def arrived() -> bool | None:
        return (await ben.texts(ana), await clara.texts(ana)) == ([texts[0][1], texts[2][1]], [texts[1][1]]) or None

    await until(arrived)
    later = await api.sent(ben.phone, "text", {"body": "never"}, datetime.now(UTC) + timedelta(hours=1))
    assert later["status"] == "QUEUED"
    for _ in range(2):  # It is taken back already.
        assert (await api.canceled(later["id"]))["status"] == "CANCELED"
    with pytest.raises(RefusedError) as error:
        await api.canceled(many[0]["id"])
    assert error.value.reason == "MESSAGE_NOT_CANCELABLE"
    canceled = [event["payload"]["message"]["id"] for event in await people.gateway.events("message.canceled")]
    assert canceled.count(later["id"]) == 1
    assert await ben.texts(ana) == [texts[0][1], texts[2][1]]

    await ben.sends(ana, f"four {over}")
    received = await people.gateway.received(f"four {over}")
    newest = [received["id"], later["id"], many[2]["id"], many[0]["id"]]
    whole, token = await api.listed(chat_id=ben.phone)
    assert ([message["id"] for message in whole], token) == (newest, None)
    first, token = await api.listed(chat_id=ben.phone, page_size=3)
    assert token is not None
    rest, last = await api.listed(chat_id=ben.phone, page_size=3, page_token=token)
    assert (first + rest, last) == (whole, None)
    inbound, _ = await api.listed(chat_id=ben.phone, direction="inbound")
    assert [message["id"] for message in inbound] == [received["id"]]
    assert await api.message(received["id"]) == inbound[0]


async def test_a_text_changes_and_goes_on_the_other_phone(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.somebody()
    message = await sent(api, ben.phone, f"helo {over}")
    changed = done(await api.edited(message["id"], f"hello {over}"))
    assert changed["text"]["body"] == f"hello {over}"
    edited = await ben.shows_message(ana.phone, message, body=f"hello {over}")
    assert datetime.fromisoformat(changed["edited_at"]).timestamp() == pytest.approx(edited["edits"][0]["ts"], abs=2)
    taken = done(await api.revoked(message["id"]))
    assert (taken["revoked_at"] is not None, taken["revoked_by"]) == (True, ana.jid)
    shown = await ben.shows_message(ana.phone, message, type="revoked")
    assert shown["revoked"]["by"] == ana.jid
    for kind in ("message.edited", "message.revoked"):
        assert len(await until_told(people, kind, message, 1)) == 1
    operations, _ = await api.listed(chat_id=ben.phone, types="edit,revoke")
    assert [next(kind for kind in ("edit", "revoke") if kind in each) for each in operations] == ["revoke", "edit"]


async def test_reactions_are_those_on_the_phones(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.somebody()
    message = await sent(api, ben.phone, f"what do you say? {over}")
    shown = done(await api.reacted(message["id"], "👍"))
    assert [(each["from"], each["from_me"], each["emoji"]) for each in shown["reactions"]] == [(ana.jid, True, "👍")]

    async def agreed(count: int) -> list[Json] | None:
        """The reactions, once the gateway and both phones show so many, and the same."""
        listed = await api.reactions(message["id"])
        for phone, chat in ((ana, ben), (ben, ana)):
            held = (await phone.message(chat.phone, message))["reactions"]
            if sorted((each["from"], each["emoji"]) for each in held) != sorted(
                (each["from"], each["emoji"]) for each in listed
            ):
                return None
        return listed if len(listed) == count else None

    await until(lambda: agreed(1))
    await ben.does("POST", "/react", {"id": message["whatsapp_id"].split("_")[2], "emoji": "😮"})
    both = await until(lambda: agreed(2))
    assert [(each["from"], each["from_me"], each["emoji"]) for each in both] == [
        (ana.jid, True, "👍"),
        (ben.jid, False, "😮"),
    ]
    assert (await api.message(message["id"]))["reactions"] == both
    assert len(done(await api.reacted(message["id"], None))["reactions"]) == 1
    assert [each["from"] for each in await until(lambda: agreed(1))] == [ben.jid]
    events = await until_told(people, "message.reaction", message, 3)
    assert [each["emoji"] for each in events] == ["👍", "😮", ""]


async def test_votes_are_those_on_the_phones(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.somebody()
    poll = {"question": f"lunch? {over}", "options": ["soup", "rice", "fish"], "selectable": 2}
    message = await api.sent(ben.phone, "poll", poll)
    done(await api.voted(message["id"], "soup", "fish"))
    await ben.shows_message(ana.phone, message, results={"soup": 1, "rice": 0, "fish": 1})
    await ben.does("POST", "/vote", {"id": message["whatsapp_id"].split("_")[2], "options": ["fish"]})

    async def both() -> Json | None:
        found = await api.votes(message["id"])
        return found if len(found["items"]) == 2 else None

    votes = await until(both)
    held = await ana.message(ben.phone, message)
    assert [(each["from"], sorted(each["options"])) for each in votes["items"]] == [
        (each["from"], sorted(each["options"])) for each in held["votes"]
    ]
    assert {each["option"]: each["votes"] for each in votes["results"]} == held["results"]
    assert {each["option"]: sorted(each["voters"]) for each in votes["results"]} == {
        "soup": [ana.jid],
        "rice": [],
        "fish": sorted([ana.jid, ben.jid]),
    }
    done(await api.voted(message["id"]))
    await ben.shows_message(ana.phone, message, results={"soup": 0, "rice": 0, "fish": 1})
    assert [each["from"] for each in (await api.votes(message["id"]))["items"]] == [ben.jid]
    assert len(await until_told(people, "poll.vote", message, 3)) == 3
    with pytest.raises(RefusedError) as error:
        await api.votes((await sent(api, ben.phone, "no poll"))["id"])
    assert error.value.reason == "NOT_A_POLL"


async def test_a_pin_is_seen_by_both_until_it_is_taken_away(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.writer(f"pin me {over}")
    message = await people.gateway.received(f"pin me {over}")
    pinned = done(await api.pinned(message["id"], 1))
    until_when = datetime.fromisoformat(pinned["pinned_until"]).timestamp()

    async def seen() -> Json | None:
        pin: Json | None = (await ben.message(ana.phone, message))["pinned"]
        return pin

    pin = await until(seen)
    assert (pin["by"], pin["until"]) == (ana.jid, pytest.approx(until_when, abs=2))
    assert pin["until"] - pin["ts"] == 86_400
    assert done(await api.unpinned(message["id"])).get("pinned_until") is None
    for phone, chat in ((ben, ana), (ana, ben)):
        await phone.shows_message(chat.phone, message, pinned=None)
    events = await until_told(people, "message.pinned", message, 2)
    assert [each["pinned"] for each in events] == [True, False]


async def test_what_came_is_sent_on(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben, clara = await people.ana(), await people.writer(f"pass it on {over}"), await people.somebody()
    message = await people.gateway.received(f"pass it on {over}")
    forwarded = await api.forward(message["id"], clara.phone)
    assert (forwarded["forwarded"], forwarded["chat_id"]) == (True, clara.jid)
    there = await clara.shows_message(ana.phone, forwarded, body=f"pass it on {over}")
    assert there["content"]["isForwarded"] is True

    picture = media_files.picture(seed=len(over))
    staged = await people.sandbox.upload(ben.phone, picture)
    media = {"kind": "image", "id": staged, "mimetype": "image/jpeg", "caption": "see"}
    await ben.does("POST", "/send", {"to": ana.phone, "media": media})

    async def come() -> Json | None:
        found, _ = await api.listed(chat_id=ben.phone, types="image")
        return found[0] if found else None

    forwarded = await api.forward((await until(come))["id"], clara.phone)
    there = await clara.message(ana.phone, forwarded)
    assert (there["media"]["caption"], there["content"]["isForwarded"]) == ("see", True)
    assert await people.sandbox.file(clara.phone, there["id"]) == picture


async def test_stars_and_deletions_are_the_account_s_own(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.somebody()
    message = await sent(api, ben.phone, f"between us {over}")
    await api.star(message["id"])
    await ana.shows_message(ben.phone, message, starred=True)
    assert (await api.message(message["id"]))["starred"] is True
    assert (await api.unstar(message["id"]))["starred"] is False
    await ana.shows_message(ben.phone, message, starred=False)
    assert (await ben.message(ana.phone, message))["starred"] is False

    for _ in range(2):  # It is deleted already.
        assert (await api.delete_for_me(message["id"]))["deleted_at"] is not None
    assert (await ana.texts(ben), await ben.texts(ana)) == ([], [f"between us {over}"])
    # The gateway's own record stays, and says so.
    kept = await api.message(message["id"])
    assert (kept["text"]["body"], kept.get("revoked_at")) == (f"between us {over}", None)
    assert kept["deleted_at"] is not None
    assert len(await until_told(people, "message.starred", message, 2)) == 2
    assert len(await until_told(people, "message.deleted", message, 1)) == 1


async def test_what_was_before_comes_from_the_phone(
    people: People, api: MessagesTransport, over: str, historians: dict[str, Person]
) -> None:
    ana, writer = await people.ana(), historians[over]
    known = [message["id"] for message in await api.messages(writer.phone)]
    pieces: list[Json] = []
    before, more = None, True
    while more:
        piece = await api.history(writer.phone, before, 50)
        pieces = piece["items"] + pieces
        before, more = piece["items"][0]["id"], piece["more"]
    held = (await ana.does("GET", f"/messages?chat={writer.phone}&limit=1000"))["messages"]
    assert [each["body"] for each in held] == [f"{number} {over}" for number in range(WRITTEN_BEFORE)]
    assert [(each["text"]["body"], each["whatsapp_id"].split("_")[2]) for each in pieces] == [
        (each["body"], each["id"]) for each in held
    ]
    assert {(each["from"], each["backfilled"]) for each in pieces} == {(writer.jid, True)}
    # It is stored and told once, whoever asks again.
    again = await api.history(writer.phone, pieces[50]["id"], 50)
    assert (again["items"], again["added"], again["more"]) == (pieces[:50], 0, False)
    events = [event["payload"]["message"] for event in await people.gateway.events("message.received")]
    assert sorted(each["id"] for each in events if each["chat_id"] == writer.jid) == sorted(
        each["id"] for each in pieces
    )
    assert set(known) < {each["id"] for each in pieces}


def ms(time: str | None) -> float | None:
    return None if time is None else datetime.fromisoformat(time).timestamp() * 1000


type Standing = dict[str, tuple[str, float | None, float | None]]
"""How far a message has come with each person, and since when, in milliseconds."""


async def standing(people: People, message: Json) -> tuple[Standing, str]:
    """What both transports tell alike, and the message's own status."""

    async def look() -> tuple[Standing, str] | None:
        rest, over_grpc = [
            {
                each["participant"]: (each["status"], ms(each.get("delivered_at")), ms(each.get("read_at")))
                for each in await api.receipts(message["id"])
            }
            for api in people.over.values()
        ]
        statuses = {(await api.message(message["id"]))["status"] for api in people.over.values()}
        # Receipts come between two calls, too.
        return (rest, statuses.pop()) if rest == over_grpc and len(statuses) == 1 else None

    return await until(look)


async def until_standing(people: People, message: Json, wanted: dict[str, str], status: str) -> Standing:
    async def look() -> Standing | None:
        stands, whole = await standing(people, message)
        assert ORDER.index(whole) <= ORDER.index(status), (whole, stands)
        return stands if whole == status and {jid: each[0] for jid, each in stands.items()} == wanted else None

    try:
        return await until(look)
    except TimeoutError as error:
        raise AssertionError(f"not {wanted}, {status}, but {await standing(people, message)}") from error


ORDER = ["SENT", "DELIVERED", "READ"]


async def comes_online(person: Person, _: str) -> None:
    await person.shows(online=True)


async def reads(person: Person, chat: str) -> None:
    assert (await person.does("POST", "/read", {"chat": chat}))["read"] == 1


async def test_each_member_s_receipts_are_their_own(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben, clara, dina = await people.ana(), *[await people.somebody() for _ in range(3)]
    body = {"subject": f"Receipts {over}", "participants": [ana.phone, clara.phone, dina.phone]}
    group = str((await ben.does("POST", "/groups", body))["group"]["id"])
    for member in (ben, clara, dina):
        await member.shows(online=False)
    message = await sent(api, group, f"to all {over}")
    assert await standing(people, message) == ({}, "SENT")
    wanted: dict[str, str] = {}
    seen: dict[tuple[str, str], float] = {}
    for member, does, status, whole in (
        (ben, comes_online, "DELIVERED", "SENT"),
        (ben, reads, "READ", "SENT"),
        (clara, comes_online, "DELIVERED", "SENT"),
        (dina, comes_online, "DELIVERED", "DELIVERED"),
        (dina, reads, "READ", "DELIVERED"),
        (clara, reads, "READ", "READ"),
    ):
        before = time.time() * 1000
        await does(member, group)
        wanted[member.lid] = status  # A group's members are told of by their LIDs.
        stands = await until_standing(people, message, wanted, whole)
        at = stands[member.lid][ORDER.index(status)]
        assert isinstance(at, float)
        assert before - 1 <= at <= time.time() * 1000
        seen[member.lid, status] = at
    # All of them stayed as they were told first, and are those of the account's own phone.
    last, _ = await standing(people, message)
    held = {each["participant"]: each for each in (await ana.message(group, message))["receipts"]}
    assert (len(last), set(held)) == (3, {ben.jid, clara.jid, dina.jid})
    for member in (ben, clara, dina):
        _, delivered, read = last[member.lid]
        assert (delivered, read) == (seen[member.lid, "DELIVERED"], seen[member.lid, "READ"])
        assert delivered >= held[member.jid]["delivered_ms"]
        assert read >= held[member.jid]["read_ms"]
    acks = await until_told(people, "message.ack", message, 8)
    assert [(each["participant"], each["status"], ms(each["at"])) for each in acks if each["participant"]] == [
        (*which, at) for which, at in seen.items()
    ]
    assert [each["status"] for each in acks if not each["participant"]] == ["DELIVERED", "READ"]


async def test_a_person_s_receipts_are_the_message_s(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.somebody(online=False)
    message = await sent(api, ben.phone, f"to you {over}")
    assert await standing(people, message) == ({}, "SENT")
    await comes_online(ben, ana.phone)
    delivered = await until_standing(people, message, {ben.jid: "DELIVERED"}, "DELIVERED")
    await reads(ben, ana.phone)
    read = await until_standing(people, message, {ben.jid: "READ"}, "READ")
    (held,) = (await ana.message(ben.phone, message))["receipts"]
    assert read[ben.jid][1] == delivered[ben.jid][1]
    assert held["delivered_ms"] <= (delivered[ben.jid][1] or 0) <= (read[ben.jid][2] or 0)
    assert held["read_ms"] <= (read[ben.jid][2] or 0)
    acks = await until_told(people, "message.ack", message, 2)
    assert [(each["participant"], each["status"]) for each in acks] == [(None, "DELIVERED"), (None, "READ")]
