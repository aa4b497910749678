"""What wa-js does with people and calls, and what phones see of it."""

from typing import Any

from .conftest import WaJsFactory
from .sandbox import Sandbox, eventually
from .wajs import WaJsPage

_PNG = b"\x89PNG\r\n\x1a\n"


async def _contact(page: WaJsPage, jid: str) -> dict[str, Any]:
    script = """(id) => WPP.contact.get(id).then((contact) => contact && {
      name: contact.name ?? null, pushname: contact.pushname ?? null, mine: contact.isMyContact,
      username: contact.username ?? null})"""
    contact: dict[str, Any] = await page.evaluate(script, jid)
    return contact


async def test_address_book_both_ways(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "hello")
    async with wa_js() as page:
        await page.link(ann)
        assert await _contact(page, bob.jid) == {"name": None, "pushname": "Bob", "mine": False, "username": None}
        await page.evaluate("(id) => WPP.contact.save(id, 'Robert', {lastName: 'Builder'})", bob.jid)
        assert (await _contact(page, bob.jid))["name"] == "Robert Builder"
        [entry] = ann.call("GET", "/contacts")["contacts"]
        assert (entry["person"], entry["name"], entry["on_phone"]) == (bob.phone, "Robert Builder", True)
        mine = "() => WPP.contact.list({onlyMyContacts: true}).then((all) => all.map((each) => each.id._serialized))"
        assert await page.evaluate(mine) == [bob.jid]
        await page.page.reload()
        await page.attached()
        await page.ready()
        assert (await _contact(page, bob.jid))["name"] == "Robert Builder"
        await page.evaluate("(id) => WPP.contact.remove(id)", bob.jid)
        assert ann.call("GET", "/contacts")["contacts"] == []
        ann.call("POST", "/contacts", {"person": bob.phone, "first_name": "Bobby"})

        async def renamed() -> bool:
            return (await _contact(page, bob.jid))["name"] == "Bobby"

        await eventually(renamed, what="the phone's entry")
        assert page.errors == []


async def test_picture_about_business_and_existence(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js() as page:
        await page.link(ann)
        picture = "(id) => WPP.contact.getProfilePictureUrl(id)"
        about = "(id) => WPP.contact.getStatus(id)"
        assert await page.evaluate(picture, bob.jid) is None
        assert await page.evaluate(about, bob.jid) is None
        bob.set_picture(_PNG)
        bob.call("PATCH", "", {"about": "at sea", "business": {"description": "bread", "email": "b@example.test"}})
        url = await page.evaluate(picture, bob.jid)
        fetched = "async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())]"
        assert bytes(await page.evaluate(fetched, url)) == _PNG
        assert await page.evaluate(about, bob.jid) == "at sea"
        profile = "(id) => WPP.contact.getBusinessProfile(id).then(({description, email}) => [description, email])"
        assert await page.evaluate(profile, bob.jid) == ["bread", "b@example.test"]
        bob.call("PATCH", "", {"show_about": "none", "show_picture": "contacts"})
        assert await page.evaluate(picture, bob.jid) is None
        assert await page.evaluate(about, bob.jid) is None
        exists = "(id) => WPP.contact.queryExists(id).then((found) => found && found.wid._serialized)"
        assert await page.evaluate(exists, bob.jid) == bob.jid
        assert await page.evaluate(exists, "19998887776@c.us") is None
        assert await page.evaluate("(id) => WPP.contact.getCommonGroups(id)", bob.jid) == []
        assert page.errors == []


async def test_blocking_both_ways(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "hello")
    async with wa_js() as page:
        await page.link(ann)
        await page.evaluate("(id) => WPP.blocklist.blockContact(id)", bob.jid)
        assert ann.call("GET", "/blocklist")["blocked"] == [bob.phone]
        unheard = bob.send(ann, "can you hear me?")
        assert (await page.send(bob, "no"))["ack"] == -1
        await page.evaluate("(id) => WPP.blocklist.unblockContact(id)", bob.jid)
        assert ann.call("GET", "/blocklist")["blocked"] == []
        bob.send(ann, "and now?")
        await page.received("and now?")
        assert [message["ack"] for message in bob.messages(ann) if message["id"] == unheard] == [1]
        assert ann.held(bob, "can you hear me?") == []
        ann.call("POST", "/block", {"person": bob.phone})

        async def listed() -> bool:
            return await page.evaluate("() => WPP.blocklist.all().map(String)") == [bob.jid]

        await eventually(listed, what="the phone's block")
        assert await page.evaluate("(id) => WPP.blocklist.isBlocked(id)", bob.jid) is True
        # Bob blocks Ann: she isn't told, her message stays at one tick.
        ann.call("POST", "/unblock", {"person": bob.phone})
        bob.call("POST", "/block", {"person": ann.phone})

        async def free() -> bool:
            return await page.evaluate("() => WPP.blocklist.all().length") == 0

        await eventually(free, what="nobody blocked")
        assert (await page.send(bob, "hello?"))["ack"] == 1
        assert bob.held(ann, "hello?") == []
        assert page.errors == []


async def test_a_person_who_moves_to_a_lid_stays_one_conversation(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.send(ann, "by number")
    chats = "() => WPP.whatsapp.ChatStore.getModelsArray().map((chat) => chat.id._serialized)"
    async with wa_js() as page:
        await page.link(ann)
        bob.call("PATCH", "", {"addressing": "lid", "hide_phone": True})
        bob.send(ann, "by lid")
        message = await page.received("by lid")
        assert message["from"] == bob.jid
        assert await page.evaluate(chats) == [bob.jid]
        sent = await page.send(bob.lid, "answer")
        assert len(bob.held(ann, "answer")) == 1
        bob.read(ann)

        async def read() -> bool:
            return await page.acks(sent["id"]) == [1, 2, 3]

        await eventually(read, what="receipts that name the LID")
        assert await page.evaluate(chats) == [bob.jid]
        assert page.errors == []


async def test_a_person_known_by_lid_alone(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    bob.call("PATCH", "", {"addressing": "lid", "hide_phone": True, "username": f"bob{bob.phone[-8:]}"})
    bob.send(ann, "hello")
    entry = """async (id) => {
      const {lid, phoneNumber} = await WPP.contact.getPnLidEntry(id);
      return [lid?._serialized, phoneNumber?._serialized ?? null];
    }"""
    async with wa_js() as page:
        await page.link(ann)
        assert await page.evaluate("() => WPP.whatsapp.ChatStore.getModelsArray().map((chat) => String(chat.id))") == [
            bob.lid
        ]
        assert await page.evaluate(entry, bob.lid) == [bob.lid, None]
        sent = await page.send(bob.lid, "answer")
        assert sent["ack"] == 1
        assert len(bob.held(ann, "answer")) == 1
        found = await page.evaluate(
            "(name) => WPP.contact.queryUsernameExists(name).then((found) => found && String(found.wid))",
            f"@bob{bob.phone[-8:]}",
        )
        assert found == bob.lid
        assert await page.evaluate("() => WPP.contact.queryUsernameExists('nobody.there')") is None
        username = "(id) => WPP.contact.getUsername(id, true).then((found) => found.username)"
        assert await page.evaluate(username, bob.lid) == f"bob{bob.phone[-8:]}"
        # Who saves the number knows it, and the conversation stays where it was.
        ann.call("POST", "/contacts", {"person": bob.phone, "first_name": "Bob"})

        async def known() -> bool:
            return bool(await page.evaluate(entry, bob.lid) == [bob.lid, bob.jid])

        await eventually(known, what="the number")
        await page.send(bob.jid, "by number")
        assert await page.evaluate("() => WPP.whatsapp.ChatStore.length") == 1
        assert page.errors == []


async def test_incoming_calls(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    ringing = "() => WPP.whatsapp.CallStore.length"
    async with wa_js() as page:
        await page.link(ann)

        async def told(call: dict[str, Any]) -> dict[str, Any]:
            async def find() -> dict[str, Any] | None:
                calls = await page.events("call.incoming_call")
                return next((each for each in calls if each["id"] == call["id"]), None)

            found = await eventually(find, what="the call")
            assert found is not None
            return found

        call = bob.call("POST", "/call", {"to": ann.phone, "video": True})
        heard = await told(call)
        assert (heard["sender"], heard["isVideo"], heard["isGroup"]) == (bob.jid, True, False)
        assert await page.evaluate("(id) => WPP.call.reject(id)", call["id"]) is True
        await eventually(lambda: bob.call("GET", "/calls")["calls"][-1]["state"] == "rejected", what="rejected")

        # Two at once: the second doesn't have the window.
        first, second = (caller.call("POST", "/call", {"to": ann.phone}) for caller in (bob, sandbox.account("Cyd")))
        await told(first)
        await told(second)
        assert await page.evaluate("(id) => WPP.call.reject(id)", second["id"]) is True

        async def one() -> bool:
            return await page.evaluate(ringing) == 1

        await eventually(one, what="one call left")
        ann.call("POST", "/call/accept", {"id": first["id"]})

        async def none() -> bool:
            return await page.evaluate(ringing) == 0

        await eventually(none, what="no call left: accepted elsewhere")
        await told(bob.call("POST", "/call", {"to": ann.phone, "ring_ms": 300}))
        await eventually(none, what="no call left: missed")
        assert page.errors == []
