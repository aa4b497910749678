"""Which faults strike when: drawn from the seed before anything runs."""

# ruff: noqa: S311 - chance here is to be repeatable, nothing more

import random
from dataclasses import dataclass
from typing import Final

_PAUSES: Final = (1.5, 5.5)
"""Seconds between two faults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of fault.

    Attributes:
        cards: how often it is in the deck.
        lasts: for how many seconds it lasts, from and to; None where it is over at once.
        gateways: how many gateways there must be for it.
    """

    name: str
    cards: int = 1
    lasts: tuple[float, float] | None = None
    gateways: int = 1


KINDS: Final = (
    Kind(name="gateway_kill", cards=3),
    Kind(name="gateway_restart"),
    Kind(name="gateway_pause", lasts=(2.0, 12.0)),
    # Past its leases, which a peer has taken when it goes on.
    Kind(name="gateway_sleep", lasts=(24.0, 30.0), gateways=2),
    Kind(name="gateway_alone", lasts=(24.0, 30.0), gateways=2),
    Kind(name="browser_kill", cards=2),
    Kind(name="renderer_kill"),
    Kind(name="browser_freeze", cards=2, lasts=(3.0, 20.0)),
    Kind(name="driver_kill"),
    Kind(name="postgres_kill", cards=2),
    Kind(name="postgres_cut"),
    Kind(name="postgres_delay", lasts=(3.0, 8.0)),
    Kind(name="postgres_stall", lasts=(1.0, 10.0)),
    Kind(name="postgres_half_open", lasts=(3.0, 15.0)),
    Kind(name="postgres_refuse", lasts=(1.0, 8.0)),
    Kind(name="redis_kill"),
    Kind(name="redis_cut"),
    Kind(name="redis_delay", lasts=(3.0, 8.0)),
    Kind(name="redis_half_open", lasts=(3.0, 15.0)),
    Kind(name="socket_drop", lasts=(0.5, 6.0)),
    Kind(name="acks_lost", lasts=(2.0, 8.0)),
    Kind(name="slow_sync", lasts=(4.0, 10.0)),
    Kind(name="whatsapp_restart"),
    Kind(name="takeover", lasts=(1.0, 6.0)),
    Kind(name="receiver_down", lasts=(1.0, 8.0)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault to be.

    Attributes:
        at: seconds from the begin of the run.
        seconds: how long it lasts; 0 where it is over at once.
        place: picks the gateway, session or process that it hits, by modulo.
    """

    at: float
    kind: str
    seconds: float
    place: int


def plan(seed: int, seconds: float, *, gateways: int = 1) -> list[Strike]:
    """The faults of a run, in order.

    They are dealt from a shuffled deck, so that a run that is long enough has every kind. None begins in the last fifth
    of a run, nor within the first two seconds: there has to be traffic before and after.
    """
    dice = random.Random(seed)
    kinds = [kind for kind in KINDS if kind.gateways <= gateways]
    deck: list[Kind] = []
    strikes: list[Strike] = []
    at = 2.0 + dice.uniform(0, 2)
    while at < seconds * 0.8:
        if not deck:
            deck = [kind for kind in kinds for _ in range(kind.cards)]
            dice.shuffle(deck)
        kind = deck.pop()
        lasts = 0.0 if kind.lasts is None else round(dice.uniform(*kind.lasts), 1)
        strikes.append(Strike(at=round(at, 2), kind=kind.name, seconds=lasts, place=dice.randrange(1 << 16)))
        at += dice.uniform(*_PAUSES)
    return strikes
