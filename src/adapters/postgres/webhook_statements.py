"""The statements of the queue of webhooks."""

from typing import Final

from adapters.postgres.webhook_repository import COLUMNS

_WANTED: Final = """
    (endpoint.types = '{}' OR event.type = ANY (endpoint.types))
    AND (endpoint.session_ids = '{}' OR event.session_id = ANY (endpoint.session_ids))
"""

# All of it sees the log as it was when the statement began, the head with it. A lane that has nothing to do comes along
# to where the scan began: what an endpoint didn't want when it was scanned doesn't come when its filter is widened.
SCAN: Final = f"""
WITH endpoint AS (
    SELECT scanning.id, types, session_ids, scanned, least(position, scanned + $1) AS head, position
    FROM pombo.webhook_endpoints AS scanning CROSS JOIN pombo.event_log_head
    WHERE disabled_reason IS NULL AND scanned < position
    FOR NO KEY UPDATE OF scanning SKIP LOCKED
), found AS (
    INSERT INTO pombo.webhook_lanes AS lane (endpoint_id, session_id, cursor, target)
    SELECT endpoint.id, coalesce(event.session_id, ''), endpoint.scanned, max(event.position)
    FROM endpoint JOIN pombo.events AS event ON event.position > endpoint.scanned AND event.position <= endpoint.head
    WHERE {_WANTED}
    GROUP BY endpoint.id, endpoint.scanned, event.session_id
    ORDER BY endpoint.id, event.session_id
    ON CONFLICT (endpoint_id, session_id) DO UPDATE SET
        cursor = CASE WHEN lane.cursor >= lane.target THEN greatest(lane.cursor, EXCLUDED.cursor) ELSE lane.cursor END,
        target = greatest(lane.target, EXCLUDED.target)
)
UPDATE pombo.webhook_endpoints AS scanned SET scanned = endpoint.head FROM endpoint WHERE scanned.id = endpoint.id
RETURNING endpoint.head < endpoint.position AS is_behind
"""  # noqa: S608 - of constants

# By turns, so that where there is more to do than is done at a time, no endpoint comes first each time. Those with
# nothing to do are left out beforehand: to go through each one's lanes costs much more than to go through all at once.
CLAIM: Final = f"""
WITH due AS (
    SELECT lane.endpoint_id, lane.session_id
    FROM (
        SELECT id FROM pombo.webhook_endpoints
        WHERE disabled_reason IS NULL AND id IN (
            SELECT endpoint_id FROM pombo.webhook_lanes WHERE cursor < target OFFSET 0
        )
        ORDER BY random()
    ) AS endpoint
    LEFT JOIN unnest($5::text[], $6::integer[]) AS busy (id, lanes) ON busy.id = endpoint.id
    CROSS JOIN LATERAL (
        SELECT endpoint_id, session_id, next_attempt_at FROM pombo.webhook_lanes
        WHERE endpoint_id = endpoint.id AND cursor < target
            AND (next_attempt_at IS NULL OR next_attempt_at <= $2 OR next_attempt_at > $2 + retry_wait + $8::interval)
            AND (claim_token IS NULL OR claimed_until <= $2 OR claimed_until > $2 + $3::interval + $8::interval)
        ORDER BY next_attempt_at NULLS FIRST, cursor
        LIMIT greatest($7::integer - coalesce(busy.lanes, 0), 0)
        FOR UPDATE SKIP LOCKED
    ) AS lane
    LIMIT $4
), claimed AS (
    UPDATE pombo.webhook_lanes AS lane
    SET claim_token = $1 || ':' || lane.session_id || ':' || lane.endpoint_id, claimed_until = $2 + $3::interval
    FROM due WHERE lane.endpoint_id = due.endpoint_id AND lane.session_id = due.session_id
    RETURNING lane.*
)
SELECT session_id, cursor, target, failures, first_failed_at, claim_token, {COLUMNS}
FROM claimed JOIN pombo.webhook_endpoints AS endpoint ON endpoint.id = claimed.endpoint_id
"""  # noqa: S608 - of constants

READ: Final = f"""
SELECT event.position, event.id, event.session_id, event.type, event.time, event.payload
FROM pombo.events AS event JOIN pombo.webhook_endpoints AS endpoint ON endpoint.id = $1
WHERE event.position > $3 AND event.position <= $4 AND event.session_id = $2 AND {_WANTED}
ORDER BY event.position LIMIT $5
"""  # noqa: S608 - of constants
READ_OF_NONE: Final = READ.replace("event.session_id = $2", "$2 = '' AND event.session_id IS NULL")

ADVANCE: Final = """
UPDATE pombo.webhook_lanes AS lane
SET cursor = $4, failures = 0, first_failed_at = NULL, next_attempt_at = NULL, retry_wait = NULL,
    claim_token = CASE WHEN target > $4 AND unchanged THEN claim_token END,
    claimed_until = CASE WHEN target > $4 AND unchanged THEN $5::timestamptz END
FROM (
    SELECT disabled_reason IS NULL AND updated_at = $6 AND $5::timestamptz IS NOT NULL AS unchanged,
        failing_since IS NOT NULL AS was_failing
    FROM pombo.webhook_endpoints WHERE id = $1
) AS endpoint
WHERE lane.endpoint_id = $1 AND lane.session_id = $2 AND lane.claim_token = $3
RETURNING target, claim_token IS NOT NULL AS kept, was_failing
"""

POSTPONE: Final = """
UPDATE pombo.webhook_lanes
SET failures = $4, first_failed_at = $5, next_attempt_at = $6::timestamptz + $7::interval, retry_wait = $7,
    claim_token = NULL, claimed_until = NULL
WHERE endpoint_id = $1 AND session_id = $2 AND claim_token = $3
RETURNING 1
"""

RELEASE: Final = """
UPDATE pombo.webhook_lanes SET claim_token = NULL, claimed_until = NULL WHERE claim_token = ANY ($1::text[])
"""

# In the order of their keys, as everybody who takes more than one.
WAKE: Final = """
UPDATE pombo.webhook_lanes AS lane
SET next_attempt_at = NULL, retry_wait = NULL,
    failures = CASE WHEN $2 THEN 0 ELSE failures END, first_failed_at = CASE WHEN $2 THEN NULL ELSE first_failed_at END
FROM (
    SELECT session_id FROM pombo.webhook_lanes
    WHERE endpoint_id = $1 AND failures > 0 AND ($3::timestamptz IS NULL OR first_failed_at >= $3)
    ORDER BY session_id FOR UPDATE
) AS waiting
WHERE lane.endpoint_id = $1 AND lane.session_id = waiting.session_id
"""

REWIND: Final = f"""
WITH endpoint AS (
    SELECT id, types, session_ids, scanned FROM pombo.webhook_endpoints WHERE id = $1 FOR NO KEY UPDATE
)
INSERT INTO pombo.webhook_lanes AS lane (endpoint_id, session_id, cursor, target)
SELECT endpoint.id, coalesce(event.session_id, ''), $2, max(event.position)
FROM endpoint JOIN pombo.events AS event ON event.position > $2 AND event.position <= endpoint.scanned
WHERE {_WANTED}
GROUP BY endpoint.id, event.session_id
ORDER BY event.session_id
ON CONFLICT (endpoint_id, session_id) DO UPDATE SET
    cursor = least(lane.cursor, EXCLUDED.cursor), target = greatest(lane.target, EXCLUDED.target),
    failures = 0, first_failed_at = NULL, next_attempt_at = NULL, retry_wait = NULL,
    claim_token = NULL, claimed_until = NULL
"""  # noqa: S608 - of constants

BACKLOG: Final = f"""
SELECT count(*) AS waiting FROM (
    SELECT 1 FROM pombo.webhook_endpoints AS endpoint
    JOIN pombo.webhook_lanes AS lane ON lane.endpoint_id = endpoint.id AND lane.cursor < lane.target
    JOIN pombo.events AS event ON event.position > lane.cursor AND event.position <= lane.target
        AND coalesce(event.session_id, '') = lane.session_id
    WHERE endpoint.id = $1 AND {_WANTED}
    UNION ALL
    SELECT 1 FROM pombo.webhook_endpoints AS endpoint
    JOIN pombo.events AS event ON event.position > endpoint.scanned
    WHERE endpoint.id = $1 AND {_WANTED}
    LIMIT $2
) AS first_ones
"""  # noqa: S608 - of constants

# Of a lane that waits, the next; of an endpoint, the first that wasn't looked at.
NEEDED: Final = """
SELECT min(position) AS position FROM (
    SELECT lane.cursor + 1 AS position FROM pombo.webhook_lanes AS lane
    JOIN pombo.webhook_endpoints AS endpoint ON endpoint.id = lane.endpoint_id
    WHERE endpoint.disabled_reason IS NULL AND lane.cursor < lane.target
    UNION ALL
    SELECT scanned + 1 FROM pombo.webhook_endpoints CROSS JOIN pombo.event_log_head
    WHERE disabled_reason IS NULL AND scanned < event_log_head.position
    UNION ALL
    SELECT position FROM pombo.webhook_dead_letters WHERE given_up_at >= $1
) AS needed
"""
