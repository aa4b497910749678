"""What is done to messages of a group, whose people have two addresses each: wa-js, and phones on the other side."""

from typing import Any

import pytest

from .conftest import WaJsFactory
from .pair import ADDON_EVENTS
from .sandbox import Account, ControlError, Sandbox, eventually


def shown(account: Account, group: str, identifier: str) -> dict[str, Any]:
    messages = account.call("GET", f"/messages?chat={group}")["messages"]
    (message,) = [each for each in messages if each["id"] == identifier]
    return dict(message)


async def test_add_ons_in_a_group(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    ann, bob, cyd = sandbox.account("Ann"), sandbox.account("Bob"), sandbox.account("Cyd")
    async with wa_js() as page:
        await page.link(ann)
        for event in ADDON_EVENTS:
            await page.evaluate(
                "(name) => WPP.on(name, (event) => libraryEvents.push([name, JSON.parse(JSON.stringify(event))]))",
                event,
            )
        founded = {"subject": "Pigeons", "participants": [bob.phone, cyd.phone]}
        group = ann.call("POST", "/groups", founded)["group"]["id"]
        await eventually(lambda: page.evaluate(f"Boolean(WPP.chat.get('{group}')?.groupMetadata)"), what="the group")

        mine = await page.send(group, "from Ann")
        part = mine["id"].split("_")[2]
        bob.call("POST", "/react", {"id": part, "emoji": "👍"})
        cyd.call("POST", "/react", {"id": part, "emoji": "🎉"})

        async def reactions() -> bool:
            found = await page.evaluate(
                "(id) => WPP.chat.getReactions(id).then((all) => all.reactions.length)", mine["id"]
            )
            return bool(found == 2)

        await eventually(reactions, what="both reactions")
        told = [event["msgId"]["_serialized"] for event in await page.events("chat.new_reaction")]
        assert told == [mine["id"]] * 2

        theirs = bob.call("POST", "/send", {"to": group, "text": "from Bob"})["id"]
        heard = await page.received("from Bob")
        await page.evaluate("(id) => WPP.chat.sendReactionToMessage(id, '🐦')", heard["id"])
        for phone in (ann, bob, cyd):
            assert [each["emoji"] for each in shown(phone, group, theirs)["reactions"]] == ["🐦"]
        bob.call("POST", "/edit", {"id": theirs, "text": "from Bob, edited"})
        edited = "(id) => WPP.chat.getMessageById(id).then((msg) => msg.body === 'from Bob, edited')"
        await eventually(lambda: page.evaluate(edited, heard["id"]), what="the edit")
        # An admin deletes what another wrote; another one can't.
        answer = await page.evaluate(
            "([chat, id]) => WPP.chat.deleteMessage(chat, id, true, true)", [group, heard["id"]]
        )
        assert answer["isRevoked"] is True
        assert shown(cyd, group, theirs)["revoked"]["by"] == ann.jid

        with pytest.raises(ControlError):
            cyd.call("POST", "/revoke", {"id": part})
        ann.call("POST", "/star", {"id": part})
        await eventually(lambda: page.evaluate(f"WPP.chat.getMessageById('{mine['id']}').then((msg) => msg.star)"))
        poll = await page.evaluate(
            "(to) => WPP.chat.sendCreatePollMessage(to, 'Q', ['a', 'b'], {waitForAck: true}).then(({id}) => id)", group
        )
        for phone, option in ((bob, "a"), (cyd, "a"), (bob, "b")):
            phone.call("POST", "/vote", {"id": poll.split("_")[2], "options": [option]})

        async def votes() -> bool:
            return len((await page.evaluate("(id) => WPP.chat.getVotes(id)", poll))["votes"]) == 2

        await eventually(votes, what="one vote each")
        assert shown(ann, group, poll.split("_")[2])["results"] == {"a": 1, "b": 1}
        assert page.errors == []


async def test_a_deletion_that_comes_again_is_of_the_same_message(wa_js: WaJsFactory, sandbox: Sandbox) -> None:
    """WhatsApp sends it again where it never heard that it came; and it names the writer by the number, not the LID."""
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    async with wa_js("ann") as page, wa_js("bob") as bobs:
        await page.link(ann)
        await bobs.link(bob)
        await page.evaluate(
            "() => WPP.on('chat.msg_revoke', ({refId}) => libraryEvents.push(['deleted', String(refId)]))"
        )
        await page.evaluate(
            """() => {
                const send = WebSocket.prototype.send;
                WebSocket.prototype.send = function (data) {
                    if (!window.silent || JSON.parse(data).t !== "received") send.call(this, data);
                };
            }"""
        )
        group = ann.call("POST", "/groups", {"subject": "Pigeons", "participants": [bob.phone]})["group"]["id"]
        for each in (page, bobs):
            await eventually(lambda each=each: each.evaluate(f"Boolean(WPP.chat.get('{group}')?.groupMetadata)"))  # type: ignore[misc]
        for where in ("in memory", "stored"):
            sent = await bobs.send(group, f"not for long, {where}")
            heard = await page.received(f"not for long, {where}")
            assert bob.lid in heard["id"]
            await page.evaluate("() => { window.silent = true; }")
            await bobs.evaluate("([chat, id]) => WPP.chat.deleteMessage(chat, id, true, true)", [group, sent["id"]])

            async def deletions(key: str = heard["id"]) -> list[str]:
                return [each for each in await page.events("deleted") if key.split("_")[2] in each]

            async def came(times: int, told: Any = deletions) -> bool:
                return len(await told()) == times

            await eventually(lambda: came(1), what="the deletion")
            if where == "stored":
                await page.evaluate("(chat) => WPP.chat.get(chat).msgs.reset()", group)
            await page.evaluate("() => { window.silent = false; }")
            sandbox.call("POST", "/faults", {"kind": "drop_socket", "account": ann.phone, "duration_ms": 300})
            await eventually(lambda: came(2), what="the deletion, again")
            assert await deletions() == [heard["id"]] * 2
        assert page.errors == []
