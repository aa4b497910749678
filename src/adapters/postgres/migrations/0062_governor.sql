-- How each session's messages are paced, and people who opted out.

-- NULL: as the gateway's settings say.
ALTER TABLE pombo.sessions ADD COLUMN pacing json, ADD COLUMN stop_words json;

-- Where the pace stands: written with the messages that leave, under the session's lease, so that another gateway goes on
-- from there.
CREATE TABLE pombo.session_paces (
    session_id text COLLATE "C" PRIMARY KEY REFERENCES pombo.sessions ON DELETE CASCADE,
    next_at timestamptz,
    restriction json,
    account text
) WITH (fillfactor = 50);

-- The chats that were begun within a day: the window in which they are counted.
CREATE TABLE pombo.begun_chats (
    session_id text COLLATE "C" NOT NULL REFERENCES pombo.sessions ON DELETE CASCADE,
    chat text COLLATE "C" NOT NULL,
    begun_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, chat)
);
CREATE INDEX begun_chats_by_time ON pombo.begun_chats (session_id, begun_at);

-- Like messages, they outlive their session.
CREATE TABLE pombo.suppressions (
    session_id text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    source text NOT NULL,
    note json,
    message_id text COLLATE "C",
    created_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, address)
);

-- All addresses of the person who has this one; those of a group, or of somebody unknown, are this one alone.
CREATE FUNCTION pombo.addresses_with(of_session text, given text) RETURNS text[]
LANGUAGE sql STABLE AS $$
    SELECT ARRAY(
        SELECT other.address FROM pombo.person_addresses AS this
        JOIN pombo.person_addresses AS other ON other.session_id = this.session_id AND other.person = this.person
        WHERE this.session_id = of_session AND this.address = given
        UNION SELECT given
    )
$$;
