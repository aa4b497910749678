"""A session that another gateway runs."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol, override

from application.ports.whatsapp_driver import Recipient
from application.sessions.workers import SessionPage
from application.workers.peer_calls import Handler, Json, PeerCalls
from domain.ids import SessionId
from domain.jid import Jid
from domain.lease import Lease
from domain.session import PairingCode

_LOOKUP: Final = timedelta(seconds=12)
_LINKING: Final = timedelta(seconds=30)
_CLOSING: Final = timedelta(seconds=45)
"""A logout that is confirmed late, and a browser that closes slowly: longer than both may take."""


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


class RemoteSession(SessionPage):
    """Asks the owner. Raises what the owner raises, and ``OWNER_SILENT`` when it doesn't answer."""

    def __init__(self, calls: PeerCalls, lease: Lease) -> None:
        self._calls = calls
        self._lease = lease

    async def restart(self) -> None:
        """Closes the session's page; its owner opens it again."""
        await self._call("restart", _CLOSING)

    async def logout(self) -> None:
        """Ends the session's link."""
        await self._call("logout", _CLOSING)

    @override
    async def refresh_qr(self) -> None:
        await self._call("refresh_qr", _LINKING)

    @override
    async def request_pairing_code(self, phone: str) -> PairingCode:
        told = await self._call("request_pairing_code", _LINKING, phone=phone)
        return PairingCode(code=told["code"], expires_at=datetime.fromisoformat(told["expires_at"]))

    @override
    async def take_over(self) -> None:
        await self._call("take_over", _LINKING)

    @override
    async def resolve(self, jid: Jid) -> Recipient | None:
        told = (await self._call("resolve", _LOOKUP, jid=str(jid)))["recipient"]
        if told is None:
            return None
        return Recipient(jid=Jid.parse(told["jid"]), lid=None if told["lid"] is None else Jid.parse(told["lid"]))

    async def _call(self, method: str, within: timedelta, **arguments: str) -> Json:
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

    async def refresh_qr(asked: Json) -> Json:
        await (await sessions.page(SessionId(asked["session_id"]))).refresh_qr()
        return {}

    async def request_pairing_code(asked: Json) -> Json:
        page = await sessions.page(SessionId(asked["session_id"]))
        code = await page.request_pairing_code(asked["phone"])
        return {"code": code.code, "expires_at": code.expires_at.isoformat()}

    async def take_over(asked: Json) -> Json:
        await (await sessions.page(SessionId(asked["session_id"]))).take_over()
        return {}

    async def resolve(asked: Json) -> Json:
        found = await (await sessions.page(SessionId(asked["session_id"]))).resolve(Jid.parse(asked["jid"]))
        if found is None:
            return {"recipient": None}
        return {"recipient": {"jid": str(found.jid), "lid": None if found.lid is None else str(found.lid)}}

    return {
        "restart": restart,
        "logout": logout,
        "refresh_qr": refresh_qr,
        "request_pairing_code": request_pairing_code,
        "take_over": take_over,
        "resolve": resolve,
    }
