-- Sessions, messages, the event log, API keys.
--
-- Text that comes from WhatsApp or from people is kept as json, which, unlike text and jsonb, holds a NUL and half a
-- surrogate pair as their escapes. Keys sort by code point whatever the database's collation is.

CREATE TABLE pombo.sessions (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    wanted text NOT NULL,
    status text NOT NULL,
    status_reason text NOT NULL,
    status_detail json,
    status_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    me json,
    metadata json NOT NULL
);

CREATE TABLE pombo.session_status_changes (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id text COLLATE "C" NOT NULL REFERENCES pombo.sessions ON DELETE CASCADE,
    status text NOT NULL,
    reason text NOT NULL,
    detail json,
    at timestamptz NOT NULL
);

CREATE INDEX session_status_changes_newest ON pombo.session_status_changes (session_id, position DESC);

-- The order of acceptance: what the outbox goes by.
CREATE SEQUENCE pombo.message_positions AS bigint;

CREATE TABLE pombo.messages (
    id text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    whatsapp_id text COLLATE "C" NOT NULL,
    direction text NOT NULL,
    chat text COLLATE "C" NOT NULL,
    sender text COLLATE "C" NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    alternate text COLLATE "C",
    push_name json,
    reply_to text COLLATE "C",
    content json NOT NULL,
    from_api boolean NOT NULL,
    backfilled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    status text NOT NULL,
    failure json,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    played_at timestamptz,
    UNIQUE (session_id, whatsapp_id)
);

CREATE INDEX messages_newest ON pombo.messages (created_at DESC, id DESC);
CREATE INDEX messages_newest_of_session ON pombo.messages (session_id, created_at DESC, id DESC);
CREATE INDEX messages_newest_of_chat ON pombo.messages (session_id, chat, created_at DESC, id DESC);
CREATE INDEX messages_alternate ON pombo.messages (session_id, alternate) WHERE alternate IS NOT NULL;

-- The outbox: messages on their way. Small, since whatever has left isn't in these.
CREATE INDEX messages_queued ON pombo.messages (session_id, position)
    WHERE direction = 'outbound' AND status = 'QUEUED';
CREATE INDEX messages_sending ON pombo.messages (session_id, chat)
    WHERE direction = 'outbound' AND status = 'SENDING';

-- Claims up to a number of a session's queued messages: of each chat that isn't busy and has none on its way the oldest.
--
-- Goes through the queue in the order of acceptance and stops when it has enough, so that neither many chats nor a long
-- queue in one chat makes it slow. A message that another claimer holds is passed over, and its chat with it, as the
-- next of the chat isn't the oldest. What is on its way is looked up after the queue was: had it been before, a message
-- that is claimed between the two would be in neither, and the next of its chat would seem to be the oldest.
-- The settings keep the planner on the partial indexes, also while it doesn't know the table yet.
CREATE FUNCTION pombo.claim_messages(of_session text, busy text[], at_most integer) RETURNS SETOF pombo.messages
LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
    candidate record;
    claimed pombo.messages;
    passed text[] := busy;
    missing integer := at_most;
BEGIN
    FOR candidate IN
        SELECT queued.id, queued.chat FROM pombo.messages AS queued
        WHERE queued.session_id = of_session AND queued.direction = 'outbound' AND queued.status = 'QUEUED'
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

-- An event has a number from its insert on, and a place in the log from the first settling after its commit on.
CREATE TABLE pombo.events (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position bigint,
    id text COLLATE "C" NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    time timestamptz NOT NULL,
    payload json NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE UNIQUE INDEX events_position ON pombo.events (position) WHERE position IS NOT NULL;
CREATE INDEX events_of_session ON pombo.events (session_id, position) WHERE position IS NOT NULL;
CREATE INDEX events_unsettled ON pombo.events (number) WHERE position IS NULL;

-- One row: the last place that was given out. It outlives the events, whose retention ends.
CREATE TABLE pombo.event_log_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL
) WITH (fillfactor = 10);

INSERT INTO pombo.event_log_head (position) VALUES (0);

-- Gives the committed events that have no place yet the next places, in the order of their numbers, and returns the
-- head and how many they were.
--
-- The head's row lock makes settlings follow each other, and is held until the commit: who can see a place can see all
-- lower ones. The events are looked for in a statement of its own after the lock, so that this statement sees what the
-- settling before it committed. An event whose transaction commits later is simply found by a later settling.
CREATE FUNCTION pombo.settle_events(at_most integer, OUT head bigint, OUT settled bigint)
LANGUAGE plpgsql AS $$
BEGIN
    settled := 0;
    PERFORM FROM pombo.events WHERE position IS NULL LIMIT 1;
    IF NOT FOUND THEN
        SELECT position INTO STRICT head FROM pombo.event_log_head;
        RETURN;
    END IF;
    SELECT position INTO STRICT head FROM pombo.event_log_head FOR UPDATE;
    WITH unsettled AS (
        SELECT number FROM pombo.events WHERE position IS NULL ORDER BY number LIMIT at_most
    ), placed AS (
        SELECT number, head + row_number() OVER (ORDER BY number) AS place FROM unsettled
    )
    UPDATE pombo.events SET position = place FROM placed WHERE events.number = placed.number;
    GET DIAGNOSTICS settled = ROW_COUNT;
    head := head + settled;
    UPDATE pombo.event_log_head SET position = head;
END
$$;

CREATE TABLE pombo.api_keys (
    hash bytea PRIMARY KEY,
    label text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
