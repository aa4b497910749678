"""A session that another gateway runs."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol

from application.sessions.workers import SessionPage
from application.workers import peer_ports
from application.workers.peer_calls import Handler, Json, PeerCalls
from domain.ids import SessionId
from domain.lease import Lease

_CLOSING: Final = timedelta(seconds=45)
"""A logout that is confirmed late, and a browser that closes slowly: longer than both may take."""
_PAGE: Final = "page"
_WITHIN: Final = {
    f"{_PAGE}.resolve": timedelta(seconds=12),
    # They take the longer the more people they name.
    f"{_PAGE}.groups.create": timedelta(seconds=110),
    f"{_PAGE}.groups.change": timedelta(seconds=110),
    f"{_PAGE}.groups.change_participants": timedelta(seconds=110),
    f"{_PAGE}.groups.decide": timedelta(seconds=110),
    # What is fetched may be large.
    f"{_PAGE}.media.open": timedelta(minutes=11),
    # The phone is waited for, and many are looked up.
    f"{_PAGE}.chats.older": timedelta(seconds=50),
    f"{_PAGE}.chats.change": timedelta(seconds=50),
    f"{_PAGE}.contacts.exists": timedelta(minutes=2),
}
"""Calls of a page that take less or longer than an ordinary one."""


class LocalSessions(Protocol):
    """What is asked for at the gateway that runs the session."""

    @abstractmethod
    async def restart(self, session_id: SessionId) -> None:
        """Closes the session's page and opens it again."""

    @abstractmethod
    async def logout(self, session_id: SessionId) -> None:
        """Ends the session's link."""

    @abstractmethod
    async def page(self, session_id: SessionId) -> SessionPage:
        """The session's page.

        Raises:
            ConflictError: ``SESSION_NOT_RUNNING``: not here, or not any more.
        """


class RemoteSession:
    """Asks the owner. Raises what the owner raises, and ``OWNER_SILENT`` when it doesn't answer."""

    def __init__(self, calls: PeerCalls, lease: Lease) -> None:
        self._calls = calls
        self._lease = lease

    async def restart(self) -> None:
        """Closes the session's page; its owner opens it again."""
        await self._ask("restart", {}, _CLOSING)

    async def logout(self) -> None:
        """Ends the session's link."""
        await self._ask("logout", {}, _CLOSING)

    def page(self) -> SessionPage:
        """The session's page, at its owner's."""
        page: SessionPage = peer_ports.remote(SessionPage, _PAGE, self._ask, _WITHIN)
        return page

    async def _ask(self, method: str, arguments: Json, within: timedelta) -> Json:
        asked = {"session_id": self._lease.session_id, **arguments}
        return await self._calls.call(self._lease.owner, method, asked, within=within)


def handlers(sessions: LocalSessions) -> Mapping[str, Handler]:
    """What ``RemoteSession`` asks for, done here. Sessions of others aren't asked for in turn."""

    async def restart(asked: Json) -> Json:
        await sessions.restart(SessionId(asked["session_id"]))
        return {}

    async def logout(asked: Json) -> Json:
        await sessions.logout(SessionId(asked["session_id"]))
        return {}

    async def page(asked: Json) -> SessionPage:
        return await sessions.page(SessionId(asked["session_id"]))

    return {"restart": restart, "logout": logout, **peer_ports.handlers(SessionPage, _PAGE, page)}
