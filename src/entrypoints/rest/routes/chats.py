"""Chats of a session."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from application.chats.fetch_history import FetchHistoryCommand
from application.chats.manage_chats import ListChatsQuery
from application.representation.messages import message_to_dict
from application.representation.people import chat_to_dict
from domain.chat import ChatChange, Muted
from domain.errors import InvalidArgumentError
from entrypoints.rest.json_codec import json_response
from entrypoints.rest.models import people as models
from entrypoints.rest.reasons import BODY, problems
from entrypoints.rest.request_keys import KEYED, IdempotencyKey, key_of
from entrypoints.rest.routes.people_parameters import ChatId
from entrypoints.rest.routes.people_reasons import CHANGE_REASONS, CHAT_REASONS, SESSION_REASONS
from entrypoints.rest.routes.sessions import SESSION
from entrypoints.use_cases import UseCases

CHATS: Final = f"{SESSION}/chats"
CHAT: Final = f"{CHATS}/{{chat_id}}"
_CHANGE: Final = (*CHAT_REASONS, *KEYED, *CHANGE_REASONS)


class ChatRoutes:
    """The routes of chats."""

    def __init__(self, use_cases: UseCases) -> None:
        self._use_cases = use_cases

    def add_to(self, router: APIRouter) -> None:
        """Adds them to a router."""

        def add(path: str, endpoint: Any, method: str, name: str, model: Any, *reasons: str, **more: Any) -> None:
            options = {
                "operation_id": name,
                "tags": ["Chats"],
                "response_model": model,
                "responses": problems(*reasons),
            }
            router.add_api_route(path, endpoint, methods=[method], **options | more)

        page = ("INVALID_PAGE_SIZE", "INVALID_PAGE_TOKEN")
        add(CHATS, self.list, "GET", "listChats", models.ChatList, *SESSION_REASONS, *page)
        add(CHAT, self.get, "GET", "getChat", models.Chat, *CHAT_REASONS, "CHAT_NOT_FOUND")
        add(
            *(CHAT, self.update, "PATCH", "updateChat", models.Chat, *BODY, *_CHANGE),
            *("CHAT_NOT_FOUND", "INVALID_TIME", "TOO_MANY_PINNED"),
        )
        add(CHAT, self.delete, "DELETE", "deleteChat", None, *_CHANGE, status_code=204)
        add(f"{CHAT}/clear", self.clear, "POST", "clearChat", models.Chat, *BODY, *_CHANGE, "CHAT_NOT_FOUND")
        add(
            *(f"{CHAT}/history", self.history, "POST", "fetchChatHistory", models.History, *BODY, *CHAT_REASONS),
            *(*KEYED, "INVALID_MESSAGE_ID", "INVALID_PAGE_SIZE", "CHAT_NOT_FOUND", "MESSAGE_NOT_FOUND"),
            *("MESSAGE_NOT_IN_PAGE", "PHONE_SILENT"),
        )

    async def list(self, session_id: str, query: Annotated[models.ChatsQuery, Query()]) -> Response:
        """Lists the chats, pinned ones first, then the latest active."""
        found = await self._use_cases.list_chats.execute(
            ListChatsQuery(
                session_id=session_id,
                archived=query.archived,
                unread=query.unread,
                page_token=query.page_token,
                limit=query.page_size,
            )
        )
        return json_response(
            {"items": [chat_to_dict(chat) for chat in found.items], "next_page_token": found.next_page_token}
        )

    async def get(self, session_id: str, chat_id: ChatId) -> Response:
        """Gives one chat; a person's under either form of the address, or by the bare number."""
        return json_response(chat_to_dict(await self._use_cases.get_chat.execute(session_id, chat_id)))

    async def update(
        self, session_id: str, chat_id: ChatId, body: models.UpdateChat, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Archives, pins, mutes, reads a chat, marks it as unread, or the opposite, on all of the account's devices."""
        chat = await self._use_cases.update_chat.execute(
            session_id, chat_id, _change(body), request=key_of(idempotency_key)
        )
        return json_response(chat_to_dict(chat))

    async def delete(self, session_id: str, chat_id: ChatId, idempotency_key: IdempotencyKey = None) -> Response:
        """Takes a chat off the account's devices. The gateway's own record of its messages stays."""
        await self._use_cases.delete_chat.execute(session_id, chat_id, request=key_of(idempotency_key))
        return Response(status_code=204)

    async def clear(
        self, session_id: str, chat_id: ChatId, body: models.ClearChat, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Takes a chat's messages off the account's devices. The gateway's own record of them stays."""
        chat = await self._use_cases.clear_chat.execute(
            session_id, chat_id, keep_starred=body.keep_starred, request=key_of(idempotency_key)
        )
        return json_response(chat_to_dict(chat))

    async def history(
        self, session_id: str, chat_id: ChatId, body: models.FetchHistory, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Fetches older messages from WhatsApp Web and the phone, and stores those that aren't stored, as backfilled.

        To ask again stores nothing twice. With a key it gives the same messages, as they stand then, and asks nobody.
        """
        history = await self._use_cases.fetch_history.execute(
            FetchHistoryCommand(
                session_id=session_id,
                chat_id=chat_id,
                before=body.before,
                limit=body.limit,
                request=key_of(idempotency_key),
            )
        )
        items = [message_to_dict(message) for message in history.items]
        return json_response({"items": items, "added": history.added, "more": history.more})


def _change(body: models.UpdateChat) -> ChatChange:
    if body.muted_until is not None and not body.muted:
        raise InvalidArgumentError("INVALID_REQUEST", "An end goes with `muted` only.", field="muted_until")
    return ChatChange(
        archived=body.archived,
        pinned=body.pinned,
        unread=body.unread,
        mute=Muted(until=_time(body.muted_until)) if body.muted else None,
        unmute=body.muted is False,
    )


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise InvalidArgumentError("INVALID_REQUEST", "Give a time as RFC 3339 has it.", field="muted_until")
    return time
