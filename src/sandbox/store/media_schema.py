"""The table of encrypted files; their bytes are on the disk."""

from typing import Final

MEDIA: Final = """
-- `digest` is the SHA-256 of the file's bytes in hexadecimal, `uploader` an account's number.
CREATE TABLE media (
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    uploader TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) WITHOUT ROWID;
"""
