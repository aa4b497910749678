"""Messages with a file: one call for the file and the message."""

from contextlib import AsyncExitStack
from typing import Any, Final

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from application.media.draft import MediaDraft
from application.messages.acceptance import SendMessageCommand
from domain.jid import Jid
from domain.media import MediaKind
from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.direct_route import DirectRoute
from entrypoints.rest.field_errors import FieldError
from entrypoints.rest.json_codec import JSON
from entrypoints.rest.models import forms
from entrypoints.rest.models import messages as models
from entrypoints.rest.models.common import GivenTime
from entrypoints.rest.multipart import MULTIPART, is_multipart
from entrypoints.rest.problem import InvalidRequestError
from entrypoints.rest.reasons import problems
from entrypoints.rest.request_body import read_body
from entrypoints.rest.routes.media import FORM_FILE, Received, receive_file
from entrypoints.rest.routes.messages import SEND_PARAMETERS, SEND_REASONS, SENT, send_and_answer
from entrypoints.rest.send_requests import to_command
from entrypoints.use_cases import UseCases

_OPTIONS_OF: Final = {
    MediaKind.IMAGE: {"caption", "view_once"},
    MediaKind.VIDEO: {"caption", "gif", "view_once"},
    MediaKind.AUDIO: {"voice", "view_once"},
    MediaKind.DOCUMENT: {"caption"},
    MediaKind.STICKER: set[str](),
}
_KINDS: Final = [kind.value for kind in MediaKind]
_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "string", "enum": ["true", "false"]}
_MOMENT_OF: Final = {"type": "string", "format": "date-time"}
_PROPERTIES: Final[dict[str, dict[str, Any]]] = {
    "file": FORM_FILE,
    "session_id": {**_TEXT, **forms.SESSION_ID, "description": "The session that sends."},
    "to": {**_TEXT, **forms.RECIPIENT, "description": "Where it goes: an address or a phone number."},
    "filename": {**_TEXT, **forms.FILENAME, "description": "The file's name. Without it: the one in its part."},
    "mime_type": {**_TEXT, **forms.MIME_TYPE, "description": "What a file is whose bytes don't say it."},
    "message_id": {**_TEXT, **forms.REPLY_TO, "description": "The message of the same chat that it answers."},
    "not_before": {**_MOMENT_OF, "description": "When it may leave at the earliest, at most 366 days ahead."},
    "deadline": {**_MOMENT_OF, "description": "When it is given up if it hasn't left."},
}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "caption": {**_TEXT, **forms.CAPTION, "description": "The text below it."},
    "voice": {**_FLAG, "description": "Whether it goes as a voice note."},
    "gif": {**_FLAG, "description": "Whether it plays in a loop and without sound."},
    "view_once": {**_FLAG, "description": "Whether it can be opened once."},
}
_FLAGS: Final = frozenset(name for name, form in _OPTIONS.items() if form.items() >= _FLAG.items())
_FIELDS: Final = frozenset({"type", *_PROPERTIES, *_OPTIONS} - {"file"})
"""Beside the file."""


def _form_of(kind: MediaKind) -> dict[str, Any]:
    """What a form with a file of this kind holds."""
    own = {name: form for name, form in _OPTIONS.items() if name in _OPTIONS_OF[kind]}
    return {
        "title": kind.value.capitalize(),
        "type": "object",
        "required": ["file", "session_id", "to", "type"],
        "properties": {"type": {"const": kind.value, "description": "What it is sent as."}, **_PROPERTIES, **own},
        "additionalProperties": False,
    }


_DOCUMENT: Final[dict[str, Any]] = {
    "parameters": SEND_PARAMETERS,
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "allOf": [
                        {"$ref": "#/components/schemas/SendMessageRequest"},
                        {"properties": {"type": {"enum": _KINDS}}},
                    ]
                }
            },
            MULTIPART: {"schema": {"oneOf": [_form_of(kind) for kind in MediaKind]}},
        },
    },
}
_MOMENT: Final = TypeAdapter(GivenTime)


class MediaSendRoutes:
    """The route that takes a file together with its message."""

    def __init__(self, use_cases: UseCases, config: RestConfig) -> None:
        self._use_cases = use_cases
        self._config = config

    def add_to(self, router: APIRouter) -> None:
        """Adds it to a router."""
        router.add_api_route(
            f"{API_PREFIX}/media/send",
            self.send,
            methods=["POST"],
            operation_id="sendMedia",
            tags=["Messages"],
            status_code=201,
            response_model=models.Message,
            responses=SENT | problems(*SEND_REASONS),
            openapi_extra=_DOCUMENT,
            route_class_override=DirectRoute,
        )

    async def send(self, request: Request) -> Response:
        """Sends a message with a file, which comes in a form, or in JSON as an `id`, a `link` or `base64`.

        The file is in the store before the message is accepted; everything else is as in sending any message.
        """
        if not is_multipart(request.headers.get("content-type")):
            body = await read_body(request, models.SendMessageRequest)
            if body.type not in _KINDS:
                raise InvalidRequestError([FieldError("type", f"Give one of {', '.join(_KINDS)}.")])
            return await send_and_answer(self._use_cases, self._config, request, to_command(body))
        async with AsyncExitStack() as stack:
            received = await receive_file(stack, self._use_cases, request, None)
            return await send_and_answer(self._use_cases, self._config, request, _command(received))


def _command(received: Received) -> SendMessageCommand:
    fields = dict(received.fields)
    errors = [FieldError(name, "There is no such field.") for name in sorted(fields.keys() - _FIELDS)]
    errors += [
        FieldError(name, "This field is required.") for name in ("session_id", "to", "type") if name not in fields
    ]
    flags = {}
    for name in fields.keys() & _FLAGS:
        if fields[name] not in {"true", "false"}:
            errors.append(FieldError(name, "Give true or false."))
        flags[name] = fields[name] == "true"
    if "type" in fields and fields["type"] not in _KINDS:
        errors.append(FieldError("type", f"Give one of {', '.join(_KINDS)}."))
    if errors:
        raise InvalidRequestError(errors)
    kind = MediaKind(fields["type"])
    # A file comes with a name whatever it is, in its part or beside it; a document is shown under it.
    if foreign := sorted((fields.keys() & _OPTIONS.keys()) - _OPTIONS_OF[kind]):
        raise InvalidRequestError(
            [FieldError(name, f"A message of type {kind} has no such field.") for name in foreign]
        )
    draft = MediaDraft.compose(
        kind,
        received.file,
        mime_type=fields.get("mime_type") or received.mime_type,
        caption=fields.get("caption"),
        filename=received.filename,
        **flags,
    )
    return SendMessageCommand(
        session_id=fields["session_id"],
        to=Jid.parse_recipient(fields["to"]),
        content=draft,
        reply_to=fields.get("message_id"),
        not_before=_moment(fields, "not_before"),
        deadline=_moment(fields, "deadline"),
    )


def _moment(fields: dict[str, str], name: str) -> Any:
    if name not in fields:
        return None
    try:
        return _MOMENT.validate_python(fields[name])
    except ValidationError:
        raise InvalidRequestError([FieldError(name, "Give a time as RFC 3339 has it.")]) from None
