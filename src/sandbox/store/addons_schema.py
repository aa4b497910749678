"""The tables of what is done to messages, and of the sandbox's own settings."""

from typing import Final

ADDONS: Final = """
-- A message that says something of another one (`target`): it is in `messages`, and in nobody's log.
CREATE TABLE addons (
    message INTEGER PRIMARY KEY,
    target INTEGER NOT NULL,
    kind TEXT NOT NULL
);
CREATE INDEX addons_by_target ON addons (target, message);

CREATE TABLE starred (
    owner TEXT NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (owner, message)
) WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
"""
