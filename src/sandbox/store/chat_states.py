"""What an account's phone and devices share of each chat."""

from dataclasses import dataclass, replace
from typing import Any, Final

from sandbox.frames import Json
from sandbox.store.database import Database

_COLUMNS: Final = "archived, pinned_s, muted_until_s, marked_unread"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatState:
    """The state of one chat.

    Attributes:
        archived: Whether it is put away.
        pinned_s: When it was pinned, in Unix seconds; 0: it isn't.
        muted_until_s: Until when it is muted, in Unix seconds; -1: for good, 0: it isn't.
        marked_unread: Marked as unread by hand.
    """

    archived: bool = False
    pinned_s: int = 0
    muted_until_s: int = 0
    marked_unread: bool = False

    def as_json(self) -> Json:
        """Its form on the wire and on the control API."""
        return {
            "archived": self.archived,
            "pinned_s": self.pinned_s,
            "muted_until_s": self.muted_until_s,
            "marked_unread": self.marked_unread,
        }


class ChatStateStore:
    """States by owner and chat; a chat is the store's own key, the number of the other or a group's JID."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, owner: str, chat: str) -> ChatState:
        """The state of a chat, the resting one where none was ever set."""
        sql = f"SELECT {_COLUMNS} FROM chat_states WHERE owner = ? AND chat = ?"  # noqa: S608 - a constant
        row = self._database.read(sql, (owner, chat)).fetchone()
        if row is None:
            return ChatState()
        return ChatState(archived=bool(row[0]), pinned_s=row[1], muted_until_s=row[2], marked_unread=bool(row[3]))

    def change(self, owner: str, chat: str, changes: dict[str, Any]) -> ChatState:
        """The state with fields of `ChatState` changed."""
        state = replace(self.get(owner, chat), **changes)
        values = (state.archived, state.pinned_s, state.muted_until_s, state.marked_unread)
        self._database.write("INSERT OR REPLACE INTO chat_states VALUES (?, ?, ?, ?, ?, ?)", (owner, chat, *values))
        return state

    def drop(self, owner: str, chat: str) -> None:
        """Forget a chat that is deleted."""
        self._database.write("DELETE FROM chat_states WHERE owner = ? AND chat = ?", (owner, chat))

    def chats(self, owner: str) -> list[str]:
        """The chats that have a state."""
        sql = "SELECT chat FROM chat_states WHERE owner = ?"
        return [row[0] for row in self._database.read(sql, (owner,))]

    def pinned(self, owner: str) -> int:
        """How many chats are pinned."""
        sql = "SELECT count(*) FROM chat_states WHERE owner = ? AND pinned_s > 0"
        return int(self._database.read(sql, (owner,)).fetchone()[0])
