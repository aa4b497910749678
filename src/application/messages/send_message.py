"""Send a message."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from application.messages.recipients import RecipientDirectory
from application.messages.waiters import MessageWaiters
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.sessions.workers import SessionWorkers
from domain.content import Content
from domain.errors import (
    CapabilityUnavailableError,
    ConflictError,
    InvalidArgumentError,
    PomboError,
    RateLimitedError,
    UnavailableError,
    UnprocessableError,
)
from domain.event import MessageQueued, NewEvent
from domain.ids import MessageId, SessionId, WhatsAppMessageId, parse_message_id, parse_session_id
from domain.jid import Jid, Server
from domain.message import Direction, Message, MessageStatus
from domain.session import Me, Session, SessionStatus

MAX_REPLY_ID: Final = 200
_POLL_SECONDS: Final = 1.0
_LEFT: Final = frozenset(set(MessageStatus) - {MessageStatus.QUEUED, MessageStatus.SENDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessageCommand:
    """A message to send.

    Attributes:
        reply_to: what it answers: a gateway message id (``msg_…``) or a WhatsApp id of the same chat.
        wait: how long to wait for WhatsApp to have it; zero returns as soon as it is accepted.
    """

    session_id: str
    to: Jid
    content: Content
    reply_to: str | None = None
    wait: timedelta = timedelta(seconds=20)


class SendMessage:
    """Accepts a message durably, and waits a while for it to leave."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        workers: SessionWorkers,
        recipients: RecipientDirectory,
        waiters: MessageWaiters,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._workers = workers
        self._recipients = recipients
        self._waiters = waiters

    async def execute(self, command: SendMessageCommand) -> Message:
        """Sends. The message's status tells how far it came before the wait was over.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``RECIPIENT_NOT_ADDRESSABLE``, ``INVALID_REPLY``.
            NotFoundError: ``SESSION_NOT_FOUND``, ``MESSAGE_NOT_FOUND`` (the one that is answered).
            ConflictError: ``SESSION_NOT_WORKING``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``, or what WhatsApp refused the message for.
            RateLimitedError: ``REACHOUT_TIMELOCK``, ``NEW_CHAT_CAP``.
            CapabilityUnavailableError: the page can't send this.
            UnavailableError: nothing was accepted.
        """
        session_id = parse_session_id(command.session_id)
        if command.to.server in {Server.NEWSLETTER, Server.BROADCAST}:
            raise InvalidArgumentError("RECIPIENT_NOT_ADDRESSABLE", "Messages go to users and groups.", field="to")
        if not self._recipients.knows(session_id, command.to):
            await self._check_recipient(session_id, command.to)
        message_id = self._ids.message_id()
        with self._waiters.expect(message_id) as sent:
            message = await self._accept(session_id, message_id, command)
            if command.wait:
                message = await self._await_departure(message, sent, command.wait)
        _raise_failure(message)
        return message

    async def _check_recipient(self, session_id: SessionId, to: Jid) -> None:
        async with self._uow.begin() as uow:
            _account(await uow.sessions.get(session_id))
        await self._recipients.check(session_id, self._workers.page(session_id), to)

    def _compose(
        self, message_id: MessageId, me: Me, command: SendMessageCommand, reply_to: WhatsAppMessageId | None
    ) -> Message:
        return Message(
            id=message_id,
            session_id=parse_session_id(command.session_id),
            whatsapp_id=self._ids.outbound_whatsapp_id(command.to),
            direction=Direction.OUTBOUND,
            chat=command.to,
            sender=me.jid,
            recipient=command.to,
            content=command.content,
            status=MessageStatus.QUEUED,
            created_at=self._clock.now(),
            reply_to=reply_to,
            from_api=True,
        )

    async def _accept(self, session_id: SessionId, message_id: MessageId, command: SendMessageCommand) -> Message:
        """Makes the message durable, and has it sent: at once where its chat is free, else in its turn."""
        at_once = self._workers.reserve(session_id, command.to)
        try:
            async with self._uow.begin() as uow:
                me = _account(await uow.sessions.get(session_id))
                reply_to = await _reply(uow, session_id, command.reply_to)
                message = self._compose(message_id, me, command, reply_to)
                accepted = replace(message, status=MessageStatus.SENDING) if at_once else message
                await uow.messages.add_absent([accepted])
                await uow.events.append([self._queued(message)])
        except BaseException:
            if at_once:
                self._workers.give_back(session_id, command.to)
            raise
        if at_once:
            self._workers.hand_over(accepted)
        else:
            self._workers.nudge_outbox(session_id)
        return accepted

    def _queued(self, message: Message) -> NewEvent:
        return NewEvent(
            id=self._ids.event_id(),
            session_id=message.session_id,
            time=message.created_at,
            payload=MessageQueued(message=message),
        )

    async def _await_departure(self, message: Message, sent: asyncio.Future[Message], wait: timedelta) -> Message:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                while True:
                    done, _ = await asyncio.wait({sent}, timeout=_POLL_SECONDS)
                    if done:
                        return sent.result()
                    # It is accepted, whatever becomes of this look: a database that is away now doesn't undo that.
                    with suppress(UnavailableError):
                        message = await self._stored(message.id)
                    if message.status in _LEFT:
                        return message
        # The wait is over, not the message: it is accepted, and this says how far it has come.
        return message

    async def _stored(self, message_id: MessageId) -> Message:
        async with self._uow.begin() as uow:
            return await uow.messages.get(message_id)


def _account(session: Session) -> Me:
    """The account that a session sends from.

    Raises:
        ConflictError: ``SESSION_NOT_WORKING``.
    """
    if session.status is not SessionStatus.WORKING or session.me is None:
        raise ConflictError(
            "SESSION_NOT_WORKING",
            f"The session is {session.status} ({session.status_reason}); messages need WORKING.",
            metadata={"status": session.status, "status_reason": session.status_reason},
        )
    return session.me


async def _reply(uow: UnitOfWork, session_id: SessionId, reply_to: str | None) -> WhatsAppMessageId | None:
    if reply_to is None:
        return None
    if not reply_to or len(reply_to) > MAX_REPLY_ID or not reply_to.isascii() or not reply_to.isprintable():
        raise InvalidArgumentError(
            "INVALID_REPLY", "Give the id of a message of this chat.", field="context.message_id"
        )
    if not reply_to.startswith("msg_"):
        return WhatsAppMessageId(reply_to)
    quoted = await uow.messages.get(parse_message_id(reply_to, field="context.message_id"))
    if quoted.session_id != session_id:
        raise InvalidArgumentError(
            "INVALID_REPLY", "That message belongs to another session.", field="context.message_id"
        )
    return quoted.whatsapp_id


def _raise_failure(message: Message) -> None:
    """Tells a caller who waited why the message failed; the stored message tells everybody else."""
    if message.status is not MessageStatus.FAILED or message.failure is None:
        return
    failure, metadata = message.failure, {"message_id": message.id}
    errors: dict[str, type[PomboError]] = {
        "REACHOUT_TIMELOCK": RateLimitedError,
        "NEW_CHAT_CAP": RateLimitedError,
    }
    if failure.reason == "CAPABILITY_UNAVAILABLE":
        raise CapabilityUnavailableError("SEND_TEXT")
    raise errors.get(failure.reason, UnprocessableError)(failure.reason, failure.message, metadata=metadata)
