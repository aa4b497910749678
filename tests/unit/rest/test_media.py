"""Files over REST: put in, read in parts, listed, deleted."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.ids import MediaId
from tests import media_files
from tests.media_parts import media_parts

from .gateway import Answer, Client, Gateway, running

PICTURE = media_files.picture()
BOUNDARY = "xyz-boundary"


def form(*parts: tuple[str, bytes] | tuple[str, bytes, str, str]) -> bytes:
    """A multipart body: fields, and files with a name and a type."""
    body = b""
    for name, content, *file in parts:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'
        if file:
            head += f'; filename="{file[0]}"\r\nContent-Type: {file[1]}'
        body += head.encode() + b"\r\n\r\n" + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def left_in_spool(gateway: Gateway) -> list[Path]:
    return list(gateway.media.spool._directory.iterdir())  # type: ignore[attr-defined] # the disk's


async def upload(client: Client, content: bytes, target: str = "/api/v1/media", **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return await client.call("POST", target, body=content, headers=named)


async def upload_form(client: Client, *parts: Any, **headers: str) -> Answer:
    return await upload(client, form(*parts), content_type=f"multipart/form-data; boundary={BOUNDARY}", **headers)


async def test_a_file_goes_in_and_comes_back(client: Client) -> None:
    client.chunks = 5
    put = await upload(client, PICTURE, "/api/v1/media?filename=sea.jpg", content_type="image/jpeg")
    media = put.json()
    assert put.status == 201
    assert put.headers["location"] == f"/api/v1/media/{media['id']}"
    sha256 = hashlib.sha256(PICTURE).hexdigest()
    assert media | {"id": "", "created_at": "", "expires_at": ""} == {
        "id": "",
        "kind": "image",
        "mime_type": "image/jpeg",
        "size": len(PICTURE),
        "sha256": sha256,
        "filename": "sea.jpg",
        "width": 64,
        "height": 48,
        "duration": None,
        "animated": False,
        "waveform": None,
        "created_at": "",
        "expires_at": "",
    }
    got = await client.get(f"/api/v1/media/{media['id']}")
    assert (got.status, got.body) == (200, PICTURE)
    assert got.headers["content-type"] == "image/jpeg"
    assert got.headers["content-length"] == str(len(PICTURE))
    assert got.headers["etag"] == f'"{sha256}"'
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''sea.jpg"
    assert got.headers["x-content-type-options"] == "nosniff"
    info = await client.get(f"/api/v1/media/{media['id']}/info")
    assert info.json() == media


async def test_a_form_does_too_whatever_the_order_of_its_fields(client: Client) -> None:
    file = ("file", PICTURE, "sea.jpg", "image/jpeg")
    for parts in ((file, ("kind", b"image")), (("kind", b"image"), file), (file,)):
        for chunks in (1, 7, 500):
            client.chunks = chunks
            put = await upload_form(client, *parts)
            assert (put.status, put.json()["filename"], put.json()["kind"]) == (201, "sea.jpg", "image")
            assert (await client.get(put.headers["location"])).body == PICTURE
    renamed = await upload_form(client, file, ("filename", "über.jpg".encode()))
    assert renamed.json()["filename"] == "über.jpg"


@pytest.mark.parametrize(
    ("wanted", "expected", "content_range"),
    [
        ("bytes=0-9", slice(0, 10), "bytes 0-9/{size}"),
        ("bytes=5-", slice(5, None), "bytes 5-{last}/{size}"),
        ("bytes=-3", slice(-3, None), "bytes {third}-{last}/{size}"),
        ("bytes=0-99999999", slice(0, None), "bytes 0-{last}/{size}"),
        ("bytes=-99999999", slice(0, None), "bytes 0-{last}/{size}"),
    ],
)
async def test_ranges(client: Client, wanted: str, expected: slice, content_range: str) -> None:
    where = (await upload(client, PICTURE)).headers["location"]
    got = await client.get(where, range=wanted)
    size = len(PICTURE)
    assert (got.status, got.body) == (206, PICTURE[expected])
    assert got.headers["content-range"] == content_range.format(size=size, last=size - 1, third=size - 3)
    assert got.headers["content-length"] == str(len(got.body))


@pytest.mark.parametrize("wanted", ["bytes=9-3", "bytes=-", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", ""])
async def test_what_is_no_range_is_none(client: Client, wanted: str) -> None:
    where = (await upload(client, PICTURE)).headers["location"]
    got = await client.get(where, range=wanted)
    assert (got.status, got.body) == (200, PICTURE)


@pytest.mark.parametrize("wanted", ["bytes=99999999-", "bytes=-0", "bytes=9999999999999999999-"])
async def test_a_range_beyond_the_end(client: Client, wanted: str) -> None:
    where = (await upload(client, PICTURE)).headers["location"]
    got = await client.get(where, range=wanted)
    assert (got.status, got.reason) == (416, "RANGE_NOT_SATISFIABLE")
    assert got.headers["content-range"] == f"bytes */{len(PICTURE)}"


async def test_conditions(client: Client) -> None:
    put = await upload(client, PICTURE)
    where, etag = put.headers["location"], f'"{put.json()["sha256"]}"'
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        got = await client.get(where, if_none_match=known)
        assert (got.status, got.body, got.headers["etag"]) == (304, b"", etag)
    assert (await client.get(where, if_none_match='"other"')).status == 200
    assert (await client.get(where, range="bytes=0-1", if_range=etag)).status == 206
    assert (await client.get(where, range="bytes=0-1", if_range='"other"')).status == 200


async def test_a_document_is_never_run_by_a_browser(client: Client) -> None:
    page = b"<html><script>alert(1)</script></html>"
    put = await upload(client, page, "/api/v1/media?filename=a%22b.html&kind=document", content_type="text/html")
    got = await client.get(put.headers["location"])
    assert (put.json()["kind"], got.headers["content-type"], got.body) == ("document", "text/html", page)
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''a%22b.html"
    policy = got.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "sandbox"} <= set(policy)


async def test_the_same_key_stores_once(client: Client, gateway: Gateway) -> None:
    first = await upload(client, PICTURE, idempotency_key="one")
    again = await upload(client, PICTURE, idempotency_key="one")
    assert (first.status, again.status, again.json()) == (201, 201, first.json())
    assert len((await client.get("/api/v1/media")).json()["items"]) == 1
    other = await upload(client, media_files.picture(seed=1), idempotency_key="one")
    assert (other.status, other.reason) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert set(gateway.media.store.contents) == {first.json()["sha256"]}  # type: ignore[attr-defined] # the one in memory


async def test_lists_page_newest_first(client: Client) -> None:
    ids = [(await upload(client, media_files.picture(seed=seed))).json()["id"] for seed in range(3)]
    ids.append((await upload(client, b"words", content_type="text/plain")).json()["id"])
    first = (await client.get("/api/v1/media?page_size=3")).json()
    rest = (await client.get(f"/api/v1/media?page_size=3&page_token={first['next_page_token']}")).json()
    assert [item["id"] for item in (*first["items"], *rest["items"])] == ids[::-1]
    assert rest["next_page_token"] is None
    documents = (await client.get("/api/v1/media?kind=document")).json()
    assert [item["id"] for item in documents["items"]] == ids[3:]
    for bad, reason in (
        ("page_size=0", "INVALID_PAGE_SIZE"),
        ("page_size=501", "INVALID_PAGE_SIZE"),
        ("page_token=x", "INVALID_PAGE_TOKEN"),
        ("kind=song", "INVALID_REQUEST"),
    ):
        assert (await client.get(f"/api/v1/media?{bad}")).reason == reason, bad


async def test_a_deleted_file_is_gone_and_its_content_follows(client: Client, gateway: Gateway) -> None:
    one, other = await upload(client, PICTURE), await upload(client, PICTURE)
    assert (await client.call("DELETE", one.headers["location"])).status == 204
    assert (await client.get(one.headers["location"])).reason == "MEDIA_NOT_FOUND"
    assert (await client.call("DELETE", one.headers["location"])).reason == "MEDIA_NOT_FOUND"
    assert (await client.get(other.headers["location"])).body == PICTURE
    keyed = {"idempotency-key": "delete"}
    for _ in range(2):
        assert (await client.call("DELETE", other.headers["location"], headers=keyed)).status == 204
    contents = gateway.media.store.contents  # type: ignore[attr-defined] # the one in memory
    await gateway.container.media().retention.prune()
    assert len(contents) == 1, "it may be on its way in again"
    async with gateway.database.begin() as uow:
        assert await uow.media.unneeded(before=gateway.container.clock().now() + timedelta(hours=2), limit=1)


@pytest.mark.parametrize(
    ("content", "target", "headers", "status", "reason"),
    [
        (b"", "", {}, 400, "MEDIA_EMPTY"),
        (PICTURE, "?filename=a%2Fb", {}, 400, "INVALID_FILENAME"),
        (PICTURE, "?filename=", {}, 400, "INVALID_FILENAME"),
        (PICTURE, "?kind=song", {}, 400, "INVALID_REQUEST"),
        (PICTURE, "?what=x", {}, 400, "INVALID_REQUEST"),
        (PICTURE, "?kind=image&kind=video", {}, 400, "INVALID_REQUEST"),
        (PICTURE, "", {"content-type": "no type"}, 400, "INVALID_MIME_TYPE"),
        (PICTURE, "", {"idempotency-key": "ü"}, 400, "INVALID_IDEMPOTENCY_KEY"),
        (PICTURE, "?kind=video", {}, 415, "MEDIA_TYPE_MISMATCH"),
        (PICTURE, "", {"content-type": "audio/mpeg"}, 415, "MEDIA_TYPE_MISMATCH"),
        (PICTURE[:200], "?kind=image", {}, 415, "MEDIA_BROKEN"),
        (PICTURE[:200], "", {"content-type": "image/jpeg"}, 415, "MEDIA_BROKEN"),
        (media_files.moving_picture(), "?kind=image", {}, 415, "MEDIA_TYPE_UNSUPPORTED"),
        (b"words", "", {"content-type": "multipart/form-data"}, 400, "INVALID_REQUEST"),
        (b"words", "", {"content-type": "multipart/form-data; boundary=x"}, 400, "INVALID_REQUEST"),
    ],
)
async def test_what_can_t_be_taken_is_told_and_leaves_nothing(
    client: Client, gateway: Gateway, content: bytes, target: str, headers: dict[str, str], status: int, reason: str
) -> None:
    refused = await client.call("POST", f"/api/v1/media{target}", body=content, headers=headers)
    assert (refused.status, refused.reason) == (status, reason)
    assert (await client.get("/api/v1/media")).json()["items"] == []
    assert gateway.media.store.contents == {}  # type: ignore[attr-defined] # the one in memory
    assert left_in_spool(gateway) == []


@pytest.mark.parametrize(
    "parts",
    [
        (("kind", b"image"),),
        (("file", PICTURE, "a.jpg", "image/jpeg"), ("file", PICTURE, "b.jpg", "image/jpeg")),
        (("file", PICTURE, "a.jpg", "image/jpeg"), ("kind", b"image"), ("kind", b"image")),
        (("file", PICTURE, "a.jpg", "image/jpeg"), ("kind", b"\xff")),
        (("file", PICTURE, "a.jpg", "image/jpeg"), ("filename", b"x" * 70_000)),
        (("file", PICTURE, "a.jpg", "image/jpeg"), ("other", b"x")),
        tuple((f"f{n}", b"x") for n in range(40)),
    ],
)
async def test_forms_that_are_wrong(client: Client, gateway: Gateway, parts: Any) -> None:
    refused = await upload_form(client, *parts)
    assert (refused.status, refused.reason) == (400, "INVALID_REQUEST")
    assert left_in_spool(gateway) == []


async def test_a_form_that_breaks_off(client: Client) -> None:
    whole = form(("file", PICTURE, "a.jpg", "image/jpeg"))
    cut = await upload(client, whole[: len(whole) // 2], content_type=f"multipart/form-data; boundary={BOUNDARY}")
    assert (cut.status, cut.reason) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("media_id", ["x", "media_x", "msg_01KB5D9R6T3N8W2XQ4V7Y0Z1AC", MediaId("media_" + "0" * 26)])
async def test_ids_that_lead_nowhere(client: Client, media_id: str) -> None:
    reason = "MEDIA_NOT_FOUND" if len(media_id) == 32 else "INVALID_MEDIA_ID"
    for method, target in (("GET", ""), ("GET", "/info"), ("DELETE", "")):
        assert (await client.call(method, f"/api/v1/media/{media_id}{target}")).reason == reason


async def test_a_content_that_is_lost_is_told(client: Client, gateway: Gateway) -> None:
    put = await upload(client, PICTURE)
    gateway.media.store.contents.clear()  # type: ignore[attr-defined] # the one in memory
    lost = await client.get(put.headers["location"])
    assert (lost.status, lost.reason) == (404, "MEDIA_MISSING")


async def test_too_large_is_told_before_all_has_come() -> None:
    small = Gateway(media=media_parts(max_bytes=10_000))
    async with running(small):
        for refused in (
            await upload(small.client, bytes(20_000)),
            await upload_form(small.client, ("file", bytes(20_000), "a", "text/plain")),
        ):
            assert (refused.status, refused.reason) == (413, "MEDIA_TOO_LARGE")
            assert refused.json()["metadata"] == {"limit_bytes": "10000"}
