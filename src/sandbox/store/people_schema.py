"""The tables of chats' states, address books, blocked people and profile pictures."""

from typing import Final

PEOPLE: Final = """
-- What an account's devices share of a chat. A chat without messages has a row too: it was cleared, not deleted.
CREATE TABLE chat_states (
    owner TEXT NOT NULL,
    chat TEXT NOT NULL,
    archived INTEGER NOT NULL DEFAULT 0,
    pinned_s INTEGER NOT NULL DEFAULT 0,
    muted_until_s INTEGER NOT NULL DEFAULT 0,
    marked_unread INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (owner, chat)
) WITHOUT ROWID;

-- An account's address book; `person` is the other one's number.
CREATE TABLE address_book (
    owner TEXT NOT NULL,
    person TEXT NOT NULL,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    on_phone INTEGER NOT NULL,
    PRIMARY KEY (owner, person)
) WITHOUT ROWID;

CREATE TABLE blocked (
    owner TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (owner, person)
) WITHOUT ROWID;

CREATE TABLE pictures (
    id TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    data BLOB NOT NULL
) WITHOUT ROWID;
"""
