"""Phone numbers and JIDs: parsed once, at the edge."""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from sandbox.errors import bad_request, not_implemented

_PHONE: Final = re.compile(r"\+?([1-9][0-9]{6,14})", re.ASCII)
_JID: Final = re.compile(r"([0-9]{1,20})(?::([0-9]{1,5}))?@(c\.us|s\.whatsapp\.net|lid)", re.ASCII)
_OTHER_SERVERS: Final = ("@g.us", "@broadcast", "@newsletter")


@dataclass(frozen=True, slots=True)
class Jid:
    """The address of a person, or of one of a person's devices.

    Attributes:
        user: Digits: the phone number, or the LID's number.
        lid: Whether `user` is a LID.
        device: Device number where the address names one; 0 is the phone.
    """

    user: str
    lid: bool = False
    device: int | None = None


def parse_phone(value: object) -> str:
    """The digits of an E.164 number, with or without a leading plus.

    Raises:
        SandboxError: 400 `INVALID_PHONE`, unless it has 7 to 15 digits and no leading zero.
    """
    match = _PHONE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise bad_request("a phone number is 7 to 15 digits in international form, e.g. 15550001", "INVALID_PHONE")
    return match[1]


def parse_jid(value: object) -> Jid:
    """The person or device that a JID names; the phone form, the LID form and either with a device.

    Raises:
        SandboxError: 400 `INVALID_JID`; 501 for groups, broadcast lists and newsletters.
    """
    if not isinstance(value, str):
        raise bad_request("a JID is a string such as 15550001@c.us", "INVALID_JID")
    match = _JID.fullmatch(value)
    if match is None:
        if value.endswith(_OTHER_SERVERS):
            raise not_implemented(f"a chat @{value.rpartition('@')[2]}")
        raise bad_request("a JID is a string such as 15550001@c.us", "INVALID_JID")
    return Jid(match[1], lid=match[3] == "lid", device=int(match[2]) if match[2] else None)


def user_jid(phone: str) -> str:
    """`15550001@c.us`."""
    return f"{phone}@c.us"


def device_jid(phone: str, device: int) -> str:
    """`15550001:3@c.us`."""
    return f"{phone}:{device}@c.us"


def derive_lid(phone: str, attempt: int = 0) -> str:
    """The LID an account gets when none is given: always the same for a number; `attempt` evades a taken one."""
    digest = hashlib.sha256(f"{phone}/{attempt}".encode()).digest()
    return f"{9_000_000_000_000 + int.from_bytes(digest[:8]) % 1_000_000_000_000}@lid"


def parse_lid(value: object) -> str:
    """A LID in full form from `9000000000001@lid` or its digits.

    Raises:
        SandboxError: 400 `INVALID_LID`.
    """
    match = re.fullmatch(r"([1-9][0-9]{5,19})(@lid)?", value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise bad_request("a LID is 6 to 20 digits, with or without @lid", "INVALID_LID")
    return f"{match[1]}@lid"
