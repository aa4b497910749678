-- Files: what is known of each, and which messages hold them. The files' bytes are in the media store, by their digest.

-- Contents that are in the media store, or on their way there. A content is noted before it is stored, and removed from
-- the store under its row's lock: so there is none in the store that has no row, and none is removed that is being stored.
CREATE TABLE pombo.media_blobs (
    sha256 text COLLATE "C" PRIMARY KEY,
    size bigint NOT NULL,
    touched_at timestamptz NOT NULL
);

CREATE INDEX media_blobs_touched ON pombo.media_blobs (touched_at);

CREATE TABLE pombo.media (
    id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL,
    mime_type text NOT NULL,
    sha256 text COLLATE "C" NOT NULL REFERENCES pombo.media_blobs,
    size bigint NOT NULL,
    filename text,
    facts json NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    -- What it was made of, and what for: a voice note of a recording, say.
    made_of text COLLATE "C",
    form text
);

CREATE INDEX media_newest ON pombo.media (created_at DESC, id DESC);
CREATE INDEX media_sha256 ON pombo.media (sha256);
CREATE INDEX media_expires ON pombo.media (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX media_made ON pombo.media (made_of, form) WHERE made_of IS NOT NULL;

-- The files that messages hold.
CREATE TABLE pombo.message_media (
    message_id text COLLATE "C" PRIMARY KEY,
    media_id text COLLATE "C" NOT NULL REFERENCES pombo.media ON DELETE CASCADE
);

CREATE INDEX message_media_media ON pombo.message_media (media_id);
