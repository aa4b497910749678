-- Scheduled messages, deadlines, and answers by request key.

ALTER TABLE pombo.messages ADD COLUMN not_before timestamptz, ADD COLUMN expires_at timestamptz;

-- What waits for its turn, and what waits for its time: thousands that are due next week mustn't slow down today's.
DROP INDEX pombo.messages_queued;
CREATE INDEX messages_queued ON pombo.messages (session_id, position)
    WHERE direction = 'outbound' AND status = 'QUEUED' AND not_before IS NULL;
CREATE INDEX messages_scheduled ON pombo.messages (session_id, not_before)
    WHERE direction = 'outbound' AND status = 'QUEUED' AND not_before IS NOT NULL;
CREATE INDEX messages_expiring ON pombo.messages (expires_at)
    WHERE direction = 'outbound' AND status = 'QUEUED' AND expires_at IS NOT NULL;

-- As before, of messages that are due: whose time has come and whose deadline hasn't. One that isn't due keeps nobody of
-- its chat waiting; once it is, its place is that of its acceptance.
DROP FUNCTION pombo.claim_messages(text, text[], integer);
CREATE FUNCTION pombo.claim_messages(of_session text, at timestamptz, busy text[], at_most integer)
RETURNS SETOF pombo.messages
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    candidate record;
    claimed pombo.messages;
    passed text[] := busy;
    missing integer := at_most;
BEGIN
    FOR candidate IN
        SELECT queued.id, queued.chat FROM (
            SELECT id, chat, position, expires_at FROM pombo.messages
            WHERE session_id = of_session AND direction = 'outbound' AND status = 'QUEUED' AND not_before IS NULL
            UNION ALL
            SELECT id, chat, position, expires_at FROM pombo.messages
            WHERE session_id = of_session AND direction = 'outbound' AND status = 'QUEUED' AND not_before <= at
        ) AS queued
        WHERE queued.expires_at IS NULL OR queued.expires_at > at
        ORDER BY queued.position
    LOOP
        EXIT WHEN missing <= 0;
        CONTINUE WHEN candidate.chat = ANY (passed);
        passed := passed || candidate.chat;
        PERFORM FROM pombo.messages AS leaving
        WHERE leaving.session_id = of_session AND leaving.chat = candidate.chat
            AND leaving.direction = 'outbound' AND leaving.status = 'SENDING';
        CONTINUE WHEN FOUND;
        UPDATE pombo.messages AS message SET status = 'SENDING'
        WHERE message.id = (
            SELECT held.id FROM pombo.messages AS held
            WHERE held.id = candidate.id AND held.status = 'QUEUED'
            FOR UPDATE SKIP LOCKED
        )
        RETURNING message.* INTO claimed;
        IF FOUND THEN
            missing := missing - 1;
            RETURN NEXT claimed;
        END IF;
    END LOOP;
END
$$;

-- Requests that came with a key of their caller's, and what they were answered. Without an answer somebody is at work
-- on it until busy_until, or has died at it.
CREATE TABLE pombo.keyed_requests (
    scope text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    begun_at timestamptz NOT NULL,
    busy_until timestamptz NOT NULL,
    answer json,
    PRIMARY KEY (scope, key)
);

CREATE INDEX keyed_requests_oldest ON pombo.keyed_requests (begun_at);
