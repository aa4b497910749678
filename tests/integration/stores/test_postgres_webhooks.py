"""Webhooks on a real PostgreSQL: what statements go through in a log that has grown, and starts side by side."""

import asyncio
from datetime import timedelta

from adapters.postgres import event_log, webhook_statements
from adapters.postgres.connection_pool import ConnectionPool
from adapters.postgres.database import PostgresDatabase
from adapters.system.system_clock import SystemClock
from adapters.system.ulid_generator import UlidGenerator
from application.webhooks.configured_webhook import EnsureConfiguredWebhook
from domain.webhook import CONFIGURED_WEBHOOK
from tests.contracts.samples import NOON

ENDPOINTS = 200
_EVENTS = """
INSERT INTO pombo.events (position, id, session_id, type, time, payload)
SELECT number, 'evt_' || number, 'sales', 'message.sent', $1::timestamptz + number * interval '1 s', '{}'
FROM generate_series(1, 20000) AS number
"""
_ENDPOINTS = f"""
INSERT INTO pombo.webhook_endpoints (id, url, description, types, session_ids, headers, secret, configured,
    give_up_after, created_at, updated_at, scanned)
SELECT 'whk_' || number, 'http://x/', '', '{{}}', '{{}}', '{{}}', 's', false, interval '5 days', $1, $1, 9
FROM generate_series(1, {ENDPOINTS}) AS number
"""  # noqa: S608 - of constants
_LANES = f"""
INSERT INTO pombo.webhook_lanes (endpoint_id, session_id, cursor, target)
SELECT 'whk_' || endpoint, 's' || session, 9, 9
FROM generate_series(1, {ENDPOINTS}) AS endpoint CROSS JOIN generate_series(1, 20) AS session
"""  # noqa: S608 - of constants


async def plan(pool: ConnectionPool, query: str, *arguments: object) -> str:
    async with pool.connection() as connection:
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query}", *arguments)
    return "\n".join(row[0] for row in rows)


async def test_a_recent_time_is_found_without_going_through_the_log(pool: ConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute(_EVENTS, NOON)
        await connection.execute("VACUUM ANALYZE pombo.events")
    recent = NOON + timedelta(seconds=19_990)
    assert await event_log.PostgresEventLog(pool).before(recent) == 19_989
    assert "events_time" in await plan(pool, event_log._BEFORE, recent)


async def test_endpoints_with_nothing_to_do_cost_a_claim_nothing_each(pool: ConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute(_ENDPOINTS, NOON)
        await connection.execute(_LANES)
        await connection.execute("VACUUM ANALYZE pombo.webhook_endpoints, pombo.webhook_lanes")
    lease, slack = timedelta(seconds=30), timedelta(minutes=1)
    query = await plan(pool, webhook_statements.CLAIM, "token", NOON, lease, 128, [], [], 8, slack)
    assert f"loops={ENDPOINTS}" not in query


async def test_gateways_that_start_at_once_make_one_endpoint(pool: ConnectionPool) -> None:
    clock = SystemClock()
    ensure = EnsureConfiguredWebhook(PostgresDatabase(pool), clock, UlidGenerator(clock))
    made = await asyncio.gather(*(ensure.execute("https://example.org/hook") for _ in range(6)))
    assert [each and each.endpoint.id for each in made] == [CONFIGURED_WEBHOOK] * 6
    assert [each and each.is_new for each in made].count(True) == 1
