-- Users, and API keys that belong to them, with a role, sessions and an end.

CREATE TABLE pombo.users (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    role text NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- The keys of before were allowed everything, and were nobody's.
INSERT INTO pombo.users (id, name, role, created_at, updated_at)
SELECT 'usr_00000000000000000000000000', 'admin', 'admin', min(created_at), min(created_at)
FROM pombo.api_keys HAVING count(*) > 0;

ALTER TABLE pombo.api_keys RENAME COLUMN label TO name;
ALTER TABLE pombo.api_keys
    ADD COLUMN id text COLLATE "C",
    ADD COLUMN user_id text COLLATE "C" NOT NULL DEFAULT 'usr_00000000000000000000000000' REFERENCES pombo.users,
    ADD COLUMN role text NOT NULL DEFAULT 'admin',
    ADD COLUMN session_ids text[] NOT NULL DEFAULT '{}',
    ADD COLUMN hint text NOT NULL DEFAULT '',
    ADD COLUMN request_scope text,
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN revoked_at timestamptz,
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN replaced_by text COLLATE "C";

-- Their hashes stay as they are, without a secret: the keys aren't known, so that they can't be hashed anew. The requests
-- that they made are kept under the scope that they had.
UPDATE pombo.api_keys SET
    id = 'key_0' || upper(left(replace(gen_random_uuid()::text, '-', ''), 25)),
    request_scope = 'key:' || encode(hash, 'hex');

ALTER TABLE pombo.api_keys
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN user_id DROP DEFAULT,
    ALTER COLUMN role DROP DEFAULT,
    ALTER COLUMN session_ids DROP DEFAULT,
    ALTER COLUMN hint DROP DEFAULT,
    ALTER COLUMN request_scope SET NOT NULL,
    DROP CONSTRAINT api_keys_pkey,
    ADD PRIMARY KEY (id),
    ADD UNIQUE (hash);

CREATE INDEX api_keys_user ON pombo.api_keys (user_id, id);

-- Whose key put a file into the store: the scope of its requests. A key for some sessions sees its own files, and those
-- that messages of its sessions hold.
ALTER TABLE pombo.media ADD COLUMN owner text;
