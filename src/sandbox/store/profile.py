"""What an account shows of itself, and to whom."""

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from sandbox.frames import Json


class Audience(StrEnum):
    """Who may see something of an account's; the values are the control API's."""

    ALL = "all"
    CONTACTS = "contacts"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An account's public side.

    Attributes:
        addressing: `phone` or `lid`: the form in which others' devices are told of this person's messages.
        hide_phone: The number is told only to those who know it: who saved it, or asks by it.
        username: Without the leading @; None: none.
        about: The text under the name.
        about_ms: When it was set.
        picture: Id of the profile picture in the store of blobs; None: none.
        business: A business's own description of itself, None for a person.
        last_seen: Who may see when the account was last available.
        online: `all`, or `same`: who may see the last-seen time.
        show_about: Who may see the about text.
        show_picture: Who may see the picture.
        groups_add: Who may add this person to groups.
        last_seen_s: When the account was last available, in Unix seconds.
        former: The numbers that it had before, the latest last, but for those that another account has by now.
    """

    addressing: str = "phone"
    hide_phone: bool = False
    username: str | None = None
    about: str = ""
    about_ms: int = 0
    picture: str | None = None
    business: Json | None = None
    last_seen: str = Audience.ALL
    online: str = "all"
    show_about: str = Audience.ALL
    show_picture: str = Audience.ALL
    groups_add: str = Audience.ALL
    last_seen_s: int | None = None
    former: tuple[str, ...] = ()

    def as_json(self) -> Json:
        """Its stored form."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Profile":
        """Read the stored form; what it doesn't hold has its default."""
        names = {field.name for field in fields(cls)}
        given = {name: value for name, value in stored.items() if name in names}
        return cls(**{**given, "former": tuple(given.get("former", ()))})
