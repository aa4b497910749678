"""Files through the whole product: stored, sent, received and fetched, with the real servers, browser and sandbox."""

import asyncio
import base64
import hashlib
import io
import random
from pathlib import Path
from typing import Any

import aiohttp
import grpc.aio
import pytest

from entrypoints.grpc.gen.pombo.v1 import media_pb2, message_pb2, message_service_pb2
from entrypoints.grpc.gen.pombo.v1.message_service_pb2_grpc import MessageServiceStub
from tests.media_files import film, moving_picture, picture, sound
from tests.unit.http_adapter.receiver import Exchange, receiving, status

from .conftest import ANA, BEN, Linked
from .processes import Gateway, Sandbox, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

type Json = dict[str, Any]

BYTES = random.Random(3).randbytes(3_000_000)  # noqa: S311 - any bytes will do


async def stored(gateway: Gateway, data: bytes, mime_type: str, filename: str) -> Json:
    url = f"{gateway.url}/api/v1/media"
    headers = {"Content-Type": mime_type}
    async with gateway.http.post(url, params={"filename": filename}, data=io.BytesIO(data), headers=headers) as answer:
        found: Json = await answer.json()
        assert answer.status == 201, found
    assert found["sha256"] == hashlib.sha256(data).hexdigest()
    return found


async def sent(gateway: Gateway, kind: str, content: Json) -> Json:
    body = {"session_id": "ana", "to": BEN, "type": kind, kind: content}
    message: Json = await gateway.call("POST", "/api/v1/messages/send", body, status=201)
    assert message["status"] in {"SENT", "DELIVERED", "READ"}, message
    return message


async def held(sandbox: Sandbox, phone: str, chat: str) -> list[Json]:
    """The messages with a file that a phone holds."""
    messages = (await sandbox.call("GET", f"/accounts/{phone}/messages?chat={chat}"))["messages"]
    return [message for message in messages if message["media"]]


async def test_every_kind_leaves_and_arrives(linked: Linked, tmp_path: Path) -> None:
    gateway, sandbox = linked.gateway, linked.sandbox
    before = len(await held(sandbox, BEN, ANA))
    photo = picture("JPEG", (640, 480))
    clip = film(tmp_path / "clip.mp4", "libx264", 2.0).read_bytes()
    tune = sound(tmp_path / "tune.mp3").read_bytes()
    files: list[tuple[str, bytes, str, str, Json]] = [
        ("image", photo, "image/jpeg", "sea.jpg", {"caption": "o mar"}),
        ("video", clip, "video/mp4", "clip.mp4", {}),
        ("video", clip, "video/mp4", "clip.mp4", {"gif": True}),
        ("audio", tune, "audio/mpeg", "tune.mp3", {}),
        ("audio", tune, "audio/mpeg", "tune.mp3", {"voice": True}),
        ("document", BYTES, "application/zip", "as is.zip", {"caption": "all of it"}),
        ("sticker", moving_picture("WEBP", (512, 512)), "image/webp", "wave.webp", {}),
        ("image", photo, "image/jpeg", "once.jpg", {"view_once": True}),
    ]
    for kind, data, mime_type, name, more in files:
        media = await stored(gateway, data, mime_type, name)
        await sent(gateway, kind, {"id": media["id"], **more})
    arrived = (await held(sandbox, BEN, ANA))[before:]
    kinds = [message["media"]["kind"] for message in arrived]
    assert kinds == ["image", "video", "gif", "audio", "ptt", "document", "sticker", "image"]
    opened = [await sandbox.file(BEN, message["id"]) for message in arrived]
    for (_, data, _, _, more), got, message in zip(files, opened, arrived, strict=True):
        # A voice note is made Ogg Opus, with its waveform.
        assert got == data or more.get("voice"), message["media"]
    note = arrived[4]
    assert note["media"]["mimetype"].startswith("audio/ogg")
    assert len(base64.b64decode(note["content"]["waveform"])) == 64
    assert note["content"]["duration"] == 2
    assert (arrived[0]["media"]["caption"], arrived[0]["content"]["width"]) == ("o mar", 640)
    assert (arrived[5]["media"]["filename"], arrived[5]["media"]["caption"]) == ("as is.zip", "all of it")
    assert arrived[6]["content"]["isAnimated"] is True
    assert arrived[7]["content"]["isViewOnce"] is True


async def test_a_file_comes_along_in_every_way(linked: Linked) -> None:
    gateway, sandbox = linked.gateway, linked.sandbox
    before = len(await held(sandbox, BEN, ANA))
    photo = picture("JPEG", (320, 200))
    media = await stored(gateway, photo, "image/jpeg", "sea.jpg")
    for given in ({"id": media["id"]}, {"base64": base64.b64encode(photo).decode()}):
        await sent(gateway, "image", given)

    async def offer(exchange: Exchange) -> None:
        await exchange.answer(status(200, "Content-Type: image/jpeg", body=photo))

    async with receiving(offer) as server:
        await sent(gateway, "image", {"link": server.url()})
        link = media_pb2.ImageToSend(media=media_pb2.MediaSource(link=server.url()))
        within = media_pb2.ImageToSend(media=media_pb2.MediaSource(data=photo))
        by_id = media_pb2.ImageToSend(media=media_pb2.MediaSource(media_id=media["id"]))
        async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
            for image in (link, within, by_id):
                request = message_service_pb2.SendMessageRequest(session_id="ana", to=BEN, image=image)
                answer = await MessageServiceStub(channel).SendMessage(request, metadata=(("x-api-key", gateway.key),))
                assert answer.message.status >= message_pb2.MESSAGE_STATUS_SENT
        assert len(server.requests) == 2

    form = aiohttp.FormData({"session_id": "ana", "to": BEN, "type": "image"})
    form.add_field("file", photo, filename="sea.jpg", content_type="image/jpeg")
    async with gateway.http.post(f"{gateway.url}/api/v1/media/send", data=form) as answered:
        assert answered.status == 201, await answered.text()
    arrived = (await held(sandbox, BEN, ANA))[before:]
    assert [message["media"]["kind"] for message in arrived] == ["image"] * 7
    assert [await sandbox.file(BEN, message["id"]) for message in arrived] == [photo] * 7


async def test_what_comes_is_fetched_and_kept(linked: Linked, tmp_path: Path) -> None:
    gateway, sandbox = linked.gateway, linked.sandbox
    note = sound(tmp_path / "note.ogg", "libopus").read_bytes()
    media = {"base64": base64.b64encode(note).decode(), "kind": "ptt", "duration": 2, "waveform": [0, 50, 100, 50] * 16}
    await sandbox.call("POST", f"/accounts/{BEN}/send", {"to": ANA, "media": media})

    async def received() -> Json | None:
        events = await gateway.events("message.received")
        return next((event["payload"]["message"] for event in events if "audio" in event["payload"]["message"]), None)

    message = await until(received)
    audio = message["audio"]
    assert (audio["voice"], audio["waveform"][:3]) == (True, [0, 50, 100])
    url = f"{gateway.url}/api/v1/messages/{message['id']}/media"
    async with gateway.http.get(url) as answer:
        assert (answer.status, await answer.read()) == (200, note)
    async with gateway.http.get(url, headers={"Range": "bytes=5-14"}) as answer:
        assert (answer.status, await answer.read()) == (206, note[5:15])
    # From the store by now: WhatsApp isn't asked again.
    await sandbox.call("POST", "/faults", {"kind": "media_expired"})
    async with gateway.http.get(url) as answer:
        assert (answer.status, await answer.read()) == (200, note)

    other = {"base64": base64.b64encode(BYTES[:1000]).decode(), "kind": "document", "filename": "gone.bin"}
    await sandbox.call("POST", f"/accounts/{BEN}/send", {"to": ANA, "media": other})

    async def gone() -> Json | None:
        events = await gateway.events("message.received")
        found = (event["payload"]["message"] for event in events)
        return next((each for each in found if each.get("document", {}).get("filename") == "gone.bin"), None)

    lost = await until(gone)
    async with gateway.http.get(f"{gateway.url}/api/v1/messages/{lost['id']}/media") as answer:
        assert (answer.status, (await answer.json())["reason"]) == (410, "MEDIA_EXPIRED")
    await sandbox.call("DELETE", "/faults")


async def test_an_upload_that_fails_fails_the_message_with_its_reason(linked: Linked) -> None:
    gateway, sandbox = linked.gateway, linked.sandbox
    before = await held(sandbox, BEN, ANA)
    media = await stored(gateway, BYTES[:2000], "application/zip", "never.zip")
    await sandbox.call("POST", "/faults", {"kind": "upload_failure"})
    body = {"session_id": "ana", "to": BEN, "type": "document", "document": {"id": media["id"]}}
    problem = await gateway.call("POST", "/api/v1/messages/send", body, status=422)
    await sandbox.call("DELETE", "/faults")
    assert problem["reason"] == "MEDIA_UPLOAD_FAILED"
    failed = await gateway.call("GET", f"/api/v1/messages/{problem['metadata']['message_id']}")
    assert (failed["status"], failed["error"]["reason"]) == ("FAILED", "MEDIA_UPLOAD_FAILED")
    assert await held(sandbox, BEN, ANA) == before


async def test_a_gateway_killed_during_an_upload_sends_the_file_once(linked: Linked) -> None:
    gateway, sandbox = linked.gateway, linked.sandbox
    before = len(await held(sandbox, BEN, ANA))
    told = len(await gateway.events("message.sent"))
    media = await stored(gateway, BYTES, "application/zip", "once.zip")
    await sandbox.call("POST", "/faults", {"kind": "slow_upload", "ms": 60_000})
    body = {"session_id": "ana", "to": BEN, "type": "document", "document": {"id": media["id"]}}
    sending = asyncio.create_task(gateway.call("POST", "/api/v1/messages/send", body, status=None))

    async def under_way() -> bool | None:
        return sandbox.receiving() or None

    await until(under_way)
    await gateway.kill()
    await asyncio.gather(sending, return_exceptions=True)
    await sandbox.call("DELETE", "/faults")
    await gateway.start()
    await gateway.status("ana", "WORKING")

    async def left() -> bool | None:
        return len(await gateway.events("message.sent")) == told + 1 or None

    await until(left)
    (arrived,) = (await held(sandbox, BEN, ANA))[before:]
    assert await sandbox.file(BEN, arrived["id"]) == BYTES
