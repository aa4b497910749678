"""Whether a session is opened with the profile that is here, or with a snapshot."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from application.ports.clock import Clock
from application.ports.session_store import SessionStore, StoredVersion
from application.ports.whatsapp_driver import LocalLogin, WhatsAppDriver
from application.workers.left_behind import LeftBehind, Tell
from domain.errors import ConflictError, PomboError, UnavailableError
from domain.ids import SessionId
from domain.session import Me, Session
from domain.snapshot import SNAPSHOT_CORRUPT, SNAPSHOT_FOREIGN, Snapshot, snapshot_foreign

_ASK_AGAIN: Final = timedelta(seconds=2)
_PASSED_OVER: Final = frozenset({SNAPSHOT_CORRUPT, SNAPSHOT_FOREIGN, "SNAPSHOT_NOT_FOUND"})
"""What no repair brings back: an older snapshot is the best there is. A missing key can be put back."""

Waiting = Callable[[str], Awaitable[None]]
"""Is told why a session waits."""


class SnapshotRestore:
    """Restores the newest snapshot where this machine has no login of the session, or one that others have outrun.

    Others have, when a snapshot was stored under a later lease than the one that the profile was last opened under.
    """

    def __init__(
        self, store: SessionStore, driver: WhatsAppDriver, clock: Clock, tell: Tell, left_behind: LeftBehind
    ) -> None:
        self._store = store
        self._driver = driver
        self._clock = clock
        self._tell = tell
        self._left_behind = left_behind

    async def prepare(self, session: Session, epoch: int, *, on_waiting: Waiting) -> None:
        """Sees to it that the profile is the session's newest, before it is opened under a lease.

        Without the store's answer it goes on only where the profile here can't have been outrun; else it waits.

        Raises:
            ConflictError: ``LOGIN_MISSING``: linked, and neither a profile nor a snapshot is to be had;
                ``PROFILE_IN_USE``.
            UnprocessableError: ``SNAPSHOT_CORRUPT``, ``SNAPSHOT_FOREIGN``, ``SNAPSHOT_UNSUPPORTED``,
                ``SNAPSHOT_KEY_UNKNOWN``: there are snapshots, and none can be read.
            TooLargeError: ``SNAPSHOT_TOO_LARGE``.
            UnavailableError: ``PROFILE_UNWRITABLE``.
        """
        if session.me is None:
            await self._drop_foreign(session.id, epoch)
            return
        local = await self._driver.login(session.id)
        stored = await self._versions(session.id, local, epoch, on_waiting)
        newer = [each for each in stored if not local.linked or each.label is None or each.label.epoch > local.epoch]
        if not any(each.label is not None for each in newer) and local.linked:
            return
        if local.unread:
            await self._left_behind.read_before_loss(session.id, local.epoch)
        error = await self._restore_one_of(session.id, session.me, newer, epoch)
        if error is None:
            return
        if local.linked:
            self._tell("snapshot_unreadable", session.id, f"the older profile that is here is used: {error.message}")
            return
        raise error

    async def _drop_foreign(self, session_id: SessionId, epoch: int) -> None:
        """A login that an unlinked session finds here may be of one that was deleted elsewhere under the same id.

        Where the lease before this one was the profile's own, it was linked under it, and that didn't get on record.
        """
        local = await self._driver.login(session_id)
        if local.linked and local.epoch + 1 < epoch:
            await self._driver.forget(session_id)
            self._tell("profile_dropped", session_id, "it held the login of an earlier session with this id")

    async def _versions(
        self, session_id: SessionId, local: LocalLogin, epoch: int, on_waiting: Waiting
    ) -> Sequence[StoredVersion]:
        while True:
            try:
                return await self._store.versions(session_id)
            except UnavailableError as error:
                # The lease before this one was the profile's own, or is it still: nobody has run the session since.
                if local.linked and local.epoch + 1 >= epoch:
                    return ()
                await on_waiting(error.message)
            await self._clock.sleep(_ASK_AGAIN)

    async def _restore_one_of(
        self, session_id: SessionId, me: Me, versions: Sequence[StoredVersion], epoch: int
    ) -> PomboError | None:
        """Restores the newest that can be read. What is wrong with the newest, where none can be.

        Raises:
            PomboError: why it can't be restored although it may be readable.
        """
        first: PomboError | None = None
        for each in versions:
            try:
                snapshot = await self._load(session_id, each.version, me)
                await self._driver.restore(session_id, snapshot.image, epoch)
            except PomboError as error:
                if error.reason not in _PASSED_OVER:
                    raise
                first = first or error
                self._tell("snapshot_unreadable", session_id, f"version {each.version}: {error.message}")
            else:
                label = snapshot.label
                self._tell(
                    "snapshot_restored",
                    session_id,
                    f"version {label.version} of {label.taken_at:%Y-%m-%d %H:%M:%S} UTC",
                )
                return None
        return first or ConflictError(
            "LOGIN_MISSING",
            "The session is linked, and neither its profile nor a snapshot of it is here. Put the data directory or "
            "Redis's data back and start it again; or log it out and link the account anew.",
        )

    async def _load(self, session_id: SessionId, version: int, me: Me) -> Snapshot:
        while True:
            try:
                snapshot = await self._store.load(session_id, version)
            except UnavailableError:
                await self._clock.sleep(_ASK_AGAIN)
                continue
            if snapshot.label.account != me.jid:
                raise snapshot_foreign("of another account")
            return snapshot
