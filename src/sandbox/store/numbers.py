"""An account's number wherever the tables hold it."""

from typing import Final

import orjson

from sandbox.frames import Json
from sandbox.store.database import Database
from sandbox.store.messages import StoredMessage

_HELD: Final = {
    "messages": ("sender", "recipient"),
    "log": ("owner", "chat"),
    "receipts": ("participant",),
    "chat_states": ("owner", "chat"),
    "address_book": ("owner", "person"),
    "blocked": ("owner", "person"),
    "starred": ("owner",),
    "media": ("uploader",),
}
"""Accounts and groups have stores that hold them in memory too; devices are linked to no account that changes."""


class NumberStore:
    """Renames accounts in the tables, and tells who has anything of theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rename(self, old: str, new: str) -> None:
        """Put a number in the place of another one, which no account has had before."""
        for table, columns in _HELD.items():
            for column in columns:
                sql = f"UPDATE {table} SET {column} = ? WHERE {column} = ?"  # noqa: S608 - constants
                self._database.write(sql, (new, old))

    def partners(self, phone: str) -> list[str]:
        """The accounts that have a chat with this one."""
        return self._owners("SELECT DISTINCT owner FROM log WHERE chat = ? AND owner <> chat ORDER BY owner", phone)

    def saved_by(self, phone: str) -> list[str]:
        """The accounts that have this one in their address book."""
        return self._owners("SELECT owner FROM address_book WHERE person = ? ORDER BY owner", phone)

    def blocked_by(self, phone: str) -> list[str]:
        """The accounts that have blocked this one."""
        return self._owners("SELECT owner FROM blocked WHERE person = ? ORDER BY owner", phone)

    def note(self, sender: str, identifier: str, viewer: str, sent_ms: int, content: Json) -> StoredMessage:
        """Keep a message that `viewer` alone reads in the chat with `sender`, and that nobody has to receive."""
        cursor = self._database.write(
            "INSERT INTO messages (sender, id, recipient, device, sent_ms, content) VALUES (?, ?, ?, 0, ?, ?)",
            (sender, identifier, viewer, sent_ms, orjson.dumps(content)),
        )
        no = cursor.lastrowid
        if no is None:
            raise AssertionError("an insert has a row id")
        self._database.write("INSERT INTO log (owner, chat, message) VALUES (?, ?, ?)", (viewer, sender, no))
        return StoredMessage(
            no=no, sender=sender, id=identifier, recipient=viewer, device=0, sent_ms=sent_ms, content=content
        )

    def _owners(self, sql: str, phone: str) -> list[str]:
        return [row[0] for row in self._database.read(sql, (phone,))]
