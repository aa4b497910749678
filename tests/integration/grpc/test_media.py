"""Files over gRPC."""

import hashlib
from collections.abc import AsyncIterator

import grpc
import pytest

from entrypoints.grpc.gen.pombo.v1 import media_pb2, message_pb2
from entrypoints.grpc.gen.pombo.v1 import media_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1 import message_service_pb2 as messages
from tests import media_files
from tests.unit.application.world import BEN, SESSION, World

from .gateway import Gateway, fields, info

PICTURE = media_files.picture(size=(900, 700))


async def pieces(
    content: bytes, header: pb.MediaHeader | None = None, size: int = 5_000
) -> AsyncIterator[pb.UploadMediaRequest]:
    yield pb.UploadMediaRequest(header=header or pb.MediaHeader())
    for start in range(0, len(content), size):
        yield pb.UploadMediaRequest(chunk=content[start : start + size])


async def upload(gateway: Gateway, content: bytes = PICTURE, header: pb.MediaHeader | None = None) -> media_pb2.Media:
    answer: pb.UploadMediaResponse = await gateway.media.UploadMedia(pieces(content, header))
    return answer.media


async def download(gateway: Gateway, media_id: str, **wanted: int) -> tuple[media_pb2.Media, bytes]:
    request = pb.DownloadMediaRequest(media_id=media_id, range=pb.ByteRange(**wanted))
    first, content = None, b""
    async for piece in gateway.media.DownloadMedia(request):
        if piece.WhichOneof("piece") == "media":
            assert first is None
            first = piece.media
        else:
            assert 0 < len(piece.chunk) <= 256 * 1024
            content += piece.chunk
    assert first is not None
    return first, content


async def test_a_file_goes_in_and_comes_back(gateway: Gateway) -> None:
    media = await upload(gateway, header=pb.MediaHeader(filename="sea.jpg", mime_type="image/jpeg"))
    assert media.id.startswith("media_")
    assert (media.kind, media.mime_type, media.filename) == (media_pb2.MEDIA_KIND_IMAGE, "image/jpeg", "sea.jpg")
    assert (media.size, media.sha256) == (len(PICTURE), hashlib.sha256(PICTURE).hexdigest())
    assert (media.width, media.height, media.HasField("duration")) == (900, 700, False)
    assert await download(gateway, media.id) == (media, PICTURE)
    assert (await download(gateway, media.id, offset=3, length=9))[1] == PICTURE[3:12]
    assert (await download(gateway, media.id, offset=len(PICTURE) - 2))[1] == PICTURE[-2:]
    assert (await gateway.media.GetMedia(pb.GetMediaRequest(media_id=media.id))).media == media
    assert list((await gateway.media.ListMedia(pb.ListMediaRequest())).media) == [media]
    await gateway.media.DeleteMedia(pb.DeleteMediaRequest(media_id=media.id))
    assert not (await gateway.media.ListMedia(pb.ListMediaRequest())).media


async def test_the_same_request_stores_once(gateway: Gateway) -> None:
    first = await upload(gateway, header=pb.MediaHeader(request_id="one"))
    assert await upload(gateway, header=pb.MediaHeader(request_id="one")) == first
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await upload(gateway, b"other", pb.MediaHeader(request_id="one"))
    assert info(refused.value).reason == "IDEMPOTENCY_KEY_REUSED"


BAD = grpc.StatusCode.INVALID_ARGUMENT
AS_IMAGE = pb.MediaHeader(kind=media_pb2.MEDIA_KIND_IMAGE)


@pytest.mark.parametrize(
    ("content", "header", "code", "reason"),
    [
        (b"", pb.MediaHeader(), BAD, "MEDIA_EMPTY"),
        (b"x", pb.MediaHeader(mime_type="no type"), BAD, "INVALID_MIME_TYPE"),
        (b"x", pb.MediaHeader(filename="a/b"), BAD, "INVALID_FILENAME"),
        (b"x", pb.MediaHeader(mime_type="image/png"), BAD, "MEDIA_TYPE_MISMATCH"),
        (PICTURE[:999], AS_IMAGE, BAD, "MEDIA_BROKEN"),
        (bytes(17 * 2**20), AS_IMAGE, grpc.StatusCode.RESOURCE_EXHAUSTED, "MEDIA_TOO_LARGE"),
    ],
)
async def test_what_can_t_be_taken(
    gateway: Gateway, content: bytes, header: pb.MediaHeader, code: grpc.StatusCode, reason: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.media.UploadMedia(pieces(content, header, size=500_000))
    assert (refused.value.code(), info(refused.value).reason) == (code, reason)
    assert not (await gateway.media.ListMedia(pb.ListMediaRequest())).media


async def test_the_first_piece_says_what_comes(gateway: Gateway) -> None:
    async def without_header() -> AsyncIterator[pb.UploadMediaRequest]:
        yield pb.UploadMediaRequest(chunk=b"x")

    async def two_headers() -> AsyncIterator[pb.UploadMediaRequest]:
        yield pb.UploadMediaRequest(header=pb.MediaHeader())
        yield pb.UploadMediaRequest(header=pb.MediaHeader())

    async def nothing() -> AsyncIterator[pb.UploadMediaRequest]:
        for request in ():
            yield request

    for requests in (without_header(), two_headers(), nothing()):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await gateway.media.UploadMedia(requests)
        assert info(refused.value).reason == "INVALID_REQUEST"


@pytest.mark.parametrize("wanted", [{"offset": -1}, {"length": -1}, {"offset": len(PICTURE)}])
async def test_a_range_that_isn_t_in_it(gateway: Gateway, wanted: dict[str, int]) -> None:
    media = await upload(gateway)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await download(gateway, media.id, **wanted)
    assert (info(refused.value).reason, fields(refused.value)) == ("INVALID_RANGE", ["range"])


async def test_a_message_with_a_file_of_the_store(gateway: Gateway, world: World) -> None:
    await world.linked()
    media = await upload(gateway, header=pb.MediaHeader(filename="sea.jpg"))
    request = messages.SendMessageRequest(
        session_id=SESSION,
        to=BEN,
        image=media_pb2.ImageToSend(media=media_pb2.MediaSource(media_id=media.id), caption="sea", view_once=True),
    )
    sent: message_pb2.Message = (await gateway.messages.SendMessage(request)).message
    assert sent.WhichOneof("content") == "image"
    assert sent.image.media == media_pb2.MediaReference(
        media_id=media.id, mime_type="image/jpeg", size=media.size, sha256=media.sha256
    )
    assert (sent.image.caption, sent.image.view_once, sent.image.width) == ("sea", True, 900)
    read = (await gateway.messages.GetMessage(messages.GetMessageRequest(message_id=sent.id))).message
    assert read.image == sent.image


async def test_a_message_that_brings_its_file(gateway: Gateway, world: World) -> None:
    await world.linked()
    request = messages.SendMessageRequest(
        session_id=SESSION,
        to=BEN,
        document=media_pb2.DocumentToSend(media=media_pb2.MediaSource(data=b"a,b\n1,2\n", mime_type="text/csv")),
        request_id="doc",
    )
    sent = (await gateway.messages.SendMessage(request)).message
    assert (sent.document.media.mime_type, sent.document.filename) == ("text/csv", "document.csv")
    assert (await download(gateway, sent.document.media.media_id))[1] == b"a,b\n1,2\n"
    assert (await gateway.messages.SendMessage(request)).message.id == sent.id
    assert len((await gateway.media.ListMedia(pb.ListMediaRequest())).media) == 1


def image(**source: object) -> dict[str, object]:
    return {"image": media_pb2.ImageToSend(media=media_pb2.MediaSource(**source))}  # type: ignore[arg-type] # a short cut


@pytest.mark.parametrize(
    ("content", "reason", "field"),
    [
        (image(), "INVALID_REQUEST", "image.media"),
        (image(media_id="x"), "INVALID_MEDIA_ID", "image.media.media_id"),
        (image(data=b""), "MEDIA_EMPTY", "image.media.data"),
        (image(data=b"words"), "MEDIA_TYPE_MISMATCH", "image"),
        (image(link="ftp://x"), "INVALID_MEDIA_LINK", "image.link"),
        (
            {"sticker": media_pb2.StickerToSend(media=media_pb2.MediaSource(data=b"words"))},
            "MEDIA_NOT_CONVERTIBLE",
            "sticker",
        ),
    ],
)
async def test_files_that_can_t_be_sent(
    gateway: Gateway, world: World, content: dict[str, object], reason: str, field: str
) -> None:
    await world.linked()
    request = messages.SendMessageRequest(session_id=SESSION, to=BEN, **content)  # type: ignore[arg-type] # one of the oneof
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.messages.SendMessage(request)
    assert (info(refused.value).reason, fields(refused.value)) == (reason, [field])
    assert not (await gateway.messages.ListMessages(messages.ListMessagesRequest())).messages
