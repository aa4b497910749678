"""Messages, what each account holds of them, and their receipts."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson

from sandbox.frames import Json
from sandbox.store.database import Database, Row

_COLUMNS: Final = "m.no, m.sender, m.id, m.recipient, m.device, m.sent_ms, m.content"


class ReceiptKind(StrEnum):
    """How far a message has come with one participant; each includes the ones before it."""

    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMessage:
    """A message as the server keeps it.

    Attributes:
        no: Its place in the order of all messages.
        recipient: The other account's number, or the group's JID.
        device: The sender's device that made it; 0 for the phone.
        content: As it came, whatever its type.
    """

    no: int
    sender: str
    id: str
    recipient: str
    device: int
    sent_ms: int
    content: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What one participant did with a message, and when (milliseconds)."""

    participant: str
    delivered_ms: int | None
    read_ms: int | None
    played_ms: int | None

    @property
    def ack(self) -> int:
        """1 sent, 2 delivered, 3 read, 4 played."""
        for level, instant in ((4, self.played_ms), (3, self.read_ms), (2, self.delivered_ms)):
            if instant is not None:
                return level
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A message that a participant hasn't read yet; `group`: in which group, None for one between two people."""

    no: int
    sender: str
    id: str
    sent_ms: int
    delivered_ms: int | None
    group: str | None = None


class MessageStore:
    """All messages, logs and receipts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        sender: str,
        id: str,  # noqa: A002 - the column's name
        recipient: str,
        device: int,
        sent_ms: int,
        content: Json,
        withheld: bool = False,
    ) -> StoredMessage:
        """Keep a new message in both accounts' logs, with an empty receipt for its recipient.

        `withheld`: the recipient has blocked the sender and never gets it; the sender isn't told.
        """
        cursor = self._database.write(
            "INSERT INTO messages (sender, id, recipient, device, sent_ms, content) VALUES (?, ?, ?, ?, ?, ?)",
            (sender, id, recipient, device, sent_ms, orjson.dumps(content)),
        )
        no = cursor.lastrowid
        if no is None:
            raise AssertionError("an insert has a row id")
        self._database.write("INSERT INTO log (owner, chat, message) VALUES (?, ?, ?)", (sender, recipient, no))
        if recipient != sender and not withheld:
            self._database.write("INSERT INTO log (owner, chat, message) VALUES (?, ?, ?)", (recipient, sender, no))
        if not withheld:
            self._database.write("INSERT INTO receipts (message, participant) VALUES (?, ?)", (no, recipient))
        return StoredMessage(
            no=no, sender=sender, id=id, recipient=recipient, device=device, sent_ms=sent_ms, content=content
        )

    def sent_at(self, sender: str, message_id: str) -> int | None:
        """When an account sent a message of this id, in milliseconds; None if it never did."""
        sql = "SELECT sent_ms FROM messages WHERE sender = ? AND id = ?"
        row = self._database.read(sql, (sender, message_id)).fetchone()
        return None if row is None else int(row[0])

    def sent_by(self, sender: str, message_id: str) -> StoredMessage | None:
        """The message of this id that an account sent."""
        sql = f"SELECT {_COLUMNS} FROM messages m WHERE m.sender = ? AND m.id = ?"  # noqa: S608 - a constant
        row = self._database.read(sql, (sender, message_id)).fetchone()
        return None if row is None else _message(row)

    def at(self, no: int) -> StoredMessage:
        """The message at a place that there is."""
        sql = f"SELECT {_COLUMNS} FROM messages m WHERE m.no = ?"  # noqa: S608 - a constant
        return _message(self._database.read(sql, (no,)).fetchone())

    def in_log(self, owner: str, message_id: str) -> list[StoredMessage]:
        """The messages of an id that an account holds: one per sender, so seldom more than one."""
        sql = (
            f"SELECT {_COLUMNS} FROM messages m WHERE m.id = ?"  # noqa: S608 - a constant
            " AND EXISTS (SELECT 1 FROM log l"
            " WHERE l.owner = ? AND l.chat IN (m.sender, m.recipient) AND l.message = m.no)"
        )
        return [_message(row) for row in self._database.read(sql, (message_id, owner))]

    def chats(self, owner: str) -> list[str]:
        """The numbers an account has chats with, the latest active first."""
        sql = "SELECT chat FROM log WHERE owner = ? GROUP BY chat ORDER BY max(message) DESC"
        return [row[0] for row in self._database.read(sql, (owner,))]

    def newest(self, owner: str, chat: str, limit: int, before: int | None = None) -> list[StoredMessage]:
        """The newest messages of a chat, oldest first; `before`: those before this place."""
        sql = (
            f"SELECT {_COLUMNS} FROM log l JOIN messages m ON m.no = l.message"  # noqa: S608 - a constant
            " WHERE l.owner = ? AND l.chat = ? AND l.message < ? ORDER BY l.message DESC LIMIT ?"
        )
        below = 2**62 if before is None else before
        rows = self._database.read(sql, (owner, chat, below, limit)).fetchall()
        return [_message(row) for row in reversed(rows)]

    def place(self, owner: str, chat: str, message_id: str) -> int | None:
        """The place (`no`) of a message in an account's chat; None where the chat doesn't hold it."""
        sql = (
            "SELECT max(m.no) FROM log l JOIN messages m ON m.no = l.message"
            " WHERE l.owner = ? AND l.chat = ? AND m.id = ?"
        )
        found = self._database.read(sql, (owner, chat, message_id)).fetchone()[0]
        return None if found is None else int(found)

    def forget(self, owner: str, chat: str, upto: int, keep: list[str]) -> None:
        """Take a chat's messages up to a place out of an account's log, but for the ids in `keep`."""
        sql = (
            "DELETE FROM log WHERE owner = ? AND chat = ? AND message <= ? AND message NOT IN"
            " (SELECT no FROM messages WHERE id IN (SELECT value FROM json_each(?)))"
        )
        self._database.write(sql, (owner, chat, upto, orjson.dumps(keep).decode()))

    def spoke(self, owner: str, chat: str) -> tuple[bool, bool]:
        """Whether `owner` ever wrote to `chat`, and whether `chat` ever wrote to `owner`."""
        sql = (
            "SELECT EXISTS (SELECT 1 FROM log l JOIN messages m ON m.no = l.message"
            " WHERE l.owner = ? AND l.chat = ? AND m.sender = ?)"
        )
        wrote, heard = (self._database.read(sql, (owner, chat, by)).fetchone()[0] for by in (owner, chat))
        return bool(wrote), bool(heard)

    def receipts(self, no: int) -> list[Receipt]:
        """The receipts of a message, one per participant."""
        sql = "SELECT participant, delivered_ms, read_ms, played_ms FROM receipts WHERE message = ?"
        return [
            Receipt(participant=row[0], delivered_ms=row[1], read_ms=row[2], played_ms=row[3])
            for row in self._database.read(sql, (no,))
        ]

    def ack(self, no: int) -> int:
        """How far a message has come with all its participants: 1 sent to 4 played."""
        return min((receipt.ack for receipt in self.receipts(no)), default=1)

    def record(self, participant: str, sender: str, message_id: str, kind: ReceiptKind, at_ms: int) -> Pending | None:
        """Move a receipt forward; None when there is no such message or the receipt says as much already."""
        row = self._database.read(
            "SELECT m.no, m.sent_ms, m.recipient, r.delivered_ms, r.read_ms, r.played_ms FROM messages m"
            " JOIN receipts r ON r.message = m.no AND r.participant = ? WHERE m.sender = ? AND m.id = ?",
            (participant, sender, message_id),
        ).fetchone()
        if row is None:
            return None
        no, sent_ms, recipient, delivered, read, played = row
        before = (delivered, read, played)
        delivered = at_ms if delivered is None else delivered
        if kind is not ReceiptKind.DELIVERED:
            read = at_ms if read is None else read
        if kind is ReceiptKind.PLAYED:
            played = at_ms if played is None else played
        if before == (delivered, read, played):
            return None
        self._database.write(
            "UPDATE receipts SET delivered_ms = ?, read_ms = ?, played_ms = ? WHERE message = ? AND participant = ?",
            (delivered, read, played, no, participant),
        )
        group = _group_of(recipient)
        return Pending(no=no, sender=sender, id=message_id, sent_ms=sent_ms, delivered_ms=delivered, group=group)

    def undelivered(self, participant: str) -> list[Pending]:
        """What an account hasn't received, oldest first."""
        return self._pending(participant, "r.delivered_ms IS NULL")

    def unread(self, participant: str) -> list[Pending]:
        """What an account has received but not read, oldest first."""
        return self._pending(participant, "r.read_ms IS NULL AND r.delivered_ms IS NOT NULL")

    def unread_in(self, owner: str, chat: str) -> list[str]:
        """The ids of the messages of a chat that its owner hasn't read, oldest first."""
        return [message_id for _, message_id in self.unread_by_sender(owner, chat)]

    def unread_by_sender(self, owner: str, chat: str) -> list[tuple[str, str]]:
        """As `unread_in`, each with its sender's number before it."""
        sql = (
            "SELECT m.sender, m.id FROM log l JOIN messages m ON m.no = l.message"
            " JOIN receipts r ON r.message = m.no AND r.participant = l.owner"
            " WHERE l.owner = ? AND l.chat = ? AND r.read_ms IS NULL ORDER BY m.no"
        )
        return [(row[0], row[1]) for row in self._database.read(sql, (owner, chat))]

    def _pending(self, participant: str, condition: str) -> list[Pending]:
        sql = (
            "SELECT m.no, m.sender, m.id, m.sent_ms, r.delivered_ms, m.recipient FROM receipts r"  # noqa: S608 - constants
            f" JOIN messages m ON m.no = r.message WHERE r.participant = ? AND {condition} ORDER BY m.no"
        )
        return [
            Pending(no=row[0], sender=row[1], id=row[2], sent_ms=row[3], delivered_ms=row[4], group=_group_of(row[5]))
            for row in self._database.read(sql, (participant,))
        ]


def _group_of(recipient: str) -> str | None:
    return recipient if recipient.endswith("@g.us") else None


def _message(row: Row) -> StoredMessage:
    return StoredMessage(
        no=row[0],
        sender=row[1],
        id=row[2],
        recipient=row[3],
        device=row[4],
        sent_ms=row[5],
        content=orjson.loads(row[6]),
    )
