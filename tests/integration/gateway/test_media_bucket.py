"""A gateway whose files are in a bucket: sent, fetched and kept, and none of them on its disk."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

from entrypoints.grpc.gen.pombo.v1 import media_service_pb2
from entrypoints.grpc.gen.pombo.v1.media_service_pb2_grpc import MediaServiceStub
from tests import media_files
from tests.integration.s3 import KEY_ID, REGION, SECRET, S3Server

from .conftest import ANA, BEN, serving
from .processes import Gateway, Sandbox, until

OURS, THEIRS = media_files.picture(size=(640, 480)), media_files.picture(size=(320, 240), seed=1)


@pytest.fixture
def s3() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    yield server
    server.stop()


async def part_over_grpc(gateway: Gateway, media: str, offset: int, length: int) -> bytes:
    request = media_service_pb2.DownloadMediaRequest(
        media_id=media, range=media_service_pb2.ByteRange(offset=offset, length=length)
    )
    async with grpc.aio.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        pieces = MediaServiceStub(channel).DownloadMedia(request, metadata=(("x-api-key", gateway.key),))
        return b"".join([piece.chunk async for piece in pieces])


async def test_files_are_in_the_bucket_and_not_on_the_disk(sandbox: Sandbox, tmp_path: Path, s3: S3Server) -> None:
    bucket = await asyncio.to_thread(s3.make_bucket)
    settings = {
        "POMBO_MEDIA_URL": f"s3://{bucket}/pombo/media",
        "POMBO_MEDIA_S3_ENDPOINT": s3.url,
        "POMBO_MEDIA_S3_REGION": REGION,
        "POMBO_MEDIA_S3_ACCESS_KEY_ID": KEY_ID,
        "POMBO_MEDIA_S3_SECRET_ACCESS_KEY": SECRET,
    }
    async with serving(tmp_path, sandbox, **settings) as gateway:
        await gateway.link("ana", sandbox, ANA)
        async with gateway.http.post(f"{gateway.url}/api/v1/media", data=OURS) as answer:
            media = await answer.json()
            assert answer.status == 201, media
        assert list((await asyncio.to_thread(s3.contents, bucket)).values()) == [OURS]

        body = {"session_id": "ana", "to": BEN, "type": "image", "image": {"id": media["id"]}}
        sent = await gateway.call("POST", "/api/v1/messages/send", body, status=201)
        assert sent["status"] in {"SENT", "DELIVERED", "READ"}, sent
        (arrived,) = (await sandbox.call("GET", f"/accounts/{BEN}/messages?chat={ANA}"))["messages"]
        assert await sandbox.file(BEN, arrived["id"]) == OURS

        url = f"{gateway.url}/api/v1/media/{media['id']}"
        async with gateway.http.get(url, headers={"Range": "bytes=1000-1999"}) as answer:
            assert (answer.status, await answer.read()) == (206, OURS[1000:2000])
        assert await part_over_grpc(gateway, media["id"], 1_000, 1_000) == OURS[1_000:2_000]

        staged = await sandbox.upload(BEN, THEIRS)
        await sandbox.call("POST", f"/accounts/{BEN}/send", {"to": ANA, "media": {"kind": "image", "id": staged}})

        async def fetched() -> dict[str, Any] | None:
            events = await gateway.events("message.media")
            return events[0]["payload"] if events else None

        message = (await until(fetched))["message_id"]
        async with gateway.http.get(f"{gateway.url}/api/v1/messages/{message}/media") as answer:
            assert (answer.status, await answer.read()) == (200, THEIRS)
        kept = await asyncio.to_thread(s3.contents, bucket)
        assert sorted(kept.values()) == sorted([OURS, THEIRS])
        assert {key.startswith("pombo/media/") for key in kept} == {True}
        # What passed through this machine on its way left nothing there.
        places = list((tmp_path / "data" / "media").rglob("*"))
        assert [place.name for place in places] == ["spool"]
