"""Send many messages in one call."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from application.audit.notes import note_session
from application.idempotency.earlier import earlier_answer
from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.media.draft import MediaDraft
from application.media.prepare_media import PrepareMedia
from application.messages.acceptance import Acceptance, SendMessageCommand, check_addressable
from application.messages.link_previews import LinkPreviews
from application.messages.targets import aim
from application.observability.untraced import UNTRACED
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.idempotency_repository import KeyedRequest
from application.ports.tracer import Tracer
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.sessions.workers import SessionWorkers
from domain.errors import (
    TRANSIENT,
    CapabilityUnavailableError,
    ErrorKind,
    InvalidArgumentError,
    PomboError,
    error_of,
)
from domain.ids import MessageId, parse_session_id
from domain.message import Message
from domain.text_content import Text

MAX_MESSAGES: Final = 1_000

type Outcome = Message | PomboError
"""What became of one entry: the accepted message, or why it wasn't accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessagesCommand:
    """Messages to send, in order. An entry that couldn't be read stands as its error.

    Their ``wait`` and ``request`` say nothing: nobody waits, and the call has one key.
    """

    entries: Sequence[SendMessageCommand | PomboError]
    request: RequestKey | None = None

    def asked(self) -> dict[str, Any]:
        """What is asked, as JSON."""
        return {
            "messages": [
                {"unreadable": entry.reason} if isinstance(entry, PomboError) else entry.asked()
                for entry in self.entries
            ]
        }


def check_count(count: int) -> None:
    """Refuses too few messages and too many. For entrypoints, too, before they read each of them.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``, ``TOO_MANY_MESSAGES``.
    """
    if not count:
        raise InvalidArgumentError("INVALID_REQUEST", "Give at least one message.", field="messages")
    if count > MAX_MESSAGES:
        raise InvalidArgumentError("TOO_MANY_MESSAGES", f"At most {MAX_MESSAGES} messages in a call.", field="messages")


class SendMessages:
    """Accepts the good ones durably, all at once, and says of each of the others why not."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        workers: SessionWorkers,
        prepare_media: PrepareMedia | None = None,
        previews: LinkPreviews | None = None,
        tracer: Tracer = UNTRACED,
    ) -> None:
        """Takes what it works with: without ``prepare_media`` no files are sent, without ``previews`` none shown."""
        self._previews = previews
        self._prepare_media = prepare_media
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._workers = workers
        self._acceptance = Acceptance(clock, ids, tracer)

    async def execute(self, command: SendMessagesCommand) -> Sequence[Outcome]:
        """Sends; an outcome for each entry, in order. Returns when they are accepted.

        Recipients aren't looked up before: a number without an account shows as the message's failure.

        Raises:
            InvalidArgumentError: ``INVALID_REQUEST``, ``TOO_MANY_MESSAGES``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
            UnavailableError: nothing was accepted.
        """
        check_count(len(command.entries))
        keyed = None if command.request is None else command.request.of("messages.bulk", command.asked())
        outcomes: Sequence[Outcome] = ()
        ready = await self._with_previews(await self._with_files(command, keyed))
        try:
            async with self._uow.begin() as uow:
                if (answer := await answered(uow, keyed, self._clock.now())) is not None:
                    return await _before(uow, answer["outcomes"], command)
                outcomes = [await self._accept(uow, entry) for entry in ready]
                await note_answer(uow, keyed, {"outcomes": [_write(outcome) for outcome in outcomes]})
        finally:
            # Also where the commit got no answer: what may be queued must not be overtaken.
            accepted = Counter(outcome.session_id for outcome in outcomes if isinstance(outcome, Message))
            for session_id, count in accepted.items():
                note_session(session_id, count)
                self._workers.nudge_outbox(session_id)
        return outcomes

    async def _with_previews(
        self, entries: Sequence[SendMessageCommand | PomboError]
    ) -> Sequence[SendMessageCommand | PomboError]:
        """The entries whose links are to be looked up, with what these show; all of them within the time for one."""
        previews = self._previews
        if previews is None or not any(_wants_preview(entry) for entry in entries):
            return entries

        async def looked_up(entry: SendMessageCommand | PomboError) -> SendMessageCommand | PomboError:
            if isinstance(entry, PomboError) or not entry.link_preview or not isinstance(entry.content, Text):
                return entry
            return replace(entry, content=await previews.with_preview(entry.content))

        return await asyncio.gather(*map(looked_up, entries))

    async def _with_files(
        self, command: SendMessagesCommand, keyed: KeyedRequest | None
    ) -> Sequence[SendMessageCommand | PomboError]:
        """The entries with their files in the store. A request that was answered before needs none."""
        if not any(_draft_of(entry) for entry in command.entries):
            return command.entries
        if await earlier_answer(self._uow, keyed) is not None:
            return command.entries
        return [await self._with_file(entry) for entry in command.entries]

    async def _with_file(self, entry: SendMessageCommand | PomboError) -> SendMessageCommand | PomboError:
        draft = _draft_of(entry)
        if isinstance(entry, PomboError) or draft is None:
            return entry
        if self._prepare_media is None:
            return CapabilityUnavailableError("SEND_MEDIA")
        if not isinstance(draft.source, str):
            return InvalidArgumentError(
                "MEDIA_NOT_STORED",
                "A bulk send takes files by their id: put them into the store first.",
                field=draft.kind.value,
            )
        try:
            return replace(entry, content=await self._prepare_media.execute(draft))
        except PomboError as error:
            if error.kind in {*TRANSIENT, ErrorKind.INTERNAL}:
                raise
            return error

    async def _accept(self, uow: UnitOfWork, entry: SendMessageCommand | PomboError) -> Outcome:
        if isinstance(entry, PomboError):
            return entry
        try:
            check_addressable(entry.to)
            to, content = await aim(uow, parse_session_id(entry.session_id), entry.to, entry.content)
            entry = replace(entry, to=to, content=content)
            return await self._acceptance.accept(uow, entry, self._ids.message_id())
        except PomboError as error:
            if error.kind in {*TRANSIENT, ErrorKind.INTERNAL}:
                raise
            return error


def _draft_of(entry: SendMessageCommand | PomboError) -> MediaDraft | None:
    return entry.content if isinstance(entry, SendMessageCommand) and isinstance(entry.content, MediaDraft) else None


def _wants_preview(entry: SendMessageCommand | PomboError) -> bool:
    return isinstance(entry, SendMessageCommand) and entry.link_preview


async def _before(
    uow: UnitOfWork, outcomes: Sequence[Mapping[str, Any]], command: SendMessagesCommand
) -> Sequence[Outcome]:
    """The outcomes that were kept, the messages as they stand now."""
    found = await uow.messages.find([MessageId(kept["message_id"]) for kept in outcomes if "message_id" in kept])

    def read(entry: SendMessageCommand | PomboError, kept: Mapping[str, Any]) -> Outcome:
        if isinstance(entry, PomboError):
            return entry
        return found[MessageId(kept["message_id"])] if "message_id" in kept else _read(kept["error"])

    return [read(entry, kept) for entry, kept in zip(command.entries, outcomes, strict=True)]


def _write(outcome: Outcome) -> Mapping[str, Any]:
    if isinstance(outcome, Message):
        return {"message_id": outcome.id}
    return {
        "error": {
            "kind": outcome.kind.value,
            "reason": outcome.reason,
            "message": outcome.message,
            "field": outcome.field,
            "metadata": dict(outcome.metadata),
        }
    }


def _read(error: Mapping[str, Any]) -> PomboError:
    return error_of(error["kind"], error["reason"], error["message"], field=error["field"], metadata=error["metadata"])
