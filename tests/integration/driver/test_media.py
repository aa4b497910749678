"""Files through a real page: large ones, and what goes wrong on the way."""

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from adapters.playwright.browser import Browser
from adapters.playwright.driver import PlaywrightWhatsAppDriver
from application.ports.media_page import PIECE
from application.ports.page_events import Connected, MessagesSeen
from application.ports.whatsapp_driver import Outgoing, WhatsAppPage
from domain.errors import PomboError
from domain.ids import SessionId
from domain.media_content import Audio, Document, Image, MediaContent, MediaReference, Sticker, Video

from .conftest import MakeDriver
from .world import Ear, Phone, Sandbox, kill_browser, link, message_id

pytestmark = pytest.mark.asyncio(loop_scope="package")

LARGE: Final = 100 * 1024 * 1024
MAY_GROW: Final = 98 * 1024 * 1024
"""Less than the file, and far less than its base64 form (133 MiB): what the driver's collector leaves of the slices
for later was up to 86 MiB."""


class Linked:
    """An open page, its account's phone, and somebody to write to."""

    def __init__(self, page: WhatsAppPage, ear: Ear, ana: Phone, ben: Phone) -> None:
        self.page, self.ear, self.ana, self.ben = page, ear, ana, ben
        self._numbers = iter(range(0xF11E0000, 0xF11EFFFF))

    def outgoing(self, content: MediaContent, file: Path) -> Outgoing:
        whatsapp_id = message_id(self.ben.jid, next(self._numbers))
        return Outgoing(whatsapp_id=whatsapp_id, chat=self.ben.jid, content=content, file=file)


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def linked(sandbox: Sandbox, driver: PlaywrightWhatsAppDriver) -> AsyncIterator[Linked]:
    ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
    page = await driver.open(SessionId("media"), 0)
    ear = await link(page, ana)
    yield Linked(page, ear, ana, ben)
    await page.close()
    await ear.stop()


@pytest_asyncio.fixture(autouse=True, loop_scope="package")
async def no_faults(sandbox: Sandbox) -> AsyncIterator[None]:
    yield
    await sandbox.call("DELETE", "/faults")


def document(name: str = "a file.bin") -> Document:
    return Document(media=MediaReference(mime_type="application/octet-stream"), filename=name)


def written(directory: Path, data: bytes) -> Path:
    path = directory / hashlib.sha256(data).hexdigest()
    path.write_bytes(data)
    return path


def large(path: Path) -> str:
    """Makes a large file; gives its digest. No two of its pieces are the same."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(LARGE // PIECE):
            piece = number.to_bytes(8) * (PIECE // 8)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def of_the_gateway() -> list[int]:
    """This process, and Playwright's own, which talks with the browser. The browser itself isn't the gateway's."""
    found = [os.getpid()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = re.search(r"^PPid:\s+(\d+)$", (process / "status").read_text(), re.MULTILINE)
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if parent is not None and int(parent[1]) == os.getpid() and b"run-driver" in command:
            found.append(int(process.name))
    return found


def forget_peak(pid: int) -> int:
    """Begins to measure a process's peak memory anew; gives what it takes now, in bytes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _memory(pid, "VmRSS")


def peak(pid: int) -> int:
    return _memory(pid, "VmHWM")


def _memory(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


async def refusal(page: WhatsAppPage, message: Outgoing) -> str:
    with pytest.raises(PomboError) as caught:
        await page.send(message)
    return caught.value.reason


async def test_a_large_file_passes_without_being_in_the_gateways_memory(linked: Linked, tmp_path: Path) -> None:
    path = tmp_path / "large"
    digest = await asyncio.to_thread(large, path)
    gateway = of_the_gateway()
    assert len(gateway) == 2
    before = {pid: forget_peak(pid) for pid in gateway}

    sent = await linked.page.send(linked.outgoing(document("large.bin"), path))
    assert isinstance(sent.content, Document)
    assert (sent.content.media.sha256, sent.content.media.size) == (digest, LARGE)
    (held,) = [each for each in await linked.ben.messages(linked.ana) if each["media"]]
    assert (held["media"]["sha256"], held["media"]["filename"]) == (digest, "large.bin")

    opened = await linked.page.media.open(sent.whatsapp_id)
    read, place = hashlib.sha256(), 0
    while place < opened.size:
        piece = await linked.page.media.read(opened.token, start=place, length=PIECE)
        read.update(piece)
        place += len(piece)
    await linked.page.media.close(opened.token)
    assert (read.hexdigest(), place) == (digest, LARGE)

    grown = {pid: peak(pid) - before[pid] for pid in gateway}
    assert max(grown.values()) < MAY_GROW, {pid: bytes_ // 2**20 for pid, bytes_ in grown.items()}
    # What the phone opens is the judge of what arrived.
    opened_by_ben = hashlib.sha256(await linked.ben.file(sent.whatsapp_id.split("_")[2]))
    assert opened_by_ben.hexdigest() == digest


async def test_a_browser_that_dies_during_an_upload_leaves_nothing_sent_and_the_next_sends_once(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, tmp_path: Path
) -> None:
    driver = make_driver(sandbox, browser)
    await driver.start()
    ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
    session = SessionId("dies-uploading")
    page = await driver.open(session, 0)
    ear = await link(page, ana)
    one = Linked(page, ear, ana, ben)
    message = one.outgoing(document(), written(tmp_path, b"worth sending twice, and arriving once"))
    await sandbox.call("POST", "/faults", {"kind": "slow_upload", "account": ana.number, "ms": 60_000})
    sending = asyncio.create_task(page.send(message))
    await until_pending(page, message)
    await kill_browser(driver, session)
    with pytest.raises(PomboError) as caught:
        await sending
    assert caught.value.reason == "PAGE_UNAVAILABLE"
    await ear.until_ended()
    await page.close()
    await ear.stop()
    await sandbox.call("DELETE", "/faults")

    page = await driver.open(session, 0)
    ear = Ear(page)
    await ear.until(Connected)
    found = await page.find(message.whatsapp_id)
    assert found is None or found.status is None
    assert await ben.files(ana) == 0
    sent = await page.send(message)
    assert (sent.whatsapp_id, await ben.files(ana)) == (message.whatsapp_id, 1)
    await page.send(message)
    assert await ben.files(ana) == 1
    await page.close()
    await ear.stop()


async def test_an_upload_that_outlasts_its_deadline_is_joined_and_not_doubled(
    sandbox: Sandbox, browser: Browser, make_driver: MakeDriver, tmp_path: Path
) -> None:
    driver = make_driver(sandbox, browser, send_timeout=timedelta(milliseconds=500))
    await driver.start()
    ana, ben = await sandbox.phone("Ana"), await sandbox.phone("Ben")
    page = await driver.open(SessionId("slow-upload"), 0)
    ear = await link(page, ana)
    message = Linked(page, ear, ana, ben).outgoing(document(), written(tmp_path, b"slow"))
    await sandbox.call("POST", "/faults", {"kind": "slow_upload", "account": ana.number, "ms": 2_000})
    with pytest.raises(PomboError) as caught:
        await page.send(message)
    assert caught.value.reason == "SEND_UNCONFIRMED"
    # It isn't there yet, and asked for again it is the same upload that is waited for.
    found = await page.find(message.whatsapp_id)
    assert found is not None
    assert found.status is None
    async with asyncio.timeout(30):
        while True:
            try:
                sent = await page.send(message)
                break
            except PomboError as error:
                assert error.reason == "SEND_UNCONFIRMED"
    assert sent.status is not None
    assert await ben.files(ana) == 1
    await page.close()
    await ear.stop()


async def test_who_gives_up_a_send_loses_nothing_but_the_answer(linked: Linked, tmp_path: Path) -> None:
    before = await linked.ben.files(linked.ana)
    message = linked.outgoing(document(), written(tmp_path, b"given up"))
    sending = asyncio.create_task(linked.page.send(message))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    sent = await linked.page.send(message)
    assert (sent.whatsapp_id, await linked.ben.files(linked.ana)) == (message.whatsapp_id, before + 1)


async def test_what_cant_be_what_it_is_to_be_is_refused_and_not_sent(linked: Linked, tmp_path: Path) -> None:
    before = await linked.ben.files(linked.ana)
    none = written(tmp_path, b"neither picture nor film")
    for content in (
        Image(media=MediaReference(mime_type="image/jpeg")),
        Video(media=MediaReference(mime_type="video/mp4")),
        Sticker(media=MediaReference(mime_type="image/webp")),
    ):
        message = linked.outgoing(content, none)
        assert await refusal(linked.page, message) == "MEDIA_UNREADABLE"
        assert await linked.page.find(message.whatsapp_id) is None
    large_sticker = written(tmp_path, bytes(2 * 1024 * 1024))
    message = linked.outgoing(Sticker(media=MediaReference(mime_type="image/webp")), large_sticker)
    assert await refusal(linked.page, message) == "MEDIA_TOO_LARGE"
    assert await linked.ben.files(linked.ana) == before
    # Sound that this browser can't decode goes all the same: what is known of it came along.
    content = Audio(media=MediaReference(mime_type="audio/ogg"), voice=True, duration=timedelta(seconds=7))
    sent = await linked.page.send(linked.outgoing(content, none))
    assert isinstance(sent.content, Audio)
    assert (sent.content.voice, sent.content.duration) == (True, timedelta(seconds=7))


async def test_a_file_that_isnt_there_is_tried_again(linked: Linked, tmp_path: Path) -> None:
    message = linked.outgoing(document(), tmp_path / "not yet")
    assert await refusal(linked.page, message) == "MEDIA_STORE_UNAVAILABLE"
    (tmp_path / "not yet").write_bytes(b"here it is")
    assert (await linked.page.send(message)).status is not None


async def test_names_and_captions_arrive_as_they_are(linked: Linked, tmp_path: Path) -> None:
    name = 'it\'s a "name"; <b>ünïcode</b> \u2028 🐦 %41 .tar.gz'
    content = Document(
        media=MediaReference(mime_type='text/plain; charset="utf-8"'), filename=name, caption="*bold* \n\n@123 ${x}"
    )
    sent = await linked.page.send(linked.outgoing(content, written(tmp_path, b"named")))
    held = next(each for each in await linked.ben.messages(linked.ana) if each["id"] in sent.whatsapp_id)
    assert (held["media"]["filename"], held["media"]["caption"]) == (content.filename, content.caption)
    assert isinstance(sent.content, Document)
    assert (sent.content.filename, sent.content.caption) == (content.filename, content.caption)


async def test_a_file_can_answer_and_be_forwarded(linked: Linked, tmp_path: Path) -> None:
    mark = len(linked.ear.heard)
    asked = await linked.ben.send(linked.ana, "the file?")
    question = (await linked.ear.until(MessagesSeen, after=mark)).messages[0].whatsapp_id
    assert asked in question
    message = linked.outgoing(document(), written(tmp_path, b"an answer"))
    sent = await linked.page.send(replace(message, reply_to=question, forwarded=True))
    assert sent.reply_to == question
    held = next(each for each in await linked.ben.messages(linked.ana) if each["id"] in sent.whatsapp_id)
    assert (held["quoted_id"], held["content"]["isForwarded"], held["type"]) == (asked, True, "document")


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        {"mimetype": 7, "size": "many", "width": -3, "height": {}, "duration": "long", "caption": [], "filehash": "?"},
        {"mimetype": "x" * 100_000, "width": 1e308, "size": 1e30, "duration": 1e300, "waveform": "!", "isGif": "yes"},
        {"mimetype": "text/html\r\nX-Evil: 1", "filename": "a" * 100_000, "waveform": "A" * 4000, "isAnimated": 1},
        {"directPath": "//evil.example/x", "mediaKey": "AAAA", "filehash": "AAAA"},
        {"directPath": "/mms/d/../../x", "mediaKey": 5, "encFilehash": 5, "filehash": {}},
        {"directPath": ["/mms"], "mediaKey": "not base64 at all"},
    ],
    ids=range(7),
)
async def test_a_file_that_a_stranger_describes_badly_is_a_message_all_the_same(
    linked: Linked, nonsense: dict[str, Any]
) -> None:
    for kind in ("image", "ptt", "document", "sticker"):
        mark = len(linked.ear.heard)
        sent = await linked.ben.send_content(linked.ana, {"type": kind, **nonsense})
        seen = await linked.ear.until(
            MessagesSeen, lambda event, sent=sent: any(sent in each.whatsapp_id for each in event.messages), after=mark
        )
        (message,) = [each for each in seen.messages if sent in each.whatsapp_id]
        assert isinstance(message.content, Image | Audio | Document | Sticker)
        media = message.content.media
        assert re.fullmatch(r"[ -~]{3,256}", media.mime_type)
        assert media.size is None or 0 <= media.size < 2**53
        with pytest.raises(PomboError) as caught:
            await linked.page.media.open(message.whatsapp_id)
        assert caught.value.reason in {"MEDIA_EXPIRED", "MEDIA_UNREADABLE"}
    assert (await linked.page.send(linked.outgoing(document(), Path(__file__)))).status is not None


async def until_pending(page: WhatsAppPage, message: Outgoing) -> None:
    async with asyncio.timeout(30):
        while await page.find(message.whatsapp_id) is None:  # noqa: ASYNC110 - nothing is told of it yet
            await asyncio.sleep(0.05)
