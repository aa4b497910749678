"""Send a message."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from application.audit.notes import note_session, note_target
from application.idempotency.earlier import earlier_answer
from application.idempotency.within import answered, note_answer
from application.media.draft import MediaDraft
from application.media.prepare_media import PrepareMedia
from application.messages.acceptance import Acceptance, SendMessageCommand, account_of, check_addressable
from application.messages.departure import Departures, raise_failure
from application.messages.link_previews import LinkPreviews
from application.messages.recipients import RecipientDirectory
from application.messages.targets import aim
from application.messages.waiters import MessageWaiters
from application.observability.untraced import UNTRACED
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.idempotency_repository import KeyedRequest
from application.ports.tracer import SpanKind, Tracer
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.workers import SessionWorkers
from domain.errors import CapabilityUnavailableError, ConflictError, DeadlineExceededError
from domain.ids import MessageId, SessionId, parse_session_id
from domain.jid import Jid
from domain.lease import STALE_LEASE, Lease
from domain.message import Message, MessageStatus
from domain.operations import OPERATIONS
from domain.session import SessionStatus
from domain.text_content import Text

__all__ = ["SendMessage", "SendMessageCommand"]


_ON_ITS_WAY: Final = frozenset({"SESSION_NOT_RUNNING", "OWNER_SILENT"})


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
        prepare_media: PrepareMedia | None = None,
        previews: LinkPreviews | None = None,
        tracer: Tracer = UNTRACED,
    ) -> None:
        """Takes what it works with: without ``prepare_media`` no files are sent, without ``previews`` none shown."""
        self._tracer = tracer
        self._previews = previews
        self._prepare_media = prepare_media
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._workers = workers
        self._recipients = recipients
        self._waiters = waiters
        self._acceptance = Acceptance(clock, ids, tracer)
        self._departures = Departures(uow, waiters)

    async def execute(self, command: SendMessageCommand) -> Message:
        """Sends. The message's status tells how far it came before the wait was over.

        With a request key that was used for the same command before, this gives that command's message as it stands
        now, and nothing is sent again.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``RECIPIENT_NOT_ADDRESSABLE``, ``INVALID_REPLY``,
                ``INVALID_DEADLINE``, ``INVALID_NOT_BEFORE``.
            NotFoundError: ``SESSION_NOT_FOUND``, ``MESSAGE_NOT_FOUND`` (the one that is answered).
            PomboError: what ``aim`` and ``check_target`` say of an operation.
            ConflictError: ``SESSION_NOT_WORKING``.
            PomboError: of a draft, what ``PrepareMedia`` raises.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``, ``NUMBER_NOT_ON_WHATSAPP``, ``RECIPIENT_OPTED_OUT``, or what
                WhatsApp refused the message for.
            PomboError: the command's own failure.
            RateLimitedError: ``REACHOUT_TIMELOCK``, ``NEW_CHAT_CAP``.
            CapabilityUnavailableError: the page can't send this.
            UnavailableError: nothing was accepted.
        """
        session_id = parse_session_id(command.session_id)
        note_session(session_id)
        check_addressable(command.to)
        keyed = command.keyed()
        if isinstance(command.content, OPERATIONS):
            command = await self._aim(session_id, command)
        known = await self._prepare(session_id, command.to, keyed)
        if known is None and isinstance(command.content, MediaDraft):
            known, command = await self._with_file(session_id, command, command.content, keyed)
        if known is None and isinstance(command.content, Text) and command.link_preview:
            known, command = await self._with_preview(command, command.content, keyed)
        if known is None:
            message_id = self._ids.message_id()
            with self._waiters.expect(message_id) as told:
                message = await self._accept(session_id, message_id, command, keyed)
                note_target("message", message.id)
                if message.id == message_id:
                    message = await self._departures.wait(message, told, command.wait)
                    raise_failure(message)
                    return message
            known = message.id
        message = await self._departures.again(known, command.wait)
        raise_failure(message)
        return message

    def end_waits(self, within: timedelta) -> None:
        """Whoever waits for a message hears within this time how far it is: the gateway stops."""
        self._waiters.end(within)

    async def _aim(self, session_id: SessionId, command: SendMessageCommand) -> SendMessageCommand:
        """Before a chat is reserved for it: it has to be the one of the message that the operation concerns."""
        async with self._uow.begin() as uow:
            to, content = await aim(uow, session_id, command.to, command.content)
        return replace(command, to=to, content=content)

    async def _prepare(self, session_id: SessionId, to: Jid, keyed: KeyedRequest | None) -> MessageId | None:
        """Asks WhatsApp for a recipient that isn't known, before anything is accepted.

        A request that was done already asks nobody: its message is returned.
        """
        if self._recipients.knows(session_id, to):
            return None
        if (known := await self._earlier(keyed)) is not None:
            return known
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(session_id)
            account_of(session)
        # Of a session that is on its way back, or to another gateway, nobody can be asked: the send itself tells, as
        # the message's failure.
        if session.status is SessionStatus.WORKING:
            try:
                await self._recipients.check(session_id, await self._workers.page(session_id), to)
            except (ConflictError, DeadlineExceededError) as error:
                if error.reason not in _ON_ITS_WAY:
                    raise
        return None

    async def _with_preview(
        self, command: SendMessageCommand, text: Text, keyed: KeyedRequest | None
    ) -> tuple[MessageId | None, SendMessageCommand]:
        """The command with what its link shows; or the message of the same request, for which nothing is looked up."""
        if self._previews is None:
            return None, command
        if (known := await self._earlier(keyed)) is not None:
            return known, command
        return None, replace(command, content=await self._previews.with_preview(text))

    async def _with_file(
        self, session_id: SessionId, command: SendMessageCommand, draft: MediaDraft, keyed: KeyedRequest | None
    ) -> tuple[MessageId | None, SendMessageCommand]:
        """The command with its file in the store; or the message of the same request, for which nothing is fetched."""
        if (known := await self._earlier(keyed)) is not None:
            return known, command
        async with self._uow.begin() as uow:
            account_of(await uow.sessions.get(session_id))
        if self._prepare_media is None:
            raise CapabilityUnavailableError("SEND_MEDIA")
        return None, replace(command, content=await self._prepare_media.execute(draft))

    async def _earlier(self, keyed: KeyedRequest | None) -> MessageId | None:
        """The message of the same request."""
        answer = await earlier_answer(self._uow, keyed)
        return None if answer is None else MessageId(answer["message_id"])

    async def _accept(
        self, session_id: SessionId, message_id: MessageId, command: SendMessageCommand, keyed: KeyedRequest | None
    ) -> Message:
        """Makes the message durable, and has it sent: at once where its chat is free, else in its turn.

        The message has another id where the same request was accepted before.
        """
        with self._tracer.span("messages.accept", kind=SpanKind.PRODUCER, session_id=session_id, message_id=message_id):
            lease = None if command.not_before is not None else self._workers.reserve(session_id, command.to)
            try:
                return await self._accept_under(lease, session_id, message_id, command, keyed)
            except ConflictError as error:
                if lease is None or error.reason != STALE_LEASE:
                    raise
            # Another gateway has the session by now, and sends what is queued.
            return await self._accept_under(None, session_id, message_id, command, keyed)

    async def _accept_under(
        self,
        lease: Lease | None,
        session_id: SessionId,
        message_id: MessageId,
        command: SendMessageCommand,
        keyed: KeyedRequest | None,
    ) -> Message:
        """Accepts it as on its way already, where it is under a lease: then its owner's dispatcher has to take it."""
        at_once = lease is not None
        try:
            async with self._uow.begin(lease) as uow:
                before = await answered(uow, keyed, self._clock.now())
                if before is not None:
                    accepted = await uow.messages.get(MessageId(before["message_id"]))
                else:
                    accepted = await self._acceptance.accept(uow, command, message_id, at_once=at_once)
                    await note_answer(uow, keyed, {"message_id": message_id})
        except BaseException:
            if at_once:
                self._workers.give_back(session_id, command.to)
            else:
                # The commit's answer may be all that was lost: what may be queued must not be overtaken.
                self._workers.nudge_outbox(session_id)
            raise
        if at_once and before is None and accepted.status is MessageStatus.SENDING:
            self._workers.hand_over(accepted)
        elif at_once:
            self._workers.give_back(session_id, command.to)
        elif before is None:
            self._workers.nudge_outbox(session_id)
        return accepted
