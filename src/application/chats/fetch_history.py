"""Older messages of a chat, from the page and the phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from application.messages.record_page_news import RecordPageNews
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.asking import PageAsker
from domain.errors import InvalidArgumentError
from domain.ids import SessionId, parse_message_id, parse_session_id
from domain.jid import Jid
from domain.message import Message

MAX_FETCHED: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchHistoryCommand:
    """``before`` is the gateway's id of the message to go back from; None: from the newest."""

    session_id: str
    chat_id: str
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Messages, oldest first, all of them stored by now.

    Attributes:
        added: how many of them weren't stored before.
        more: there are older ones.
    """

    items: Sequence[Message]
    added: int
    more: bool


class FetchHistory:
    """Fetches a piece of a chat's history, and stores what isn't stored as backfilled, each message once."""

    def __init__(self, uow: UnitOfWorkFactory, asker: PageAsker, news: RecordPageNews) -> None:
        self._uow = uow
        self._asker = asker
        self._news = news

    async def execute(self, command: FetchHistoryCommand) -> History:
        """Fetches. To do it again gives the same, and stores nothing twice.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``INVALID_MESSAGE_ID``, ``INVALID_PAGE_SIZE``.
            NotFoundError: ``CHAT_NOT_FOUND``, ``MESSAGE_NOT_FOUND``, ``MESSAGE_NOT_IN_PAGE``.
            DeadlineExceededError: ``PHONE_SILENT``.
        """
        slug = parse_session_id(command.session_id)
        jid = Jid.parse_recipient(command.chat_id, field="chat_id")
        if not 1 <= command.limit <= MAX_FETCHED:
            raise InvalidArgumentError(
                "INVALID_PAGE_SIZE", f"Fetch 1 to {MAX_FETCHED} messages at once.", field="limit"
            )
        before = None if command.before is None else await self._stored(slug, command.before)
        page = await self._asker.page(slug)
        whatsapp_id = None if before is None else before.whatsapp_id
        older = await page.chats.older(jid, before=whatsapp_id, limit=command.limit)
        added = await self._news.messages(slug, older.messages, backfilled=True)
        ids = [message.whatsapp_id for message in older.messages]
        async with self._uow.begin() as uow:
            stored = await uow.messages.look_up(slug, ids)
        return History(items=[stored[each] for each in ids if each in stored], added=added, more=older.more)

    async def _stored(self, session_id: SessionId, message_id: str) -> Message:
        async with self._uow.begin() as uow:
            message = await uow.messages.get(parse_message_id(message_id))
        if message.session_id != session_id:
            raise InvalidArgumentError("INVALID_MESSAGE_ID", "The message is another session's.", field="before")
        return message
