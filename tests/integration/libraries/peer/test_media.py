"""Files of every kind, both ways, byte for byte."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.media_content import Audio, Document, Image, MediaContent, MediaReference, Sticker, Video
from tests.contracts.media_page import KINDS, content_of, filed
from tests.media_files import film, moving_picture, picture, sound

from .peers import SENT, Peers

pytestmark = pytest.mark.asyncio(loop_scope="package")

TYPES = {
    "image": "image",
    "view once": "image",
    "video": "video",
    "gif": "video",
    "audio": "audio",
    "voice": "ptt",
    "document": "document",
    "still sticker": "sticker",
    "moving sticker": "sticker",
}


async def sends(peers: Peers, content: MediaContent, data: bytes, directory: Path) -> dict[str, Any]:
    """We send a file; what Bob's library tells of it. What it downloads is what his phone has."""
    sent, told = await peers.send(content, file=filed(directory, data))
    arrived = peers.bob.media(sent.split("_")[2])
    downloaded = await peers.client.call("download", key=told["id"])
    assert downloaded["sha256"] == hashlib.sha256(arrived).hexdigest()
    # A page draws a sticker that stands still anew.
    assert arrived == data or (isinstance(content, Sticker) and not content.animated)
    assert told["hasMedia"] is True
    return {**told, "filename": downloaded.get("filename")}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_we_send_is_received(peers: Peers, kind: str, tmp_path: Path) -> None:
    content, data = content_of(kind, tmp_path)
    told = await sends(peers, content, data, tmp_path)
    assert told["type"] == TYPES[kind]
    assert told["body"] == (getattr(content, "caption", None) or "")
    assert told["isGif"] == (kind == "gif")
    assert bool(told["data"].get("isViewOnce")) == (kind == "view once")
    match content:
        case Audio() | Video():
            assert told["duration"] in (2, "2")
        case Document():
            assert told["filename"] == content.filename
        case Sticker():
            assert bool(told["data"].get("isAnimated")) == content.animated
        case _:
            assert (told["data"]["width"], told["data"]["height"]) == (content.width, content.height)


def of(mime_type: str) -> MediaReference:
    return MediaReference(mime_type=mime_type)


PICTURE = Image(media=of("image/jpeg"), width=64, height=48)
FILM = Video(media=of("video/mp4"), width=64, height=48, duration=timedelta(seconds=2))
type Make = Callable[[Path], bytes]
SENDINGS: list[tuple[MediaContent, Make, dict[str, Any]]] = [
    (replace(PICTURE, caption="olá"), lambda _: picture(), {"caption": "olá"}),
    (replace(PICTURE, width=2000, height=1000), lambda _: picture("JPEG", (2000, 1000)), {"sendMediaAsHd": True}),
    (replace(PICTURE, view_once=True), lambda _: picture(), {"isViewOnce": True}),
    (replace(FILM, caption="a film"), lambda to: film(to / "f.mp4", "libvpx-vp9").read_bytes(), {"caption": "a film"}),
    (replace(FILM, gif=True), lambda to: film(to / "g.mp4", "libvpx-vp9").read_bytes(), {"sendVideoAsGif": True}),
    (
        Audio(media=of("audio/mpeg"), duration=timedelta(seconds=2)),
        lambda to: sound(to / "tune.mp3").read_bytes(),
        {},
    ),
    (
        Audio(media=of("audio/ogg; codecs=opus"), voice=True, duration=timedelta(seconds=2)),
        lambda to: sound(to / "note.ogg", "libopus").read_bytes(),
        {"sendAudioAsVoice": True},
    ),
    (
        Document(media=of("image/png"), filename="scan nº 1.png", caption="the scan"),
        lambda _: picture("PNG"),
        {"sendMediaAsDocument": True, "caption": "the scan"},
    ),
    # Of a sticker, whatsapp-web.js says neither its size nor whether it moves.
    (
        Sticker(media=of("image/webp")),
        lambda _: picture("WEBP", (512, 512)),
        {"sendMediaAsSticker": True},
    ),
    (
        Sticker(media=of("image/webp")),
        lambda _: moving_picture("WEBP", (512, 512)),
        {"sendMediaAsSticker": True},
    ),
]


@pytest.mark.parametrize(("content", "make", "options"), SENDINGS, ids=lambda value: type(value).__name__)
async def test_what_it_sends_is_received(
    peers: Peers, content: MediaContent, make: Make, options: dict[str, Any], tmp_path: Path
) -> None:
    data = make(tmp_path)
    filename = content.filename if isinstance(content, Document) else None
    seen = await peers.receive(
        "sendMedia",
        mimetype=content.media.mime_type,
        data=base64.b64encode(data).decode(),
        filename=filename,
        options={**SENT, **options},
    )
    assert isinstance(seen.content, type(content))
    reference = replace(content.media, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    told = seen.content
    if isinstance(content, Audio) and isinstance(told, Audio) and content.voice:
        assert told.waveform is not None
        assert len(told.waveform) == 64
        told = replace(told, waveform=None)
    assert told == replace(content, media=reference)
    assert await peers.file(seen.whatsapp_id) == data


async def test_a_sticker_s_name_stays_in_its_file_and_a_file_comes_as_an_option(peers: Peers) -> None:
    sticker = {"mimetype": "image/webp", "data": base64.b64encode(picture("WEBP", (512, 512))).decode()}
    named = {"sendMediaAsSticker": True, "stickerName": "coo", "stickerAuthor": "Bob", "stickerCategories": ["🐦"]}
    seen = await peers.receive("sendMedia", filename=None, options={**SENT, **named}, **sticker)
    assert isinstance(seen.content, Sticker)
    assert b"coo" in await peers.file(seen.whatsapp_id)
    image = {"mimetype": "image/jpeg", "data": base64.b64encode(picture()).decode()}
    seen = await peers.receive("sendWithMedia", text="a caption", media=image, options=SENT)
    assert isinstance(seen.content, Image)
    assert seen.content.caption == "a caption"


async def test_a_voice_note_that_we_have_played_is_played(peers: Peers, tmp_path: Path) -> None:
    data = sound(tmp_path / "note.ogg", "libopus").read_bytes()
    note = {"mimetype": "audio/ogg; codecs=opus", "data": base64.b64encode(data).decode(), "filename": None}
    told = await peers.client.call("sendMedia", to=peers.ann.jid, options={**SENT, "sendAudioAsVoice": True}, **note)
    seen = await peers.received(told["id"])
    await peers.page.messages.mark_played(seen.whatsapp_id)
    await peers.client.acked(told["id"], 4)


async def test_a_file_is_sent_on_with_its_mark_both_ways(peers: Peers, tmp_path: Path) -> None:
    content, data = content_of("document", tmp_path)
    _, told = await peers.send(content, file=filed(tmp_path, data), forwarded=True)
    assert told["data"]["isForwarded"] is True
    mark = len(peers.ear.heard)
    await peers.client.call("forward", of=told["id"], to=peers.ann.jid)
    seen = await peers.came(lambda message: isinstance(message.content, Document), after=mark)
    assert (seen.forwarded, seen.from_me) == (True, False)
    assert await peers.file(seen.whatsapp_id) == data
