"""Every kind of content, sent over both transports to another person's phone, and got from there."""

import base64
import hashlib
import io
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image

from tests import media_files

from .content_files import GOT_FILES, OGG, SENT_FILES, File, data_of
from .contents import BUTTONS, INBOUND, LIST, OUTBOUND, Case, part, present
from .messages_transport import MessagesTransport
from .people import People, Person
from .processes import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

type Json = dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[People]:
    home = tmp_path_factory.mktemp("contents")
    async with People.run(home, POMBO_MEDIA_LINK_ALLOW_PRIVATE="127.0.0.0/8") as people:
        yield people


@pytest.fixture
def api(people: People, over: str) -> MessagesTransport:
    return people.over[over]


def inner(message: Json) -> str:
    """The part of an id that is the same for everybody."""
    return str(message["whatsapp_id"].split("_")[2])


async def acked(people: People, message: Json, status: str) -> list[Json]:
    """The receipts that were told of a message, once this one was."""

    async def look() -> list[Json] | None:
        told = [event["payload"] for event in await people.gateway.events("message.ack")]
        acks = [ack for ack in told if ack["message_id"] == message["id"]]
        return acks if any(ack["status"] == status for ack in acks) else None

    return await until(look)


async def told_once(people: People, kind: str, message: Json) -> Json:
    """The message as it was told, which it was once, and alike over both transports."""
    rest, grpc = [
        [each for each in await api.told(kind) if each["whatsapp_id"] == message["whatsapp_id"]]
        for api in people.over.values()
    ]
    assert (len(rest), len(grpc)) == (1, 1)
    content = rest[0]["type"]
    assert present(rest[0][content]) == present(grpc[0][content])
    return rest[0]


async def arrived(people: People, sent: Json, to: Person, chat: str) -> Json:
    """The message on the other phone, once that has it; it was told of as sent, and once."""
    assert sent.get("error") is None, sent
    held = await to.message(chat, sent)
    await acked(people, sent, "DELIVERED")
    told = await told_once(people, "message.sent", sent)
    assert (told["id"], told["status"]) == (sent["id"], "SENT")
    return held


async def shown(people: People, message: Json, kind: str) -> Any:
    """A message's content, which both transports show alike."""
    rest, grpc = [present((await api.message(message["id"]))[kind]) for api in people.over.values()]
    assert rest == grpc
    return rest


async def got(people: People, writer: Person, whatsapp_id: str) -> Json:
    """A message that came, as it was told: once, and as both transports show it."""

    async def look() -> Json | None:
        told = [event["payload"]["message"] for event in await people.gateway.events("message.received")]
        return next((each for each in told if inner(each) == whatsapp_id), None)

    message = await until(look)
    assert await told_once(people, "message.received", message) == message
    assert (message["direction"], message["from"], message["chat_id"]) == ("inbound", writer.jid, writer.jid)
    return message


@pytest.mark.parametrize("case", OUTBOUND, ids=str)
async def test_a_content_leaves(people: People, api: MessagesTransport, case: Case) -> None:
    ana, ben = await people.ana(), await people.somebody()
    sent = await api.sent(ben.phone, case.kind, case.content)
    held = await arrived(people, sent, ben, ana.phone)
    assert part(held["content"], case.wire) == case.wire
    assert await shown(people, sent, case.kind) == case.content


@pytest.mark.parametrize("case", INBOUND, ids=str)
async def test_a_content_comes(people: People, case: Case) -> None:
    ana, ben = await people.ana(), await people.somebody()
    written = await ben.does("POST", "/send", {"to": ana.phone, "content": case.wire})
    message = await got(people, ben, written["id"])
    assert (message["type"], present(message[case.kind])) == (case.kind, case.content)
    assert await shown(people, message, case.kind) == case.content


@pytest.mark.parametrize("file", SENT_FILES, ids=str)
async def test_a_file_leaves(people: People, api: MessagesTransport, file: File, tmp_path: Path) -> None:
    ana, ben = await people.ana(), await people.somebody()
    data = data_of(file.source, tmp_path)
    media = await api.upload(data, file.mime_type, file.source)
    sent = await api.sent(ben.phone, file.kind, {"id": media["id"], **file.more})
    held = await arrived(people, sent, ben, ana.phone)
    opened = await people.sandbox.file(ben.phone, held["id"])
    check(file, held["content"], opened)
    # The message tells of the file in the store.
    stored = await api.file(sent["id"])
    assert (stored == data, opened == stored) == (file.kept, not file.redrawn)
    content = await shown(people, sent, file.kind)
    digest = hashlib.sha256(stored).hexdigest()
    wanted = {"mime_type": file.mime_type, "size": len(stored), "sha256": digest, **file.more, **file.shown}
    assert part(content, wanted) == wanted


def check(file: File, content: Json, data: bytes) -> None:
    """What a phone shows is what was meant, and is the file that it says."""
    assert part(content, file.wire) == file.wire
    assert base64.b64decode(content["filehash"]) == hashlib.sha256(data).digest()
    if content["type"] == "sticker":
        with Image.open(io.BytesIO(data)) as picture:
            moves = getattr(picture, "is_animated", False)
            assert (picture.format, picture.size, moves) == ("WEBP", (512, 512), content.get("isAnimated", False))
    if content["type"] == "ptt":
        assert (data[:4], data[28:36]) == (b"OggS", b"OpusHead")
        waveform = base64.b64decode(content["waveform"])
        assert (len(waveform), max(waveform) > 2 * waveform[0]) == (64, True)


@pytest.mark.parametrize("file", GOT_FILES, ids=str)
async def test_a_file_comes(people: People, file: File, tmp_path: Path) -> None:
    ana, ben = await people.ana(), await people.somebody()
    data = data_of(file.source, tmp_path)
    media = {**file.phone, "mimetype": file.mime_type, "id": await people.sandbox.upload(ben.phone, data)}
    written = await ben.does("POST", "/send", {"to": ana.phone, "media": media})
    message = await got(people, ben, written["id"])
    digest = hashlib.sha256(data).hexdigest()
    wanted = {"mime_type": file.mime_type, "size": len(data), "sha256": digest, **file.more}
    assert message["type"] == file.kind
    for api in people.over.values():
        assert await api.file(message["id"]) == data
    for content in (message[file.kind], await shown(people, message, file.kind)):
        assert {name: each for name, each in present(content).items() if name != "id"} == wanted


async def test_people_are_mentioned(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben, clara = await people.ana(), await people.somebody(), await people.somebody()
    body = f"@{clara.phone} and @{ben.phone}, look {over}"
    sent = await api.sent(ben.phone, "text", {"body": body, "mentions": [clara.phone, ben.jid]})
    held = await arrived(people, sent, ben, ana.phone)
    assert (held["body"], held["content"]["mentions"]) == (body, [clara.jid, ben.jid])
    assert await shown(people, sent, "text") == {"body": body, "mentions": [clara.jid, ben.jid]}

    mentions = {"to": ana.phone, "text": f"@{ana.phone} {over}", "mentions": [ana.phone]}
    message = await got(people, ben, (await ben.does("POST", "/send", mentions))["id"])
    assert message["text"]["mentions"] == [ana.jid]
    assert await shown(people, message, "text") == {"body": f"@{ana.phone} {over}", "mentions": [ana.jid]}


async def test_all_of_a_group_are_mentioned(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.somebody()
    body = {"subject": f"All {over}", "participants": [ana.phone]}
    group = str((await ben.does("POST", "/groups", body))["group"]["id"])
    text = {"body": f"@all hear this {over}", "mention_all": True}
    sent = await api.sent(group, "text", text)
    held = await arrived(people, sent, ben, group)
    assert (held["body"], held["content"]["nonJidMentions"]) == (text["body"], 1)
    assert await shown(people, sent, "text") == text

    wire = {"type": "chat", "body": f"@all and you {over}", "nonJidMentions": 1}
    written = await ben.does("POST", "/send", {"to": group, "content": wire})

    async def look() -> Json | None:
        found, _ = await api.listed(chat_id=group)
        return next((each for each in found if inner(each) == written["id"]), None)

    message = await until(look)
    told = await told_once(people, "message.received", message)
    assert (told["chat_id"], told["text"]["mention_all"]) == (group, True)
    assert await shown(people, message, "text") == {"body": wire["body"], "mention_all": True}


@pytest.mark.parametrize("name", ["id", "whatsapp_id"])
async def test_a_reply_quotes_what_it_answers(people: People, api: MessagesTransport, over: str, name: str) -> None:
    ana, ben = await people.ana(), await people.somebody()
    question = await got(people, ben, await ben.sends(ana, f"who? {over}"))
    sent = await api.sent(ben.phone, "text", {"body": f"me {over}"}, answers=question[name])
    held = await arrived(people, sent, ben, ana.phone)
    quoted = held["content"]["quoted"]
    assert (held["quoted_id"], quoted["participant"], quoted["content"]["body"]) == (
        inner(question),
        ben.jid,
        f"who? {over}",
    )
    for each in people.over.values():
        assert (await each.message(sent["id"]))["context"] == {"message_id": question["whatsapp_id"]}


async def answered(people: People, writer: Person, whatsapp_id: str, original: Json) -> Json:
    """A message that came and leads to the one that it answers; gives it."""
    message = await got(people, writer, whatsapp_id)
    for api in people.over.values():
        context = (await api.message(message["id"]))["context"]
        assert context == message["context"]
        listed, _ = await api.listed(chat_id=writer.phone)
        (found,) = [each for each in listed if each["whatsapp_id"] == context["message_id"]]
        assert (await api.message(found["id"]))["id"] == original["id"]
    return message


async def test_a_reply_leads_to_what_it_answers(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.somebody()
    sent = await api.sent(ben.phone, "text", {"body": f"who? {over}"})
    held = await ben.message(ana.phone, sent)
    reply = {"to": ana.phone, "text": f"me {over}", "quoted_id": held["id"]}
    message = await answered(people, ben, (await ben.does("POST", "/send", reply))["id"], sent)
    assert message["text"]["body"] == f"me {over}"


@pytest.mark.parametrize(
    ("menu", "chosen"),
    [
        (LIST, {"type": "list_reply", "id": "t", "title": "Tea", "description": "green"}),
        (LIST, {"type": "list_reply", "id": "c", "title": "Coffee"}),
        (BUTTONS, {"type": "button_reply", "id": "y", "title": "Yes"}),
    ],
    ids=["a row", "a row without a description", "a button"],
)
async def test_a_choice_answers_our_menu(people: People, api: MessagesTransport, menu: Case, chosen: Json) -> None:
    ana, ben = await people.ana(), await people.somebody()
    sent = await api.sent(ben.phone, menu.kind, menu.content)
    held = await ben.message(ana.phone, sent)
    choice = await ben.does("POST", "/choose", {"id": held["id"], "choice": chosen["id"]})
    message = await answered(people, ben, choice["id"], sent)
    assert (message["type"], present(message["interactive_reply"])) == ("interactive_reply", chosen)
    assert await shown(people, message, "interactive_reply") == chosen


async def test_a_link_shows_its_page(people: People, api: MessagesTransport, over: str) -> None:
    ana, ben = await people.ana(), await people.somebody()

    async def page(_: web.Request) -> web.Response:
        head = '<meta property="og:title" content="A page"><meta property="og:description" content="of ours">'
        return web.Response(text=f'{head}<meta property="og:image" content="/sea.jpg">', content_type="text/html")

    async def picture(_: web.Request) -> web.Response:
        return web.Response(body=media_files.picture("JPEG", (640, 400)), content_type="image/jpeg")

    site = web.Application()
    site.add_routes([web.get("/page", page), web.get("/sea.jpg", picture)])
    async with TestServer(site) as server:
        url = str(server.make_url("/page"))
        sent = await api.sent(ben.phone, "text", {"body": f"see {url}. {over}", "preview_url": True})
    content = (await arrived(people, sent, ben, ana.phone))["content"]
    wire = {"subtype": "url", "matchedText": url, "canonicalUrl": url, "title": "A page", "description": "of ours"}
    assert part(content, wire) == wire
    with Image.open(io.BytesIO(base64.b64decode(content["thumbnail"]))) as thumbnail:
        assert thumbnail.format == "JPEG"
    preview = {"url": url, "title": "A page", "description": "of ours", "thumbnail": content["thumbnail"]}
    assert await shown(people, sent, "text") == {"body": f"see {url}. {over}", "preview": preview}


async def test_an_event_has_a_call(people: People, api: MessagesTransport) -> None:
    ana, ben = await people.ana(), await people.somebody()
    event = {"name": "Talk", "start_time": "2030-05-01T18:00:00Z", "call": "video"}
    sent = await api.sent(ben.phone, "event", event)
    content = (await arrived(people, sent, ben, ana.phone))["content"]
    assert content["eventJoinLink"].startswith("https://call.whatsapp.com/video/")
    assert await shown(people, sent, "event") == event


async def test_our_voice_note_is_played(people: People, api: MessagesTransport, tmp_path: Path) -> None:
    ana, ben = await people.ana(), await people.somebody()
    media = await api.upload(data_of("note.ogg", tmp_path), OGG, "note.ogg")
    sent = await api.sent(ben.phone, "audio", {"id": media["id"], "voice": True})
    held = await arrived(people, sent, ben, ana.phone)
    for _ in range(2):  # It is played already.
        await ben.does("POST", "/played", {"id": held["id"]})
    acks = await acked(people, sent, "PLAYED")
    (receipt,) = (await ana.message(ben.phone, sent))["receipts"]
    (at,) = [datetime.fromisoformat(ack["at"]) for ack in acks if ack["status"] == "PLAYED"]
    assert receipt["played_ms"] <= at.timestamp() * 1000 <= time.time() * 1000
    for each in people.over.values():
        message = await each.message(sent["id"])
        assert (message["status"], datetime.fromisoformat(message["played_at"])) == ("PLAYED", at)
        (told,) = await each.receipts(sent["id"])
        assert (told["participant"], told["status"]) == (ben.jid, "PLAYED")
        assert datetime.fromisoformat(told["played_at"]) == at
