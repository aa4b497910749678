"""The message that an operation concerns: found, and looked at, before the operation is accepted."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from application.media.draft import MediaDraft
from application.ports.unit_of_work import UnitOfWork
from domain.content import Content
from domain.errors import ConflictError, GoneError, InvalidArgumentError, UnprocessableError
from domain.ids import SessionId, parse_message_id
from domain.jid import Jid, Server
from domain.media_content import Document, Image, Video
from domain.message import Direction, Message, MessageStatus
from domain.operations import EDIT_WITHIN, OPERATIONS, REVOKE_WITHIN, Edit, Operation, Pin, PollVote, Reaction, Revoke
from domain.poll_content import Poll
from domain.text_content import Text

MAX_TARGET_ID: Final = 200
_NEVER_LEFT: Final = frozenset({MessageStatus.FAILED, MessageStatus.CANCELED, MessageStatus.EXPIRED})


async def aim(
    uow: UnitOfWork, session_id: SessionId, to: Jid, content: Content | MediaDraft
) -> tuple[Jid, Content | MediaDraft]:
    """An operation's chat and the operation itself, where its message was named by the gateway's id.

    The chat is the one under which the message is kept, so that the operation goes in order behind it. Other contents
    come back as they are.

    Raises:
        InvalidArgumentError: ``INVALID_TARGET``, ``INVALID_MESSAGE_ID``.
        NotFoundError: ``MESSAGE_NOT_FOUND``.
    """
    if not isinstance(content, OPERATIONS):
        return to, content
    name = content.target
    if not name or len(name) > MAX_TARGET_ID or not name.isascii() or not name.isprintable():
        raise _invalid("Give the id of a message of this chat.")
    if name.startswith("msg_"):
        target = await uow.messages.get(parse_message_id(name, field="message_id"))
        if target.session_id != session_id:
            raise _invalid("That message belongs to another session.")
    else:
        found = await uow.messages.look_up(session_id, [name])
        if not found:
            return to, content
        target = found[name]
    if to not in {target.chat, target.alternate if target.chat.is_user else None}:
        raise _invalid("That message belongs to another chat.")
    return target.chat, replace(content, target=target.whatsapp_id)


async def check_target(uow: UnitOfWork, session_id: SessionId, content: Operation, now: datetime) -> None:
    """Refuses what can't be done to a message, as far as the gateway knows it. WhatsApp has the last word.

    A message that is still on its way can be operated on: the operation goes behind it.

    Raises:
        InvalidArgumentError: ``INVALID_TARGET``, ``UNKNOWN_POLL_OPTION``, ``TOO_MANY_POLL_OPTIONS``.
        ConflictError: ``TARGET_NOT_SENT``.
        GoneError: ``MESSAGE_REVOKED``.
        UnprocessableError: ``NOT_AN_OWN_MESSAGE``, ``EDIT_TOO_LATE``, ``REVOKE_TOO_LATE``, ``NOT_EDITABLE``,
            ``NOT_A_POLL``.
    """
    known = await uow.messages.look_up(session_id, [content.target])
    if not known:
        return
    target = known[content.target]
    if target.is_operation:
        raise _invalid("That is no message that anything can be done to.")
    if target.status in _NEVER_LEFT:
        raise _not_sent(f"The message is {target.status}: nobody has it.", target)
    if target.status is MessageStatus.QUEUED and target.not_before is not None and target.not_before > now:
        raise _not_sent("The message is scheduled for later; it can be canceled.", target)
    states = await uow.states.look_up(session_id, [content.target])
    state = states.get(content.target)
    if state is not None and state.revoked is not None and not isinstance(content, Revoke):
        raise GoneError("MESSAGE_REVOKED", "The message was deleted for everyone.")
    _check(target, content, now)


def _check(target: Message, content: Operation, now: datetime) -> None:
    match content:
        case Edit():
            _check_edit(target, now)
        case Revoke():
            _check_revoke(target, now)
        case PollVote():
            if not isinstance(target.content, Poll):
                raise UnprocessableError("NOT_A_POLL", "The message isn't a poll.")
            target.content.check_choice(content.options)
        case Reaction() | Pin():
            pass
        case _:
            assert_never(content)


def _check_edit(target: Message, now: datetime) -> None:
    if target.direction is not Direction.OUTBOUND:
        raise UnprocessableError("NOT_AN_OWN_MESSAGE", "Only messages of the account's own can be edited.")
    if not isinstance(target.content, Text | Image | Video | Document):
        raise UnprocessableError("NOT_EDITABLE", "Only a text or a caption can be edited.")
    if _is_older(target, EDIT_WITHIN, now):
        minutes = int(EDIT_WITHIN.total_seconds() // 60)
        raise UnprocessableError("EDIT_TOO_LATE", f"A message can be edited for {minutes} minutes.")


def _check_revoke(target: Message, now: datetime) -> None:
    # In a group its admins may delete anybody's: whether the account is one, WhatsApp knows.
    if target.direction is not Direction.OUTBOUND and target.chat.server is not Server.GROUP:
        raise UnprocessableError(
            "NOT_AN_OWN_MESSAGE", "Only messages of the account's own can be deleted for everyone."
        )
    if _is_older(target, REVOKE_WITHIN, now):
        hours = int(REVOKE_WITHIN.total_seconds() // 3600)
        raise UnprocessableError("REVOKE_TOO_LATE", f"A message can be deleted for everyone for {hours} hours.")


def _is_older(target: Message, span: timedelta, now: datetime) -> bool:
    """Whether it was sent longer ago than that; one that is on its way wasn't sent yet."""
    if target.status in {MessageStatus.QUEUED, MessageStatus.SENDING}:
        return False
    return now - (target.sent_at or target.created_at) > span


def _invalid(message: str) -> InvalidArgumentError:
    return InvalidArgumentError("INVALID_TARGET", message, field="message_id")


def _not_sent(message: str, target: Message) -> ConflictError:
    return ConflictError("TARGET_NOT_SENT", message, metadata={"status": target.status})
