"""What a page must do with messages' files."""

import asyncio
import hashlib
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from application.ports.media_page import PIECE, MediaPage
from application.ports.page_events import BridgeReady, Connected
from application.ports.whatsapp_driver import Outgoing
from domain.errors import GoneError, InvalidArgumentError, NotFoundError, PomboError, UnprocessableError
from domain.ids import WhatsAppMessageId
from domain.media_content import Audio, Document, Image, MediaContent, MediaReference, Sticker, Video
from tests.contracts.whatsapp_page import heard
from tests.contracts.whatsapp_world import Linked, Person, new_id
from tests.media_files import film, moving_picture, picture, sound

KINDS = ("image", "view once", "video", "gif", "audio", "voice", "document", "still sticker", "moving sticker")
WAVEFORM = tuple(n % 101 for n in range(64))


def content_of(kind: str, directory: Path) -> tuple[MediaContent, bytes]:
    """A content of each kind, and a file for it that is left as it is on its way."""

    def of(mime_type: str) -> MediaReference:
        return MediaReference(mime_type=mime_type)

    match kind:
        case "image":
            return Image(media=of("image/jpeg"), caption="olá 🐦", width=640, height=480), picture("JPEG", (640, 480))
        case "view once":
            return Image(media=of("image/jpeg"), width=64, height=48, view_once=True), picture()
        case "video" | "gif":
            data = film(directory / "film.mp4", "libvpx-vp9").read_bytes()
            shown = Video(media=of("video/mp4"), width=64, height=48, duration=timedelta(seconds=2))
            return replace(shown, gif=True) if kind == "gif" else replace(shown, caption="a film"), data
        case "audio":
            data = sound(directory / "tune.mp3").read_bytes()
            return Audio(media=of("audio/mpeg"), duration=timedelta(seconds=2)), data
        case "voice":
            data = sound(directory / "note.ogg", "libopus").read_bytes()
            reference = of("audio/ogg; codecs=opus")
            return Audio(media=reference, voice=True, duration=timedelta(seconds=2), waveform=WAVEFORM), data
        case "document":
            return Document(media=of("application/pdf"), filename="relatório 1.pdf", caption="read it"), picture("PNG")
        case "still sticker":
            return Sticker(media=of("image/webp"), width=512, height=512), picture("WEBP", (512, 512))
        case _:
            moving = moving_picture("WEBP", (512, 512))
            return Sticker(media=of("image/webp"), animated=True, width=512, height=512), moving


def outgoing(to: Person, content: MediaContent, file: Path) -> Outgoing:
    return Outgoing(whatsapp_id=new_id(to.jid), chat=to.jid, content=content, file=file)


def filed(directory: Path, data: bytes) -> Path:
    """A file as the gateway's store has it: named by its digest, without an ending."""
    path = directory / hashlib.sha256(data).hexdigest()
    path.write_bytes(data)
    return path


def inner(whatsapp_id: WhatsAppMessageId) -> str:
    return whatsapp_id.split("_")[2]


def with_file(content: MediaContent, data: bytes) -> MediaContent:
    """The content as it is told of once it holds this file."""
    reference = replace(content.media, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    return replace(content, media=reference)


async def read(page: MediaPage, whatsapp_id: WhatsAppMessageId) -> bytes:
    opened = await page.open(whatsapp_id)
    data = b""
    while len(data) < opened.size:
        data += await page.read(opened.token, start=len(data), length=PIECE)
    await page.close(opened.token)
    return data


async def refused(page: MediaPage, whatsapp_id: WhatsAppMessageId) -> PomboError:
    with pytest.raises(PomboError) as caught:
        await page.open(whatsapp_id)
    return caught.value


class MediaPageContract:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_a_file_leaves_as_it_is(self, linked: Linked, kind: str, tmp_path: Path) -> None:
        ben = await linked.stage.person("Ben")
        content, data = content_of(kind, tmp_path)
        message = outgoing(ben, content, filed(tmp_path, data))
        sent = await linked.page.send(message)
        assert (sent.whatsapp_id, sent.from_me, sent.chat) == (message.whatsapp_id, True, ben.jid)
        assert sent.status is not None
        arrived = await ben.file(inner(sent.whatsapp_id))
        # A page draws a sticker that stands still anew, and says truly what became of it.
        assert arrived == data or kind == "still sticker"
        assert sent.content == with_file(content, arrived)
        assert await read(linked.page.media, sent.whatsapp_id) == arrived
        found = await linked.page.find(sent.whatsapp_id)
        assert found is not None
        assert found.content == sent.content

    async def test_what_is_no_jpeg_is_an_image_and_a_document_stays_what_it_is(
        self, linked: Linked, tmp_path: Path
    ) -> None:
        ben = await linked.stage.person("Ben")
        data = picture("PNG", (30, 20))
        file = filed(tmp_path, data)
        shown = await linked.page.send(outgoing(ben, Image(media=MediaReference(mime_type="image/png")), file))
        # A page may make a JPEG of it; what it says of it is true either way.
        assert isinstance(shown.content, Image)
        arrived = await ben.file(inner(shown.whatsapp_id))
        assert shown.content.media.sha256 == hashlib.sha256(arrived).hexdigest()
        content = Document(media=MediaReference(mime_type="image/png"), filename="scan.png")
        sent = await linked.page.send(outgoing(ben, content, file))
        assert await ben.file(inner(sent.whatsapp_id)) == data

    async def test_a_file_is_sent_once(self, linked: Linked, tmp_path: Path) -> None:
        ben = await linked.stage.person("Ben")
        content, data = content_of("document", tmp_path)
        message = outgoing(ben, content, filed(tmp_path, data))
        first, *others = await asyncio.gather(*[linked.page.send(message) for _ in range(3)])
        again = await linked.page.send(message)
        assert {each.whatsapp_id for each in (first, again, *others)} == {message.whatsapp_id}
        assert await ben.files(linked.me) == 1

    async def test_a_large_file_passes_both_ways(self, linked: Linked, tmp_path: Path) -> None:
        ben = await linked.stage.person("Ben")
        data = random.Random(1).randbytes(3 * PIECE + 12_345)  # noqa: S311 - any bytes will do
        content = Document(media=MediaReference(mime_type="application/zip"), filename="large.zip")
        sent = await linked.page.send(outgoing(ben, content, filed(tmp_path, data)))
        assert await ben.file(inner(sent.whatsapp_id)) == data
        assert await read(linked.page.media, sent.whatsapp_id) == data

    @pytest.mark.parametrize("kind", KINDS)
    async def test_a_file_comes_in_as_it_was_sent(self, linked: Linked, kind: str, tmp_path: Path) -> None:
        ben = await linked.stage.person("Ben")
        content, data = content_of(kind, tmp_path)
        mark = len(linked.ear.heard)
        message = await heard(linked, await ben.send_file(linked.me, content, data), after=mark)
        assert message.content == with_file(content, data)
        assert await read(linked.page.media, message.whatsapp_id) == data

    async def test_an_empty_document_is_one_too(self, linked: Linked, tmp_path: Path) -> None:
        ben = await linked.stage.person("Ben")
        content = Document(media=MediaReference(mime_type="text/plain"), filename="empty.txt")
        message = await heard(linked, await ben.send_file(linked.me, content, b""))
        assert message.content == with_file(content, b"")
        assert await read(linked.page.media, message.whatsapp_id) == b""
        sent = await linked.page.send(outgoing(ben, content, filed(tmp_path, b"")))
        assert await ben.file(inner(sent.whatsapp_id)) == b""

    async def test_what_failed_to_upload_didnt_leave_and_leaves_once_with_the_next_try(
        self, linked: Linked, tmp_path: Path
    ) -> None:
        ben = await linked.stage.person("Ben")
        content, data = content_of("document", tmp_path)
        message = outgoing(ben, content, filed(tmp_path, data))
        await linked.stage.fail_uploads(linked.me)
        with pytest.raises(UnprocessableError) as caught:
            await linked.page.send(message)
        assert caught.value.reason == "MEDIA_UPLOAD_FAILED"
        assert await ben.files(linked.me) == 0
        found = await linked.page.find(message.whatsapp_id)
        assert found is None or found.status is None
        await linked.stage.mend(linked.session)
        sent = await linked.page.send(message)
        assert (sent.whatsapp_id, await ben.files(linked.me)) == (message.whatsapp_id, 1)
        assert await ben.file(inner(sent.whatsapp_id)) == data

    async def test_what_whatsapp_has_no_longer_is_gone(self, linked: Linked, tmp_path: Path) -> None:
        ben = await linked.stage.person("Ben")
        content, data = content_of("document", tmp_path)
        data += b"not one that the page has had before, and may keep"
        message = await heard(linked, await ben.send_file(linked.me, content, data))
        await linked.stage.expire_files(ben)
        error = await refused(linked.page.media, message.whatsapp_id)
        assert (type(error), error.reason) == (GoneError, "MEDIA_EXPIRED")
        await linked.stage.mend(linked.session)
        assert await read(linked.page.media, message.whatsapp_id) == data

    async def test_what_isnt_what_the_message_says_cant_be_read(self, linked: Linked, tmp_path: Path) -> None:
        ben = await linked.stage.person("Ben")
        content, data = content_of("document", tmp_path)
        data += b"nor this one"
        message = await heard(linked, await ben.send_file(linked.me, content, data))
        await linked.stage.spoil_files(ben)
        error = await refused(linked.page.media, message.whatsapp_id)
        assert (type(error), error.reason) == (UnprocessableError, "MEDIA_UNREADABLE")
        await linked.stage.mend(linked.session)

    async def test_there_is_no_file_where_there_is_none(self, linked: Linked) -> None:
        ben = await linked.stage.person("Ben")
        message = await heard(linked, await ben.send(linked.me, "no file"))
        for whatsapp_id in (message.whatsapp_id, new_id(ben.jid), WhatsAppMessageId("nonsense")):
            error = await refused(linked.page.media, whatsapp_id)
            assert (type(error), error.reason) == (NotFoundError, "MEDIA_NOT_IN_PAGE")

    async def test_pieces(self, linked: Linked, tmp_path: Path) -> None:
        ben = await linked.stage.person("Ben")
        content, _ = content_of("document", tmp_path)
        message = await heard(linked, await ben.send_file(linked.me, content, bytes(range(100))))
        page = linked.page.media
        opened, second = await page.open(message.whatsapp_id), await page.open(message.whatsapp_id)
        assert (opened.size, opened.mime_type) == (100, "application/pdf")
        assert await page.read(opened.token, start=10, length=5) == bytes(range(10, 15))
        assert await page.read(opened.token, start=95, length=PIECE) == bytes(range(95, 100))
        assert await page.read(opened.token, start=100, length=1) == b""
        for start, length in ((-1, 1), (0, 0), (0, PIECE + 1)):
            with pytest.raises(InvalidArgumentError) as caught:
                await page.read(opened.token, start=start, length=length)
            assert caught.value.reason == "INVALID_PIECE"
        for _ in range(2):
            await page.close(opened.token)
        with pytest.raises(NotFoundError) as closed:
            await page.read(opened.token, start=0, length=1)
        assert closed.value.reason == "MEDIA_NOT_OPEN"
        # Each who opened it has it until they close it.
        assert await page.read(second.token, start=0, length=1) == b"\0"

    async def test_what_was_open_is_closed_by_a_reload_and_can_be_opened_again(
        self, linked: Linked, tmp_path: Path
    ) -> None:
        ben = await linked.stage.person("Ben")
        content, data = content_of("document", tmp_path)
        message = await heard(linked, await ben.send_file(linked.me, content, data))
        opened = await linked.page.media.open(message.whatsapp_id)
        mark = len(linked.ear.heard)
        await linked.page.reload()
        await linked.ear.until(BridgeReady, after=mark)
        await linked.ear.until(Connected, after=mark)
        with pytest.raises(NotFoundError) as caught:
            await linked.page.media.read(opened.token, start=0, length=1)
        assert caught.value.reason == "MEDIA_NOT_OPEN"
        assert await read(linked.page.media, message.whatsapp_id) == data
