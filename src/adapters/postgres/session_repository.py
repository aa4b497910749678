"""Sessions in PostgreSQL."""

from collections.abc import Collection, Sequence
from typing import Any, Final, override

import asyncpg

from adapters.postgres.proxy_rows import proxy_from_row, proxy_to_row
from adapters.postgres.stored_json import dump, dump_optional, load
from adapters.postgres.transaction import Transaction
from application.ports.session_repository import KEPT_CHANGES, SessionRepository
from application.representation.pacing import pacing_from_dict, pacing_to_dict
from domain.errors import AlreadyExistsError, NotFoundError
from domain.ids import SessionId
from domain.jid import Jid
from domain.session import Me, Session, SessionStatus, StatusChange, StatusReason, Wanted

_COLUMNS: Final = """id, name, wanted, status, status_reason, status_detail, status_at, created_at, updated_at,
    me, metadata, pacing, stop_words, proxy"""

_ADD: Final = f"""
WITH added AS (
    INSERT INTO pombo.sessions ({_COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), noted AS (
    INSERT INTO pombo.session_status_changes (session_id, status, reason, detail, at)
    SELECT id, $4, $5, $6, $7 FROM added
)
SELECT id FROM added
"""  # noqa: S608 - of constants

# The change is noted when the old row, which is locked first, has another one.
_SAVE: Final = f"""
WITH old AS (
    SELECT id, status, status_reason, status_detail, status_at FROM pombo.sessions WHERE id = $1 FOR NO KEY UPDATE
), noted AS (
    INSERT INTO pombo.session_status_changes (session_id, status, reason, detail, at)
    SELECT id, $4, $5, $6, $7 FROM old
    WHERE (status, status_reason, status_detail::text, status_at)
        IS DISTINCT FROM ($4::text, $5::text, $6::json::text, $7::timestamptz)
    RETURNING session_id
), pruned AS (
    -- Sees the history without the change that is just noted.
    DELETE FROM pombo.session_status_changes
    WHERE session_id = $1 AND EXISTS (SELECT FROM noted) AND position <= (
        SELECT position FROM pombo.session_status_changes
        WHERE session_id = $1 ORDER BY position DESC OFFSET {KEPT_CHANGES} - 1 LIMIT 1
    )
)
UPDATE pombo.sessions
SET name = $2, wanted = $3, status = $4, status_reason = $5, status_detail = $6, status_at = $7,
    created_at = $8, updated_at = $9, me = $10, metadata = $11, pacing = $12, stop_words = $13, proxy = $14
FROM old
WHERE sessions.id = old.id
RETURNING sessions.id
"""  # noqa: S608 - of constants

_GET: Final = f"SELECT {_COLUMNS} FROM pombo.sessions WHERE id = $1"  # noqa: S608 - of constants
_LIST: Final = f"""
SELECT {_COLUMNS} FROM pombo.sessions WHERE id > $1 AND ($3::text[] IS NULL OR id = ANY($3)) ORDER BY id LIMIT $2
"""  # noqa: S608 - of constants
_HISTORY: Final = """
SELECT status, reason, detail, at FROM pombo.session_status_changes
WHERE session_id = $1 ORDER BY position DESC LIMIT $2
"""


class PostgresSessionRepository(SessionRepository):
    """Sessions within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @override
    async def add(self, session: Session) -> None:
        if not await self._transaction.write(_ADD, *_values(session)):
            raise AlreadyExistsError(
                "SESSION_EXISTS", "A session with this id exists.", metadata={"session_id": session.id}
            )

    @override
    async def get(self, session_id: SessionId, *, lock: bool = False) -> Session:
        if lock:
            rows = await self._transaction.write(f"{_GET} FOR NO KEY UPDATE", session_id)
        else:
            rows = await self._transaction.read(_GET, session_id)
        return _session(_only(rows, session_id))

    @override
    async def keep(self, session_id: SessionId) -> Session:
        # Stands in nobody's way but a deletion's.
        return _session(_only(await self._transaction.write(f"{_GET} FOR KEY SHARE", session_id), session_id))

    @override
    async def list(
        self, *, after: SessionId | None = None, limit: int | None = None, among: Collection[SessionId] | None = None
    ) -> Sequence[Session]:
        only = None if among is None else list(among)
        return tuple(_session(row) for row in await self._transaction.read(_LIST, after or "", limit, only))

    @override
    async def save(self, session: Session) -> None:
        _only(await self._transaction.write(_SAVE, *_values(session)), session.id)

    @override
    async def history(self, session_id: SessionId, *, limit: int) -> Sequence[StatusChange]:
        return tuple(map(_change, await self._transaction.read(_HISTORY, session_id, limit)))

    @override
    async def delete(self, session_id: SessionId) -> None:
        rows = await self._transaction.write("DELETE FROM pombo.sessions WHERE id = $1 RETURNING id", session_id)
        _only(rows, session_id)


def _only(rows: Sequence[asyncpg.Record], session_id: SessionId) -> asyncpg.Record:
    if not rows:
        raise NotFoundError(
            "SESSION_NOT_FOUND", "There is no session with this id.", metadata={"session_id": session_id}
        )
    return rows[0]


def _values(session: Session) -> tuple[Any, ...]:
    me = session.me
    return (
        session.id,
        session.name,
        session.wanted.value,
        session.status.value,
        session.status_reason.value,
        dump_optional(session.status_detail),
        session.status_at,
        session.created_at,
        session.updated_at,
        dump_optional(me and {"jid": str(me.jid), "lid": str(me.lid) if me.lid else None, "name": me.name}),
        dump(dict(session.metadata)),
        dump_optional(pacing_to_dict(session.pacing)),
        dump_optional(list(session.stop_words) or None),
        dump_optional(proxy_to_row(session.proxy)),
    )


def _change(row: asyncpg.Record) -> StatusChange:
    return StatusChange(
        status=SessionStatus(row["status"]),
        reason=StatusReason(row["reason"]),
        at=row["at"],
        detail=load(row["detail"]),
    )


def me_from_row(row: asyncpg.Record) -> Me | None:
    """Whose account a session is linked to, from its column."""
    me = load(row["me"])
    return me and Me(jid=Jid.parse(me["jid"]), lid=me["lid"] and Jid.parse(me["lid"]), name=me["name"])


def _session(row: asyncpg.Record) -> Session:
    return Session(
        id=SessionId(row["id"]),
        name=row["name"],
        wanted=Wanted(row["wanted"]),
        status=SessionStatus(row["status"]),
        status_reason=StatusReason(row["status_reason"]),
        status_detail=load(row["status_detail"]),
        status_at=row["status_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        me=me_from_row(row),
        metadata=load(row["metadata"]),
        pacing=pacing_from_dict(load(row["pacing"])),
        stop_words=tuple(load(row["stop_words"]) or ()),
        proxy=proxy_from_row(load(row["proxy"])),
    )
