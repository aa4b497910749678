"""People, who is who, and calls over both transports, on one running gateway, with the effects on the phones."""

from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests import media_files

from .messages_transport import MessagesTransport
from .people import People, Person
from .people_transport import PeopleTransport
from .processes import until
from .transport import SESSION, RefusedError

NOBODY = "15550109999"
BAKERY = {
    "description": "bread",
    "email": "baker@example.test",
    "website": [{"url": "https://bread.example.test"}],
    "categories": [{"id": "1", "localized_display_name": "Bakery"}],
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    async with People.run(tmp_path_factory.mktemp("people")) as people:
        yield people


@pytest.fixture
def api(people: People, over: str) -> MessagesTransport:
    return people.over[over]


async def one(found: Awaitable[list[str]], wanted: str) -> str | None:
    return wanted if (await found).count(wanted) == 1 else None


async def reason_of(call: Awaitable[object]) -> str:
    with pytest.raises(RefusedError) as error:
        await call
    return error.value.reason


async def test_who_is_there(people: People, api: PeopleTransport, over: str) -> None:
    name = f"ben.{over}"
    ben = await people.writer(f"hello from {name}", username=name)
    found = await api.check(ben.phone, ben.lid, f"@{name}", NOBODY, "@nobody.there")
    assert [each["asked"] for each in found] == [ben.jid, ben.lid, f"@{name}", f"{NOBODY}@c.us", "@nobody.there"]
    assert [(each["exists"], each["phone"], each["lid"]) for each in found] == [
        *[(True, ben.jid, ben.lid)] * 3,
        *[(False, None, None)] * 2,
    ]
    assert [each["username"] for each in found] == [None, None, name, None, None]

    contact = await api.contact(ben.phone)
    assert [contact[name] for name in ("id", "phone", "lid", "username")] == [ben.jid, ben.jid, ben.lid, name]
    assert (contact["name"], contact["push_name"]) == (None, f"Phone {ben.phone[-3:]}")
    assert {contact[name] for name in ("saved", "business", "blocked", "me")} == {False}
    assert await api.contact(ben.lid) == contact
    everybody, token = await api.contacts()
    assert (contact in everybody, token) == (True, None)
    first, token = await api.contacts(page_size=1)
    rest, last = await api.contacts(page_token=token) if token else ([], None)
    assert (first + rest, last) == (everybody, None)


async def test_what_somebody_shows(people: People, api: PeopleTransport) -> None:
    ben, baker = await people.somebody(), await people.somebody(business=BAKERY)
    assert await api.picture_of(ben.phone) is await api.about(ben.phone) is await api.business(ben.phone) is None
    picture = media_files.picture()
    await people.picture(ben, picture)
    await ben.shows(about="at sea")
    url = await api.picture_of(ben.phone)
    assert url is not None
    async with people.http.get(url) as answer:
        assert (answer.status, await answer.read()) == (200, picture)
    assert await api.about(ben.phone) == "at sea"
    await ben.shows(show_about="none", show_picture="contacts")
    assert await api.picture_of(ben.phone) is await api.about(ben.phone) is None

    assert await api.business(baker.phone) == {
        "description": "bread",
        "email": "baker@example.test",
        "address": None,
        "websites": ["https://bread.example.test"],
        "categories": ["Bakery"],
    }
    assert (await api.contact(baker.phone))["business"] is True


async def test_groups_in_common(people: People, api: PeopleTransport) -> None:
    ana, ben, clara = await people.ana(), await people.somebody(), await people.somebody()
    assert await api.common_groups(ben.phone) == []
    groups = [
        (await ben.does("POST", "/groups", {"subject": "Gulls", "participants": [each.phone for each in others]}))
        for others in ([ana], [clara], [ana, clara])
    ]
    shared, _, of_all = [group["group"]["id"] for group in groups]
    assert set(await api.common_groups(ben.phone)) == {shared, of_all}
    assert await api.common_groups(clara.phone) == [of_all]


async def test_the_address_book_is_the_phone_s(people: People, api: PeopleTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.writer(f"save me {over}")

    async def entries() -> list[tuple[str, bool]]:
        found = (await ana.does("GET", "/contacts"))["contacts"]
        return [(entry["name"], entry["on_phone"]) for entry in found if entry["person"] == ben.phone]

    saved = await api.save(ben.phone, "Ben", "Builder")
    assert (saved["id"], saved["name"], saved["saved"]) == (ben.jid, "Ben Builder", True)
    assert await entries() == [("Ben Builder", True)]
    assert [each["id"] for each in (await api.contacts(saved=True))[0]] == [ben.jid]
    assert (await api.save(ben.phone, "Benedict", on_phone=False))["name"] == "Benedict"
    assert await entries() == [("Benedict", False)]
    for _ in range(2):  # Who isn't in it is removed already.
        removed = await api.remove(ben.phone)
        assert (removed["name"], removed["saved"]) == (None, False)
    assert (await entries(), (await api.contacts(saved=True))[0]) == ([], [])
    await ana.does("POST", "/contacts", {"person": ben.phone, "first_name": "Benny"})
    told = [each["contact"] for each in await people.until_all_told("contact.updated", ben, 4)]
    assert (await api.contact(ben.phone))["saved"] is True
    assert [each["name"] for each in told] == ["Ben Builder", "Benedict", None, "Benny"]
    assert [each["saved"] for each in told] == [True, True, False, True]
    await api.remove(ben.phone)


async def test_who_is_blocked_is_not_heard(people: People, api: PeopleTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.writer(f"hear me {over}")
    for _ in range(2):  # It is so already.
        assert (await api.block(ben.phone))["blocked"] is True
    assert (await ana.does("GET", "/blocklist"))["blocked"] == [ben.phone]
    assert [(each["id"], each["blocked"]) for each in await api.blocked()] == [(ben.jid, True)]
    assert (await api.contact(ben.phone))["blocked"] is True
    await ben.sends(ana, f"unheard {over}")
    for _ in range(2):
        assert (await api.unblock(ben.phone))["blocked"] is False
    assert ((await ana.does("GET", "/blocklist"))["blocked"], await api.blocked()) == ([], [])
    await ben.sends(ana, f"heard {over}")
    await people.gateway.received(f"heard {over}")
    stored = [message["text"]["body"] for message in await api.messages(ben.phone)]
    assert set(stored) == {f"hear me {over}", f"heard {over}"}
    assert [message["ack"] for message in await ben.held(ana) if message["body"] == f"unheard {over}"] == [1]
    told = await people.until_all_told("contact.updated", ben, 2)
    assert [each["contact"]["blocked"] for each in told] == [True, False]


async def test_who_moves_to_a_lid_stays_one_conversation(people: People, api: PeopleTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.writer(f"by number {over}")
    await ben.shows(addressing="lid", hide_phone=True)
    await ben.sends(ana, f"by lid {over}")
    received = await people.gateway.received(f"by lid {over}")
    await people.gateway.send(SESSION, ben.lid, f"answer {over}")
    await until(lambda: one(ben.texts(ana), f"answer {over}"))
    identity = await api.identity(ben.lid)
    assert [identity[name] for name in ("contact_id", "phone", "lid")] == [ben.jid, ben.jid, ben.lid]
    assert (received["chat_id"], set(identity["addresses"])) == (ben.jid, {ben.jid, ben.lid})
    assert [chat["id"] for chat in (await api.chats())[0] if ben.lid in (chat["id"], chat["lid"])] == [ben.jid]
    found = [[message["id"] for message in await api.messages(address)] for address in (ben.lid, ben.phone)]
    assert (len(found[0]), found[0]) == (3, found[1])
    assert await people.told("contact.merged", about=ben) == []  # Its two addresses were never known apart.


async def test_whose_number_becomes_known_is_merged_once(people: People, api: PeopleTransport, over: str) -> None:
    name = f"ben.known.{over}"
    profile = {"addressing": "lid", "hide_phone": True, "username": name}
    ana, ben = await people.ana(), await people.writer(f"unknown {over}", **profile)
    unknown = await api.identity(ben.lid)
    assert (unknown["contact_id"], unknown["phone"], unknown["addresses"]) == (ben.lid, None, [ben.lid])
    # A username leads to somebody once WhatsApp has been asked for it.
    assert await reason_of(api.identity(f"@{name}")) == "CONTACT_NOT_FOUND"
    assert [(each["lid"], each["phone"]) for each in await api.check(f"@{name}")] == [(ben.lid, None)]
    assert await api.identity(f"@{name}") == unknown | {"username": name}
    await ana.does("POST", "/contacts", {"person": ben.phone, "first_name": "Ben"})
    merged = await people.until_told("contact.merged", ben)
    assert merged == {"contact_id": ben.jid, "phone": ben.jid, "lid": ben.lid, "username": name, "merged": [ben.lid]}
    await ben.shows(addressing="phone", hide_phone=False)
    await ben.sends(ana, f"known {over}")
    await people.gateway.received(f"known {over}")
    for address in (ben.phone, ben.lid, f"@{name}"):
        identity = await api.identity(address)
        assert [identity[name] for name in ("contact_id", "phone", "lid")] == [ben.jid, ben.jid, ben.lid]
        assert (identity["username"], set(identity["addresses"])) == (name, {ben.jid, ben.lid})
    for address in (ben.phone, ben.lid):
        assert len(await api.messages(address)) == 2
    assert len([chat for chat in (await api.chats())[0] if ben.lid in (chat["id"], chat["lid"])]) == 1
    assert len(await people.told("contact.merged", about=ben)) == 1


@pytest_asyncio.fixture(loop_scope="module")
async def moved(people: People) -> AsyncIterator[Person]:
    """Ana, whose number others are told no more; her account is the gateway's."""
    ana = await people.ana()
    await ana.shows(addressing="lid", hide_phone=True)
    yield ana
    await ana.shows(addressing="phone", hide_phone=False)


@pytest.mark.parametrize("both", [False, True], ids=["the account", "both"])
async def test_an_account_that_moves_to_a_lid_goes_on_with_its_conversations(
    people: People, api: MessagesTransport, over: str, moved: Person, *, both: bool
) -> None:
    ana, which = moved, f"{over} {both}"
    # Somebody who hasn't written since she moved: to them, too, it is the old conversation.
    ben = await people.somebody(read_after_ms=None, **({"addressing": "lid"} if both else {}))
    sent = await api.sent(ben.phone, "text", {"body": f"from my LID {which}"})
    assert sent["status"] in {"SENT", "DELIVERED", "READ"}, sent
    (arrived,) = await ben.held(ana)
    await ben.does("POST", "/read", {"chat": ana.phone})

    async def read() -> bool | None:
        return (await api.message(sent["id"]))["status"] == "READ" or None

    await until(read)
    assert [(each["participant"], each["status"]) for each in await api.receipts(sent["id"])] == [(ben.jid, "READ")]
    answer = {"to": ana.phone, "text": f"to your LID {which}", "quoted_id": arrived["id"]}
    await ben.does("POST", "/send", answer)
    received = await people.gateway.received(f"to your LID {which}")
    assert received["context"]["message_id"] == sent["whatsapp_id"]
    writer = ben.lid if both else ben.jid
    assert (received["from"], received["to"], received["chat_id"]) == (writer, ana.jid, writer)
    await people.gateway.send(SESSION, ben.lid, f"to yours {which}")
    await until(lambda: one(ben.texts(ana), f"to yours {which}"))

    found = [[message["text"]["body"] for message in await api.messages(address)] for address in (ben.phone, ben.lid)]
    assert found[0] == found[1] == [f"to yours {which}", f"to your LID {which}", f"from my LID {which}"]
    assert len([chat for chat in (await api.chats())[0] if ben.lid in (chat["id"], chat["lid"])]) == 1
    # There is no conversation of hers with herself, and she is who she was.
    assert [chat for chat in (await api.chats())[0] if {chat["id"], chat["lid"]} & {ana.jid, ana.lid}] == []
    me = await people.gateway.call("GET", f"/api/v1/sessions/{SESSION}/me")
    assert (me["phone"], me["lid"]) == (ana.phone, ana.lid)
    assert await people.told("contact.merged", about=ana) == await people.told("contact.merged", about=ben) == []


async def test_calls_ring_until_they_end(people: People, api: PeopleTransport) -> None:
    ana, ben = await people.ana(), await people.somebody()

    async def rings(**more: object) -> str:
        call = await ben.does("POST", "/call", {"to": ana.phone, **more})
        told = (await people.until_told("call.received", call["id"]))["call"]
        assert (told["from"], told["video"], told["group"]) == (ben.jid, more.get("video", False), False)
        return str(call["id"])

    async def states() -> list[str]:
        return [call["state"] for call in (await ben.does("GET", "/calls"))["calls"]]

    rejected = await rings(video=True)
    assert [(call["id"], call["from"], call["video"]) for call in await api.calls()] == [(rejected, ben.jid, True)]
    for _ in range(2):  # It is rejected already.
        assert (await api.reject(rejected))["id"] == rejected
    await people.until_told("call.rejected", rejected)
    assert (await states(), await api.calls()) == (["rejected"], [])

    taken = await rings()
    await ana.does("POST", "/call/accept", {"id": taken})
    ended = await people.until_told("call.ended", taken)
    assert (ended["outcome"], await api.calls()) == ("ACCEPTED_ELSEWHERE", [])
    missed = await rings(ring_ms=300)
    assert (await people.until_told("call.ended", missed))["outcome"] == "MISSED"
    assert (await states(), await api.calls()) == (["rejected", "accepted", "missed"], [])
    with pytest.raises(RefusedError) as error:
        await api.reject(missed)
    assert error.value.reason == "CALL_NOT_FOUND"
    for call, ends in ((rejected, ["call.rejected"]), (taken, ["call.ended"]), (missed, ["call.ended"])):
        kinds = ("call.received", "call.rejected", "call.ended")
        assert [kind for kind in kinds for _ in await people.told(kind, about=call)] == ["call.received", *ends]


async def test_a_voice_note_is_played(people: People, api: PeopleTransport, over: str, tmp_path: Path) -> None:
    ana, ben = await people.ana(), await people.writer(f"listen {over}")
    note = await people.sandbox.upload(ben.phone, media_files.sound(tmp_path / "a.ogg", "libopus").read_bytes())
    await ben.does("POST", "/send", {"to": ana.phone, "media": {"kind": "ptt", "id": note}})

    async def stored() -> dict[str, Any] | None:
        return next((message for message in await api.messages(ben.phone) if "audio" in message), None)

    message = await until(stored)
    for _ in range(2):  # It is played already.
        assert (await api.played(message["id"]))["id"] == message["id"]

    async def played() -> bool | None:
        (receipt,) = (await ben.held(ana))[-1]["receipts"]
        return receipt["played_ms"] is not None or None

    await until(played)
    with pytest.raises(RefusedError) as error:
        await api.played((await people.gateway.received(f"listen {over}"))["id"])
    assert error.value.reason == "NOT_PLAYABLE"
