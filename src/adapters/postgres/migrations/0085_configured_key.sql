-- Requests with the configured key, and files, were kept under that key's plain hash: whoever has a copy of the database could
-- try keys on it. They are kept under a name instead, and so stay the same requests when the setting changes. Hashes that are
-- a stored key's scope are of 256 random bits, and stay.
DELETE FROM pombo.keyed_requests WHERE scope ~ '^key:[0-9a-f]{64}$'
    AND NOT EXISTS (SELECT FROM pombo.api_keys WHERE request_scope = scope)
    AND EXISTS (
        SELECT FROM pombo.keyed_requests AS other
        WHERE other.key = keyed_requests.key AND other.scope ~ '^key:[0-9a-f]{64}$'
            AND NOT EXISTS (SELECT FROM pombo.api_keys WHERE request_scope = other.scope)
            AND (other.begun_at, other.scope) > (keyed_requests.begun_at, keyed_requests.scope)
    );
UPDATE pombo.keyed_requests SET scope = 'key:configured' WHERE scope ~ '^key:[0-9a-f]{64}$'
    AND NOT EXISTS (SELECT FROM pombo.api_keys WHERE request_scope = scope);
UPDATE pombo.media SET owner = 'key:configured' WHERE owner ~ '^key:[0-9a-f]{64}$'
    AND NOT EXISTS (SELECT FROM pombo.api_keys WHERE request_scope = owner);
