import json
import zlib

import pytest

from domain.ids import SessionId

from .gateway import ANA, Client, Gateway

API = "/api/v1/sessions"


async def test_qr_as_json(gateway: Gateway, client: Client) -> None:
    text = await gateway.show_qr()
    answer = await client.get(f"{API}/ana/qr")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["vary"] == "Accept"
    assert answer.json()["qr"] == text
    assert answer.json()["expires_at"].endswith("Z")


@pytest.mark.parametrize(
    ("accept", "media_type", "start"),
    [
        ("image/png", "image/png", b"\x89PNG\r\n"),
        ("image/svg+xml, image/png;q=0.5", "image/svg+xml", b"<?xml"),
        ("text/plain", "text/plain; charset=utf-8", "█".encode()),
        ("application/json;q=0.1, image/*", "image/png", b"\x89PNG"),
        ("text/html, */*;q=0.8", "application/json", b"{"),
    ],
)
async def test_qr_by_accept(gateway: Gateway, client: Client, accept: str, media_type: str, start: bytes) -> None:
    await gateway.show_qr()
    answer = await client.get(f"{API}/ana/qr", accept=accept)
    assert answer.status == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.startswith(start)


@pytest.mark.parametrize("accept", ["text/html", "image/png;q=0", "application/xml, image/gif"])
async def test_qr_in_a_form_there_isnt(gateway: Gateway, client: Client, accept: str) -> None:
    await gateway.show_qr()
    answer = await client.get(f"{API}/ana/qr", accept=accept)
    assert (answer.status, answer.reason) == (406, "NOT_ACCEPTABLE")


async def test_qr_waits_for_the_page(gateway: Gateway, client: Client) -> None:
    await client.post(API, {"id": "ana"})
    answer = await client.get(f"{API}/ana/qr?wait=5")
    assert answer.status == 200
    gateway.whatsapp.scan(ANA, answer.json()["qr"])


@pytest.mark.parametrize("wait", ["61", "-1", "soon", "1.5"])
async def test_qr_waits_a_minute_at_most(client: Client, wait: str) -> None:
    answer = await client.get(f"{API}/ana/qr?wait={wait}")
    assert (answer.status, answer.reason, answer.fields) == (400, "INVALID_REQUEST", ["wait"])


async def test_qr_of_a_stopped_session(client: Client) -> None:
    await client.post(API, {"id": "ana", "start": False})
    answer = await client.get(f"{API}/ana/qr")
    assert (answer.status, answer.reason) == (409, "SESSION_NOT_RUNNING")
    assert answer.json()["metadata"] == {"status": "STOPPED", "status_reason": "CREATED"}


async def test_an_expired_qr_and_a_new_batch(gateway: Gateway, client: Client) -> None:
    old = await gateway.show_qr()
    while gateway.whatsapp.rotate_qr(SessionId("ana")) is not None:
        pass
    async for view in await gateway.use_cases.watch_session.execute("ana"):
        if view.session.status_reason == "QR_BATCH_ENDED":
            break
    expired = await client.get(f"{API}/ana/qr")
    assert (expired.status, expired.reason) == (410, "QR_EXPIRED")
    fresh = await client.post(f"{API}/ana/qr")
    assert fresh.status == 200
    assert fresh.json()["qr"] != old
    picture = await client.post(f"{API}/ana/qr", accept="image/png")
    assert picture.body.startswith(b"\x89PNG")


async def test_pairing_code(gateway: Gateway, client: Client) -> None:
    await gateway.show_qr()
    answer = await client.post(f"{API}/ana/pairing-code", {"phone": f"+{ANA}"})
    assert answer.status == 200
    gateway.whatsapp.enter_code(ANA, answer.json()["code"])
    types = [event["type"] for event in (await client.get("/api/v1/events")).json()["items"]]
    assert "session.pairing_code" in types
    assert answer.json()["code"] not in json.dumps((await client.get("/api/v1/events")).json())


@pytest.mark.parametrize(
    ("body", "status", "reason", "fields"),
    [
        ({"phone": "0123"}, 400, "INVALID_PHONE", ["phone"]),
        ({"phone": 15550100100}, 400, "INVALID_REQUEST", ["phone"]),
        ({}, 400, "INVALID_REQUEST", ["phone"]),
        (None, 400, "INVALID_REQUEST", ["body"]),
    ],
)
async def test_pairing_codes_for_no_number(
    gateway: Gateway, client: Client, body: object, status: int, reason: str, fields: list[str]
) -> None:
    await gateway.show_qr()
    answer = await client.post(f"{API}/ana/pairing-code", body)
    assert (answer.status, answer.reason, answer.fields) == (status, reason, fields)


async def test_the_pictures_show_the_qr(gateway: Gateway, client: Client) -> None:
    """All forms show the same modules: what one says, all say."""
    await gateway.show_qr()
    rows = (await client.get(f"{API}/ana/qr", accept="text/plain")).body.decode().splitlines()
    lit = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    modules = [[lit[char][half] for char in row] for row in rows for half in (0, 1)]
    png = (await client.get(f"{API}/ana/qr", accept="image/png")).body
    width = int.from_bytes(png[16:20], "big")
    assert width == len(modules[0]) * 8
    data, place = b"", 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        if png[place + 4 : place + 8] == b"IDAT":
            data += png[place + 8 : place + 8 + length]
        place += length + 12
    lines, stride = zlib.decompress(data), 1 + width // 8
    for y, row in enumerate(modules[: width // 8]):
        line = lines[y * 8 * stride + 1 : (y * 8 + 1) * stride]
        # One bit a pixel and eight pixels a module: a module is a byte of the line.
        assert [int(byte == 255) for byte in line] == row
