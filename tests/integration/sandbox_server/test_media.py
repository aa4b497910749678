"""Files on the server: who may upload, what comes back, and what phones do with them."""

import asyncio
import base64
import hashlib
import io
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from sandbox.app import SandboxServer
from sandbox.config import SandboxConfig
from sandbox.media.crypto import Encrypted, decrypt, encrypt

from .device import Device, b64
from .world import World

ADA, BOB = "15550001", "15550002"


def sealed(data: bytes, kind: str = "document") -> tuple[bytes, Encrypted]:
    target = io.BytesIO()
    return_value = encrypt(io.BytesIO(data), target, kind)
    return target.getvalue(), return_value


def token_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


async def upload(
    world: World, auth: str, data: Any, *, kind: str = "document", token: str | None = None, **headers: str
) -> tuple[int, Any]:
    url = f"{world.server.page_url}/mms/{kind}/{token or token_of(data)}"
    body = io.BytesIO(data) if isinstance(data, bytes) else data
    async with world.http.post(url, params={"auth": auth}, data=body, headers=headers) as response:
        return response.status, await response.json()


async def download(world: World, path: str, **headers: str) -> tuple[int, bytes]:
    async with world.http.get(world.server.page_url + path, headers=headers) as response:
        return response.status, await response.read()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - a folder tells of no change
            await asyncio.sleep(0.01)


async def pass_of(device: Device) -> str:
    auth: str = (await device.ask(t="iq", op="media_conn"))["auth"]
    return auth


def content_of(told: Encrypted, direct_path: str, kind: str = "document") -> dict[str, Any]:
    return {
        "type": kind,
        "mimetype": "application/x-thing",
        "filename": "thing ü.bin",
        "size": told.size,
        "mediaKey": b64(told.media_key),
        "filehash": b64(told.sha256),
        "encFilehash": b64(told.encrypted_sha256),
        "directPath": direct_path,
    }


async def sent(device: Device, content: dict[str, Any], message_id: str) -> str:
    await device.ask(t="message", id=message_id, to=f"{BOB}@c.us", content=content)
    return message_id


async def on_phone(world: World, phone: str, message_id: str) -> tuple[int, bytes, Any]:
    async with world.http.get(f"{world.server.control_url}/accounts/{phone}/media/{message_id}") as response:
        return response.status, await response.read(), response.headers


async def test_a_device_uploads_and_the_other_phone_opens_it(world: World) -> None:
    ada = await world.linked(ADA)
    plain = bytes(range(256)) * 9000
    data, told = sealed(plain)
    status, answer = await upload(world, await pass_of(ada), data)
    assert status == 200, answer
    assert answer["url"] == world.server.page_url + answer["direct_path"]
    assert await download(world, answer["direct_path"]) == (200, data)
    assert await download(world, answer["direct_path"], Range="bytes=10-19") == (206, data[10:20])

    message_id = await sent(ada, content_of(told, answer["direct_path"]), "3EB0A")
    status, opened, headers = await on_phone(world, BOB, message_id)
    assert (status, opened) == (200, plain)
    assert headers["X-Sha256"] == hashlib.sha256(plain).hexdigest()
    assert headers["Content-Type"] == "application/x-thing"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''thing%20%C3%BC.bin"
    (held,) = await world.log(BOB, ADA)
    assert held["media"] == {
        "kind": "document",
        "mimetype": "application/x-thing",
        "size": len(plain),
        "sha256": hashlib.sha256(plain).hexdigest(),
        "filename": "thing ü.bin",
        "caption": None,
    }


async def test_the_same_bytes_are_kept_once(world: World) -> None:
    ada = await world.linked(ADA)
    data, _ = sealed(b"once")
    answers = [await upload(world, await pass_of(ada), data) for _ in range(2)]
    assert answers[0] == answers[1]


async def test_only_a_logged_in_device_uploads(world: World) -> None:
    ada = await world.linked(ADA)
    data, _ = sealed(b"mine")
    auth = await pass_of(ada)
    assert (await upload(world, "guessed", data))[0] == 401
    assert (await upload(world, "", data))[0] == 401
    assert (await upload(world, auth, data, Origin="http://evil.example"))[0] == 403
    await world.call("DELETE", f"/accounts/{ADA}/devices/{ada.number}")
    assert (await upload(world, auth, data))[0] == 401


async def test_what_isnt_what_it_says_is_refused(world: World) -> None:
    auth = await pass_of(await world.linked(ADA))
    data, _ = sealed(b"something")
    assert (await upload(world, auth, data, token=token_of(b"else")))[0] == 400
    assert (await upload(world, auth, data, token="short"))[0] == 400
    assert (await upload(world, auth, data, kind="novel"))[0] == 400
    assert (await upload(world, auth, data[:-1]))[0] == 400
    assert (await upload(world, auth, b""))[0] == 400
    assert (await download(world, f"/mms/d/{hashlib.sha256(data).hexdigest()}"))[0] == 404
    assert (await download(world, "/mms/d/..%2f..%2fsandbox.sqlite3"))[0] == 404


async def test_a_broken_off_upload_leaves_nothing(world: World, config: Callable[..., SandboxConfig]) -> None:
    auth = await pass_of(await world.linked(ADA))
    incoming = config().data_dir / "media" / "incoming"
    begun = asyncio.Event()

    async def trickle() -> Any:
        yield b"x" * 3_000_000
        begun.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(upload(world, auth, trickle(), token=token_of(b"")))
    await begun.wait()
    await until(lambda: bool(list(incoming.iterdir())))
    running.cancel()
    await asyncio.wait([running])
    await until(lambda: not list(incoming.iterdir()))


async def test_too_large_a_file_is_refused_as_it_comes(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession
) -> None:
    async with SandboxServer(config(media_most_bytes=100_000)) as server:
        world = World(http, server)
        await world.account(ADA, "Ada")
        auth = await pass_of(await world.linked(ADA))
        data, _ = sealed(bytes(200_000))
        assert (await upload(world, auth, data))[0] == 413

        async def unannounced() -> Any:
            for start in range(0, len(data), 10_000):
                yield data[start : start + 10_000]

        assert (await upload(world, auth, unannounced(), token=token_of(data)))[0] == 413
        await world.close()


async def test_a_file_expires_and_uploaded_again_is_back(
    config: Callable[..., SandboxConfig], http: aiohttp.ClientSession
) -> None:
    settings = config(media_keep_ms=1)
    async with SandboxServer(settings) as server:
        world = World(http, server)
        await world.account(ADA, "Ada")
        await world.account(BOB, "Bob")
        ada = await world.linked(ADA)
        data, told = sealed(b"fleeting")
        path = (await upload(world, await pass_of(ada), data))[1]["direct_path"]
        await asyncio.sleep(0.01)
        assert (await download(world, path))[0] == 410
        await sent(ada, content_of(told, path), "3EB0C")
        assert (await on_phone(world, BOB, "3EB0C"))[0] == 410
        await world.close()
    async with SandboxServer(config()) as server:
        # Its bytes are gone from the disk, and that it was there isn't forgotten.
        assert not list((settings.data_dir / "media").glob("??/*"))
        world = World(http, server)
        assert (await download(world, path))[0] == 410
        ada.move_to(server.page_url)
        await ada.login()
        assert (await upload(world, await pass_of(ada), data))[1]["direct_path"] == path
        assert await download(world, path) == (200, data)
        await ada.close()


async def test_faults_fail_uploads_and_downloads(world: World) -> None:
    ada = await world.linked(ADA)
    data, told = sealed(b"fated" * 100)
    await world.post("/faults", {"kind": "upload_failure", "account": ADA, "count": 1})
    assert (await upload(world, await pass_of(ada), data))[0] == 500
    path = (await upload(world, await pass_of(ada), data))[1]["direct_path"]
    await sent(ada, content_of(told, path), "3EB0D")
    await world.post("/faults", {"kind": "media_expired", "account": ADA})
    assert (await download(world, path))[0] == 410
    assert (await on_phone(world, BOB, "3EB0D"))[0] == 410
    await world.call("DELETE", "/faults")
    await world.post("/faults", {"kind": "media_corrupted", "account": BOB})
    assert await download(world, path) == (200, data)
    await world.post("/faults", {"kind": "media_corrupted", "account": ADA, "count": 1})
    status, broken = await download(world, path)
    assert (status, len(broken)) == (200, len(data))
    assert broken != data


@pytest.mark.parametrize(
    ("media", "content"),
    [
        (
            {"kind": "image", "caption": "look", "width": 3, "height": 2, "thumbnail": "AAAA"},
            {"type": "image", "mimetype": "image/jpeg", "caption": "look", "width": 3, "height": 2, "body": "AAAA"},
        ),
        ({"kind": "gif", "duration": 4}, {"type": "video", "mimetype": "video/mp4", "isGif": True, "duration": 4}),
        (
            {"kind": "ptt", "duration": 2.5, "waveform": [0, 50, 100]},
            {
                "type": "ptt",
                "mimetype": "audio/ogg; codecs=opus",
                "duration": 2.5,
                "waveform": b64(bytes([0, 50, 100])),
            },
        ),
        (
            {"kind": "document", "filename": "a.pdf", "mimetype": "application/pdf", "page_count": 3},
            {"type": "document", "mimetype": "application/pdf", "filename": "a.pdf", "pageCount": 3},
        ),
        ({"kind": "sticker", "animated": True}, {"type": "sticker", "mimetype": "image/webp", "isAnimated": True}),
        ({"kind": "video", "view_once": True}, {"type": "video", "mimetype": "video/mp4", "isViewOnce": True}),
    ],
)
async def test_a_phone_sends_a_file(world: World, media: dict[str, Any], content: dict[str, Any]) -> None:
    ada = await world.linked(ADA)
    plain = b"any bytes will do"
    body = {"to": ADA, "media": {**media, "base64": b64(plain)}}
    message = await ada.received((await world.post(f"/accounts/{BOB}/send", body))["id"])
    received = message["content"]
    assert {name: received[name] for name in content} == content
    status, data = await download(world, received["directPath"])
    assert status == 200
    expected = Encrypted(
        media_key=base64.b64decode(received["mediaKey"]),
        size=received["size"],
        sha256=base64.b64decode(received["filehash"]),
        encrypted_sha256=base64.b64decode(received["encFilehash"]),
    )
    target = io.BytesIO()
    decrypt(io.BytesIO(data), target, media["kind"], expected)
    assert (target.getvalue(), received["size"]) == (plain, len(plain))
    assert (await on_phone(world, ADA, message["id"]))[1] == plain
    assert (await on_phone(world, BOB, message["id"]))[1] == plain


async def test_a_large_file_is_put_on_the_phone_first(world: World) -> None:
    plain = bytes(6_000_000)
    async with world.http.post(f"{world.server.control_url}/accounts/{BOB}/media", data=io.BytesIO(plain)) as response:
        staged = await response.json()
    assert (response.status, staged["size"], staged["sha256"]) == (201, len(plain), hashlib.sha256(plain).hexdigest())
    body = {"to": ADA, "media": {"kind": "document", "id": staged["id"], "filename": "large.bin"}}
    message_id = (await world.post(f"/accounts/{BOB}/send", body))["id"]
    assert (await on_phone(world, ADA, message_id))[1] == plain
    # It was moved into the message: it can't be sent twice.
    assert (await world.call("POST", f"/accounts/{BOB}/send", body))[0] == 404


@pytest.mark.parametrize(
    "media",
    [
        "text",
        {"kind": "novel", "base64": ""},
        {"kind": "image"},
        {"kind": "image", "base64": "", "id": "x"},
        {"kind": "image", "base64": "=not base64="},
        {"kind": "image", "base64": "", "colour": "red"},
        {"kind": "image", "base64": "", "caption": 7},
        {"kind": "image", "base64": "", "width": -1},
        {"kind": "image", "base64": "", "view_once": "yes"},
        {"kind": "ptt", "base64": "", "waveform": [101]},
        {"kind": "ptt", "base64": "", "waveform": "loud"},
    ],
)
async def test_bad_media_is_refused(world: World, media: Any) -> None:
    assert (await world.call("POST", f"/accounts/{BOB}/send", {"to": ADA, "media": media}))[0] == 400
    assert await world.log(ADA, BOB) == []


async def test_a_message_that_lies_about_its_file_cant_be_opened(world: World) -> None:
    ada = await world.linked(ADA)
    data, told = sealed(b"truth")
    path = (await upload(world, await pass_of(ada), data))[1]["direct_path"]
    honest = content_of(told, path)
    for index, lie in enumerate(
        ({"mediaKey": b64(b"k" * 32)}, {"filehash": b64(b"h" * 32)}, {"encFilehash": "?"}, {"mediaKey": None})
    ):
        await sent(ada, honest | lie, f"3EB0F{index}")
        assert (await on_phone(world, BOB, f"3EB0F{index}"))[0] == 422, lie
    await sent(ada, honest | {"directPath": "/mms/d/" + "0" * 64}, "3EB0G")
    assert (await on_phone(world, BOB, "3EB0G"))[0] == 404
    await ada.send_text(f"{BOB}@c.us", "no file", message_id="3EB0H")
    assert (await on_phone(world, BOB, "3EB0H"))[0] == 404
    assert (await on_phone(world, BOB, "3EB0Z"))[0] == 404
