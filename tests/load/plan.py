"""What is asked of a run, and who takes part in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SESSIONS: Final = {"s1": "15550400001", "s2": "15550400002"}
"""Sessions and the numbers of their accounts."""

TRANSPORTS: Final = ("rest", "grpc")
WAYS: Final = ("sse", "websocket", "grpc")
"""In which an event stream is read."""

TO_A_SESSION: Final = 8
"""Each so many clients one writes to the other session, where its messages come in; the others each to a phone."""

RATE_SENDS: Final = "10/10s"
"""Of a key. Each client has its own: those that think between calls never come near it, the greedy ones do at once."""

POSTED: Final = ("message.received", "message.sent")
"""What the webhook wants."""

_MESSAGES: Final = ("message.received", "message.sent", "message.ack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is asked for.

    Attributes:
        seconds: how long clients call.
        clients: how many of each transport.
        streams: how many event streams, of all ways alike.
        pause: how long a client thinks between two calls on the average, in seconds.
        patience: how long all that is under way may take afterwards, in seconds.
    """

    seconds: float
    clients: int
    streams: int
    pause: float
    patience: float
    seed: int
    home: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPlan:
    """One client, which sends in one chat.

    Attributes:
        recipient: the number that it writes to.
        greedy: whether it sends and sends without a pause, what mustn't be accepted, instead of what the others do.
    """

    name: str
    session: str
    recipient: str
    greedy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlan:
    """One event stream, of all that happens or of a part.

    Attributes:
        session: of which session; empty: of all.
        types: of which types; empty: of all.
    """

    name: str
    way: str
    session: str
    types: tuple[str, ...]

    def wants(self, session: str | None, kind: str) -> bool:
        """Whether an event belongs in it."""
        return (not self.session or session == self.session) and (not self.types or kind in self.types)


def clients(transport: str, number: int) -> Sequence[ClientPlan]:
    """The clients of a transport, the last of which is greedy."""
    sessions = list(SESSIONS)
    made = []
    for place in range(number):
        session = sessions[place % len(sessions)]
        to_session = place % TO_A_SESSION < len(sessions)
        other = SESSIONS[sessions[(place + 1) % len(sessions)]]
        phone = f"1555041{TRANSPORTS.index(transport)}{place:03}"
        made.append(
            ClientPlan(
                name=f"{transport}-{place + 1}",
                session=session,
                recipient=other if to_session else phone,
                greedy=place == number - 1,
            )
        )
    return made


def streams(number: int) -> Sequence[StreamPlan]:
    """Streams in all ways; each fourth of a session alone, each fifth of messages alone."""
    sessions = list(SESSIONS)
    return [
        StreamPlan(
            name=f"{WAYS[place % len(WAYS)]}-{place // len(WAYS) + 1}",
            way=WAYS[place % len(WAYS)],
            session=sessions[place % len(sessions)] if place % 4 == 3 else "",
            types=_MESSAGES if place % 5 == 4 else (),
        )
        for place in range(number)
    ]
