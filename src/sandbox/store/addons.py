"""Which messages say something of other ones, stars, and the sandbox's own settings."""

from enum import StrEnum

from sandbox.store.database import Database
from sandbox.store.messages import MessageStore, StoredMessage


class AddonKind(StrEnum):
    """What a message does to the one it names."""

    REACTION = "reaction"
    EDIT = "edit"
    REVOKE = "revoke"
    VOTE = "vote"
    RESPONSE = "response"
    PIN = "pin"


class AddonStore:
    """Reactions, edits, revokes, votes, responses and pins by the message they are about; stars by account."""

    def __init__(self, database: Database, messages: MessageStore) -> None:
        self._database = database
        self._messages = messages

    def keep(self, message: StoredMessage, target: StoredMessage, kind: AddonKind) -> None:
        """Note that a message is about another one; it leaves the logs, for it shows on that one."""
        sql = "INSERT INTO addons (message, target, kind) VALUES (?, ?, ?)"
        self._database.write(sql, (message.no, target.no, kind.value))
        self._database.write("DELETE FROM log WHERE message = ?", (message.no,))

    def of(self, no: int, viewer: str) -> list[tuple[AddonKind, StoredMessage]]:
        """What was done to a message as far as `viewer` was told, oldest first."""
        sql = (
            "SELECT a.kind, a.message FROM addons a JOIN messages m ON m.no = a.message WHERE a.target = ?"
            " AND (m.sender = ? OR EXISTS (SELECT 1 FROM receipts r WHERE r.message = m.no AND r.participant = ?))"
            " ORDER BY a.message"
        )
        rows = self._database.read(sql, (no, viewer, viewer)).fetchall()
        return [(AddonKind(kind), self._messages.at(message)) for kind, message in rows]

    def is_one(self, no: int) -> bool:
        """Whether a message is about another one."""
        return self._database.read("SELECT 1 FROM addons WHERE message = ?", (no,)).fetchone() is not None

    def is_revoked(self, no: int) -> bool:
        """Whether a message was deleted for everyone."""
        sql = "SELECT 1 FROM addons WHERE target = ? AND kind = ?"
        return self._database.read(sql, (no, AddonKind.REVOKE.value)).fetchone() is not None

    def star(self, owner: str, no: int, *, starred: bool) -> None:
        """Mark a message with an account's star, or take it away."""
        sql = (
            "INSERT OR IGNORE INTO starred (owner, message) VALUES (?, ?)"
            if starred
            else "DELETE FROM starred WHERE owner = ? AND message = ?"
        )
        self._database.write(sql, (owner, no))

    def is_starred(self, owner: str, no: int) -> bool:
        """Whether an account has starred a message."""
        sql = "SELECT 1 FROM starred WHERE owner = ? AND message = ?"
        return self._database.read(sql, (owner, no)).fetchone() is not None

    def forget(self, owner: str, no: int) -> None:
        """Take a message out of an account's log: it deleted it for itself."""
        self._database.write("DELETE FROM log WHERE owner = ? AND message = ?", (owner, no))
        self._database.write("DELETE FROM starred WHERE owner = ? AND message = ?", (owner, no))

    def setting(self, name: str) -> int:
        """A number the sandbox keeps for itself; 0 where it keeps none of this name."""
        row = self._database.read("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return 0 if row is None else int(row[0])

    def set(self, name: str, value: int) -> None:
        """Keep a number under a name."""
        self._database.write("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))
