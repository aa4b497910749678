"""Messages of groups: in the log of each who was a member when they were sent."""

from collections.abc import Iterable

import orjson

from sandbox.frames import Json
from sandbox.store.database import Database
from sandbox.store.messages import StoredMessage


class GroupMessageStore:
    """Adds messages to groups; they are read as all others are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        *,
        sender: str,
        id: str,  # noqa: A002 - the column's name
        group: str,
        device: int,
        sent_ms: int,
        content: Json,
        owners: Iterable[str],
        receivers: Iterable[str],
    ) -> StoredMessage:
        """Keep a message in the logs of `owners`, with an empty receipt for each of `receivers`."""
        cursor = self._database.write(
            "INSERT INTO messages (sender, id, recipient, device, sent_ms, content) VALUES (?, ?, ?, ?, ?, ?)",
            (sender, id, group, device, sent_ms, orjson.dumps(content)),
        )
        no = cursor.lastrowid
        if no is None:
            raise AssertionError("an insert has a row id")
        for owner in owners:
            self._database.write("INSERT INTO log (owner, chat, message) VALUES (?, ?, ?)", (owner, group, no))
        for receiver in receivers:
            self._database.write("INSERT INTO receipts (message, participant) VALUES (?, ?)", (no, receiver))
        return StoredMessage(
            no=no, sender=sender, id=id, recipient=group, device=device, sent_ms=sent_ms, content=content
        )
