"""Files through the whole gateway, to the other account's phone and back, whatever their size."""

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import grpc.aio
import pytest

from entrypoints.grpc.gen.pombo.v1 import media_service_pb2
from entrypoints.grpc.gen.pombo.v1.media_service_pb2_grpc import MediaServiceStub
from tests import media_files

from .conftest import ANA, BEN, Linked
from .processes import Sandbox, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

LARGE = 100 * 2**20
CEILING = 64 * 2**20
"""What a file of ``LARGE`` may add to the gateway's memory at most, in bytes: far less than itself."""
_BLOCK = bytes(range(256)) * 4_096


async def large() -> AsyncIterator[bytes]:
    for number in range(LARGE // len(_BLOCK)):
        yield number.to_bytes(4, "big") + _BLOCK[4:]


async def digest_of(chunks: AsyncIterator[bytes]) -> str:
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


def forget_peak(pid: int) -> int:
    """Begins to measure a process's peak memory anew; gives what it takes now, in bytes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory(pid, "VmRSS")


def memory(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


async def held(sandbox: Sandbox, phone: str, chat: str) -> list[dict[str, Any]]:
    """The messages with a file that a phone holds."""
    answer = await sandbox.call("GET", f"/accounts/{phone}/messages?chat={chat}")
    return [message for message in answer["messages"] if message["media"]]


@pytest.mark.timeout(400)
async def test_100_mb_pass_without_being_in_memory(linked: Linked) -> None:
    gateway, sandbox = linked.gateway, linked.sandbox
    known = len(await held(sandbox, BEN, ANA))
    digest = await digest_of(large())
    url, patient = f"{gateway.url}/api/v1/media", aiohttp.ClientTimeout(total=300)
    before = forget_peak(gateway.process.pid)

    async with gateway.http.post(
        f"{url}?filename=large.bin", data=large(), headers={"Content-Type": "application/octet-stream"}, timeout=patient
    ) as answer:
        media = await answer.json()
        assert (answer.status, media["size"], media["sha256"], media["kind"]) == (201, LARGE, digest, "document")
    async with gateway.http.get(f"{url}/{media['id']}", timeout=patient) as answer:
        assert await digest_of(answer.content.iter_any()) == digest

    request = {
        "session_id": "ana",
        "to": BEN,
        "type": "document",
        "document": {"id": media["id"], "caption": "all of it"},
    }
    sent = await gateway.call("POST", "/api/v1/messages/send", request)

    async def left() -> bool | None:
        message = await gateway.call("GET", f"/api/v1/messages/{sent['id']}")
        assert message["error"] is None, message
        return message["status"] in {"SENT", "DELIVERED", "READ"} or None

    await until(left, 250)
    (there,) = await until(lambda: newest(sandbox, known, 1))
    assert (there["media"]["sha256"], there["media"]["filename"]) == (digest, "large.bin")

    grew = memory(gateway.process.pid, "VmHWM") - before
    assert grew < CEILING, f"the gateway grew by {grew / 2**20:.0f} MiB"


async def newest(sandbox: Sandbox, known: int, count: int) -> list[dict[str, Any]] | None:
    """The messages with a file that Ben's phone holds since it held so many, once they are all there."""
    found = (await held(sandbox, BEN, ANA))[known:]
    return found if len(found) == count else None


async def test_a_file_that_comes_is_there_over_both_transports(linked: Linked) -> None:
    gateway, sandbox = linked.gateway, linked.sandbox
    fetched = len(await gateway.events("message.media"))
    picture = media_files.picture(size=(300, 200))
    staged = await sandbox_put(sandbox, f"/accounts/{BEN}/media", picture)
    await sandbox.call(
        "POST",
        f"/accounts/{BEN}/send",
        {"to": ANA, "media": {"kind": "image", "id": staged["id"], "mimetype": "image/jpeg", "caption": "look"}},
    )

    async def stored() -> dict[str, Any] | None:
        events = await gateway.events("message.media")
        return events[-1]["payload"] if len(events) > fetched else None

    told = await until(stored)
    message = await gateway.call("GET", f"/api/v1/messages/{told['message_id']}")
    assert (message["type"], message["image"]["caption"], message["image"]["id"]) == (
        "image",
        "look",
        told["media"]["id"],
    )
    assert told["media"]["sha256"] == hashlib.sha256(picture).hexdigest()
    async with gateway.http.get(f"{gateway.url}/api/v1/messages/{message['id']}/media") as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "image/jpeg", picture)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        request = media_service_pb2.DownloadMessageMediaRequest(message_id=message["id"])
        pieces = MediaServiceStub(channel).DownloadMessageMedia(request, metadata=(("x-api-key", gateway.key),))
        assert b"".join([piece.chunk async for piece in pieces]) == picture


async def sandbox_put(sandbox: Sandbox, path: str, content: bytes) -> dict[str, Any]:
    async with sandbox._http.post(sandbox.control + path, data=content) as answer:
        assert answer.ok, await answer.text()
        staged: dict[str, Any] = await answer.json()
        return staged


async def test_a_file_is_stored_listed_and_deleted_over_both_transports(linked: Linked) -> None:
    gateway = linked.gateway
    url, metadata = f"{gateway.url}/api/v1/media", (("x-api-key", gateway.key),)
    ours, theirs = media_files.picture(size=(90, 70), seed=2), media_files.picture(size=(80, 60), seed=3)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        stub = MediaServiceStub(channel)

        async def pieces() -> AsyncIterator[media_service_pb2.UploadMediaRequest]:
            yield media_service_pb2.UploadMediaRequest(header=media_service_pb2.MediaHeader(filename="b.jpg"))
            for start in range(0, len(theirs), 1_000):
                yield media_service_pb2.UploadMediaRequest(chunk=theirs[start : start + 1_000])

        async with gateway.http.post(f"{url}?filename=a.jpg", data=ours) as answer:
            one = (await answer.json())["id"]
            assert answer.status == 201
        other = (await stub.UploadMedia(pieces(), metadata=metadata)).media.id
        # What came by the one is there by the other.
        for media, content, filename in ((one, ours, "a.jpg"), (other, theirs, "b.jpg")):
            known = await gateway.call("GET", f"/api/v1/media/{media}/info")
            request = media_service_pb2.GetMediaRequest(media_id=media)
            told = (await stub.GetMedia(request, metadata=metadata)).media
            assert (known["filename"], known["size"], known["sha256"]) == (told.filename, told.size, told.sha256)
            assert (told.filename, told.sha256) == (filename, hashlib.sha256(content).hexdigest())
            async with gateway.http.get(f"{url}/{media}") as answer:
                assert await answer.read() == content
            download = media_service_pb2.DownloadMediaRequest(media_id=media)
            got = [piece.chunk async for piece in stub.DownloadMedia(download, metadata=metadata)]
            assert b"".join(got) == content

        async def listed() -> list[list[str]]:
            page = await gateway.call("GET", "/api/v1/media?page_size=2")
            request = media_service_pb2.ListMediaRequest(page_size=2)
            told = await stub.ListMedia(request, metadata=metadata)
            return [[item["id"] for item in page["items"]], [item.id for item in told.media]]

        assert await listed() == [[other, one]] * 2
        await gateway.call("DELETE", f"/api/v1/media/{other}", status=204)
        await stub.DeleteMedia(media_service_pb2.DeleteMediaRequest(media_id=one), metadata=metadata)
        for media in (one, other):
            gone = await gateway.call("GET", f"/api/v1/media/{media}", status=404)
            assert gone["reason"] == "MEDIA_NOT_FOUND"
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.GetMedia(media_service_pb2.GetMediaRequest(media_id=media), metadata=metadata)
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert not {one, other} & {media for found in await listed() for media in found}


async def test_a_voice_note_and_a_sticker_arrive_as_such(linked: Linked, tmp_path: Path) -> None:
    gateway, sandbox = linked.gateway, linked.sandbox
    known = len(await held(sandbox, BEN, ANA))
    tone = media_files.sound(tmp_path / "a.mp3", seconds=2).read_bytes()
    form = aiohttp.FormData()
    for name, value in (("session_id", "ana"), ("to", BEN), ("type", "audio"), ("voice", "true")):
        form.add_field(name, value)
    form.add_field("file", tone, filename="a.mp3", content_type="audio/mpeg")
    async with gateway.http.post(f"{gateway.url}/api/v1/media/send", data=form) as answer:
        note = await answer.json()
        assert answer.ok, note
    form = aiohttp.FormData()
    for name, value in (("session_id", "ana"), ("to", BEN), ("type", "sticker")):
        form.add_field(name, value)
    form.add_field("file", media_files.moving_picture(), filename="a.gif", content_type="image/gif")
    async with gateway.http.post(f"{gateway.url}/api/v1/media/send", data=form) as answer:
        sticker = await answer.json()
        assert answer.ok, sticker

    voice, moving = await until(lambda: newest(sandbox, known, 2))
    assert (voice["type"], voice["media"]["sha256"]) == ("ptt", note["audio"]["sha256"])
    assert (moving["type"], moving["media"]["sha256"]) == ("sticker", sticker["sticker"]["sha256"])
