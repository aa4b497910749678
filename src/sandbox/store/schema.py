"""The tables."""

from typing import Final

from sandbox.store.addons_schema import ADDONS
from sandbox.store.groups_schema import GROUPS
from sandbox.store.media_schema import MEDIA
from sandbox.store.people_schema import PEOPLE

APPLICATION_ID: Final = 0x506F6D62  # "Pomb"
SCHEMA_VERSION: Final = 3

SCHEMA: Final = f"""
BEGIN;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};

CREATE TABLE accounts (
    phone TEXT PRIMARY KEY,
    lid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    online INTEGER NOT NULL,
    deliver_after_ms INTEGER NOT NULL,
    read_after_ms INTEGER,
    next_device INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    profile BLOB NOT NULL DEFAULT '{{}}'
) WITHOUT ROWID;

CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    phone TEXT NOT NULL,
    number INTEGER NOT NULL,
    noise_pub BLOB NOT NULL UNIQUE,
    identity_pub BLOB NOT NULL,
    registration_id INTEGER NOT NULL,
    platform TEXT NOT NULL,
    linked_ms INTEGER NOT NULL,
    last_seen_ms INTEGER,
    history_done INTEGER NOT NULL DEFAULT 0,
    UNIQUE (phone, number)
);

-- A message once, whoever holds it. `no` is its place in the order of all messages.
CREATE TABLE messages (
    no INTEGER PRIMARY KEY,
    sender TEXT NOT NULL,
    id TEXT NOT NULL,
    recipient TEXT NOT NULL,
    device INTEGER NOT NULL,
    sent_ms INTEGER NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (id, sender)
);

-- What an account's phone holds, by chat; `chat` is the other one's number, or the group's JID.
CREATE TABLE log (
    owner TEXT NOT NULL,
    chat TEXT NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (owner, chat, message)
) WITHOUT ROWID;

CREATE TABLE receipts (
    message INTEGER NOT NULL,
    participant TEXT NOT NULL,
    delivered_ms INTEGER,
    read_ms INTEGER,
    played_ms INTEGER,
    PRIMARY KEY (message, participant)
) WITHOUT ROWID;
CREATE INDEX receipts_undelivered ON receipts (participant, message) WHERE delivered_ms IS NULL;
CREATE INDEX receipts_unread ON receipts (participant, message) WHERE read_ms IS NULL;

-- AUTOINCREMENT: a number that was acknowledged and deleted must not come again.
CREATE TABLE queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    device INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX queue_by_device ON queue (device, seq);
{PEOPLE}
{ADDONS}
{MEDIA}
{GROUPS}
COMMIT;
"""
