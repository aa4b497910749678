"""Files: put them into the store, find, read and delete them."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from application.media.read_media import ListMediaQuery
from application.media.upload_media import UploadMediaCommand
from application.ports.media_spool import SpooledFile
from application.representation.media import media_to_dict
from domain.media import MAX_FILENAME, MediaKind, check_filename, parse_mime_type
from domain.media_limits import media_too_large
from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.direct_route import DirectRoute
from entrypoints.rest.field_errors import FieldError
from entrypoints.rest.file_response import DOCUMENT as FILE_DOCUMENT
from entrypoints.rest.file_response import RANGES, file_response
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.media_reasons import FILE
from entrypoints.rest.models import forms
from entrypoints.rest.models import media as models
from entrypoints.rest.multipart import MULTIPART, is_multipart, parts_of
from entrypoints.rest.path_parameters import MEDIA
from entrypoints.rest.problem import InvalidRequestError
from entrypoints.rest.reasons import problems
from entrypoints.rest.request_keys import KEYED, PARAMETER, IdempotencyKey, key_of
from entrypoints.use_cases import UseCases

FORM_FILE: Final = {"type": "string", "format": "binary", "minLength": 1, "description": "The file."}
_MEDIA: Final = f"{API_PREFIX}/media"
_TAGS: Final = ["Media"]
_FILENAME: Final = f"What the file is called, 1 to {MAX_FILENAME} characters."
_KIND: Final = "What the file is to be sent as: it is checked for that at once. Without it: whatever its bytes are."
_UPLOAD_DOCUMENT: Final[dict[str, Any]] = {
    "parameters": [
        PARAMETER,
        {
            "name": "filename",
            "in": "query",
            "required": False,
            "description": _FILENAME,
            "schema": {"type": "string", **forms.FILENAME},
        },
        {
            "name": "kind",
            "in": "query",
            "required": False,
            "description": _KIND,
            "schema": {"type": "string", "enum": [kind.value for kind in MediaKind]},
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": FORM_FILE,
                        "filename": {
                            "type": "string",
                            "description": f"{_FILENAME} Without it: the file's own.",
                            **forms.FILENAME,
                        },
                        "kind": {"type": "string", "enum": [kind.value for kind in MediaKind], "description": _KIND},
                    },
                    "additionalProperties": False,
                }
            },
            "application/octet-stream": {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "minLength": 1,
                    "description": "The file itself; any Content-Type does, and says what it is.",
                }
            },
        },
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A file that came, and what came with it."""

    file: SpooledFile
    mime_type: str | None
    filename: str | None
    fields: dict[str, str]


class MediaRoutes:
    """The routes of files."""

    def __init__(self, use_cases: UseCases, config: RestConfig) -> None:
        self._use_cases = use_cases
        self._config = config

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""
        router.add_api_route(
            _MEDIA,
            self.upload,
            methods=["POST"],
            operation_id="uploadMedia",
            tags=[*_TAGS],
            status_code=201,
            response_model=models.Media,
            responses=problems("INVALID_REQUEST", "BODY_TOO_LARGE", *FILE, "MEDIA_NOT_FOUND", *KEYED),
            openapi_extra=_UPLOAD_DOCUMENT,
            route_class_override=DirectRoute,
        )
        router.add_api_route(
            _MEDIA,
            self.list,
            methods=["GET"],
            operation_id="listMedia",
            tags=[*_TAGS],
            response_model=models.MediaList,
            responses=problems("INVALID_REQUEST", "INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN"),
        )
        router.add_api_route(
            f"{_MEDIA}/{{media_id:{MEDIA}}}",
            self.download,
            methods=["GET"],
            operation_id="downloadMedia",
            tags=[*_TAGS],
            response_class=Response,
            responses=RANGES
            | problems("INVALID_MEDIA_ID", "MEDIA_NOT_FOUND", "MEDIA_MISSING", "MEDIA_STORE_UNAVAILABLE"),
            openapi_extra=FILE_DOCUMENT,
        )
        router.add_api_route(
            f"{_MEDIA}/{{media_id:{MEDIA}}}/info",
            self.get,
            methods=["GET"],
            operation_id="getMedia",
            tags=[*_TAGS],
            response_model=models.Media,
            responses=problems("INVALID_MEDIA_ID", "MEDIA_NOT_FOUND"),
        )
        router.add_api_route(
            f"{_MEDIA}/{{media_id:{MEDIA}}}",
            self.delete,
            methods=["DELETE"],
            operation_id="deleteMedia",
            tags=[*_TAGS],
            status_code=204,
            response_class=Response,
            responses=problems("INVALID_MEDIA_ID", "MEDIA_NOT_FOUND", "MEDIA_IN_USE", *KEYED),
        )

    async def upload(self, request: Request) -> Response:
        """Puts a file into the store, as the body itself or as a form's field `file`.

        It comes in piece by piece and is refused as soon as it is too large. What it is, its bytes say; what is said to
        be a picture, a film or sound, and is something else or isn't whole, is refused. The same file with the same
        Idempotency-Key is stored once.
        """
        key = key_of(request)
        async with AsyncExitStack() as stack:
            received = await receive_file(stack, self._use_cases, request, _kind_in(request))
            kind = _kind(received.fields.get("kind"))
            if unknown := sorted(received.fields.keys() - {"filename", "kind"}):
                raise InvalidRequestError([FieldError(name, "There is no such field.") for name in unknown])
            media = await self._use_cases.media.upload.execute(
                UploadMediaCommand(
                    file=received.file,
                    mime_type=received.mime_type,
                    filename=received.filename,
                    kind=kind,
                    request=key,
                )
            )
        return json_response(media_to_dict(media), status=201, headers={"Location": f"{_MEDIA}/{media.id}"})

    async def list(self, query: Annotated[models.ListMediaQuery, Query()]) -> Response:
        """Lists files, newest first."""
        page = await self._use_cases.media.list.execute(
            ListMediaQuery(kind=query.kind, page_token=query.page_token, limit=query.page_size)
        )
        return json_response(
            {"items": [media_to_dict(media) for media in page.items], "next_page_token": page.next_page_token}
        )

    async def get(self, media_id: str) -> Response:
        """Tells what is known of a file."""
        return json_response(media_to_dict(await self._use_cases.media.get.execute(media_id)))

    async def download(self, media_id: str, request: Request) -> Response:
        """Reads a file, or a range of its bytes."""
        media = await self._use_cases.media.get.execute(media_id)
        return await file_response(request, self._use_cases.media.read, media, self._config.stall)

    async def delete(self, media_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Deletes a file. Its content goes when no other file has the same; messages keep what they say of it."""
        await self._use_cases.media.delete.execute(media_id, request=key_of(idempotency_key))
        return Response(status_code=204)


async def receive_file(
    stack: AsyncExitStack, use_cases: UseCases, request: Request, kind: MediaKind | None
) -> Received:
    """Takes in the file that a request carries, as its body or in a form, for the time of the stack.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``, ``INVALID_MIME_TYPE``, ``INVALID_FILENAME``, ``MEDIA_EMPTY``.
        TooLargeError: ``MEDIA_TOO_LARGE``.
        DeadlineExceededError: ``UPLOAD_STALLED``.
        UnavailableError: ``DISK_FULL``, ``MEDIA_STORE_UNAVAILABLE``.
    """
    content_type = request.headers.get("content-type")
    fields = _query_fields(request)
    if is_multipart(content_type):
        return await _of_form(stack, use_cases, request, fields, kind)
    announced = request.headers.get("content-length", "")
    limit = use_cases.media.receive.limit(kind)
    if announced.isdigit() and int(announced) > limit:
        raise media_too_large(limit)
    mime_type = None if not content_type else parse_mime_type(content_type, field="Content-Type")
    filename = None if "filename" not in fields else check_filename(fields["filename"])
    file = await stack.enter_async_context(use_cases.media.receive.execute(request.stream(), kind=kind))
    return Received(file=file, mime_type=mime_type, filename=filename, fields=fields)


async def _of_form(
    stack: AsyncExitStack, use_cases: UseCases, request: Request, fields: dict[str, str], kind: MediaKind | None
) -> Received:
    file: SpooledFile | None = None
    mime_type = own_name = None
    async for part in parts_of(request):
        if part.name != "file":
            if part.name in fields:
                raise InvalidRequestError([FieldError(part.name, "This field comes twice.")])
            fields[part.name] = await part.text()
        elif file is not None:
            raise InvalidRequestError([FieldError("file", "One file comes at a time.")])
        else:
            mime_type = None if not part.mime_type else parse_mime_type(part.mime_type, field="file")
            own_name = None if not part.filename else check_filename(part.filename, field="file")
            kind = _kind(fields.get("kind")) or kind
            file = await stack.enter_async_context(use_cases.media.receive.execute(part.chunks, kind=kind))
    if file is None:
        raise InvalidRequestError([FieldError("file", "This field is required.")])
    filename = own_name if "filename" not in fields else check_filename(fields["filename"])
    return Received(file=file, mime_type=mime_type, filename=filename, fields=fields)


def _query_fields(request: Request) -> dict[str, str]:
    names = [name for name, _ in request.query_params.multi_items()]
    if errors := [
        FieldError(name, "This parameter comes twice.") for name in sorted(set(names)) if names.count(name) > 1
    ]:
        raise InvalidRequestError(errors)
    return dict(request.query_params)


def _kind_in(request: Request) -> MediaKind | None:
    return _kind(request.query_params.get("kind"))


def _kind(text: str | None) -> MediaKind | None:
    try:
        return None if text is None else MediaKind(text)
    except ValueError:
        raise InvalidRequestError([FieldError("kind", f"Give one of {', '.join(MediaKind)}.")]) from None
