-- What is done to messages: edits, deletions, reactions, votes and so on, and receipts of a group's members.
--
-- By WhatsApp's id, not by the message's: a change may be told before its message, or without it.

CREATE TABLE pombo.message_states (
    session_id text COLLATE "C" NOT NULL,
    whatsapp_id text COLLATE "C" NOT NULL,
    state json NOT NULL,
    PRIMARY KEY (session_id, whatsapp_id)
);

CREATE TABLE pombo.message_receipts (
    session_id text COLLATE "C" NOT NULL,
    whatsapp_id text COLLATE "C" NOT NULL,
    participant text COLLATE "C" NOT NULL,
    delivered_at timestamptz,
    read_at timestamptz,
    played_at timestamptz,
    PRIMARY KEY (session_id, whatsapp_id, participant)
);

-- The public name of the content's kind, which lists are filtered by. NULL in rows of before: the content says it, as the
-- first of its keys. No row is written anew for it.
ALTER TABLE pombo.messages ADD COLUMN type text, ADD COLUMN forwarded boolean NOT NULL DEFAULT false;
