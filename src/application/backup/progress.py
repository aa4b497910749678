"""How far a long work is."""

from collections.abc import Callable

Progress = Callable[[str, int], None]
"""Is told, now and then, of what is being worked on, and how many bytes of it are done."""


def no_progress(_: str, __: int) -> None:
    """For whom nobody waits."""
