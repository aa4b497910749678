"""Messages."""

from typing import Final

from application.ports.message_states import ParticipantReceipt
from domain.errors import InvalidArgumentError
from domain.message import Direction, Message, MessageStatus
from entrypoints.grpc.converters.contents import set_content
from entrypoints.grpc.converters.message_changes import set_state
from entrypoints.grpc.converters.times import optional_time_to_proto, time_to_proto
from entrypoints.grpc.gen.pombo.v1 import message_pb2 as pb

# A member without a value of its own in the proto fails the import: none can be forgotten.
DIRECTIONS: Final = {direction: pb.Direction.Value(f"DIRECTION_{direction.name}") for direction in Direction}
STATUSES: Final = {status: pb.MessageStatus.Value(f"MESSAGE_STATUS_{status.name}") for status in MessageStatus}
_DIRECTION_OF: Final = {value: direction for direction, value in DIRECTIONS.items()}
_STATUS_OF: Final = {value: status for status, value in STATUSES.items()}


def message_to_proto(message: Message) -> pb.Message:
    """A message."""
    failure = message.failure
    converted = pb.Message(
        id=message.id,
        session_id=message.session_id,
        chat_id=str(message.chat),
        whatsapp_id=message.whatsapp_id,
        direction=DIRECTIONS[message.direction],
        sender=str(message.sender),
        recipient=str(message.recipient),
        alternate_id=None if message.alternate is None else str(message.alternate),
        push_name=message.push_name,
        context=None if message.reply_to is None else pb.MessageContext(message_id=message.reply_to),
        status=STATUSES[message.status],
        error=None if failure is None else pb.MessageError(reason=failure.reason, message=failure.message),
        from_api=message.from_api,
        backfilled=message.backfilled,
        create_time=time_to_proto(message.created_at),
        sent_time=optional_time_to_proto(message.sent_at),
        delivered_time=optional_time_to_proto(message.delivered_at),
        read_time=optional_time_to_proto(message.read_at),
        played_time=optional_time_to_proto(message.played_at),
        not_before_time=optional_time_to_proto(message.not_before),
        forwarded=message.forwarded,
        deadline_time=optional_time_to_proto(message.expires_at),
        expected_time=optional_time_to_proto(message.expected_at),
    )
    set_content(converted, message.shown_content)
    set_state(converted, message)
    return converted


def receipt_to_proto(receipt: ParticipantReceipt) -> pb.ParticipantReceipt:
    """How far a message has come with one person."""
    return pb.ParticipantReceipt(
        participant=str(receipt.participant),
        status=pb.MESSAGE_STATUS_UNSPECIFIED if receipt.status is None else STATUSES[receipt.status],
        delivered_time=optional_time_to_proto(receipt.delivered_at),
        read_time=optional_time_to_proto(receipt.read_at),
        played_time=optional_time_to_proto(receipt.played_at),
    )


def direction_from_proto(value: int) -> Direction | None:
    """A filter's direction; None for both.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``.
    """
    if value == pb.DIRECTION_UNSPECIFIED:
        return None
    for known, direction in _DIRECTION_OF.items():
        if known == value:
            return direction
    raise InvalidArgumentError("INVALID_REQUEST", "There is no such direction.", field="direction")


def status_from_proto(value: int) -> MessageStatus | None:
    """A filter's status; None for any.

    Raises:
        InvalidArgumentError: ``INVALID_REQUEST``.
    """
    if value == pb.MESSAGE_STATUS_UNSPECIFIED:
        return None
    for known, status in _STATUS_OF.items():
        if known == value:
            return status
    raise InvalidArgumentError("INVALID_REQUEST", "There is no such status.", field="status")
