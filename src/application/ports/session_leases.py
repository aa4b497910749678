"""Who runs which session."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from domain.ids import SessionId
from domain.lease import Lease, Owner
from domain.proxy import Proxy
from domain.session import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A session that somebody has to run.

    Attributes:
        lease: the valid lease, whoever has it; None where nobody runs the session.
        proxy: the session's.
    """

    session_id: SessionId
    wanted: Wanted
    lease: Lease | None
    proxy: Proxy | None = None


class SessionLeases(Protocol):
    """Leases of sessions. Part of a unit of work. All times are on the database's clock."""

    @abstractmethod
    async def claim(self, session_ids: Collection[SessionId], owner: Owner, *, ttl: timedelta) -> Sequence[Lease]:
        """Takes those sessions that exist and whose lease is free, has expired, or is held by the owner's own node.

        Each lease has the epoch after the last one. It waits for the units of work that are being committed under the
        old lease; none can be after this one has committed.
        """

    @abstractmethod
    async def renew(self, leases: Collection[Lease], *, ttl: timedelta) -> Sequence[Lease]:
        """Makes leases last for ``ttl`` from now on, those that are still valid, and gives these.

        The others are lost for good: the session has to be claimed anew.
        """

    @abstractmethod
    async def release(self, leases: Collection[Lease]) -> None:
        """Ends leases, those that haven't been followed by others. Anybody may claim the sessions at once."""

    @abstractmethod
    async def charges(self) -> Sequence[Charge]:
        """The sessions that are wanted to run, or whose status isn't at rest, or that have a valid lease; by id."""

    @abstractmethod
    async def find(self, session_id: SessionId) -> Lease | None:
        """A session's valid lease."""

    @abstractmethod
    async def epochs(self, session_ids: Collection[SessionId]) -> Mapping[SessionId, int]:
        """The epoch of each session's newest lease, valid or not; without those that never had one."""
