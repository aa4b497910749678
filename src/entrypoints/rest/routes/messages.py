"""Messages: send, list, get."""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from application.messages.acceptance import SendMessageCommand
from application.messages.content_types import parse_content_types
from application.messages.read_messages import ListMessagesQuery
from application.messages.send_messages import SendMessagesCommand, check_count
from application.ports.message_repository import MessageFilter
from application.representation.messages import message_to_dict
from domain.errors import PomboError
from domain.ids import parse_session_id
from domain.jid import Jid
from domain.message import RECEIPTS, Message
from entrypoints.caller import CALLER
from entrypoints.log_context import note_session
from entrypoints.rest.config import API_PREFIX, RestConfig
from entrypoints.rest.content_reasons import CONTENTS
from entrypoints.rest.direct_route import DirectRoute
from entrypoints.rest.json_codec import JSON, json_response
from entrypoints.rest.media_reasons import SEND_MEDIA
from entrypoints.rest.models import messages as models
from entrypoints.rest.path_parameters import MESSAGE
from entrypoints.rest.preferences import Preferences
from entrypoints.rest.problem import Problem
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_body import read_body
from entrypoints.rest.request_keys import KEYED, PARAMETER, IdempotencyKey, key_of
from entrypoints.rest.send_requests import to_command, to_entry
from entrypoints.use_cases import UseCases

_MESSAGES: Final = f"{API_PREFIX}/messages"
_TAGS: Final = ["Messages"]
_HEADERS: Final[dict[str, Any]] = {
    "Location": {"description": "Where the message is.", "schema": {"type": "string"}},
    "Preference-Applied": {"description": "What of the Prefer header was honoured.", "schema": {"type": "string"}},
}
SENT: Final[dict[int | str, dict[str, Any]]] = {
    201: {"description": "WhatsApp has the message.", "headers": _HEADERS},
    202: {
        "description": "The message is accepted and durable; its status tells how far it has come.",
        "model": models.Message,
        "headers": _HEADERS,
    },
}
SEND_REASONS: Final = (
    *(*BODY, "INVALID_SESSION_ID", "INVALID_JID", "INVALID_PHONE", "RECIPIENT_NOT_ADDRESSABLE", "INVALID_REPLY"),
    *("INVALID_NOT_BEFORE", "INVALID_DEADLINE"),
    *("EMPTY_TEXT", "INVALID_TEXT", "TEXT_TOO_LONG", "TOO_MANY_MENTIONS", "INVALID_MENTION"),
    *("SESSION_NOT_FOUND", "MESSAGE_NOT_FOUND", "SESSION_NOT_WORKING", "SESSION_NOT_RUNNING"),
    *("NUMBER_NOT_ON_WHATSAPP", "QUOTED_MESSAGE_UNKNOWN", "SEND_REFUSED", "REACHOUT_TIMELOCK", "NEW_CHAT_CAP"),
    *("CAPABILITY_UNAVAILABLE", "PAGE_UNAVAILABLE", "LOOKUP_TIMEOUT"),
    *(*CONTENTS, "INVALID_MESSAGE_ID", "TARGET_NOT_SENT", "MESSAGE_REVOKED", "TARGET_UNKNOWN", "OUTCOME_UNKNOWN"),
    *(
        "RECIPIENT_OPTED_OUT",
        "CONTACT_BLOCKED",
        "GROUP_NOT_FOUND",
        "NOT_GROUP_MEMBER",
        "NOT_GROUP_ADMIN",
        "ACCOUNT_CHANGED",
    ),
    *SEND_MEDIA,
    *KEYED,
)
SEND_PARAMETERS: Final[list[dict[str, Any]]] = [
    PARAMETER,
    {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": "`respond-async` doesn't wait for WhatsApp; `wait=N` waits N seconds, at most 60. By "
        "default the answer waits 20 seconds.",
        "schema": {"type": "string"},
        "examples": {"async": {"value": "respond-async"}, "wait": {"value": "wait=5"}},
    },
]
_SEND_DOCUMENT: Final[dict[str, Any]] = {
    "parameters": SEND_PARAMETERS,
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
            responses=SENT | problems(*SEND_REASONS),
            openapi_extra=_SEND_DOCUMENT,
            route_class_override=DirectRoute,
        )
        router.add_api_route(
            f"{_MESSAGES}/bulk",
            self.send_many,
            methods=["POST"],
            operation_id="sendMessages",
            tags=[*_TAGS],
            response_model=models.SendResults,
            responses=problems(*BODY, *KEYED, "TOO_MANY_MESSAGES"),
        )
        router.add_api_route(
            f"{_MESSAGES}/{{message_id}}/cancel",
            self.cancel,
            methods=["POST"],
            operation_id="cancelMessage",
            tags=[*_TAGS],
            response_model=models.Message,
            responses=problems(*KEYED, "INVALID_MESSAGE_ID", "MESSAGE_NOT_FOUND", "MESSAGE_NOT_CANCELABLE"),
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
                *("INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN", "UNKNOWN_CONTENT_TYPE"),
            ),
        )
        router.add_api_route(
            f"{_MESSAGES}/{{message_id:{MESSAGE}}}",
            self.get,
            methods=["GET"],
            operation_id="getMessage",
            tags=[*_TAGS],
            response_model=models.Message,
            responses=problems("INVALID_MESSAGE_ID", "MESSAGE_NOT_FOUND"),
        )

    async def send(self, request: Request) -> Response:
        """Sends a message.

        It is accepted durably first; then the answer waits until WhatsApp has it (201), or until the wait is over
        (202). Errors that WhatsApp gives after that show in the message's `error`. While its session is on its way
        back the message waits in the gateway. A request whose key was used for the same message before is answered
        with that message as it stands now; nothing is sent again.
        """
        body = await read_body(request, models.SendMessageRequest)
        return await send_and_answer(self._use_cases, self._config, request, to_command(body))

    async def send_many(self, body: models.SendMessagesRequest, idempotency_key: IdempotencyKey = None) -> Response:
        """Accepts many messages durably, all at once, and answers as soon as they are accepted.

        Each gets a result of its own: the good ones go, whatever is wrong with others. Recipients aren't looked up
        before: a number without an account shows as its message's failure. Nobody waits for WhatsApp here.
        """
        check_count(len(body.messages))
        await self._use_cases.limits.charge_sends(CALLER.get().scope, len(body.messages) - 1)
        command = SendMessagesCommand(
            entries=[to_entry(item) for item in body.messages], request=key_of(idempotency_key)
        )
        outcomes = await self._use_cases.send_messages.execute(command)
        results = [_result(outcome) for outcome in outcomes]
        refused = sum(isinstance(outcome, PomboError) for outcome in outcomes)
        return json_response({"accepted": len(results) - refused, "refused": refused, "results": results})

    async def cancel(self, message_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Takes a message back that is still `QUEUED`. May be called again."""
        message = await self._use_cases.cancel_message.execute(message_id, request=key_of(idempotency_key))
        return json_response(message_to_dict(message))

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


async def send_and_answer(
    use_cases: UseCases, config: RestConfig, request: Request, command: SendMessageCommand
) -> Response:
    """Sends what was read of a request, as its headers ask for it."""
    preferences = Preferences.parse(request.headers.getlist("prefer"), config.send_wait)
    command = replace(command, wait=preferences.wait, request=key_of(request))
    note_session(command.session_id)
    message = await use_cases.send_message.execute(command)
    headers = {"Location": f"{_MESSAGES}/{message.id}"}
    if preferences.applied is not None:
        headers["Preference-Applied"] = preferences.applied
    return json_response(message_to_dict(message), status=201 if message.status in RECEIPTS else 202, headers=headers)


def _result(outcome: Message | PomboError) -> dict[str, Any]:
    if isinstance(outcome, PomboError):
        return {"message": None, "error": Problem.of(outcome).to_dict(None)}
    return {"message": message_to_dict(outcome), "error": None}


def _criteria(query: models.ListMessagesQuery) -> MessageFilter:
    return MessageFilter(
        session_id=parse_session_id(query.session_id) if query.session_id is not None else None,
        chat=Jid.parse_recipient(query.chat_id, field="chat_id") if query.chat_id is not None else None,
        direction=query.direction,
        status=query.status,
        since=query.since,
        until=query.until,
        types=_types(query.types),
    )


def _types(text: str | None) -> frozenset[str]:
    """The kinds of content that a list is to show.

    Raises:
        InvalidArgumentError: ``UNKNOWN_CONTENT_TYPE``.
    """
    return parse_content_types((text or "").split(",") if text else ())
