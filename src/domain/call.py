"""Calls that come to an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.jid import Jid


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An incoming call.

    Attributes:
        id: WhatsApp's own, the same for all devices of the account.
        caller: who calls; ``alternate`` is the other form of the address, where known.
    """

    id: str
    caller: Jid
    offered_at: datetime
    alternate: Jid | None = None
    video: bool = False
    group: bool = False


class CallOutcome(StrEnum):
    """How a call stopped ringing. Rejected on the phone and given up by the caller look alike to a linked device."""

    ACCEPTED_ELSEWHERE = "ACCEPTED_ELSEWHERE"
    REJECTED = "REJECTED"
    """By a request to this gateway."""
    MISSED = "MISSED"
