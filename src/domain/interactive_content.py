"""Lists and buttons, and what people choose of them.

WhatsApp keeps changing who sees them: a send may be accepted and show nothing on some phones. Use them where a text
that says the same would do.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from domain.errors import InvalidArgumentError
from domain.text_checks import check_optional_text, check_text

MAX_BODY: Final = 4_096
MAX_BUTTONS_BODY: Final = 1_024
MAX_HEADER: Final = 60
MAX_FOOTER: Final = 60
MAX_BUTTON: Final = 20
MAX_BUTTONS: Final = 3
MAX_SECTIONS: Final = 10
MAX_ROWS: Final = 10
MAX_ROW_TITLE: Final = 24
MAX_ROW_DESCRIPTION: Final = 72
MAX_CHOICE_ID: Final = 200
"""All of these as Meta's Cloud API has them ("Interactive list messages", "Interactive reply buttons messages")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several that a person may choose. ``id`` is the sender's own name of it."""

    id: str
    title: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Choices of a list under a title."""

    title: str | None
    rows: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMenu:
    """A button that opens a list."""

    button: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyButtons:
    """Buttons that answer with their title."""

    buttons: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactive:
    """A message with something to choose from (fragile)."""

    body: str
    action: ListMenu | ReplyButtons
    header: str | None = None
    footer: str | None = None

    @classmethod
    def compose(
        cls, body: str, action: ListMenu | ReplyButtons, *, header: str | None = None, footer: str | None = None
    ) -> "Interactive":
        """Checks one that is to be sent.

        Raises:
            InvalidArgumentError: ``EMPTY_TEXT``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``, ``INVALID_INTERACTIVE``.
        """
        field = "interactive"
        match action:
            case ListMenu():
                _check_list(action, f"{field}.action")
                check_text(body, MAX_BODY, field=f"{field}.body.text")
            case ReplyButtons():
                _check_buttons(action, f"{field}.action.buttons")
                check_text(body, MAX_BUTTONS_BODY, field=f"{field}.body.text")
        return cls(
            body=body,
            action=action,
            header=check_optional_text(header, MAX_HEADER, field=f"{field}.header.text"),
            footer=check_optional_text(footer, MAX_FOOTER, field=f"{field}.footer.text"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractiveReply:
    """What a person chose; the message that it was chosen from is the one that is answered.

    Attributes:
        of_list: chosen from a list, not a button.
    """

    choice: Choice
    of_list: bool


def _check_list(menu: ListMenu, field: str) -> None:
    check_text(menu.button, MAX_BUTTON, field=f"{field}.button")
    rows = [row for section in menu.sections for row in section.rows]
    if not 1 <= len(menu.sections) <= MAX_SECTIONS or not 1 <= len(rows) <= MAX_ROWS:
        raise InvalidArgumentError(
            "INVALID_INTERACTIVE",
            f"A list has 1 to {MAX_SECTIONS} sections and 1 to {MAX_ROWS} rows altogether.",
            field=f"{field}.sections",
        )
    for place, section in enumerate(menu.sections):
        here = f"{field}.sections[{place}]"
        if not section.rows:
            raise InvalidArgumentError("INVALID_INTERACTIVE", "A section has a row.", field=f"{here}.rows")
        if len(menu.sections) > 1 or section.title is not None:
            check_text(section.title or "", MAX_ROW_TITLE, field=f"{here}.title")
        for row_place, row in enumerate(section.rows):
            at = f"{here}.rows[{row_place}]"
            check_text(row.id, MAX_CHOICE_ID, field=f"{at}.id")
            check_text(row.title, MAX_ROW_TITLE, field=f"{at}.title")
            check_optional_text(row.description, MAX_ROW_DESCRIPTION, field=f"{at}.description")
    _check_distinct((row.id for row in rows), f"{field}.sections")


def _check_buttons(action: ReplyButtons, field: str) -> None:
    if not 1 <= len(action.buttons) <= MAX_BUTTONS:
        raise InvalidArgumentError("INVALID_INTERACTIVE", f"Give 1 to {MAX_BUTTONS} buttons.", field=field)
    for place, button in enumerate(action.buttons):
        check_text(button.id, MAX_CHOICE_ID, field=f"{field}[{place}].reply.id")
        check_text(button.title, MAX_BUTTON, field=f"{field}[{place}].reply.title")
    _check_distinct((button.id for button in action.buttons), field)


def _check_distinct(ids: Iterable[str], field: str) -> None:
    given = list(ids)
    if len(set(given)) < len(given):
        raise InvalidArgumentError("INVALID_INTERACTIVE", "Each choice has an id of its own.", field=field)
