"""Polls."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from domain.errors import InvalidArgumentError
from domain.text_checks import check_text

MIN_OPTIONS: Final = 2
MAX_OPTIONS: Final = 12
"""As WhatsApp's Help Center has it ("How to create and vote in polls")."""
MAX_QUESTION: Final = 255
MAX_OPTION: Final = 100
"""What WhatsApp's apps let a user type, in UTF-16 code units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A question with answers to choose from.

    Attributes:
        options: the answers, each another.
        selectable: how many of them a person may choose; 0: any number.
    """

    question: str
    options: tuple[str, ...]
    selectable: int = 1

    @classmethod
    def compose(cls, question: str, options: Iterable[str], *, selectable: int = 1) -> "Poll":
        """Checks a poll that is to be sent.

        Raises:
            InvalidArgumentError: ``EMPTY_TEXT``, ``INVALID_TEXT``, ``TEXT_TOO_LONG``, ``INVALID_POLL``.
        """
        check_text(question, MAX_QUESTION, field="poll.question")
        given = tuple(options)
        if not MIN_OPTIONS <= len(given) <= MAX_OPTIONS:
            raise InvalidArgumentError(
                "INVALID_POLL", f"A poll has {MIN_OPTIONS} to {MAX_OPTIONS} options.", field="poll.options"
            )
        for place, option in enumerate(given):
            check_text(option, MAX_OPTION, field=f"poll.options[{place}]")
        if len({option.strip() for option in given}) < len(given):
            raise InvalidArgumentError("INVALID_POLL", "The options differ from each other.", field="poll.options")
        if not 0 <= selectable <= len(given):
            raise InvalidArgumentError(
                "INVALID_POLL", "As many options can be chosen as there are; 0 is any number.", field="poll.selectable"
            )
        return cls(question=question, options=given, selectable=selectable)

    def check_choice(self, chosen: tuple[str, ...]) -> None:
        """Refuses a choice that this poll doesn't allow. None at all takes a vote back.

        Raises:
            InvalidArgumentError: ``UNKNOWN_POLL_OPTION``, ``TOO_MANY_POLL_OPTIONS``.
        """
        if any(option not in self.options for option in chosen):
            raise InvalidArgumentError("UNKNOWN_POLL_OPTION", "The poll has no such option.", field="options")
        if self.selectable and len(chosen) > self.selectable:
            raise InvalidArgumentError(
                "TOO_MANY_POLL_OPTIONS", f"In this poll at most {self.selectable} can be chosen.", field="options"
            )
