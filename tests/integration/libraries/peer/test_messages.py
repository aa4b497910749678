"""Texts, contents without a file, and what is done to messages: what one side does, the other hears of."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from application.ports.page_events import MessagesSeen
from domain.changes import Edited, Pinned, Reacted, Revoked, Voted
from domain.contact_content import CardName, CardPhone, ContactCard, Contacts
from domain.content import Content, Text, Unsupported
from domain.event_content import CallType, EventInvitation
from domain.interactive_content import Choice, Interactive, ListMenu, ReplyButtons, Section
from domain.location_content import Location
from domain.operations import Edit, Pin, PollVote, Reaction, Revoke
from domain.poll_content import Poll
from domain.text_content import LinkPreview

from ..sandbox import in_thread
from .peers import SENT, Peers, inner, soon

pytestmark = pytest.mark.asyncio(loop_scope="package")

STARTS = soon()
CARD = ContactCard(name=CardName(formatted="Olga"), phones=(CardPhone(phone="+1 555", whatsapp="15550001"),))
POLL = Poll(question="Which?", options=("red", "blue"), selectable=1)
CONTENTS: list[tuple[Content, Callable[[dict[str, Any]], Any]]] = [
    (Location(latitude=1.5, longitude=2.5, name="Here"), lambda data: (data["lat"], data["lng"], data["loc"])),
    (Contacts(cards=(CARD,)), lambda data: data["vcardFormattedName"]),
    (Contacts(cards=(CARD, CARD)), lambda data: len(data["vcardList"])),
    (EventInvitation(name="Picnic", starts_at=STARTS), lambda data: (data["eventName"], data["eventStartTime"])),
    (
        POLL,
        lambda data: (
            data["type"],
            data["pollName"],
            [option["name"] for option in data["pollOptions"]],
            data["pollSelectableOptionsCount"],
        ),
    ),
    (
        Interactive(
            body="Choose",
            action=ListMenu(button="Menu", sections=(Section(title="S", rows=(Choice(id="a", title="A"),)),)),
        ),
        lambda data: data["list"]["sections"][0]["rows"][0]["rowId"],
    ),
    (
        Interactive(body="Well?", action=ReplyButtons(buttons=(Choice(id="y", title="Yes"),))),
        lambda data: data["buttons"][0]["displayText"],
    ),
    (
        Text(body="see https://example.org", preview=LinkPreview(url="https://example.org", title="Example")),
        lambda data: (data["title"], data["matchedText"]),
    ),
]
EXPECTED = [
    (1.5, 2.5, "Here"),
    "Olga",
    2,
    ("Picnic", int(STARTS.timestamp())),
    ("poll_creation", "Which?", ["red", "blue"], 1),
    "a",
    "Yes",
    ("Example", "https://example.org"),
]


async def test_what_we_send_is_received(peers: Peers) -> None:
    for (content, read), expected in zip(CONTENTS, EXPECTED, strict=True):
        _, told = await peers.send(content)
        assert read(told["data"]) == expected


async def test_what_it_sends_is_received(peers: Peers) -> None:
    async def sent(command: str, **arguments: Any) -> Content:
        return (await peers.receive(command, **arguments)).content

    place = await sent("location", latitude=3.5, longitude=-4.5, place={"name": "There", "address": "Road 1"})
    assert place == Location(latitude=3.5, longitude=-4.5, name="There", address="Road 1")
    cards = await sent("cards", people=[peers.ann.jid, peers.bob.jid])
    assert isinstance(cards, Contacts)
    assert [card.name.formatted for card in cards.cards] == ["Ann", "Bob"]
    one = await sent("cards", people=[peers.bob.jid])
    assert isinstance(one, Contacts)
    assert [(card.name.formatted, card.phones[0].whatsapp) for card in one.cards] == [("Bob", peers.bob.phone)]
    written = "BEGIN:VCARD\nVERSION:3.0\nN:;Olga;;;\nFN:Olga\nEND:VCARD"
    parsed = await sent("send", text=written, options={**SENT, "parseVCards": True})
    assert isinstance(parsed, Contacts)
    assert [card.name.formatted for card in parsed.cards] == ["Olga"]
    assert await sent("send", text=written, options={**SENT, "parseVCards": False}) == Text(body=written)
    for multiple, selectable in ((True, 0), (False, 1)):
        poll = await sent("poll", question="Q", answers=["a", "b"], multiple=multiple)
        assert poll == Poll(question="Q", options=("a", "b"), selectable=selectable)
    event = await sent("event", name="Dinner", start=STARTS.timestamp() * 1000)
    assert event == EventInvitation(name="Dinner", starts_at=STARTS)
    rows = [{"id": "a", "title": "Tea", "description": "green"}]
    menu = await sent("list", body="Choose", button="Menu", sections=[{"title": "S", "rows": rows}], title="Bar")
    assert isinstance(menu, Interactive)
    assert isinstance(menu.action, ListMenu)
    assert menu.action.sections[0].rows[0].title == "Tea"
    buttons = await sent("buttons", body="Coming?", buttons=[{"id": "yes", "body": "Yes"}], title="Well")
    assert isinstance(buttons, Interactive)
    assert buttons.action == ReplyButtons(buttons=(Choice(id="yes", title="Yes"),))


async def test_an_event_with_a_call_both_ways(peers: Peers) -> None:
    place = Location(latitude=0, longitude=0, name="The loft")
    party = EventInvitation(
        name="Party",
        starts_at=STARTS,
        ends_at=STARTS + timedelta(hours=2),
        description="bring seeds",
        call=CallType.VIDEO,
    )
    _, told = await peers.send(party)
    data = told["data"]
    assert (data["eventName"], data["eventDescription"]) == ("Party", "bring seeds")
    assert data["eventEndTime"] - data["eventStartTime"] == 7200
    assert "/video/" in data["eventJoinLink"]
    more = {"callType": "voice", "description": "bring more", "location": "The loft"}
    seen = await peers.receive("event", name="Encore", start=STARTS.timestamp() * 1000, more=more)
    assert seen.content == EventInvitation(
        name="Encore", starts_at=STARTS, description="bring more", location=place, call=CallType.VOICE
    )
    link = await peers.client.call("callLink", start=STARTS.timestamp() * 1000, type="video")
    text = (await peers.receive("send", text=f"join {link}", options=SENT)).content
    assert isinstance(text, Text)
    assert text.body == f"join {link}"


async def test_its_answers_to_an_event_of_ours(peers: Peers) -> None:
    target, told = await peers.send(EventInvitation(name="Fair", starts_at=STARTS))

    async def answered(number: int) -> list[dict[str, Any]]:
        """What our phone shows once the library has answered: no library says where a page tells of it."""
        assert await peers.client.call("respond", of=told["id"], response=number) is True
        held = await in_thread(peers.ann.message, inner(target), peers.bob)
        assert held is not None
        shown: list[dict[str, Any]] = held["responses"]
        return shown

    answers = set()
    for number, response in ((3, "maybe"), (1, "going"), (2, "not_going")):
        (shown,) = await answered(number)
        assert (shown["from"], shown["response"]) == (peers.bob.jid, response)
        answers.add(shown["id"])
    assert await answered(0) == []
    # An answer is no message of the chat: what was written after them came, and none of them.
    await peers.text("after the answers")
    heard = [each for event in peers.ear.heard if isinstance(event, MessagesSeen) for each in event.messages]
    assert answers.isdisjoint(inner(each.whatsapp_id) for each in heard)
    assert len(answers) == 3


async def test_its_edits_of_an_event(peers: Peers) -> None:
    more = {"callType": "voice", "description": "bring seeds", "location": "The loft"}
    seen = await peers.receive("event", name="Fair", start=STARTS.timestamp() * 1000, more=more)
    his = f"true_{peers.ann.jid}_{inner(seen.whatsapp_id)}"
    later = STARTS + timedelta(hours=1)
    end = later + timedelta(hours=2)

    async def edit(name: str, **more: Any) -> dict[str, Any]:
        arguments = {"of": his, "name": name, "start": later.timestamp() * 1000, "more": more}
        shown: dict[str, Any] = await peers.client.call("editEvent", **arguments)
        return shown

    moved = {"callType": "video", "description": "bring more", "location": "The roof", "end": end.timestamp() * 1000}
    assert (await edit("Fête", **moved))["body"] == "Fête"
    roof = Location(latitude=0, longitude=0, name="The roof")
    change = await peers.change(Edited, seen.whatsapp_id)
    assert (change.by, change.body) == (peers.chat, "Fête")
    assert change.event == EventInvitation(
        name="Fête", starts_at=later, ends_at=end, description="bring more", location=roof, call=CallType.VIDEO
    )
    # What an edit doesn't say the event has no more; of the call it says nothing, or that there is none.
    await edit("Fête", isEventCanceled=True)
    off = await peers.change(Edited, seen.whatsapp_id, lambda change: bool(change.event and change.event.canceled))
    assert off.event == EventInvitation(name="Fête", starts_at=later, call=CallType.VIDEO, canceled=True)
    assert (await edit("Feast"))["body"] == "Fête"
    held = await in_thread(peers.ann.message, inner(seen.whatsapp_id), peers.bob)
    assert held is not None
    assert (held["content"]["eventName"], len(held["edits"])) == ("Fête", 2)


async def test_what_we_know_no_form_for_arrives_all_the_same(peers: Peers) -> None:
    made = await peers.client.call("createGroup", title="Doves", people=[peers.ann.jid])
    options = {**SENT, "groupMentions": [{"subject": "Doves", "id": made["gid"]}], "linkPreview": False}
    told = await peers.client.call("send", to=peers.ann.jid, text="@Doves come", options=options)
    assert await peers.client.call("groupMentions", of=told["id"]) == ["Doves"]
    seen = await peers.received(told["id"])
    assert seen.content == Text(body="@Doves come")
    heard = await peers.told(told["id"], client=peers.twin)
    assert await peers.twin.call("groupMentions", of=heard["id"]) == ["Doves"]
    options = {**SENT, "extra": {"type": "coo", "loudness": 3}}
    seen = await peers.receive("send", text="", options=options)
    assert isinstance(seen.content, Unsupported)
    assert (seen.content.kind, seen.content.raw["loudness"]) == ("coo", 3)


async def test_a_link_s_preview_both_ways(peers: Peers) -> None:
    preview = LinkPreview(url="https://example.org", title="Example", description="of a page")
    _, told = await peers.send(Text(body="see https://example.org", preview=preview))
    data = told["data"]
    assert (data["title"], data["description"], data["matchedText"]) == ("Example", "of a page", "https://example.org")
    told = await peers.client.call("send", to=peers.ann.jid, text="see https://example.net", options=SENT)
    content = (await peers.received(told["id"])).content
    assert isinstance(content, Text)
    assert content.preview is not None
    assert (content.preview.url, content.preview.title) == ("https://example.net", "example.net")
    plain = await peers.receive("send", text="no https://example.net", options={**SENT, "linkPreview": False})
    assert plain.content == Text(body="no https://example.net")


async def test_answers_both_ways(peers: Peers) -> None:
    question, _ = await peers.text("ok?")
    _, answer = await peers.send(Text(body="fine"), reply_to=question.whatsapp_id)
    assert answer["hasQuotedMsg"] is True
    assert (await peers.client.call("quoted", key=answer["id"]))["body"] == "ok?"
    told = await peers.client.call("reply", message=answer["id"], text="good")
    seen = await peers.received(told["id"])
    assert seen.reply_to is not None
    assert seen.reply_to.split("_")[2] == answer["id"].split("_")[2]
    by_option = {**SENT, "quotedMessageId": answer["id"]}
    assert (await peers.receive("send", text="again", options=by_option)).reply_to == seen.reply_to
    assert (await peers.client.call("reload", of=told["id"]))["body"] == "good"


async def test_mentions_both_ways(peers: Peers) -> None:
    number = peers.bob.phone
    mentioning = Text(body=f"@{number} look", mentions=(peers.chat,))
    _, told = await peers.send(mentioning)
    assert await peers.client.call("mentions", of=told["id"]) == [peers.bob.jid]
    options = {**SENT, "mentions": [peers.ann.jid]}
    seen = await peers.receive("send", text=f"@{peers.ann.phone} look here", options=options)
    assert seen.content == Text(body=f"@{peers.ann.phone} look here", mentions=(peers.me,))


async def test_reactions_and_edits(peers: Peers) -> None:
    target, told = await peers.send(Text(body="helo Bob"))
    await peers.perform(Reaction(target=target, emoji="🎉"))
    heard = await peers.client.wait("message_reaction", lambda event: event["of"] == told["id"])
    assert (heard["emoji"], heard["by"]) == ("🎉", peers.ann.jid)
    await peers.perform(Edit(target=target, body="hello Bob"))
    edited = await peers.client.wait("message_edit", lambda event: event["id"] == told["id"])
    assert edited["now"] == "hello Bob"
    await peers.client.call("react", of=told["id"], emoji="👍")
    assert (await peers.change(Reacted, target)).emoji == "👍"
    assert (await peers.client.call("reactions", of=told["id"]))[0]["emoji"] == "🎉"
    await peers.perform(Reaction(target=target, emoji=""))
    await peers.client.wait("message_reaction", lambda event: event["of"] == told["id"] and event["emoji"] == "")
    await peers.client.call("react", of=told["id"], emoji="")
    await peers.change(Reacted, target, lambda change: change.emoji == "")
    _, his = await peers.text("helo Ann")
    await peers.client.call("edit", of=his["id"], text="hello Ann")
    assert (await peers.change(Edited, his["id"])).body == "hello Ann"


async def test_deletions_for_everyone(peers: Peers) -> None:
    target, told = await peers.send(Text(body="hers, for a while"))
    await peers.perform(Revoke(target=target))
    await peers.client.wait("message_revoke_everyone", lambda event: event["of"] == told["id"])
    _, his = await peers.text("his, for a while")
    await peers.client.call("delete", of=his["id"], everyone=True)
    revoked = await peers.change(Revoked, his["id"])
    assert str(revoked.by) == peers.bob.jid


async def test_votes_and_pins(peers: Peers) -> None:
    target, told = await peers.send(POLL)
    await peers.client.call("vote", of=told["id"], options=["blue"])
    assert (await peers.change(Voted, target)).options == ("blue",)
    await peers.perform(PollVote(target=target, options=("red",)))
    vote = await peers.client.wait(
        "vote_update", lambda event: event["of"] == told["id"] and event["by"] == peers.ann.jid
    )
    assert vote["options"] == ["red"]
    await peers.perform(Pin(target=target, duration=timedelta(days=1)))
    assert [each["id"] for each in await peers.client.call("pinned", chat=peers.ann.jid)] == [told["id"]]
    assert await peers.client.call("unpinMessage", of=told["id"]) is True
    assert (await peers.change(Pinned, target)).until is None
    assert await peers.client.call("pinMessage", of=told["id"], seconds=86_400) is True
    assert (await peers.change(Pinned, target, lambda change: change.until is not None)).until is not None
    votes = {vote["by"]: vote["options"] for vote in await peers.client.call("votes", of=told["id"])}
    assert votes == {peers.bob.jid: ["blue"], peers.ann.jid: ["red"]}


async def test_a_forwarded_text_carries_its_mark_both_ways(peers: Peers) -> None:
    content = Text(body="heard it there")
    _, told = await peers.send(content, forwarded=True)
    assert told["data"]["isForwarded"] is True
    mark = len(peers.ear.heard)
    await peers.client.call("forward", of=told["id"], to=peers.ann.jid)
    assert (await peers.came(lambda message: message.content == content, after=mark)).forwarded
