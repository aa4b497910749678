"""What is done to a message on the account's own devices, without a message of its own."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from application.audit.notes import note_session
from application.idempotency.once import Form, Once
from application.idempotency.request_key import RequestKey
from application.messages import progress
from application.messages.changes import ChangeRecorder
from application.messages.waiters import MessageWaiters
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.message_page import MessagePage
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.workers import SessionWorkers
from domain.changes import AnyChange, Deleted, Starred
from domain.errors import ConflictError, UnprocessableError
from domain.event import NewEvent
from domain.ids import MessageId, parse_message_id
from domain.message import RECEIPTS, Direction, Message, MessageStatus

_ON_ITS_WAY: Final = frozenset({MessageStatus.QUEUED, MessageStatus.SENDING})
type _Do = Callable[[MessagePage, Message], Awaitable[AnyChange | None]]


class MessageCommands:
    """Goes straight to the session's page, which has to be open. Doing the same again changes nothing."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        workers: SessionWorkers,
        waiters: MessageWaiters,
        once: Once,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._workers = workers
        self._waiters = waiters
        self._once = once
        self._changes = ChangeRecorder(clock, ids)

    async def star(self, message_id: str, *, starred: bool, request: RequestKey | None = None) -> Message:
        """Marks a message with a star, or takes that back.

        One that WhatsApp isn't known to have can't be marked: the star would be lost where WhatsApp hears of it first.

        Raises:
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
            ConflictError: ``TARGET_NOT_SENT``, ``SESSION_NOT_RUNNING``, ``REQUEST_IN_PROGRESS``.
            UnprocessableError: ``TARGET_UNKNOWN``, ``IDEMPOTENCY_KEY_REUSED``.
            CapabilityUnavailableError: the page lacks the function.
            UnavailableError: ``PAGE_UNAVAILABLE``, ``DATABASE_UNAVAILABLE``.
            DeadlineExceededError: ``OWNER_SILENT``.
        """

        async def do(page: MessagePage, message: Message) -> AnyChange:
            if message.status not in RECEIPTS:
                raise _not_sent(message)
            at = await page.star(message.whatsapp_id, starred=starred)
            return Starred(**_own(message, at), starred=starred)

        return await self._run("messages.star", message_id, {"starred": starred}, do, request)

    async def delete_for_me(self, message_id: str, *, request: RequestKey | None = None) -> Message:
        """Deletes a message on the account's own devices. The gateway keeps its record of it.

        One that is still on its way isn't there to be deleted, and would come all the same. So might one that the page
        lacks, having come from an older snapshot. One that is known to be deleted is so; and so is one that the page
        lacks when a request is taken over that was broken off: that is what its deletion looks like.

        Raises:
            PomboError: as ``star`` does.
        """

        async def do(page: MessagePage, message: Message) -> AnyChange | None:
            if message.state.deleted is not None:
                return None
            if message.status in _ON_ITS_WAY:
                raise _not_sent(message)
            return Deleted(**_own(message, await page.delete_for_me(message.whatsapp_id)))

        async def do_again(page: MessagePage, message: Message) -> AnyChange | None:
            try:
                return await do(page, message)
            except UnprocessableError as error:
                if error.reason != "TARGET_UNKNOWN":
                    raise
                return Deleted(**_own(message, self._clock.now()))

        return await self._run("messages.delete_for_me", message_id, {}, do, request, do_again)

    async def mark_played(self, message_id: str, *, request: RequestKey | None = None) -> Message:
        """Tells the writer of a voice note that it was played.

        Raises:
            PomboError: as ``star`` does.
            UnprocessableError: ``NOT_PLAYABLE``.
        """

        async def do(page: MessagePage, message: Message) -> None:
            if message.direction is not Direction.INBOUND:
                raise UnprocessableError("NOT_PLAYABLE", "Only what came can be played.")
            at = await page.mark_played(message.whatsapp_id)
            await self._note_played(message, at)

        return await self._run("messages.played", message_id, {}, do, request)

    async def _run(
        self,
        name: str,
        message_id: str,
        asked: Mapping[str, Any],
        do: _Do,
        request: RequestKey | None,
        do_again: _Do | None = None,
    ) -> Message:
        parsed = parse_message_id(message_id)
        note_session((await self._get(parsed)).session_id)

        async def work(do: _Do) -> Message:
            # As it is now: whoever asks for the same may have been waited for.
            message = await self._get(parsed)
            page = await self._workers.page(message.session_id)
            change = await do(page.messages, message)
            if change is not None:
                async with self._uow.begin() as uow:
                    await self._changes.record(uow, message.session_id, [change])
            return await self._get(parsed)

        async def read(_: Mapping[str, Any]) -> Message:
            return await self._get(parsed)

        keyed = None if request is None else request.of(name, {"message_id": parsed, **asked})
        form = Form(write=lambda _: {"message_id": parsed}, read=read)
        return await self._once.run(keyed, lambda: work(do), form, resume=lambda _: work(do_again or do))

    async def _get(self, message_id: MessageId) -> Message:
        async with self._uow.begin() as uow:
            return await uow.messages.get(message_id)

    async def _note_played(self, message: Message, at: datetime) -> None:
        async with self._uow.begin() as uow:
            locked = await uow.messages.lock(message.session_id, [message.whatsapp_id])
            before = locked[message.whatsapp_id]
            after, payloads = progress.advance(before, MessageStatus.PLAYED, at)
            if after is before:
                return
            await uow.messages.save([after])
            now = self._clock.now()
            await uow.events.append(
                [
                    NewEvent(id=self._ids.event_id(), session_id=message.session_id, time=now, payload=payload)
                    for payload in payloads
                ]
            )
        self._waiters.tell(after)


def _not_sent(message: Message) -> ConflictError:
    return ConflictError(
        "TARGET_NOT_SENT", "WhatsApp isn't known to have the message.", metadata={"status": message.status}
    )


def _own(message: Message, at: datetime) -> dict[str, Any]:
    own = message.sender if message.direction is Direction.OUTBOUND else message.recipient
    by = own if own.is_user else message.sender
    return {"target": message.whatsapp_id, "chat": message.chat, "by": by, "from_me": True, "at": at}
