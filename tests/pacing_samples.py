"""Events of paces and opt-outs."""

from datetime import UTC, datetime
from typing import Final

from domain.event import (
    Payload,
    SessionQuotaWarned,
    SessionRestricted,
    SessionResumed,
    SuppressionAdded,
    SuppressionRemoved,
)
from domain.ids import MessageId
from domain.jid import Jid
from domain.pacing import RestrictionReason
from domain.suppression import SuppressionSource

_AT: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ANA: Final = Jid.parse("15550100100@c.us")

PACING_PAYLOADS: Final[tuple[Payload, ...]] = (
    SessionRestricted(reason=RestrictionReason.NEW_CHAT_CAP, strikes=2, resumes_at=_AT),
    SessionResumed(reason=RestrictionReason.REACHOUT_TIMELOCK),
    SessionQuotaWarned(used=4, limit=5, next_at=None),
    SessionQuotaWarned(used=5, limit=5, next_at=_AT),
    SuppressionAdded(address=_ANA, source=SuppressionSource.MESSAGE, message_id=MessageId("msg_1")),
    SuppressionAdded(address=_ANA, source=SuppressionSource.API, message_id=None),
    SuppressionRemoved(address=_ANA),
)
"""Every kind, with and without what may be missing."""
