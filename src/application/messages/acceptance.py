"""What makes a message that is to be sent durable."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from application.idempotency.request_key import RequestKey
from application.media.draft import MediaDraft
from application.messages import progress
from application.messages.opt_outs import is_barred
from application.messages.targets import check_target
from application.observability.untraced import UNTRACED
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.idempotency_repository import KeyedRequest
from application.ports.tracer import Tracer
from application.ports.unit_of_work import UnitOfWork
from application.representation.content import content_to_dict
from application.representation.values import time_to_text
from domain.content import Content
from domain.errors import ConflictError, InvalidArgumentError
from domain.event import MessageQueued, NewEvent, Payload
from domain.ids import MessageId, SessionId, WhatsAppMessageId, parse_message_id, parse_session_id
from domain.jid import Jid, Server
from domain.media_content import MEDIA_CONTENTS
from domain.message import Direction, Failure, Message, MessageStatus
from domain.operations import OPERATIONS
from domain.session import Me, Session, SessionStatus, Wanted
from domain.suppression import opted_out

MAX_REPLY_ID: Final = 200
MAX_AHEAD: Final = timedelta(days=366)
"""How far ahead a message may be scheduled."""

_QUEUES: Final = frozenset(
    {SessionStatus.STOPPED, SessionStatus.STARTING, SessionStatus.WORKING, SessionStatus.DEGRADED}
)
"""In these a session that is wanted and linked takes messages: it sends them now, or as soon as it is back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessageCommand:
    """A message to send.

    Attributes:
        content: what to send; a draft's file is fetched, checked and kept before it is accepted.
        reply_to: what it answers: a gateway message id (``msg_…``) or a WhatsApp id of the same chat.
        not_before: when it may leave at the earliest; what has passed already means now.
        deadline: when it is given up if it hasn't left, with the status ``EXPIRED``.
        forwards: the message that is sent on with this, by the gateway's id: it carries the forwarded mark.
        failure: why it won't leave, where that is known already: it is accepted all the same, and has failed.
        link_preview: the first link in a text is looked up before the text is accepted, and what it says is shown.
        wait: how long to wait for WhatsApp to have it; zero returns as soon as it is accepted.
        request: the caller's key: the same command with the same key is done once.
    """

    session_id: str
    to: Jid
    content: Content | MediaDraft
    reply_to: str | None = None
    not_before: datetime | None = None
    deadline: datetime | None = None
    forwards: MessageId | None = None
    failure: Failure | None = None
    link_preview: bool = False
    wait: timedelta = timedelta(seconds=20)
    request: RequestKey | None = None

    def asked(self) -> dict[str, Any]:
        """What is asked, as JSON: the part that makes two commands the same."""
        asked = {
            "session_id": self.session_id,
            "to": str(self.to),
            **self._asked_content(),
            "reply_to": self.reply_to,
            "not_before": None if self.not_before is None else time_to_text(self.not_before),
            "deadline": None if self.deadline is None else time_to_text(self.deadline),
        }
        # Named where it is asked for alone, so that a key of before link previews stands for the same request.
        return asked | ({"link_preview": True} if self.link_preview else {})

    def keyed(self) -> KeyedRequest | None:
        """The request by its key; None where it has none."""
        return None if self.request is None else self.request.of("messages.send", self.asked())

    def _asked_content(self) -> dict[str, Any]:
        if self.forwards is not None:
            # What that message holds may be another thing by the time that the request comes again.
            return {"forwards": self.forwards}
        return self.content.asked() if isinstance(self.content, MediaDraft) else content_to_dict(self.content)


class Acceptance:
    """Checks commands and writes their messages, within the caller's unit of work."""

    def __init__(self, clock: Clock, ids: IdGenerator, tracer: Tracer = UNTRACED) -> None:
        self._tracer = tracer
        self._clock = clock
        self._ids = ids

    async def accept(
        self, uow: UnitOfWork, command: SendMessageCommand, message_id: MessageId, *, at_once: bool = False
    ) -> Message:
        """Writes the message and its ``message.queued`` event; of one with a failure its ``message.failed``, too.

        Args:
            uow: what commits it.
            command: what to send.
            message_id: the id it gets.
            at_once: stores it as handed to the page already (``SENDING``), unless another message of its chat comes
                before it: the caller has reserved the chat.

        Raises:
            InvalidArgumentError: ``INVALID_REPLY``, ``INVALID_DEADLINE``, ``INVALID_NOT_BEFORE``.
            PomboError: what ``check_target`` says of an operation.
            NotFoundError: ``SESSION_NOT_FOUND``, ``MESSAGE_NOT_FOUND`` (the one that is answered), ``MEDIA_NOT_FOUND``.
            ConflictError: ``SESSION_NOT_WORKING``.
            UnprocessableError: ``RECIPIENT_OPTED_OUT``.
        """
        if isinstance(command.content, MediaDraft):
            raise TypeError("a draft's file comes first")
        now = self._clock.now()
        not_before = _check_times(command, now)
        session_id = parse_session_id(command.session_id)
        # Kept: a deletion that doesn't see this message would leave it queued for ever.
        me = account_of(await uow.sessions.keep(session_id))
        if is_barred(command.content, command.to) and await uow.suppressions.among(session_id, [command.to]):
            raise opted_out()
        if isinstance(command.content, OPERATIONS):
            await check_target(uow, session_id, command.content, now)
        message = Message(
            id=message_id,
            session_id=session_id,
            whatsapp_id=self._ids.outbound_whatsapp_id(command.to),
            direction=Direction.OUTBOUND,
            chat=command.to,
            sender=me.jid,
            recipient=command.to,
            content=command.content,
            status=MessageStatus.QUEUED,
            created_at=now,
            not_before=not_before,
            expires_at=command.deadline,
            reply_to=await _reply(uow, session_id, command.reply_to),
            from_api=True,
            forwarded=command.forwards is not None,
            trace=self._tracer.current(),
        )
        told: list[Payload] = [MessageQueued(message=message)]
        if command.failure is not None:
            accepted, failed = progress.fail(message, command.failure, now)
            told += failed
        # What has reserved the chat can't see a message that somebody held when it looked, or whose acceptance was
        # never confirmed.
        elif at_once and await uow.outbox.is_clear(session_id, command.to, now=now):
            accepted = replace(message, status=MessageStatus.SENDING)
        else:
            accepted = message
        await uow.messages.add_absent([accepted])
        if isinstance(command.content, MEDIA_CONTENTS) and command.content.media.id is not None:
            await uow.media.use(message_id, command.content.media.id)
        await uow.events.append([self._event(message, payload) for payload in told])
        return accepted

    def _event(self, message: Message, payload: Payload) -> NewEvent:
        return NewEvent(
            id=self._ids.event_id(), session_id=message.session_id, time=message.created_at, payload=payload
        )


def check_addressable(to: Jid) -> None:
    """Refuses addresses that no message can be sent to.

    Raises:
        InvalidArgumentError: ``RECIPIENT_NOT_ADDRESSABLE``.
    """
    if to.server in {Server.NEWSLETTER, Server.BROADCAST}:
        raise InvalidArgumentError("RECIPIENT_NOT_ADDRESSABLE", "Messages go to users and groups.", field="to")


def account_of(session: Session) -> Me:
    """The account that a session sends from, or will send from as soon as it is back.

    Raises:
        ConflictError: ``SESSION_NOT_WORKING``.
    """
    if session.me is None or session.wanted is not Wanted.RUNNING or session.status not in _QUEUES:
        raise ConflictError(
            "SESSION_NOT_WORKING",
            f"The session is {session.status} ({session.status_reason}); messages need a linked session that runs.",
            metadata={"status": session.status, "status_reason": session.status_reason},
        )
    return session.me


def _check_times(command: SendMessageCommand, now: datetime) -> datetime | None:
    not_before, deadline = command.not_before, command.deadline
    if not_before is not None and not_before > now + MAX_AHEAD:
        raise InvalidArgumentError(
            "INVALID_NOT_BEFORE", f"A message can be scheduled {MAX_AHEAD.days} days ahead.", field="not_before"
        )
    if deadline is not None and (deadline <= now or (not_before is not None and deadline <= not_before)):
        raise InvalidArgumentError(
            "INVALID_DEADLINE", "The deadline must lie ahead, and behind not_before.", field="deadline"
        )
    return not_before if not_before is not None and not_before > now else None


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
