"""The table of groups."""

from typing import Final

GROUPS: Final = """
-- A group whole: who is in it changes as one with the rest of it.
CREATE TABLE groups (
    jid TEXT PRIMARY KEY,
    state BLOB NOT NULL
) WITHOUT ROWID;
"""
