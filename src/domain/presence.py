"""Who is there, and what they are at."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.jid import Jid


class Activity(StrEnum):
    """What somebody does in a chat. A page ends typing and recording by itself after 25 seconds."""

    COMPOSING = "COMPOSING"
    RECORDING = "RECORDING"
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What a page was told of a person, or of a group's member.

    Attributes:
        chat: where it was told; a person's own address where it isn't a group.
        alternate: the other form of a person's address, where known.
        participant: in a group, who it is about.
        online: whether WhatsApp is open there; None where that isn't told.
        activity: what they are at in this chat.
        last_seen: when they were last there; None where they are, don't show it, or it isn't known.
    """

    chat: Jid
    alternate: Jid | None = None
    participant: Jid | None = None
    online: bool | None = None
    activity: Activity = Activity.PAUSED
    last_seen: datetime | None = None
