-- Webhook endpoints, their lanes, what became of deliveries. Events that belong to no session.

ALTER TABLE pombo.events ALTER COLUMN session_id DROP NOT NULL;

-- To redeliver one event, and to replay from a time: ids rise with time, so that the first index grows at its end, and
-- times rise with the rows, so that the second one needs next to nothing.
CREATE INDEX events_id ON pombo.events (id);
CREATE INDEX events_time ON pombo.events USING brin (time) WITH (pages_per_range = 32, autosummarize = on);

-- "scanned": the position in the event log up to which the lanes' targets are right.
CREATE TABLE pombo.webhook_endpoints (
    id text COLLATE "C" PRIMARY KEY,
    url text NOT NULL,
    description text NOT NULL,
    types text[] COLLATE "C" NOT NULL,
    session_ids text[] COLLATE "C" NOT NULL,
    headers json NOT NULL,
    secret text NOT NULL,
    retired_secret text,
    retired_until timestamptz,
    configured boolean NOT NULL,
    disabled_reason text,
    disabled_at timestamptz,
    failing_since timestamptz,
    give_up_after interval NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    scanned bigint NOT NULL
) WITH (fillfactor = 70);

-- One per endpoint and session; the session of events that belong to none is ''. Waiting while cursor < target.
CREATE TABLE pombo.webhook_lanes (
    endpoint_id text COLLATE "C" NOT NULL REFERENCES pombo.webhook_endpoints ON DELETE CASCADE,
    session_id text COLLATE "C" NOT NULL,
    cursor bigint NOT NULL,
    target bigint NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    first_failed_at timestamptz,
    next_attempt_at timestamptz,
    retry_wait interval,
    claim_token text,
    claimed_until timestamptz,
    PRIMARY KEY (endpoint_id, session_id)
) WITH (fillfactor = 50);

CREATE TABLE pombo.webhook_deliveries (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id text COLLATE "C" NOT NULL REFERENCES pombo.webhook_endpoints ON DELETE CASCADE,
    event_id text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    session_id text COLLATE "C",
    kind text NOT NULL,
    attempt integer NOT NULL,
    at timestamptz NOT NULL,
    took interval NOT NULL,
    outcome text NOT NULL,
    status integer,
    detail text
);

CREATE INDEX webhook_deliveries_newest ON pombo.webhook_deliveries (endpoint_id, number);
CREATE INDEX webhook_deliveries_of_event ON pombo.webhook_deliveries (event_id, endpoint_id);
CREATE INDEX webhook_deliveries_good ON pombo.webhook_deliveries (endpoint_id, number) WHERE outcome = 'DELIVERED';

CREATE TABLE pombo.webhook_dead_letters (
    endpoint_id text COLLATE "C" NOT NULL REFERENCES pombo.webhook_endpoints ON DELETE CASCADE,
    event_id text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    session_id text COLLATE "C",
    position bigint NOT NULL,
    attempts integer NOT NULL,
    first_failed_at timestamptz NOT NULL,
    given_up_at timestamptz NOT NULL,
    outcome text NOT NULL,
    status integer,
    PRIMARY KEY (endpoint_id, event_id)
);

CREATE INDEX webhook_dead_letters_in_order ON pombo.webhook_dead_letters (endpoint_id, position);
