"""MediaService: see proto/pombo/v1/media_service.proto."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, override

import grpc.aio

from application.media.read_media import ListMediaQuery
from application.media.upload_media import UploadMediaCommand
from domain.errors import InvalidArgumentError
from domain.media import Media, check_filename, parse_mime_type
from entrypoints.grpc.converters.media import kind_from_proto, media_to_proto
from entrypoints.grpc.gen.pombo.v1 import media_service_pb2 as pb
from entrypoints.grpc.gen.pombo.v1.media_service_pb2_grpc import MediaServiceServicer
from entrypoints.grpc.request_keys import key_of
from entrypoints.use_cases import UseCases

type Context = grpc.aio.ServicerContext[Any, Any]

_DEFAULT_PAGE: Final = 50


class MediaService(MediaServiceServicer):
    """The files' use cases over gRPC."""

    def __init__(self, use_cases: UseCases) -> None:
        self._media = use_cases.media

    @override
    async def UploadMedia(
        self, request_iterator: AsyncIterator[pb.UploadMediaRequest], context: Context
    ) -> pb.UploadMediaResponse:
        first = await anext(request_iterator, None)
        if first is None or first.WhichOneof("piece") != "header":
            raise InvalidArgumentError("INVALID_REQUEST", "The first message says what the file is.", field="header")
        header = first.header
        kind, key = kind_from_proto(header.kind, field="header.kind"), key_of(header)
        mime_type = parse_mime_type(header.mime_type, field="header.mime_type") if header.mime_type else None
        filename = check_filename(header.filename, field="header.filename") if header.filename else None
        async with self._media.receive.execute(_chunks(request_iterator), kind=kind) as file:
            media = await self._media.upload.execute(
                UploadMediaCommand(file=file, mime_type=mime_type, filename=filename, kind=kind, request=key)
            )
        return pb.UploadMediaResponse(media=media_to_proto(media))

    @override
    async def GetMedia(self, request: pb.GetMediaRequest, context: Context) -> pb.GetMediaResponse:
        return pb.GetMediaResponse(media=media_to_proto(await self._media.get.execute(request.media_id)))

    @override
    async def ListMedia(self, request: pb.ListMediaRequest, context: Context) -> pb.ListMediaResponse:
        page = await self._media.list.execute(
            ListMediaQuery(
                kind=kind_from_proto(request.kind),
                page_token=request.page_token or None,
                limit=request.page_size or _DEFAULT_PAGE,
            )
        )
        return pb.ListMediaResponse(
            media=[media_to_proto(media) for media in page.items], next_page_token=page.next_page_token or ""
        )

    @override
    async def DownloadMedia(
        self, request: pb.DownloadMediaRequest, context: Context
    ) -> AsyncIterator[pb.DownloadMediaResponse]:
        media = await self._media.get.execute(request.media_id)
        async with aclosing(self._read(media, request.range)) as pieces:
            yield pb.DownloadMediaResponse(media=media_to_proto(media))
            async for piece in pieces:
                yield pb.DownloadMediaResponse(chunk=piece)

    @override
    async def DownloadMessageMedia(
        self, request: pb.DownloadMessageMediaRequest, context: Context
    ) -> AsyncIterator[pb.DownloadMessageMediaResponse]:
        media = await self._media.of_message.execute(request.message_id)
        async with aclosing(self._read(media, request.range)) as pieces:
            yield pb.DownloadMessageMediaResponse(media=media_to_proto(media))
            async for piece in pieces:
                yield pb.DownloadMessageMediaResponse(chunk=piece)

    def _read(self, media: Media, wanted: pb.ByteRange) -> AsyncGenerator[bytes]:
        start, end = span_of(media, wanted)
        return self._media.read.execute(media, start=start, end=end)

    @override
    async def DeleteMedia(self, request: pb.DeleteMediaRequest, context: Context) -> pb.DeleteMediaResponse:
        await self._media.delete.execute(request.media_id, request=key_of(request))
        return pb.DeleteMediaResponse()


def span_of(media: Media, wanted: pb.ByteRange) -> tuple[int, int]:
    """The first byte that is asked for, and the one behind the last.

    Raises:
        InvalidArgumentError: ``INVALID_RANGE``.
    """
    offset, length = wanted.offset, wanted.length
    if offset < 0 or length < 0 or offset >= media.size:
        raise InvalidArgumentError(
            "INVALID_RANGE", f"The file has {media.size} bytes.", field="range", metadata={"size": str(media.size)}
        )
    return offset, min(offset + length, media.size) if length else media.size


async def _chunks(requests: AsyncIterator[pb.UploadMediaRequest]) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("piece") != "chunk":
            raise InvalidArgumentError("INVALID_REQUEST", "Behind the first message come the bytes.", field="chunk")
        yield request.chunk
