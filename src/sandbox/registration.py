"""A device that waits for a phone, and what the two exchange."""

import asyncio
import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import orjson

from sandbox.addresses import device_jid
from sandbox.connection import Connection
from sandbox.frames import Json
from sandbox.login import encode_key
from sandbox.store.accounts import Account
from sandbox.store.devices import Device, NewDevice

_REMEMBERED: Final = 10_000


@dataclass(slots=True, kw_only=True, eq=False)
class Registration:
    """A connected device without a link.

    Attributes:
        refs: References of the running batch and the instants (milliseconds) they end at.
        batch_end: The timer that ends the batch.
        code: The pairing code the page shows, if it shows one.
        pairing: Set while a phone pairs with it; resolved with the linked device.
    """

    connection: Connection
    new: NewDevice
    refs: dict[str, int] = field(default_factory=dict)
    batch_end: asyncio.TimerHandle | None = None
    code: "PairingCode | None" = None
    pairing: "Pairing | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCode:
    """An eight-character code shown by a page, for one account."""

    phone: str
    code: str
    adv_secret: bytes
    expires_ms: int


@dataclass(slots=True, kw_only=True)
class Pairing:
    """A link that waits for the page to say that it holds it."""

    phone: str
    number: int
    done: asyncio.Future[Device]


class Ended:
    """A bounded memory of what was valid once, so that it is answered with "expired" and not "unknown"."""

    def __init__(self) -> None:
        self._order: deque[str] = deque()
        self._keys: set[str] = set()

    def add(self, key: str) -> None:
        """Remember that `key` was valid."""
        if key not in self._keys:
            self._keys.add(key)
            self._order.append(key)
            if len(self._order) > _REMEMBERED:
                self._keys.discard(self._order.popleft())

    def __contains__(self, key: str) -> bool:
        return key in self._keys


def pair_success(registration: Registration, account: Account, number: int, adv_secret: bytes) -> Json:
    """The frame that offers a link; only who knows the secret of the QR code or pairing code can have made its HMAC."""
    jid = device_jid(account.phone, number)
    identity = orjson.dumps(
        {"jid": jid, "lid": account.lid, "device": number, "noise_pub": encode_key(registration.new.noise_pub)}
    )
    return {
        "t": "pair_success",
        "jid": jid,
        "lid": account.lid,
        "device": number,
        "name": account.name,
        "platform": registration.new.platform,
        "identity": encode_key(identity),
        "hmac": encode_key(hmac.digest(adv_secret, identity, hashlib.sha256)),
    }
