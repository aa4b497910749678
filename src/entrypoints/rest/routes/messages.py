"""Messages: send, list, get."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from application.messages.read_messages import ListMessagesQuery
from application.messages.send_message import SendMessageCommand
from application.ports.message_repository import MessageFilter
from application.representation import message_to_dict
from domain.content import Text
from domain.errors import CapabilityUnavailableError
from domain.ids import parse_session_id
from domain.jid import Jid
from domain.message import RECEIPTS
from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.direct_route import DirectRoute
from entrypoints.rest.json_codec import JSON, json_response
from entrypoints.rest.models import messages as models
from entrypoints.rest.preferences import Preferences
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_body import read_body
from entrypoints.use_cases import UseCases

_MESSAGES: Final = f"{API_PREFIX}/messages"
_TAGS: Final = ["Messages"]
_HEADERS: Final[dict[str, Any]] = {
    "Location": {"description": "Where the message is.", "schema": {"type": "string"}},
    "Preference-Applied": {"description": "What of the Prefer header was honoured.", "schema": {"type": "string"}},
}
_SENT: Final[dict[int | str, dict[str, Any]]] = {
    201: {"description": "WhatsApp has the message.", "headers": _HEADERS},
    202: {
        "description": "The message is accepted and durable; its status tells how far it has come.",
        "model": models.Message,
        "headers": _HEADERS,
    },
}
_SEND_REASONS: Final = (
    *(*BODY, "INVALID_SESSION_ID", "INVALID_JID", "INVALID_PHONE", "RECIPIENT_NOT_ADDRESSABLE", "INVALID_REPLY"),
    *("EMPTY_TEXT", "INVALID_TEXT", "TEXT_TOO_LONG", "TOO_MANY_MENTIONS", "INVALID_MENTION"),
    *("SESSION_NOT_FOUND", "MESSAGE_NOT_FOUND", "SESSION_NOT_WORKING", "SESSION_NOT_RUNNING"),
    *("NUMBER_NOT_ON_WHATSAPP", "QUOTED_MESSAGE_UNKNOWN", "SEND_REFUSED", "REACHOUT_TIMELOCK", "NEW_CHAT_CAP"),
    *("CAPABILITY_UNAVAILABLE", "PAGE_UNAVAILABLE", "LOOKUP_TIMEOUT"),
)
_SEND_DOCUMENT: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "description": "`respond-async` doesn't wait for WhatsApp; `wait=N` waits N seconds, at most 60. By "
            "default the answer waits 20 seconds.",
            "schema": {"type": "string"},
            "examples": {"async": {"value": "respond-async"}, "wait": {"value": "wait=5"}},
        }
    ],
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/SendMessageRequest"}}},
    },
}


class MessageRoutes:
    """The routes of messages."""

    def __init__(self, use_cases: UseCases, config: RestConfig) -> None:
        self._use_cases = use_cases
        self._config = config

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""
        router.add_api_route(
            f"{_MESSAGES}/send",
            self.send,
            methods=["POST"],
            operation_id="sendMessage",
            tags=[*_TAGS],
            status_code=201,
            response_model=models.Message,
            responses=_SENT | problems(*_SEND_REASONS),
            openapi_extra=_SEND_DOCUMENT,
            route_class_override=DirectRoute,
        )
        router.add_api_route(
            _MESSAGES,
            self.list,
            methods=["GET"],
            operation_id="listMessages",
            tags=[*_TAGS],
            response_model=models.MessageList,
            responses=problems(
                *("INVALID_REQUEST", "INVALID_SESSION_ID", "INVALID_JID", "INVALID_PHONE"),
                *("INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN"),
            ),
        )
        router.add_api_route(
            f"{_MESSAGES}/{{message_id}}",
            self.get,
            methods=["GET"],
            operation_id="getMessage",
            tags=[*_TAGS],
            response_model=models.Message,
            responses=problems("MESSAGE_NOT_FOUND"),
        )
        router.add_api_route(
            f"{API_PREFIX}/media/send",
            self.send_media,
            methods=["POST"],
            operation_id="sendMedia",
            tags=[*_TAGS],
            status_code=501,
            response_class=Response,
            responses=problems("CAPABILITY_UNAVAILABLE"),
        )

    async def send(self, request: Request) -> Response:
        """Sends a message.

        It is accepted durably first; then the answer waits until WhatsApp has it (201), or until the wait is over
        (202). Errors that WhatsApp gives after that show in the message's `error`.
        """
        body = await read_body(request, models.SendMessageRequest)
        preferences = Preferences.parse(request.headers.getlist("prefer"), self._config.send_wait)
        message = await self._use_cases.send_message.execute(
            SendMessageCommand(
                session_id=body.session_id,
                to=Jid.parse_recipient(body.to),
                content=Text.compose(body.text.body, _mentions(body.text.mentions)),
                reply_to=None if body.context is None else body.context.message_id,
                wait=preferences.wait,
            )
        )
        headers = {"Location": f"{_MESSAGES}/{message.id}"}
        if preferences.applied is not None:
            headers["Preference-Applied"] = preferences.applied
        return json_response(
            message_to_dict(message), status=201 if message.status in RECEIPTS else 202, headers=headers
        )

    async def list(self, query: Annotated[models.ListMessagesQuery, Query()]) -> Response:
        """Lists messages, newest first."""
        page = await self._use_cases.list_messages.execute(
            ListMessagesQuery(criteria=_criteria(query), page_token=query.page_token, limit=query.page_size)
        )
        return json_response(
            {"items": [message_to_dict(message) for message in page.items], "next_page_token": page.next_page_token}
        )

    async def get(self, message_id: str) -> Response:
        """Reads a message by the gateway's id."""
        return json_response(message_to_dict(await self._use_cases.get_message.execute(message_id)))

    async def send_media(self) -> Response:
        """This version doesn't send media: every call is answered with `CAPABILITY_UNAVAILABLE`, unread."""
        raise CapabilityUnavailableError("SEND_MEDIA")


def _mentions(mentions: Sequence[str]) -> tuple[Jid, ...]:
    return tuple(Jid.parse_recipient(text, field=f"text.mentions[{place}]") for place, text in enumerate(mentions))


def _criteria(query: models.ListMessagesQuery) -> MessageFilter:
    return MessageFilter(
        session_id=parse_session_id(query.session_id) if query.session_id is not None else None,
        chat=Jid.parse_recipient(query.chat_id, field="chat_id") if query.chat_id is not None else None,
        direction=query.direction,
        status=query.status,
        since=query.since,
        until=query.until,
    )
