"""The nodes' disks: each has profiles of its own, and a session's page runs on that of the node it is opened on.

The WhatsApp in memory knows one profile of a session. It is made to be that of the node at hand: what it holds is put
on the disk of the node that had it before, and what the other disk has takes its place. WhatsApp's own side of it, the
device and what waits for it, is one for all.
"""

from dataclasses import dataclass, field

from adapters.memory.accounts import Profile
from adapters.memory.driver import MemoryWhatsApp
from application.ports.page_events import SeenMessage
from application.ports.whatsapp_driver import OutgoingOperation
from domain.ids import SessionId, WhatsAppMessageId
from domain.message_state import MessageState


@dataclass(slots=True, kw_only=True)
class StoredProfile:
    """A profile as it lies on a disk. Without a link it is none."""

    link: int | None = None
    epoch: int = 0
    unread: bool = False
    messages: dict[WhatsAppMessageId, SeenMessage] = field(default_factory=dict)
    pending: dict[WhatsAppMessageId, SeenMessage] = field(default_factory=dict)
    states: dict[WhatsAppMessageId, MessageState] = field(default_factory=dict)
    operations: list[OutgoingOperation] = field(default_factory=list)


class Disks:
    """All nodes' disks."""

    def __init__(self, whatsapp: MemoryWhatsApp) -> None:
        self._whatsapp = whatsapp
        self._stored: dict[tuple[int, SessionId], StoredProfile] = {}
        self._mounted: dict[SessionId, int] = {}

    def mount(self, node: int, session_id: SessionId) -> bool:
        """Makes a session's profile that of a node. False: its page is open at another one."""
        profile = self._whatsapp.profile(session_id)
        before = self._mounted.setdefault(session_id, node)
        if before == node:
            return True
        if profile.page is not None:
            return False
        self._stored[before, session_id] = _stored(profile)
        _put(profile, self._stored.pop((node, session_id), StoredProfile()))
        self._mounted[session_id] = node
        return True

    def stored(self, node: int, session_id: SessionId) -> StoredProfile:
        """What a node's disk has of a session, whether or not a page is open on it."""
        if self._mounted.get(session_id, node) == node:
            return _stored(self._whatsapp.profile(session_id))
        return self._stored.get((node, session_id), StoredProfile())

    def is_open(self, node: int, session_id: SessionId) -> bool:
        """Whether a page is open on a node's own profile."""
        return self._mounted.get(session_id) == node and self._whatsapp.profile(session_id).page is not None

    def note_read(self, node: int, session_id: SessionId, epoch: int) -> None:
        """Says that what a node's profile holds is on record."""
        here = self._mounted.get(session_id) == node
        held = self._whatsapp.profile(session_id) if here else self._stored.get((node, session_id))
        if held is not None and held.epoch == epoch:
            held.unread = False


def _stored(profile: Profile) -> StoredProfile:
    return StoredProfile(
        link=profile.link if profile.has_login else None,
        epoch=profile.epoch,
        unread=profile.unread,
        messages=dict(profile.messages),
        pending=dict(profile.pending),
        states=dict(profile.states),
        operations=list(profile.operations),
    )


def _put(profile: Profile, stored: StoredProfile) -> None:
    profile.lost = stored.link != profile.link
    profile.epoch, profile.unread = stored.epoch, stored.unread
    profile.messages, profile.pending = stored.messages, stored.pending
    profile.states, profile.operations = stored.states, stored.operations
