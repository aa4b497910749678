-- The event log's retention.

-- One row: the last place whose event was removed; the oldest cursor that works. A row of its own, not a column of the
-- head: who prunes holds it until the commit, and must not keep settlings waiting.
CREATE TABLE pombo.event_log_tail (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL
) WITH (fillfactor = 10);

INSERT INTO pombo.event_log_tail (position) VALUES (0);

-- Removes up to a number of the oldest events, up to the first that is young enough to stay or is needed, and returns
-- how many. Places are dense, so the window is found by the index. One at a time: another caller gets 0.
CREATE FUNCTION pombo.prune_events(at timestamptz, keep interval, needed_from bigint, at_most integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    tail bigint;
    last bigint;
    before timestamptz := least(at, clock_timestamp()) - keep;
BEGIN
    SELECT position INTO tail FROM pombo.event_log_tail FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    -- least() passes over a NULL.
    SELECT coalesce(min(position) FILTER (WHERE time >= before) - 1, max(position)) INTO last
    FROM pombo.events WHERE position > tail AND position <= least(tail + at_most, needed_from - 1);
    IF last IS NULL OR last <= tail THEN
        RETURN 0;
    END IF;
    DELETE FROM pombo.events WHERE position > tail AND position <= last;
    UPDATE pombo.event_log_tail SET position = last;
    RETURN last - tail;
END
$$;
