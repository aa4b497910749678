"""Messages with a file over REST: sent, and read when they came."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.driver import Operation, Refuse
from adapters.memory.media_fetcher import MemoryFile
from application.ports.page_events import SeenMessage
from domain.errors import NotFoundError
from domain.jid import Jid
from domain.media_content import Audio, Document, Image, MediaContent, MediaReference, Sticker, Video
from tests import media_files
from tests.media_parts import media_parts

from .gateway import ANA, BEN, Answer, Client, Gateway, running
from .test_media import form, left_in_spool, upload
from .test_messages import ANAS

PICTURE = media_files.picture()
SEND = "/api/v1/messages/send"


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with running(Gateway(media=media_parts(download=False))) as gateway:
        await gateway.link()
        yield gateway


def body(kind: str, **content: Any) -> dict[str, Any]:
    return {"session_id": "ana", "to": BEN, "type": kind, kind: content}


def text64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def phone(gateway: Gateway) -> list[SeenMessage]:
    return list(gateway.whatsapp.account(BEN).phone_messages.values())


def received(gateway: Gateway) -> tuple[MediaContent, bytes]:
    """What the other account's phone holds: the last message, and its file."""
    message = phone(gateway)[-1]
    assert isinstance(message.content, Image | Video | Audio | Document | Sticker)
    return message.content, gateway.whatsapp.files[message.whatsapp_id.split("_")[2]]


async def test_a_stored_file_reaches_the_other_phone(client: Client, gateway: Gateway) -> None:
    media = (await upload(client, PICTURE, content_type="image/jpeg")).json()
    for where in (SEND, "/api/v1/media/send"):
        sent = await client.post(where, body("image", id=media["id"], caption="the sea", view_once=True))
        assert sent.status == 201, sent.body
        message = sent.json()
        assert message["type"] == "image"
        assert message["image"] == {
            "id": media["id"],
            "mime_type": "image/jpeg",
            "size": len(PICTURE),
            "sha256": hashlib.sha256(PICTURE).hexdigest(),
            "caption": "the sea",
            "width": 64,
            "height": 48,
            "view_once": True,
        }
        content, data = received(gateway)
        assert isinstance(content, Image)
        assert (content.caption, content.view_once, data) == ("the sea", True, PICTURE)
        assert (await client.get(f"/api/v1/messages/{message['id']}")).json()["image"] == message["image"]
        own = await client.get(f"/api/v1/messages/{message['id']}/media")
        assert (own.status, own.body) == (200, PICTURE)


async def test_base64_a_link_and_a_form_do_too(client: Client, gateway: Gateway) -> None:
    link = "https://files.example/a/sea.jpg"
    gateway.media.fetcher.files[link] = MemoryFile(content=PICTURE, mime_type="image/jpeg", filename="sea.jpg")  # type: ignore[attr-defined] # the one in memory
    file = ("file", PICTURE, "sea.jpg", "image/jpeg")
    fields = [("session_id", b"ana"), ("to", BEN.encode()), ("type", b"document"), ("caption", b"see")]
    target = "/api/v1/media/send"
    multipart = {"content_type": "multipart/form-data; boundary=xyz-boundary"}
    for sent in (
        await client.post(SEND, body("document", base64=text64(PICTURE), filename="sea.jpg", caption="see")),
        await client.post(SEND, body("document", link=link, caption="see")),
        await upload(client, form(*fields, file), target, **multipart),
        await upload(client, form(file, *fields), target, **multipart),
    ):
        assert sent.status == 201, sent.body
        content, data = received(gateway)
        assert isinstance(content, Document)
        assert (content.filename, content.caption, data) == ("sea.jpg", "see", PICTURE)
        assert sent.json()["document"]["mime_type"] == "image/jpeg"
    assert left_in_spool(gateway) == []


async def test_a_key_fetches_and_stores_once(client: Client, gateway: Gateway) -> None:
    link = "https://files.example/sea.jpg"
    fetcher: Any = gateway.media.fetcher
    fetcher.files[link] = MemoryFile(content=PICTURE)
    first = await client.post(SEND, body("image", link=link), idempotency_key="one")
    del fetcher.files[link]
    again = await client.post(SEND, body("image", link=link), idempotency_key="one")
    assert (first.status, again.status, again.json()["id"]) == (201, 201, first.json()["id"])
    assert fetcher.asked == [link]
    other = await client.post(SEND, body("image", link=link, caption="x"), idempotency_key="one")
    assert (other.status, other.reason) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(phone(gateway)) == 1


async def test_a_voice_note_is_made_once_and_has_its_waveform(client: Client, gateway: Gateway, tmp_path: Any) -> None:
    tone = media_files.sound(tmp_path / "a.mp3", seconds=2).read_bytes()
    media = (await upload(client, tone, content_type="audio/mpeg")).json()
    notes = [(await client.post(SEND, body("audio", id=media["id"], voice=True))).json()["audio"] for _ in range(2)]
    assert notes[0] == notes[1]
    assert notes[0]["mime_type"] == "audio/ogg; codecs=opus"
    assert notes[0]["id"] != media["id"]
    assert len(notes[0]["waveform"]) == 64
    assert notes[0]["duration"] == pytest.approx(2, abs=0.2)
    content, data = received(gateway)
    assert isinstance(content, Audio)
    assert (content.voice, list(content.waveform or ()), data[:4]) == (True, notes[0]["waveform"], b"OggS")
    plain = (await client.post(SEND, body("audio", id=media["id"]))).json()["audio"]
    assert (plain["id"], plain["mime_type"], plain["voice"], plain["waveform"]) == (
        media["id"],
        "audio/mpeg",
        False,
        None,
    )


@pytest.mark.parametrize(("content", "animated"), [(PICTURE, False), (media_files.moving_picture(), True)])
async def test_a_sticker_is_made(client: Client, gateway: Gateway, content: bytes, animated: bool) -> None:
    sent = await client.post(SEND, body("sticker", base64=text64(content)))
    sticker = sent.json()["sticker"]
    assert (sticker["mime_type"], sticker["width"], sticker["animated"]) == ("image/webp", 512, animated)
    held, data = received(gateway)
    assert isinstance(held, Sticker)
    assert data[8:12] == b"WEBP"
    assert [item["kind"] for item in (await client.get("/api/v1/media")).json()["items"]] == ["sticker"]


async def test_a_film_that_loops(client: Client, gateway: Gateway, tmp_path: Any) -> None:
    film = media_files.film(tmp_path / "a.mp4").read_bytes()
    sent = await client.post(SEND, body("video", base64=text64(film), gif=True))
    assert sent.status == 201, sent.body
    assert (sent.json()["video"]["gif"], sent.json()["video"]["duration"]) == (True, 2.0)
    held, data = received(gateway)
    assert isinstance(held, Video)
    assert (held.gif, data) == (True, film)


@pytest.mark.parametrize(
    ("kind", "content", "status", "reason", "field"),
    [
        ("image", {}, 400, "INVALID_REQUEST", "image"),
        ("image", {"link": "https://a.example/x", "base64": "AAAA"}, 400, "INVALID_REQUEST", "image"),
        ("image", {"base64": "!"}, 400, "INVALID_REQUEST", "image.base64"),
        ("image", {"base64": ""}, 400, "MEDIA_EMPTY", "image.base64"),
        ("image", {"id": "x"}, 400, "INVALID_MEDIA_ID", "image.id"),
        ("image", {"id": "media_" + "0" * 26}, 404, "MEDIA_NOT_FOUND", None),
        ("image", {"base64": text64(b"words")}, 415, "MEDIA_TYPE_MISMATCH", "image"),
        ("image", {"base64": text64(PICTURE[:300])}, 415, "MEDIA_BROKEN", "image"),
        ("image", {"base64": text64(media_files.moving_picture())}, 415, "MEDIA_TYPE_UNSUPPORTED", "image"),
        ("image", {"base64": text64(PICTURE), "caption": "x" * 1_025}, 400, "CAPTION_TOO_LONG", "image.caption"),
        ("document", {"base64": text64(PICTURE), "filename": "a/b"}, 400, "INVALID_FILENAME", "document.filename"),
        ("document", {"base64": text64(PICTURE), "mime_type": "x"}, 400, "INVALID_MIME_TYPE", "document.mime_type"),
        ("audio", {"base64": text64(PICTURE), "voice": True}, 415, "MEDIA_NOT_CONVERTIBLE", "audio"),
        ("sticker", {"base64": text64(b"words")}, 415, "MEDIA_NOT_CONVERTIBLE", "sticker"),
        ("video", {"link": "ftp://a.example/x"}, 400, "INVALID_MEDIA_LINK", "video.link"),
        ("video", {"link": "https://inside.example/x"}, 400, "MEDIA_LINK_REFUSED", "video.link"),
        ("video", {"link": "https://files.example/none"}, 422, "MEDIA_LINK_FAILED", "video.link"),
        ("sticker", {"base64": text64(PICTURE), "caption": "x"}, 400, "INVALID_REQUEST", "sticker.caption"),
    ],
)
async def test_what_can_t_be_sent_is_told_before_anything_is(
    client: Client, gateway: Gateway, kind: str, content: dict[str, Any], status: int, reason: str, field: str | None
) -> None:
    gateway.media.fetcher.private.add("inside.example")  # type: ignore[attr-defined] # the one in memory
    refused = await client.post(SEND, body(kind, **content))
    assert (refused.status, refused.reason) == (status, reason)
    assert refused.fields == ([] if field is None else [field])
    assert (await client.get("/api/v1/messages")).json()["items"] == []
    assert phone(gateway) == []
    assert left_in_spool(gateway) == []


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, ["session_id", "to", "type"]),
        ({"type": "song"}, ["type"]),
        ({"type": "image", "voice": "true"}, ["voice"]),
        ({"type": "audio", "voice": "yes"}, ["voice"]),
        ({"type": "image", "other": "x"}, ["other"]),
        ({"type": "image", "not_before": "soon"}, ["not_before"]),
    ],
)
async def test_forms_to_send_that_are_wrong(client: Client, fields: dict[str, str], wrong: list[str]) -> None:
    given = ({"session_id": "ana", "to": BEN} | fields) if fields else {}
    parts = [(name, text.encode()) for name, text in given.items()]
    whole = form(("file", PICTURE, "a.jpg", "image/jpeg"), *parts)
    refused = await upload(
        client, whole, "/api/v1/media/send", content_type="multipart/form-data; boundary=xyz-boundary"
    )
    assert (refused.status, refused.reason, refused.fields) == (400, "INVALID_REQUEST", wrong)


async def test_a_file_that_waits_to_be_sent_stays(client: Client, gateway: Gateway) -> None:
    media = (await upload(client, PICTURE)).json()
    tomorrow = gateway.container.clock().now() + timedelta(days=1)
    later = body("image", id=media["id"]) | {"not_before": tomorrow.isoformat()}
    queued = await client.post(SEND, later)
    assert queued.status == 202, queued.body
    refused = await client.call("DELETE", f"/api/v1/media/{media['id']}")
    assert (refused.status, refused.reason) == (409, "MEDIA_IN_USE")
    assert (await client.post(f"/api/v1/messages/{queued.json()['id']}/cancel")).status == 200
    assert (await client.call("DELETE", f"/api/v1/media/{media['id']}")).status == 204


async def test_a_file_that_is_lost_fails_its_message(client: Client, gateway: Gateway) -> None:
    media = (await upload(client, PICTURE)).json()
    gateway.media.store.contents.clear()  # type: ignore[attr-defined] # the one in memory
    refused = await client.post(SEND, body("image", id=media["id"]))
    assert (refused.status, refused.reason) == (404, "MEDIA_MISSING")
    (message,) = (await client.get("/api/v1/messages")).json()["items"]
    assert (message["status"], message["error"]["reason"]) == ("FAILED", "MEDIA_MISSING")


async def test_many_at_once_take_files_by_id(client: Client, gateway: Gateway) -> None:
    media = (await upload(client, PICTURE)).json()
    good, inline = body("image", id=media["id"]), body("image", base64=text64(PICTURE))
    missing = body("image", id="media_" + "0" * 26)
    for _ in range(2):
        answer = await client.post(
            "/api/v1/messages/bulk", {"messages": [good, inline, missing, good]}, idempotency_key="bulk"
        )
        results = answer.json()["results"]
        assert [result["error"] and result["error"]["reason"] for result in results] == [
            None,
            "MEDIA_NOT_STORED",
            "MEDIA_NOT_FOUND",
            None,
        ]
    async with asyncio.timeout(10):
        while len(phone(gateway)) < 2:  # noqa: ASYNC110 - it is asked, it doesn't tell
            await asyncio.sleep(0.01)
    assert len(phone(gateway)) == 2


async def arrived(client: Client, gateway: Gateway, content: MediaContent, data: bytes) -> dict[str, Any]:
    """The message, once it has come to the session."""
    before = len((await client.get("/api/v1/messages?direction=inbound")).json()["items"])
    gateway.whatsapp.phone_sends_file(BEN, ANA, content, data)
    async with asyncio.timeout(10):
        while True:
            items = (await client.get("/api/v1/messages?direction=inbound")).json()["items"]
            if len(items) > before:
                newest: dict[str, Any] = items[0]
                return newest
            await asyncio.sleep(0.01)


def a_picture() -> Image:
    return Image(media=MediaReference(mime_type="image/jpeg"), caption="look", width=64, height=48)


async def file_of(client: Client, message: dict[str, Any], **headers: str) -> Answer:
    return await client.get(f"/api/v1/messages/{message['id']}/media", **headers)


async def test_a_file_that_came_is_fetched_stored_and_told_of(client: Client, gateway: Gateway) -> None:
    message = await arrived(client, gateway, a_picture(), PICTURE)
    assert (message["image"]["id"], message["image"]["size"], message["image"]["caption"]) == (
        None,
        len(PICTURE),
        "look",
    )
    answers = await asyncio.gather(*(file_of(client, message) for _ in range(5)))
    assert [(answer.status, answer.body) for answer in answers] == [(200, PICTURE)] * 5
    part = await file_of(client, message, range="bytes=2-5")
    assert (part.status, part.body) == (206, PICTURE[2:6])
    shown = (await client.get(f"/api/v1/messages/{message['id']}")).json()
    assert shown == message | {"image": message["image"] | {"id": shown["image"]["id"]}}
    (media,) = (await client.get("/api/v1/media")).json()["items"]
    assert (media["id"], media["kind"], media["width"]) == (shown["image"]["id"], "image", 64)
    await gateway.event_head()
    events = (await client.get("/api/v1/events?types=message.media")).json()["items"]
    assert [event["payload"] for event in events] == [
        {
            "message_id": message["id"],
            "whatsapp_id": message["whatsapp_id"],
            "chat_id": message["chat_id"],
            "media": media,
        }
    ]


async def test_one_that_the_store_has_lost_comes_again(client: Client, gateway: Gateway) -> None:
    message = await arrived(client, gateway, a_picture(), PICTURE)
    assert (await file_of(client, message)).status == 200
    gateway.media.store.contents.clear()  # type: ignore[attr-defined] # the one in memory
    assert (await file_of(client, message)).body == PICTURE


async def test_what_whatsapp_has_no_longer(client: Client, gateway: Gateway) -> None:
    message = await arrived(client, gateway, a_picture(), PICTURE)
    gateway.whatsapp.expired.add(Jid.from_phone(BEN))
    gone = await file_of(client, message)
    assert (gone.status, gone.reason) == (410, "MEDIA_EXPIRED")
    gateway.whatsapp.expired.clear()
    gateway.whatsapp.files.update(dict.fromkeys(gateway.whatsapp.files, b"other"))
    spoiled = await file_of(client, message)
    assert (spoiled.status, spoiled.reason) == (422, "MEDIA_UNREADABLE")
    assert (await client.get("/api/v1/media")).json()["items"] == []
    assert left_in_spool(gateway) == []


@pytest.mark.usefixtures("gateway")
async def test_a_message_without_a_file(client: Client) -> None:
    sent = (await client.post(SEND, {"session_id": "ana", "to": BEN, "type": "text", "text": {"body": "hi"}})).json()
    none = await file_of(client, sent)
    assert (none.status, none.reason) == (404, "MESSAGE_WITHOUT_MEDIA")
    assert (await file_of(client, {"id": "x"})).reason == "INVALID_MESSAGE_ID"


async def test_a_session_that_doesn_t_run(client: Client, gateway: Gateway) -> None:
    message = await arrived(client, gateway, a_picture(), PICTURE)
    assert (await client.post("/api/v1/sessions/ana/stop")).status == 200
    refused = await file_of(client, message)
    assert (refused.status, refused.reason) == (409, "SESSION_NOT_RUNNING")


async def test_files_are_fetched_unasked_where_they_are_small_and_not_secret() -> None:
    async with running(Gateway(media=media_parts(download_max_bytes=len(PICTURE)))) as gateway:
        await gateway.link()
        work = asyncio.create_task(gateway.container.media().downloads.run())
        client = gateway.client
        large = await arrived(client, gateway, a_picture(), PICTURE + b"x")
        once = await arrived(
            client, gateway, Image(media=MediaReference(mime_type="image/jpeg"), view_once=True), PICTURE
        )
        small = await arrived(client, gateway, a_picture(), PICTURE)
        async with asyncio.timeout(10):
            while (await client.get(f"/api/v1/messages/{small['id']}")).json()["image"]["id"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for message in (large, once):
            assert (await client.get(f"/api/v1/messages/{message['id']}")).json()["image"]["id"] is None
        work.cancel()


async def test_a_file_that_came_is_forwarded_although_nobody_has_fetched_it(client: Client, gateway: Gateway) -> None:
    message = await arrived(client, gateway, a_picture(), PICTURE)
    sent = await client.post(f"/api/v1/messages/{message['id']}/forward", {"to": BEN})
    assert (sent.status, sent.json()["forwarded"], sent.json()["image"]["caption"]) == (201, True, "look")
    content, data = received(gateway)
    assert isinstance(content, Image)
    assert (content.caption, data) == ("look", PICTURE)


@pytest.mark.parametrize(
    ("told", "status", "reason"),
    [("MEDIA_NOT_IN_PAGE", 422, "TARGET_UNKNOWN"), ("MEDIA_NOT_OPEN", 503, "PAGE_UNAVAILABLE")],
)
async def test_what_the_page_lacks_may_be_had_later(
    client: Client, gateway: Gateway, told: str, status: int, reason: str
) -> None:
    """It came from an older snapshot, or was loaded anew meanwhile: that says nothing of WhatsApp."""
    message = await arrived(client, gateway, a_picture(), PICTURE)
    forward = f"/api/v1/messages/{message['id']}/forward"
    for _ in range(2):
        gateway.whatsapp.script(ANAS, Operation.MEDIA, Refuse(NotFoundError(told, "The page doesn't have it.")))
    refusals = [await file_of(client, message), await client.post(forward, {"to": BEN}, idempotency_key="on")]
    assert [(refused.status, refused.reason) for refused in refusals] == [(status, reason)] * 2
    assert (await client.get("/api/v1/messages?direction=outbound")).json()["items"] == []
    assert (await client.post(forward, {"to": BEN}, idempotency_key="on")).status == 201


async def test_what_is_sent_on_fails_where_whatsapp_has_its_file_no_longer(client: Client, gateway: Gateway) -> None:
    message = await arrived(client, gateway, a_picture(), PICTURE)
    gateway.whatsapp.expired.add(Jid.from_phone(BEN))
    held = len(phone(gateway))
    forward = f"/api/v1/messages/{message['id']}/forward"
    refusals = [await client.post(forward, {"to": BEN}, idempotency_key="on") for _ in range(2)]
    assert [(refused.status, refused.reason) for refused in refusals] == [(410, "MEDIA_EXPIRED")] * 2
    (failed,) = (await client.get("/api/v1/messages?direction=outbound")).json()["items"]
    assert [refused.json()["metadata"] for refused in refusals] == [{"message_id": failed["id"]}] * 2
    assert (failed["status"], failed["error"]["reason"], failed["forwarded"]) == ("FAILED", "MEDIA_EXPIRED", True)
    assert (failed["image"]["id"], failed["image"]["caption"]) == (None, "look")
    await gateway.event_head()
    events = (await client.get("/api/v1/events?types=message.queued,message.sent,message.failed")).json()["items"]
    assert [event["type"] for event in events] == ["message.queued", "message.failed"]
    assert events[1]["payload"]["message"] == failed
    # Its chat waits for nothing.
    assert (await client.post(SEND, body("image", base64=text64(PICTURE)))).status == 201
    assert len(phone(gateway)) == held + 1
