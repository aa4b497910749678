-- Which addresses are one person's, as each session knows it.

-- A person is a number that their addresses share. Addresses are JIDs, and usernames with a leading @, in lower case. Like
-- messages, they outlive their session.
CREATE SEQUENCE pombo.people;

CREATE TABLE pombo.person_addresses (
    session_id text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    person bigint NOT NULL,
    PRIMARY KEY (session_id, address)
);
CREATE INDEX person_addresses_by_person ON pombo.person_addresses (person);

-- Whose presence a session is to be told of.
CREATE TABLE pombo.watched_presences (
    session_id text COLLATE "C" NOT NULL REFERENCES pombo.sessions ON DELETE CASCADE,
    address text COLLATE "C" NOT NULL,
    PRIMARY KEY (session_id, address)
);

-- Links addresses, and gives those that were known before, and of how many people. Serialised per session: links are rare,
-- and a merge changes rows that it wasn't given.
CREATE FUNCTION pombo.link_person(session text, given text[], username text)
RETURNS TABLE (known text, persons integer)
LANGUAGE plpgsql AS $$
DECLARE
    people bigint[];
    keeper bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('pombo.people ' || session, 0));
    SELECT array_agg(DISTINCT person ORDER BY person) INTO people
    FROM pombo.person_addresses WHERE session_id = session AND address = ANY (given);
    RETURN QUERY
    SELECT address, cardinality(people) FROM pombo.person_addresses
    WHERE session_id = session AND person = ANY (people) ORDER BY address;
    keeper := coalesce(people[1], nextval('pombo.people'));
    UPDATE pombo.person_addresses SET person = keeper
    WHERE session_id = session AND person = ANY (people) AND person <> keeper;
    INSERT INTO pombo.person_addresses (session_id, address, person)
    SELECT session, unnest(given), keeper ON CONFLICT DO NOTHING;
    IF username IS NOT NULL THEN
        -- A username may be given up and taken by another: it is the latest's, and a person has one.
        DELETE FROM pombo.person_addresses
        WHERE session_id = session AND (address = username OR (person = keeper AND address LIKE '@%'));
        INSERT INTO pombo.person_addresses (session_id, address, person) VALUES (session, username, keeper);
    END IF;
END
$$;
