"""Chats: what there is, and what is done with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.representation.people import chat_from_dict, chat_to_dict
from application.representation.values import optional_time
from application.sessions.asking import NOTHING, PageAsker, form_of, page_of
from domain.chat import Chat, ChatChange
from domain.errors import InvalidArgumentError
from domain.ids import parse_session_id
from domain.jid import Jid

_CHAT: Final = form_of(chat_to_dict, chat_from_dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChatsQuery:
    """Which chats; None doesn't filter."""

    session_id: str
    archived: bool | None = None
    unread: bool | None = None
    page_token: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatList:
    """Chats, pinned ones first, then the latest active; ``next_page_token`` None when there are no more."""

    items: Sequence[Chat]
    next_page_token: str | None


class ListChats:
    """Lists the chats of a session."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, query: ListChatsQuery) -> ChatList:
        """Asks the page.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``.
            PomboError: as ``PageAsker.page`` and ``ChatPage.list``.
        """
        page = await self._asker.page(parse_session_id(query.session_id))
        chats = tuple(
            chat
            for chat in await page.chats.list()
            if query.archived in {None, chat.archived} and query.unread in {None, chat.unread > 0 or chat.marked_unread}
        )
        items, token = page_of(chats, query.page_token, query.limit)
        return ChatList(items=items, next_page_token=token)


class GetChat:
    """Gives one chat."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, chat_id: str) -> Chat:
        """Asks the page.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``.
            NotFoundError: ``CHAT_NOT_FOUND``.
        """
        jid = Jid.parse_recipient(chat_id, field="chat_id")
        return await (await self._asker.page(parse_session_id(session_id))).chats.get(jid)


class UpdateChat:
    """Archives, pins, mutes, reads a chat, marks it as unread, or the opposite."""

    def __init__(self, asker: PageAsker, clock: Clock) -> None:
        self._asker = asker
        self._clock = clock

    async def execute(
        self, session_id: str, chat_id: str, change: ChatChange, *, request: RequestKey | None = None
    ) -> Chat:
        """Changes it on all of the account's devices.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``; ``INVALID_REQUEST``: nothing would change;
                ``INVALID_TIME``: a mute that would be over.
            NotFoundError: ``CHAT_NOT_FOUND``.
            UnprocessableError: ``TOO_MANY_PINNED``, ``CHANGE_REFUSED``, ``IDEMPOTENCY_KEY_REUSED``.
        """
        jid = Jid.parse_recipient(chat_id, field="chat_id")
        if change.is_empty or (change.mute is not None and change.unmute):
            raise InvalidArgumentError("INVALID_REQUEST", "Give what is to change, each once.")
        until = None if change.mute is None else change.mute.until
        if until is not None and until <= self._clock.now():
            raise InvalidArgumentError("INVALID_TIME", "A mute ends in the future.", field="muted_until")
        asked = {"chat": str(jid), **_change_to_dict(change, until)}
        return await self._asker.command(
            session_id, "chats.update", asked, request, lambda page: page.chats.change(jid, change), _CHAT
        )


def _change_to_dict(change: ChatChange, until: datetime | None) -> dict[str, Any]:
    return {
        "archived": change.archived,
        "pinned": change.pinned,
        "unread": change.unread,
        "mute": change.mute is not None,
        "muted_until": optional_time(until),
        "unmute": change.unmute,
    }


class ClearChat:
    """Takes a chat's messages off the account's devices."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(
        self, session_id: str, chat_id: str, *, keep_starred: bool = True, request: RequestKey | None = None
    ) -> Chat:
        """Clears it. The gateway's own record of the messages stays.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``.
            NotFoundError: ``CHAT_NOT_FOUND``.
            UnprocessableError: ``CHANGE_REFUSED``, ``IDEMPOTENCY_KEY_REUSED``.
        """
        jid = Jid.parse_recipient(chat_id, field="chat_id")
        asked = {"chat": str(jid), "keep_starred": keep_starred}
        return await self._asker.command(
            session_id,
            "chats.clear",
            asked,
            request,
            lambda page: page.chats.clear(jid, keep_starred=keep_starred),
            _CHAT,
        )


class DeleteChat:
    """Takes a chat off the account's devices."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, chat_id: str, *, request: RequestKey | None = None) -> None:
        """Deletes it; one that isn't there is deleted already. The gateway's own record of the messages stays.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``.
            UnprocessableError: ``CHANGE_REFUSED``, ``IDEMPOTENCY_KEY_REUSED``.
        """
        jid = Jid.parse_recipient(chat_id, field="chat_id")
        await self._asker.command(
            session_id, "chats.delete", {"chat": str(jid)}, request, lambda page: page.chats.delete(jid), NOTHING
        )
