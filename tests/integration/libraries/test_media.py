"""Files between wa-js and whatsapp-web.js, each an account of its own: every kind, both ways, byte for byte.

The phones' own look at what arrived (they check MAC and digests) is the judge; the libraries' downloads must agree.
"""

import base64
import hashlib
import io
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import async_playwright

from adapters.playwright.browser import Browser
from tests.media_files import film, moving_picture, picture, sound

from .sandbox import Account, ControlError, Sandbox, eventually, in_thread
from .wajs import WaJsPage
from .wwebjs import WwebjsClient

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = "relatório nº 1 (final).bin"
BYTES = random.Random(7).randbytes(300_000)  # noqa: S311 - any bytes will do


class Pair(NamedTuple):
    """Ann is wa-js's account, Bob whatsapp-web.js's."""

    sandbox: Sandbox
    ann: Account
    bob: Account
    page: WaJsPage
    client: WwebjsClient


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(browser: Browser, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    ann, bob = sandbox.account("Ann"), sandbox.account("Bob")
    directory = tmp_path_factory.mktemp("media")
    async with async_playwright() as playwright:
        page = WaJsPage(playwright, browser, directory / "wa-js", sandbox.page, {})
        client = WwebjsClient(browser, directory / "wwebjs", sandbox.https_port)
        async with page, client:
            await in_thread(bob.scan, (await client.wait("qr"))["qr"])
            await client.wait("ready")
            await page.link(ann)
            yield Pair(sandbox, ann, bob, page, client)


@pytest.fixture(autouse=True)
def no_faults(sandbox: Sandbox) -> Any:
    yield
    sandbox.call("DELETE", "/faults")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def film_of(directory: Path, codec: str = "libvpx-vp9", suffix: str = "mp4") -> bytes:
    return film(directory / f"film.{suffix}", codec, 2.0, (64, 48)).read_bytes()


def note_of(directory: Path) -> bytes:
    return sound(directory / "note.ogg", "libopus", 3.0).read_bytes()


def tune_of(directory: Path) -> bytes:
    return sound(directory / "tune.mp3", "libmp3lame", 2.0).read_bytes()


def size_of(data: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as opened:
        return opened.format, opened.size


def last_part(key: str) -> str:
    return key.split("_")[2]


# --- wa-js sends


async def wa_js_sends(pair: Pair, data: bytes, mime_type: str, **options: Any) -> tuple[dict[str, Any], bytes]:
    """Ann sends a file; what Bob's phone holds of it, and the file as that opens it. Bob's library agrees with it."""
    sent = await pair.page.send_file(pair.bob, data, mime_type, **options)
    assert sent["result"]["messageSendResult"] == "OK", sent
    message_id = last_part(sent["id"])
    held = pair.bob.message(message_id, pair.ann)
    assert held is not None
    arrived = pair.bob.media(message_id)
    assert (digest(arrived), len(arrived)) == (held["media"]["sha256"], held["media"]["size"])
    key = f"false_{pair.ann.jid}_{message_id}"
    told = await pair.client.wait("message", lambda event: event["message"]["id"] == key)
    assert told["message"]["hasMedia"]
    assert told["message"]["type"] == held["type"]
    downloaded = await pair.client.call("download", key=key)
    assert (downloaded["sha256"], downloaded["mimetype"]) == (digest(arrived), held["media"]["mimetype"])
    assert downloaded["filesize"] == len(arrived)
    assert downloaded.get("filename") == held["media"]["filename"]
    return held, arrived


async def test_wa_js_sends_a_picture(pair: Pair) -> None:
    photo = picture("JPEG", (800, 600))
    held, arrived = await wa_js_sends(pair, photo, "image/jpeg", type="image", caption="look 🐦")
    assert arrived == photo
    content = held["content"]
    assert (held["type"], content["width"], content["height"], content["caption"]) == ("image", 800, 600, "look 🐦")
    assert size_of(base64.b64decode(content["body"])) == ("JPEG", (100, 75))


async def test_wa_js_sends_pictures_that_have_to_be_made_fit(pair: Pair) -> None:
    _, arrived = await wa_js_sends(pair, picture("PNG", (40, 30)), "image/png", type="image")
    assert size_of(arrived) == ("JPEG", (40, 30))
    large = picture("JPEG", (2000, 1000))
    held, arrived = await wa_js_sends(pair, large, "image/jpeg", type="image")
    assert size_of(arrived) == ("JPEG", (1600, 800))
    assert (held["content"]["width"], held["content"]["height"]) == (1600, 800)
    _, arrived = await wa_js_sends(pair, large, "image/jpeg", type="image", isHD=True)
    assert arrived == large


async def test_wa_js_sends_a_picture_to_be_seen_once(pair: Pair) -> None:
    held, _ = await wa_js_sends(pair, picture(), "image/jpeg", type="image", isViewOnce=True)
    assert held["content"]["isViewOnce"] is True


async def test_wa_js_sends_a_film_and_a_gif(pair: Pair, tmp_path: Path) -> None:
    data = film_of(tmp_path)
    held, arrived = await wa_js_sends(pair, data, "video/mp4", type="video", caption="a film")
    assert arrived == data
    content = held["content"]
    assert (held["media"]["kind"], content["width"], content["height"], content["duration"]) == ("video", 64, 48, 2)
    assert content["caption"] == "a film"
    held, arrived = await wa_js_sends(pair, data, "video/mp4", type="video", isGif=True)
    assert (held["media"]["kind"], arrived) == ("gif", data)


async def test_wa_js_sends_a_film_that_this_browser_may_not_play(pair: Pair, tmp_path: Path) -> None:
    # Free builds of Chromium have no H.264. wa-js reads such a film's header itself.
    data = film_of(tmp_path, "libx264")
    held, arrived = await wa_js_sends(pair, data, "video/mp4", type="video")
    assert arrived == data
    assert held["content"]["duration"] == 2


async def test_wa_js_sends_sound(pair: Pair, tmp_path: Path) -> None:
    data = tune_of(tmp_path)
    held, arrived = await wa_js_sends(pair, data, "audio/mpeg", type="audio")
    assert (held["type"], held["content"]["duration"], arrived) == ("audio", 2, data)


async def test_wa_js_sends_a_voice_note_with_its_waveform(pair: Pair, tmp_path: Path) -> None:
    data = note_of(tmp_path)
    held, arrived = await wa_js_sends(pair, data, "audio/ogg; codecs=opus", type="audio", isPtt=True)
    assert (held["type"], held["content"]["duration"], arrived) == ("ptt", 3, data)
    assert held["media"]["mimetype"] == "audio/ogg; codecs=opus"
    waveform = base64.b64decode(held["content"]["waveform"])
    # The second half is the loud one.
    assert len(waveform) == 64
    assert max(waveform) == 100
    assert max(waveform[:28]) < 30 < min(waveform[36:60])


async def test_wa_js_sends_documents_with_their_names(pair: Pair) -> None:
    held, arrived = await wa_js_sends(pair, BYTES, "application/x-thing", type="document", filename=NAME)
    assert (held["type"], held["media"]["filename"], arrived) == ("document", NAME, BYTES)
    assert held["content"].get("caption") is None
    photo = picture("PNG")
    held, arrived = await wa_js_sends(
        pair, photo, "image/png", type="document", filename="scan.png", caption="the scan"
    )
    assert (held["type"], held["media"]["caption"], arrived) == ("document", "the scan", photo)


async def test_wa_js_sends_stickers(pair: Pair) -> None:
    held, arrived = await wa_js_sends(pair, picture("PNG", (200, 100)), "image/png", type="sticker")
    assert (held["type"], held["media"]["mimetype"], size_of(arrived)) == (
        "sticker",
        "image/webp",
        ("WEBP", (512, 512)),
    )
    moving = moving_picture("WEBP", (512, 512))
    held, arrived = await wa_js_sends(pair, moving, "image/webp", type="sticker")
    assert (held["content"]["isAnimated"], arrived) == (True, moving)


# --- whatsapp-web.js sends


async def wwebjs_sends(
    pair: Pair, data: bytes, mime_type: str, *, filename: str | None = None, **options: Any
) -> tuple[dict[str, Any], bytes]:
    """Bob sends a file; what Ann's phone holds of it, and the file as that opens it. Ann's library agrees with it."""
    sent = await pair.client.call(
        "sendMedia",
        to=pair.ann.jid,
        mimetype=mime_type,
        data=base64.b64encode(data).decode(),
        filename=filename,
        options={"waitUntilMsgSent": True, **options},
    )
    message_id = last_part(sent["id"])
    held = pair.ann.message(message_id, pair.bob)
    assert held is not None
    arrived = pair.ann.media(message_id)
    assert digest(arrived) == held["media"]["sha256"]
    told = await pair.page.received_from(pair.bob, message_id)
    assert told["type"] == held["type"]
    downloaded = await pair.page.download(told["id"])
    assert (downloaded.get("sha256"), downloaded["stage"]) == (digest(arrived), "RESOLVED"), downloaded
    return held, arrived


async def test_whatsapp_web_js_sends_pictures(pair: Pair) -> None:
    photo = picture("JPEG", (800, 600))
    held, arrived = await wwebjs_sends(pair, photo, "image/jpeg", filename="a.jpg", caption="olá")
    assert arrived == photo
    content = held["content"]
    assert (held["type"], content["width"], content["height"], content["caption"]) == ("image", 800, 600, "olá")
    assert size_of(base64.b64decode(content["body"])) == ("JPEG", (100, 75))
    large = picture("JPEG", (2000, 1000))
    _, arrived = await wwebjs_sends(pair, large, "image/jpeg")
    assert size_of(arrived) == ("JPEG", (1600, 800))
    _, arrived = await wwebjs_sends(pair, large, "image/jpeg", sendMediaAsHd=True)
    assert arrived == large
    held, _ = await wwebjs_sends(pair, photo, "image/jpeg", isViewOnce=True)
    assert held["content"]["isViewOnce"] is True


async def test_whatsapp_web_js_sends_films(pair: Pair, tmp_path: Path) -> None:
    data = film_of(tmp_path)
    held, arrived = await wwebjs_sends(pair, data, "video/mp4", caption="a film")
    content = held["content"]
    assert (held["media"]["kind"], content["width"], content["duration"], arrived) == ("video", 64, 2, data)
    held, arrived = await wwebjs_sends(pair, data, "video/mp4", sendVideoAsGif=True)
    assert (held["media"]["kind"], arrived) == ("gif", data)


async def test_whatsapp_web_js_sends_sound_and_voice_notes(pair: Pair, tmp_path: Path) -> None:
    tune = tune_of(tmp_path)
    held, arrived = await wwebjs_sends(pair, tune, "audio/mpeg")
    assert (held["type"], held["content"]["duration"], arrived) == ("audio", 2, tune)
    note = note_of(tmp_path)
    held, arrived = await wwebjs_sends(pair, note, "audio/ogg; codecs=opus", sendAudioAsVoice=True)
    assert (held["type"], held["content"]["duration"], arrived) == ("ptt", 3, note)
    assert len(base64.b64decode(held["content"]["waveform"])) == 64


async def test_whatsapp_web_js_sends_documents_with_their_names(pair: Pair) -> None:
    held, arrived = await wwebjs_sends(pair, BYTES, "application/x-thing", filename=NAME, sendMediaAsDocument=True)
    assert (held["type"], held["media"]["filename"], arrived) == ("document", NAME, BYTES)
    photo = picture("PNG")
    held, arrived = await wwebjs_sends(
        pair, photo, "image/png", filename="scan.png", sendMediaAsDocument=True, caption="the scan"
    )
    assert (held["type"], held["media"]["filename"], held["media"]["caption"]) == ("document", "scan.png", "the scan")
    assert arrived == photo


async def test_whatsapp_web_js_sends_stickers(pair: Pair) -> None:
    still, moving = picture("WEBP", (512, 512)), moving_picture("WEBP", (512, 512))
    for sticker in (still, moving):
        held, arrived = await wwebjs_sends(pair, sticker, "image/webp", sendMediaAsSticker=True)
        assert (held["type"], held["media"]["mimetype"], arrived) == ("sticker", "image/webp", sticker)
    _, arrived = await wwebjs_sends(pair, picture("PNG", (100, 300)), "image/png", sendMediaAsSticker=True)
    assert size_of(arrived) == ("WEBP", (512, 512))
    _, arrived = await wwebjs_sends(
        pair, still, "image/webp", sendMediaAsSticker=True, stickerName="pombo", stickerAuthor="Ann"
    )
    assert b"pombo" in arrived


# --- phones send


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (picture(), {"kind": "image", "caption": "from a phone"}),
        (BYTES, {"kind": "gif", "duration": 2}),
        (BYTES, {"kind": "ptt", "duration": 4, "waveform": [0, 100] * 32}),
        (BYTES, {"kind": "document", "filename": NAME, "mimetype": "application/pdf"}),
        (moving_picture("WEBP"), {"kind": "sticker", "animated": True}),
        (b"", {"kind": "document", "filename": "empty.txt", "mimetype": "text/plain"}),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
async def test_both_libraries_open_what_a_phone_sends(pair: Pair, data: bytes, media: dict[str, Any]) -> None:
    cleo = pair.sandbox.account("Cleo")
    to_ann, to_bob = (cleo.send_media(to, data, **media) for to in (pair.ann, pair.bob))
    told = await pair.page.received_from(cleo, to_ann)
    downloaded = await pair.page.download(told["id"])
    assert (downloaded.get("sha256"), downloaded.get("size")) == (digest(data), len(data)), downloaded
    key = f"false_{cleo.jid}_{to_bob}"
    message = (await pair.client.wait("message", lambda event: event["message"]["id"] == key))["message"]
    assert message["hasMedia"]
    assert message["isGif"] == (media["kind"] == "gif")
    assert message.get("duration") == media.get("duration")
    assert message["body"] == media.get("caption", "")
    assert (await pair.client.call("download", key=key))["sha256"] == digest(data)


async def test_a_file_is_forwarded_answered_and_sent_to_a_group(pair: Pair) -> None:
    cleo, page, client = pair.sandbox.account("Cleo"), pair.page, pair.client
    told = await page.received_from(cleo, cleo.send_media(pair.ann, BYTES, kind="document", filename=NAME))
    await page.evaluate("([to, id]) => WPP.chat.forwardMessages(to, [id])", [pair.bob.jid, told["id"]])
    await client.wait("message", lambda event: event["message"]["data"].get("isForwarded") is True)
    held = pair.bob.messages(pair.ann)[-1]
    assert (held["media"]["filename"], pair.bob.media(held["id"])) == (NAME, BYTES)

    key = f"false_{pair.ann.jid}_{held['id']}"
    await client.call("reply", message=key, text="that one?")
    answer = await page.received("that one?")
    assert answer["quotedMsg"]["filename"] == NAME

    made = pair.ann.call("POST", "/groups", {"subject": "Files", "participants": [pair.bob.phone, cleo.phone]})
    group = made["group"]["id"]
    await eventually(lambda: page.evaluate("(id) => Boolean(WPP.whatsapp.ChatStore.get(id))", group), what="the group")
    note = BYTES[:5000]
    sent = await page.send_file(group, note, "application/x-note", type="document", filename="for all.bin")
    assert sent["result"]["messageSendResult"] == "OK", sent
    for member in (pair.bob, cleo):
        assert member.media(last_part(sent["id"])) == note


async def test_small_files_are_kept_and_the_newest_stay(pair: Pair) -> None:
    script = """async (count) => {
      const {LruMediaStore} = importNamespace("WAWebMediaStore");
      await LruMediaStore.clear();
      const piece = new Uint8Array(1024 * 1024);
      for (let number = 0; number < count; number += 1) await LruMediaStore.put(`k${number}`, piece);
      await LruMediaStore.put("too large", new Uint8Array(piece.length + 1));
      const kept = [await LruMediaStore.has("k0"), await LruMediaStore.has(`k${count - 1}`)];
      const read = (await LruMediaStore.get(`k${count - 1}`)).byteLength;
      await LruMediaStore.del(`k${count - 1}`);
      return [await LruMediaStore.count(), ...kept, read, await LruMediaStore.get("too large")];
    }"""
    assert await pair.page.evaluate(script, 20) == [15, False, True, 1024 * 1024, None]
    # And one that wa-js takes from there isn't asked of the server again.
    cleo = pair.sandbox.account("Cleo")
    told = await pair.page.received_from(cleo, cleo.send_media(pair.ann, picture(seed=3), kind="image"))
    assert (await pair.page.download(told["id"]))["sha256"] == digest(picture(seed=3))
    pair.sandbox.call("POST", "/faults", {"kind": "media_expired"})
    await pair.page.page.reload()
    await pair.page.attached()
    await pair.page.ready()
    assert (await pair.page.download(told["id"]))["sha256"] == digest(picture(seed=3))


# --- what goes wrong


async def test_media_that_is_gone_or_broken_is_no_file_to_either(pair: Pair) -> None:
    cleo = pair.sandbox.account("Cleo")
    # Not one that a page has had before and keeps.
    data = BYTES[::-1]
    for kind, stage in (("media_expired", "ERROR_MISSING"), ("media_corrupted", "ERROR_UNSUPPORTED")):
        to_ann, to_bob = (cleo.send_media(to, data + kind.encode(), kind="document") for to in (pair.ann, pair.bob))
        told = await pair.page.received_from(cleo, to_ann)
        key = f"false_{cleo.jid}_{to_bob}"
        await pair.client.wait("message", lambda event, key=key: event["message"]["id"] == key)
        pair.sandbox.call("POST", "/faults", {"kind": kind, "account": cleo.phone})
        assert await pair.page.download(told["id"]) == {"error": "media_not_found", "stage": stage}
        assert await pair.client.call("download", key=key) is None
        pair.sandbox.call("DELETE", "/faults")
        # It was the server's fault, not the message's.
        assert (await pair.page.download(told["id"]))["sha256"] == digest(data + kind.encode())
        assert (await pair.client.call("download", key=key))["sha256"] == digest(data + kind.encode())


async def test_a_failed_upload_is_no_message(pair: Pair) -> None:
    for account in (pair.ann, pair.bob):
        pair.sandbox.call("POST", "/faults", {"kind": "upload_failure", "account": account.phone})
    sent = await pair.page.send_file(pair.bob, BYTES, "text/plain", type="document", filename="never.txt")
    assert (sent["ack"], sent["result"]) == (-1, {"messageSendResult": "ERROR_UPLOAD"})
    assert pair.bob.message(last_part(sent["id"]), pair.ann) is None
    with pytest.raises(AssertionError, match="the server answered 500"):
        await pair.client.call(
            "sendMedia", to=pair.ann.jid, mimetype="text/plain", data="AAAA", filename="never.txt", options={}
        )
    assert all(
        message["media"] is None or message["media"]["filename"] != "never.txt"
        for message in pair.ann.messages(pair.bob)
    )


async def test_a_picture_that_is_none_is_refused_before_anything_is_sent(pair: Pair) -> None:
    before = len(pair.bob.messages(pair.ann))
    with pytest.raises(Exception, match="could not be decoded"):
        await pair.page.send_file(pair.bob, b"no picture", "image/jpeg", type="image")
    assert len(pair.bob.messages(pair.ann)) == before


async def test_a_file_that_was_on_its_way_when_the_page_ended_is_not_sent(pair: Pair) -> None:
    """Its bytes went with the page: the message fails, and says so, rather than wait for ever."""
    await pair.page.page.route("**/mms/document/**", lambda _route: None)
    script = """([to]) => {
      const file = new File(["lost"], "lost.txt", {type: "text/plain"});
      WPP.chat.sendFileMessage(to, file, {type: "document", messageId: `true_${to}_3EB0AAAAAAAAAAAAAAAAAA`});
      return new Promise((resolve) => WPP.whatsapp.MsgStore.on("add", () => resolve()));
    }"""
    await pair.page.evaluate(script, [pair.bob.jid])
    key = f"true_{pair.bob.jid}_3EB0AAAAAAAAAAAAAAAAAA"
    await pair.page.evaluate("import('/storage/models.js').then((models) => models.stored())")
    await pair.page.page.reload()
    await pair.page.page.unroute_all(behavior="ignoreErrors")
    await pair.page.attached()
    await pair.page.ready()

    async def ack() -> int:
        found: int = (await pair.page.message(key))["ack"]
        return found

    assert await eventually(ack, what="the message's failure") == -5
    assert pair.bob.message("3EB0AAAAAAAAAAAAAAAAAA", pair.ann) is None
    with pytest.raises(ControlError):
        pair.bob.media("3EB0AAAAAAAAAAAAAAAAAA")
