"""Rows as the first version wrote them. What every later version makes of them is checked by those who put them in."""

from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.postgres.event_log import PostgresEventLog
from domain.access import BOOTSTRAP_USER, Role
from domain.content import Text
from domain.event import MessageAcked
from domain.ids import MessageId
from domain.message import MessageStatus
from domain.session import SessionStatus
from tests.contracts.samples import NOON, SALES

KEY_HASH = bytes(range(32))
_QUEUED, _SENT = "msg_01JD9Z0000000000000000000A", "msg_01JD9Z0000000000000000000B"
_ROWS = f"""
INSERT INTO pombo.sessions
    (id, name, wanted, status, status_reason, status_at, created_at, updated_at, me, metadata)
VALUES ('sales', 'Sales', 'RUNNING', 'WORKING', 'CONNECTED', $1, $1, $1,
    '{{"jid": "15550100001@c.us", "lid": null, "name": "Sales"}}', '{{"team": "s\u00e3les"}}');
INSERT INTO pombo.session_status_changes (session_id, status, reason, at)
VALUES ('sales', 'WORKING', 'CONNECTED', $1);
INSERT INTO pombo.messages (id, position, session_id, whatsapp_id, direction, chat, sender, recipient, content,
    from_api, backfilled, created_at, status, sent_at)
SELECT id, nextval('pombo.message_positions'), 'sales', 'true_15550100002@c.us_' || id, 'outbound', '15550100002@c.us',
    '15550100001@c.us', '15550100002@c.us',
    '{{"type": "text", "text": {{"body": "hi", "mentions": []}}}}', true, false, $1, status, $1
FROM (VALUES ('{_QUEUED}', 'QUEUED'), ('{_SENT}', 'SENT')) AS new (id, status);
INSERT INTO pombo.events (id, session_id, type, time, payload)
VALUES ('evt_01JD9Z0000000000000000000C', 'sales', 'message.ack', $1, '{{"message_id": "{_SENT}",
    "whatsapp_id": "true_15550100002@c.us_{_SENT}", "chat_id": "15550100002@c.us", "status": "SENT",
    "at": "2026-11-22T12:00:00+00:00"}}');
SELECT * FROM pombo.settle_events(10);
"""  # noqa: S608 - of constants
_KEY = f"INSERT INTO pombo.api_keys (hash, label) VALUES ('\\x{KEY_HASH.hex()}', 'first')"  # noqa: S608 - of constants
_KEY_OF_A_USER = f"""
INSERT INTO pombo.users (id, name, role, created_at, updated_at) VALUES ('{BOOTSTRAP_USER}', 'admin', 'admin', $1, $1);
INSERT INTO pombo.api_keys (id, hash, name, user_id, role, session_ids, hint, request_scope)
VALUES
    ('key_01JD9Z0000000000000000000D', '\\x{KEY_HASH.hex()}', 'first', '{BOOTSTRAP_USER}',
    'admin', '{{}}', '', 'key:first');
"""  # noqa: S608 - of constants
"""The same since keys belong to users."""
_HAS_USERS = "SELECT to_regclass('pombo.users') IS NOT NULL"


async def put_first_rows(pool: ConnectionPool) -> None:
    """Writes them into a database of any version's schema."""
    async with pool.connection() as connection:
        key = _KEY_OF_A_USER if await connection.fetchval(_HAS_USERS) else _KEY
        await connection.execute((_ROWS + key).replace("$1", f"'{NOON.isoformat()}'::timestamptz"))


async def check_first_rows(pool: ConnectionPool) -> None:
    """Reads them as this version does."""
    database, log = PostgresDatabase(pool), PostgresEventLog(pool)
    async with database.begin() as uow:
        session = await uow.sessions.get(SALES)
        assert (session.status, session.metadata) == (SessionStatus.WORKING, {"team": "sãles"})
        assert len(await uow.sessions.history(SALES, limit=9)) == 1
        sent = await uow.messages.get(MessageId(_SENT))
        assert (sent.content, sent.status, sent.created_at) == (Text(body="hi"), MessageStatus.SENT, NOON)
        owned = await uow.api_keys.find([KEY_HASH])
        assert owned is not None
        assert (owned.key.name, owned.role, owned.user.id) == ("first", Role.ADMIN, BOOTSTRAP_USER)
        # What was accepted is still to be sent, and once.
        claimed = await uow.outbox.claim(SALES, now=NOON, busy=(), limit=9)
        assert [message.id for message in claimed] == [_QUEUED]
    (event,) = (await log.scan(after=0, limit=9)).events
    assert isinstance(event.payload, MessageAcked)
    assert (event.sequence, event.payload.message_id) == (1, _SENT)
