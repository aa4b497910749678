"""What the bridge tells, turned into the port's events."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from adapters.playwright import people_decoder
from adapters.playwright.decoder import Decoder, account
from adapters.playwright.fields import MalformedError
from application.ports.page_events import (
    BridgeReady,
    ChangesSeen,
    ConflictDetected,
    Connected,
    ConnectionLost,
    LoggedOut,
    MessagesSeen,
    PageEvent,
    PasskeyDemanded,
    QrBatchEnded,
    QrShown,
    ReceiptsSeen,
    SeenMessage,
    Syncing,
)
from application.ports.whatsapp_driver import PageHealth, Probe
from domain.changes import AnyChange
from domain.errors import InvalidArgumentError
from domain.session import Capability, QrCode

_LOG: Final = structlog.get_logger(__name__)
_MAX_QR_TTL_MS: Final = 600_000
_MAX_VERSION: Final = 40

_ACCOUNT_LOCKED: Final = "account_locked"
"""WhatsApp Web's own name of the reason, as wa-js declares it (``LogoutReason``)."""


class NewsReader:
    """Reads one session's news, and remembers what the next depends on.

    Attributes:
        capabilities: the last self-test's findings.
        wajs_version: what wa-js in the page calls itself, where it has said so.
        linked: whether an account is linked, as far as is known.
        fresh_link: the account was linked in this very browser, so its login may not be on disk yet: until
            ``settled`` is called, being connected is told as ``Syncing``.
        connected: whether the page was connected when it last said so.
    """

    def __init__(self, session_id: str, *, linked: bool) -> None:
        self._log = _LOG.bind(session_id=session_id)
        self._decoder = Decoder(session_id)
        self.capabilities: tuple[Capability, ...] = ()
        self.wajs_version: str | None = None
        self.linked = linked
        self.fresh_link = False
        self.connected = False
        self._held_login = False
        self._last: tuple[PageEvent, ...] = ()

    def settled(self) -> None:
        """The login is on disk."""
        self.fresh_link = False
        self.connected = False

    def read(self, item: Mapping[str, Any]) -> tuple[PageEvent, ...]:
        """The events that one element tells; none where it is malformed."""
        if item.get("t") == "login":
            # Before the page's scripts, which remove a login that WhatsApp refuses, maybe before the bridge is up.
            self._held_login |= item.get("held") is True
            return ()
        if item.get("t") == "document":
            self.connected, self._last = False, ()
            return ()
        try:
            events = tuple(self._read(item))
        except (MalformedError, InvalidArgumentError) as error:
            self._decoder.dropped(str(item.get("t"))[:20], error)
            return ()
        # A page that signs in passes through several states of its own, all of them "syncing" to us.
        repeated = events == (Syncing(),) == self._last
        self._last = events
        return () if repeated else events

    def probe(self, found: object) -> Probe:
        """What a probe found.

        Raises:
            MalformedError, InvalidArgumentError: it can't be read.
        """
        if not isinstance(found, Mapping):
            raise MalformedError("probe")
        try:
            health = PageHealth(str(found.get("health")))
        except ValueError as error:
            raise MalformedError("probe") from error
        state = str(found.get("socket"))[:40]
        if health is not PageHealth.SOUND:
            return Probe(health=health, state=state)
        if self.fresh_link:
            return Probe(health=PageHealth.SYNCING, state=state)
        return Probe(health=health, state=state, me=account(found.get("me")))

    def messages(self, items: object) -> tuple[SeenMessage, ...]:
        """The readable ones of a list of messages that was asked for."""
        return self._decoder.messages(items)

    def changes(self, items: object) -> tuple[AnyChange, ...]:
        """The readable ones of a list of changes that was asked for."""
        return self._decoder.changes(items)

    def _read(self, item: Mapping[str, Any]) -> Iterable[PageEvent]:
        match item.get("t"):
            case "messages" | "receipts" | "changes" | "people":
                yield from self._of_messages(item)
            case "phase":
                yield from self._phase(item)
            case "qr":
                yield self._qr(item)
            case "ready":
                self.capabilities = self._decoder.capabilities(item.get("capabilities"))
                version = item.get("wajs")
                self.wajs_version = version[:_MAX_VERSION] if isinstance(version, str) and version else None
                yield BridgeReady(
                    capabilities=self.capabilities,
                    page_version=str(item.get("page")),
                    bridge_version=f"wa-js {item.get('wajs')}",
                )
            case "logout":
                yield from self._unlinked(told=True, locked=item.get("reason") == _ACCOUNT_LOCKED)
            case "fault":
                self._log.warning("bridge_fault", where=str(item.get("where")), detail=str(item.get("detail")))
            case _:
                raise MalformedError("unknown element")

    def _of_messages(self, item: Mapping[str, Any]) -> Iterable[PageEvent]:
        items = item.get("items")
        match item.get("t"):
            case "messages":
                if messages := self._decoder.messages(items):
                    yield MessagesSeen(messages=messages)
            case "receipts":
                if receipts := self._decoder.receipts(items):
                    yield ReceiptsSeen(receipts=receipts)
            case "people":
                yield from people_decoder.news(items)
            case _:
                if changes := self._decoder.changes(items):
                    yield ChangesSeen(changes=changes)

    def _qr(self, item: Mapping[str, Any]) -> QrShown:
        text, ttl = item.get("text"), item.get("ttlMs")
        if not isinstance(text, str) or not text or not isinstance(ttl, int | float) or ttl <= 0:
            raise MalformedError("qr")
        life = timedelta(milliseconds=min(ttl, _MAX_QR_TTL_MS))
        return QrShown(qr=QrCode(text=text, expires_at=datetime.now(UTC) + life))

    def _phase(self, item: Mapping[str, Any]) -> Iterable[PageEvent]:
        phase = item.get("phase")
        self.connected = phase == "connected"
        match phase:
            case "starting":
                return
            case "unlinked":
                yield from self._unlinked()
            case "idle":
                yield from self._unlinked()
                yield QrBatchEnded()
            case "passkey":
                yield PasskeyDemanded()
            case "syncing":
                self.linked = True
                yield Syncing()
            case "connected":
                me = account(item.get("me"))
                self.linked = True
                yield Syncing() if self.fresh_link else Connected(me=me)
            case "lost":
                yield ConnectionLost(state=str(item.get("socket")))
            case "conflict":
                yield ConflictDetected()
            case _:
                raise MalformedError("unknown phase")

    def _unlinked(self, *, told: bool = False, locked: bool = False) -> Iterable[PageEvent]:
        """No account is linked; that is news where one was. The page may tell so twice, or only after a restart."""
        self.fresh_link = True
        if self.linked:
            self.linked = False
            yield LoggedOut(locked=locked, told=told or self._held_login)
