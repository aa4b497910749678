"""Address books, blocked people and profile pictures."""

import secrets
from typing import NamedTuple

from sandbox.store.database import Database


class Entry(NamedTuple):
    """A person in an address book; `on_phone`: also in the phone's own, not in WhatsApp's alone."""

    person: str
    first_name: str
    last_name: str
    on_phone: bool

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


class PeopleStore:
    """What accounts keep of other people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, owner: str, entry: Entry) -> None:
        """Put a person into an address book, or change the entry."""
        self._database.write("INSERT OR REPLACE INTO address_book VALUES (?, ?, ?, ?, ?)", (owner, *entry))

    def remove(self, owner: str, person: str) -> bool:
        """Take a person out of an address book; answers whether there was an entry."""
        sql = "DELETE FROM address_book WHERE owner = ? AND person = ?"
        return self._database.write(sql, (owner, person)).rowcount > 0

    def entry(self, owner: str, person: str) -> Entry | None:
        """A person's entry."""
        sql = "SELECT person, first_name, last_name, on_phone FROM address_book WHERE owner = ? AND person = ?"
        row = self._database.read(sql, (owner, person)).fetchone()
        return None if row is None else _entry(row)

    def entries(self, owner: str) -> list[Entry]:
        """An address book, by name."""
        sql = (
            "SELECT person, first_name, last_name, on_phone FROM address_book WHERE owner = ?"
            " ORDER BY first_name, last_name, person"
        )
        return [_entry(row) for row in self._database.read(sql, (owner,))]

    def block(self, owner: str, person: str) -> bool:
        """Block a person; answers whether that is new."""
        return self._database.write("INSERT OR IGNORE INTO blocked VALUES (?, ?)", (owner, person)).rowcount > 0

    def unblock(self, owner: str, person: str) -> bool:
        """Unblock a person; answers whether that is new."""
        sql = "DELETE FROM blocked WHERE owner = ? AND person = ?"
        return self._database.write(sql, (owner, person)).rowcount > 0

    def has_blocked(self, owner: str, person: str) -> bool:
        """Whether `owner` has blocked `person`."""
        sql = "SELECT EXISTS (SELECT 1 FROM blocked WHERE owner = ? AND person = ?)"
        return bool(self._database.read(sql, (owner, person)).fetchone()[0])

    def blocked_by(self, owner: str) -> list[str]:
        """Whom an account has blocked."""
        sql = "SELECT person FROM blocked WHERE owner = ? ORDER BY person"
        return [row[0] for row in self._database.read(sql, (owner,))]

    def keep_picture(self, media_type: str, data: bytes) -> str:
        """Keep a picture; answers its id, which can't be guessed."""
        picture = secrets.token_urlsafe(18)
        self._database.write("INSERT INTO pictures VALUES (?, ?, ?)", (picture, media_type, data))
        return picture

    def picture(self, picture: str) -> tuple[str, bytes] | None:
        """A picture's media type and bytes."""
        row = self._database.read("SELECT media_type, data FROM pictures WHERE id = ?", (picture,)).fetchone()
        return None if row is None else (row[0], row[1])

    def drop_picture(self, picture: str) -> None:
        """Forget a picture."""
        self._database.write("DELETE FROM pictures WHERE id = ?", (picture,))


def _entry(row: tuple[str, str, str, int]) -> Entry:
    return Entry(row[0], row[1], row[2], bool(row[3]))
