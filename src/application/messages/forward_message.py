"""Forward a message."""

from dataclasses import dataclass, replace
from datetime import timedelta

from application.idempotency.earlier import earlier_answer
from application.idempotency.request_key import RequestKey
from application.media.message_media import MessageMedia
from application.messages.acceptance import SendMessageCommand
from application.messages.send_message import SendMessage
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.content import Content, Unsupported
from domain.errors import GoneError, UnprocessableError
from domain.ids import MessageId, parse_message_id
from domain.interactive_content import InteractiveReply
from domain.jid import Jid
from domain.media_content import MEDIA_CONTENTS, with_media_id
from domain.message import Failure, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardCommand:
    """A message to forward. ``wait`` and ``request`` as in ``SendMessageCommand``."""

    message_id: str
    to: Jid
    wait: timedelta = timedelta(seconds=20)
    request: RequestKey | None = None


class ForwardMessage:
    """Sends what a message holds now to another chat of its session, with an id of its own and the forwarded mark."""

    def __init__(self, uow: UnitOfWorkFactory, send: SendMessage, files: MessageMedia | None = None) -> None:
        """Takes what it works with; without ``files`` only such files are forwarded as are in the store already."""
        self._uow = uow
        self._send = send
        self._files = files

    async def execute(self, command: ForwardCommand) -> Message:
        """Forwards. A message whose file is nowhere any more is accepted, and has failed.

        Raises:
            PomboError: what ``SendMessage`` raises, and of a message with a file ``MessageMedia``.
            InvalidArgumentError: ``INVALID_MESSAGE_ID``.
            NotFoundError: ``MESSAGE_NOT_FOUND``.
            GoneError: ``MESSAGE_REVOKED``; ``MEDIA_EXPIRED``.
            UnprocessableError: ``NOT_FORWARDABLE``.
        """
        message = await self._get(parse_message_id(command.message_id))
        forwarded = SendMessageCommand(
            session_id=message.session_id,
            to=command.to,
            content=message.shown_content,
            forwards=message.id,
            wait=command.wait,
            request=command.request,
        )
        # Where the same request was done it doesn't matter what became of the message since.
        if await earlier_answer(self._uow, forwarded.keyed()) is None:
            _check(message)
            if isinstance(message.content, MEDIA_CONTENTS) and self._files is not None:
                forwarded = await self._with_file(self._files, message, forwarded)
        return await self._send.execute(forwarded)

    async def _with_file(
        self, files: MessageMedia, message: Message, command: SendMessageCommand
    ) -> SendMessageCommand:
        try:
            # WhatsApp has the file, as a rule; a message of our own is sent from the store.
            await files.execute(message.id)
        except GoneError as error:
            failure = Failure(reason=error.reason, message=error.message)
            return replace(command, content=_without_file(message.shown_content), failure=failure)
        message = await self._get(message.id)
        _check(message)
        return replace(command, content=message.shown_content)

    async def _get(self, message_id: MessageId) -> Message:
        async with self._uow.begin() as uow:
            return await uow.messages.get(message_id)


def _check(message: Message) -> None:
    if message.state.revoked is not None:
        raise GoneError("MESSAGE_REVOKED", "The message was deleted for everyone.")
    if message.is_operation or isinstance(message.content, Unsupported | InteractiveReply):
        raise UnprocessableError("NOT_FORWARDABLE", "What this message holds can't be forwarded.")


def _without_file(content: Content) -> Content:
    return with_media_id(content, None) if isinstance(content, MEDIA_CONTENTS) else content
