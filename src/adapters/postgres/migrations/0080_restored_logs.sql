-- A log that was restored has a gap: its places go on far behind those that the backup had, since what was seen after the
-- backup must not be told anew under a place that is behind somebody's cursor.

-- As before, but the window begins at the first event, not at the tail: in a gap the next thousand places hold nothing.
CREATE OR REPLACE FUNCTION pombo.prune_events(at timestamptz, keep interval, needed_from bigint, at_most integer)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    tail bigint;
    first bigint;
    last bigint;
    removed bigint;
    before timestamptz := least(at, clock_timestamp()) - keep;
BEGIN
    SELECT position INTO tail FROM pombo.event_log_tail FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT position INTO first FROM pombo.events WHERE position > tail ORDER BY position LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    -- least() passes over a NULL. The first event that stays may lie behind a gap: nothing that is removed does.
    SELECT max(position) INTO last
    FROM (
        SELECT position, bool_and(time < before) OVER (ORDER BY position) AS old FROM pombo.events
        WHERE position >= first AND position <= least(first - 1 + at_most, needed_from - 1)
    ) AS candidates
    WHERE old;
    IF last IS NULL THEN
        RETURN 0;
    END IF;
    DELETE FROM pombo.events WHERE position >= first AND position <= last;
    GET DIAGNOSTICS removed = ROW_COUNT;
    UPDATE pombo.event_log_tail SET position = last;
    RETURN removed;
END
$$;
