"""What a seed makes of a run: how much of what happens, and how bad."""

import random
from dataclasses import dataclass, field

from domain.pacing import Pace


@dataclass(slots=True, kw_only=True)
class Plan:
    """Drawn once per seed. Each seed has other faults and rates, so that one doesn't hide what another would show.

    Attributes:
        operations: how many things clients, and people, do to messages, each.
        commands: how many things clients ask for that are no messages, each.
        span: seconds of virtual time in which things go wrong.
        slow: the share of port calls that take time.
        slowest: the longest that one takes, in seconds.
        refuse: the share of calls that fail without effect.
        unknown: the share of calls that have their effect and fail all the same.
        die: the share of calls in which the process dies.
        nodes: gateways on one database.
        deaths: how many deaths there may be at most.
        page_trouble: the share of sends, and of webhooks, that the other side itself has trouble with.
        impatience: the share of calls whose callers may hang up before the answer.
        mishaps: what befalls the gateway, of ``MISHAPS``.
        pace: that of its sessions.
    """

    span: float
    nodes: int
    sessions: int
    chats: int
    webhooks: int
    sends: int
    operations: int
    commands: int
    inbound: int
    clients: int
    slow: float
    slowest: float
    refuse: float
    unknown: float
    die: float
    deaths: int
    page_trouble: float
    impatience: float
    mishaps: tuple[str, ...]
    features: frozenset[str] = field(default_factory=frozenset)
    pace: Pace = field(default_factory=Pace)


MISHAPS = (
    "kill",
    "stop",
    "freeze",
    "page",
    "wedge",
    "drop",
    "conflict",
    "mute",
    "database",
    "clock",
    "phone",
    "operator",
    "bus",
    "receivers",
    "files",
)
"""What the world does to the gateway; actors/mishaps.py has one function for each."""


def draw_plan(chance: random.Random) -> Plan:
    kinds = [kind for kind in MISHAPS if chance.random() < 0.4]
    nodes = chance.choice((1, 1, 2))
    mishaps = tuple(chance.choice(kinds) for _ in range(chance.randint(0, 7))) if kinds else ()
    if nodes > 1 and chance.random() < 0.5:
        mishaps += ("freeze",)  # what a second gateway is most likely to get wrong
    return Plan(
        span=chance.choice((2.0, 6.0, 6.0, 15.0)),
        nodes=nodes,
        sessions=chance.choice((1, 2, 2)),
        chats=chance.choice((1, 2, 4)),
        webhooks=chance.choice((0, 0, 1, 2)),
        sends=chance.randint(4, 12),
        inbound=chance.randint(2, 8),
        clients=chance.choice((1, 2, 3)),
        slow=chance.choice((0.0, 0.1, 0.5)),
        slowest=chance.choice((0.01, 0.1, 2.0)),
        refuse=chance.choice((0.0, 0.0, 0.01, 0.05)),
        unknown=chance.choice((0.0, 0.0, 0.01, 0.05)),
        die=chance.choice((0.0, 0.0, 0.003, 0.01)),
        deaths=chance.randint(1, 4),
        page_trouble=chance.choice((0.0, 0.05, 0.2)),
        impatience=chance.choice((0.0, 0.0, 0.05, 0.2)),
        mishaps=mishaps,
        features=frozenset(name for name in ("bus-lost", "reads") if chance.random() < 0.4),
        operations=chance.choice((0, 3, 6, 9)),
        commands=chance.choice((0, 0, 3, 6)),
        pace=chance.choice((Pace(), Pace(), Pace(messages_per_minute=120, burst=1))),
    )
