-- Who runs which session.

-- One row per session that ever had an owner. It outlives the session: one that is made later under the same id goes on
-- with the epoch. The owner is NULL when the lease was released.
CREATE TABLE pombo.session_leases (
    session_id text COLLATE "C" PRIMARY KEY,
    epoch bigint NOT NULL,
    owner text COLLATE "C",
    node text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Takes those that are to be had. The lock conflicts with hold_lease's, but not with a renewal's: so the claim waits for
-- transactions that are being committed under the old lease, and those that come later find the new epoch.
CREATE FUNCTION pombo.claim_leases(ids text[], new_owner text, new_node text, ttl interval)
RETURNS TABLE (claimed text, at_epoch bigint)
LANGUAGE plpgsql AS $$
DECLARE
    held text[];
BEGIN
    INSERT INTO pombo.session_leases (session_id, epoch, node, expires_at)
    SELECT id, 0, new_node, '-infinity' FROM pombo.sessions WHERE id = ANY (ids) ORDER BY id
    ON CONFLICT DO NOTHING;
    held := ARRAY(
        SELECT session_id FROM pombo.session_leases
        WHERE session_id = ANY (ids) AND (owner IS NULL OR node = new_node OR expires_at <= clock_timestamp())
            AND EXISTS (SELECT FROM pombo.sessions WHERE id = session_id)
        ORDER BY session_id FOR UPDATE
    );
    -- A statement of its own: the lock was waited for, and what is counted on is the row as it is now.
    RETURN QUERY
    UPDATE pombo.session_leases
    SET epoch = epoch + 1, owner = new_owner, node = new_node, expires_at = clock_timestamp() + ttl
    WHERE session_id = ANY (held)
    RETURNING session_id, epoch;
END
$$;

-- Fails unless the lease is valid, and keeps it from being claimed by another until the transaction's end. Asked
-- together with the COMMIT. A transaction that has written nothing needs no lease, and stays without a row lock to write.
CREATE FUNCTION pombo.hold_lease(id text, holder text, at_epoch bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        RETURN;
    END IF;
    PERFORM FROM pombo.session_leases
    WHERE session_id = id AND epoch = at_epoch AND owner = holder AND expires_at > clock_timestamp()
    FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'stale lease' USING ERRCODE = 'PB001';
    END IF;
END
$$;
