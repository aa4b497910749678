"""Presence and calls of a session."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from application.representation.people import call_to_dict, presence_to_dict
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import people as models
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.rest.routes.people_parameters import CallId, ChatId
from entrypoints.rest.routes.people_reasons import CHANGE_REASONS, CHAT_REASONS, SESSION_REASONS
from entrypoints.rest.routes.sessions import SESSION
from entrypoints.use_cases import UseCases

PRESENCE: Final = f"{SESSION}/presence"
CALLS: Final = f"{SESSION}/calls"


class PresenceRoutes:
    """The routes of presence and of calls."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""

        def add(path: str, endpoint: Any, method: str, name: str, model: Any, *reasons: str, **more: Any) -> None:
            tags = ["Calls" if path.startswith(CALLS) else "Presence"]
            options = {"operation_id": name, "tags": tags, "response_model": model, "responses": problems(*reasons)}
            router.add_api_route(path, endpoint, methods=[method], **options | more)

        session, chat = (*SESSION_REASONS, *KEYED), (*CHAT_REASONS, *KEYED)
        add(PRESENCE, self.show, "PUT", "setPresence", None, *BODY, *session, status_code=204)
        add(
            *(f"{SESSION}/chats/{{chat_id}}/activity", self.act, "PUT", "setActivity", None),
            *(*BODY, *chat, "CHAT_NOT_FOUND"),
            status_code=204,
        )
        add(f"{PRESENCE}/{{chat_id}}", self.subscribe, "PUT", "subscribePresence", models.Presence, *chat)
        add(
            *(f"{PRESENCE}/{{chat_id}}", self.unsubscribe, "DELETE", "unsubscribePresence", None),
            *("INVALID_SESSION_ID", "SESSION_NOT_FOUND", "INVALID_JID", "INVALID_PHONE", *KEYED),
            status_code=204,
        )
        add(CALLS, self.calls, "GET", "listCalls", models.CallList, *SESSION_REASONS)
        add(
            *(f"{CALLS}/{{call_id}}/reject", self.reject, "POST", "rejectCall", models.Call, *session),
            *("INVALID_CALL_ID", "CALL_NOT_FOUND", *CHANGE_REASONS),
        )

    async def show(self, session_id: str, body: models.SetPresence, idempotency_key: IdempotencyKey = None) -> Response:
        """Shows the account as online or not, as far as its privacy settings do."""
        await self._use_cases.set_presence.execute(session_id, online=body.online, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def act(
        self, session_id: str, chat_id: ChatId, body: models.SetActivity, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Shows in a chat that the account types, records, or has stopped. Both end by themselves after 25 seconds."""
        await self._use_cases.set_activity.execute(session_id, chat_id, body.activity, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def subscribe(self, session_id: str, chat_id: ChatId, idempotency_key: IdempotencyKey = None) -> Response:
        """Has a person's or group's presence told as `presence.update` from now on, until it is ended."""
        presence = await self._use_cases.subscribe_presence.execute(
            session_id, chat_id, request=key_of(idempotency_key)
        )
        return json_response(presence_to_dict(presence))

    async def unsubscribe(self, session_id: str, chat_id: ChatId, idempotency_key: IdempotencyKey = None) -> Response:
        """Ends a subscription. A page that runs may tell of the person until it is loaded anew."""
        await self._use_cases.unsubscribe_presence.execute(session_id, chat_id, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def calls(self, session_id: str) -> Response:
        """Lists the calls that ring."""
        return json_response(
            {"items": [call_to_dict(call) for call in await self._use_cases.list_calls.execute(session_id)]}
        )

    async def reject(self, session_id: str, call_id: CallId, idempotency_key: IdempotencyKey = None) -> Response:
        """Rejects a call that rings; what was rejected already stays so."""
        call = await self._use_cases.reject_call.execute(session_id, call_id, request=key_of(idempotency_key))
        return json_response(call_to_dict(call))
