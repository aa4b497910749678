"""Sessions: one linked account each, what is wanted of it and what is observed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import ConflictError, InvalidArgumentError
from domain.ids import SessionId
from domain.jid import Jid
from domain.pacing import Pacing
from domain.proxy import Proxy

MAX_NAME_CHARACTERS: Final = 100
MAX_METADATA_ENTRIES: Final = 50
MAX_METADATA_KEY: Final = 64
MAX_METADATA_VALUE: Final = 512


class Wanted(StrEnum):
    """What the user wants of a session; stored apart from what is observed."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class SessionStatus(StrEnum):
    """What is observed of a session."""

    STOPPED = "STOPPED"
    """No browser runs; the link, if there is one, is kept."""
    STARTING = "STARTING"
    """The browser opens, the page loads or signs in."""
    SCAN_QR_CODE = "SCAN_QR_CODE"
    """Not linked: a QR can be scanned, or a pairing code asked for."""
    PASSKEY_REQUIRED = "PASSKEY_REQUIRED"
    """WhatsApp wants a passkey, which a browser session can't give."""
    WORKING = "WORKING"
    """Linked, connected and synchronised."""
    DEGRADED = "DEGRADED"
    """The page answers but WhatsApp doesn't, or a part of the page is broken."""
    FAILED = "FAILED"
    """Given up; the reason says what to do."""
    LOGGED_OUT = "LOGGED_OUT"
    """The link has ended: by logout, from the phone, or by WhatsApp."""


AT_REST: Final = frozenset({SessionStatus.STOPPED, SessionStatus.LOGGED_OUT})
"""In these a session that isn't wanted to run needs nobody to look after it."""


class StatusReason(StrEnum):
    """Why a session has its status. Public and stable."""

    CREATED = "CREATED"
    REQUESTED = "REQUESTED"
    """Somebody asked for it through the API."""
    GATEWAY_STARTED = "GATEWAY_STARTED"
    GATEWAY_STOPPED = "GATEWAY_STOPPED"
    WAITING_TO_START = "WAITING_TO_START"
    """Other sessions are starting; its turn comes."""
    PAGE_LOADING = "PAGE_LOADING"
    SYNCING = "SYNCING"
    QR_READY = "QR_READY"
    QR_BATCH_ENDED = "QR_BATCH_ENDED"
    """The page shows no QR until a new batch is asked for."""
    LINKED = "LINKED"
    CONNECTED = "CONNECTED"
    CONNECTION_LOST = "CONNECTION_LOST"
    """The page can't reach WhatsApp and tries again by itself."""
    CONFLICT = "CONFLICT"
    """The same login runs in another browser. It isn't fought: take over, or restart, to use it here."""
    LOGGED_OUT_BY_API = "LOGGED_OUT_BY_API"
    UNLINKED_BY_PHONE = "UNLINKED_BY_PHONE"
    LINK_LOST = "LINK_LOST"
    """The page came up without the login it had: unlinked while the session was stopped, or its profile is gone."""
    PASSKEY_DEMANDED = "PASSKEY_DEMANDED"
    """WhatsApp asked for a passkey at the attempt to link."""
    BANNED = "BANNED"
    """WhatsApp Web says that the account is locked."""
    BROWSER_MISSING = "BROWSER_MISSING"
    DISK_FULL = "DISK_FULL"
    """The disk of the session's profile has too little room for a browser to keep the login on."""
    PROFILE_IN_USE = "PROFILE_IN_USE"
    """Another process has the session's profile open."""
    BROWSER_CRASHED = "BROWSER_CRASHED"
    PAGE_UNREACHABLE = "PAGE_UNREACHABLE"
    PAGE_UNRESPONSIVE = "PAGE_UNRESPONSIVE"
    PAGE_STUCK = "PAGE_STUCK"
    """The page answers and doesn't get on: it shows no QR and doesn't sign in, or its synchronisation doesn't end."""
    BROWSER_RECYCLED = "BROWSER_RECYCLED"
    """The browser had grown too large, and is opened again."""
    BRIDGE_FAILED = "BRIDGE_FAILED"
    """The page loaded and the bridge didn't come up in it."""
    BRIDGE_ROLLED_BACK = "BRIDGE_ROLLED_BACK"
    """The bridge that was asked for does less in this page than the last good one, which is opened instead."""
    WAITING_FOR_SNAPSHOTS = "WAITING_FOR_SNAPSHOTS"
    """Another gateway may have run the session since, and the store of snapshots doesn't answer."""
    LOGIN_MISSING = "LOGIN_MISSING"
    """Linked, and neither a profile nor a snapshot is to be had here."""
    SNAPSHOT_UNREADABLE = "SNAPSHOT_UNREADABLE"
    """Linked, without a profile here, and none of the snapshots can be read."""
    PROXY_UNREACHABLE = "PROXY_UNREACHABLE"
    """The session's proxy doesn't answer, or doesn't get to WhatsApp. Nothing goes past it."""
    PROXY_REFUSED = "PROXY_REFUSED"
    """The session's proxy answers, and lets the session not through: a wrong password, or a rule of its own."""
    PROFILE_UNWRITABLE = "PROFILE_UNWRITABLE"
    """The profile can't be written: a full disk, or a mode."""
    INTERNAL_FAULT = "INTERNAL_FAULT"


_NEXT: Final[Mapping[SessionStatus, frozenset[SessionStatus]]] = {
    SessionStatus.STOPPED: frozenset({SessionStatus.STARTING, SessionStatus.FAILED, SessionStatus.LOGGED_OUT}),
    SessionStatus.STARTING: frozenset(set(SessionStatus) - {SessionStatus.STARTING}),
    SessionStatus.SCAN_QR_CODE: frozenset(set(SessionStatus) - {SessionStatus.SCAN_QR_CODE}),
    SessionStatus.PASSKEY_REQUIRED: frozenset(set(SessionStatus) - {SessionStatus.PASSKEY_REQUIRED}),
    SessionStatus.WORKING: frozenset(set(SessionStatus) - {SessionStatus.WORKING}),
    SessionStatus.DEGRADED: frozenset(set(SessionStatus) - {SessionStatus.DEGRADED}),
    SessionStatus.FAILED: frozenset({SessionStatus.STARTING, SessionStatus.STOPPED, SessionStatus.LOGGED_OUT}),
    SessionStatus.LOGGED_OUT: frozenset({SessionStatus.STARTING, SessionStatus.STOPPED, SessionStatus.FAILED}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The account a session is linked to."""

    jid: Jid
    lid: Jid | None = None
    name: str | None = None

    @property
    def addresses(self) -> frozenset[Jid]:
        """Those that name the account."""
        return frozenset({self.jid} if self.lid is None else {self.jid, self.lid})

    @property
    def phone(self) -> str | None:
        """The account's phone number, digits only."""
        return self.jid.phone


@dataclass(frozen=True, slots=True, kw_only=True)
class QrCode:
    """A QR to scan. ``text`` is a credential while it lasts: it never reaches a log or an event."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingCode:
    """A code to type on the phone, eight characters. A credential like the QR."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Whether a session's page can do something, and why not.

    Attributes:
        name: UPPER_SNAKE, like ``SEND_TEXT``.
        detail: the page function that is missing, where it is.
    """

    name: str
    available: bool
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """One entry of a session's history."""

    status: SessionStatus
    reason: StatusReason
    at: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """An account's session. ``me`` is kept while the link lasts.

    Attributes:
        pacing: its own; None: as the gateway's settings say.
        stop_words: who sends one of these opts out.
        proxy: what its browser reaches WhatsApp by; None: directly.
    """

    id: SessionId
    name: str
    wanted: Wanted
    status: SessionStatus
    status_reason: StatusReason
    status_detail: str | None
    status_at: datetime
    created_at: datetime
    updated_at: datetime
    me: Me | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    pacing: Pacing | None = None
    stop_words: tuple[str, ...] = ()
    proxy: Proxy | None = None

    @classmethod
    def create(cls, *, id: SessionId, name: str, start: bool, metadata: Mapping[str, str], now: datetime) -> "Session":  # noqa: A002 - the field's own name
        """A session that has never run.

        Raises:
            InvalidArgumentError: ``INVALID_NAME`` or ``INVALID_METADATA``.
        """
        return cls(
            id=id,
            name=check_name(name),
            wanted=Wanted.RUNNING if start else Wanted.STOPPED,
            status=SessionStatus.STOPPED,
            status_reason=StatusReason.CREATED,
            status_detail=None,
            status_at=now,
            created_at=now,
            updated_at=now,
            metadata=check_metadata(metadata),
        )

    def observe(
        self, status: SessionStatus, reason: StatusReason, now: datetime, *, detail: str | None = None
    ) -> "Session":
        """The session with a newly observed status; the same object when nothing changed.

        Raises:
            ConflictError: ``INVALID_TRANSITION`` when the state machine doesn't allow the step.
        """
        if (status, reason, detail) == (self.status, self.status_reason, self.status_detail):
            return self
        if status is not self.status and status not in _NEXT[self.status]:
            raise ConflictError(
                "INVALID_TRANSITION",
                f"A session can't go from {self.status} to {status}.",
                metadata={"from": self.status, "to": status},
            )
        return replace(self, status=status, status_reason=reason, status_detail=detail, status_at=now, updated_at=now)

    def want(self, wanted: Wanted, now: datetime) -> "Session":
        """The session with another wanted state."""
        return self if wanted is self.wanted else replace(self, wanted=wanted, updated_at=now)

    def link(self, me: Me, now: datetime) -> "Session":
        """The session linked to an account."""
        return self if me == self.me else replace(self, me=me, updated_at=now)

    def unlink(self, now: datetime) -> "Session":
        """The session without a link."""
        return self if self.me is None else replace(self, me=None, updated_at=now)

    def last_change(self) -> StatusChange:
        """The present status as a history entry."""
        return StatusChange(status=self.status, reason=self.status_reason, at=self.status_at, detail=self.status_detail)


def check_name(name: str) -> str:
    """Checks a session's display name.

    Raises:
        InvalidArgumentError: ``INVALID_NAME``.
    """
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise InvalidArgumentError(
            "INVALID_NAME", f"A name has 1 to {MAX_NAME_CHARACTERS} printable characters.", field="name"
        )
    return name


def check_metadata(metadata: Mapping[str, str]) -> Mapping[str, str]:
    """Checks a session's metadata: the caller's own strings.

    Raises:
        InvalidArgumentError: ``INVALID_METADATA``.
    """
    fits = len(metadata) <= MAX_METADATA_ENTRIES and all(
        0 < len(key) <= MAX_METADATA_KEY and len(value) <= MAX_METADATA_VALUE and "\x00" not in key + value
        for key, value in metadata.items()
    )
    if not fits:
        raise InvalidArgumentError(
            "INVALID_METADATA",
            f"At most {MAX_METADATA_ENTRIES} entries, keys of 1 to {MAX_METADATA_KEY} characters, values of at most "
            f"{MAX_METADATA_VALUE}, without NUL.",
            field="metadata",
        )
    return dict(metadata)
