"""Faults planted in how sessions are paced."""

from collections.abc import Iterator
from typing import override

from application.workers.dispatcher import OutboxDispatcher
from application.workers.governor import Governor
from tests.simulation.planting import Plant


async def _unaccounted(*_: object) -> None:
    """Takes the place of what is left out."""


class PaceForgotten(Plant):
    """What has left isn't accounted for: the account writes as fast as it can, and is restricted."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        yield Governor, "_account_for", _unaccounted


class StraightPastThePace(Plant):
    """A session that is paced takes what is sent straight to the page."""

    @override
    def patches(self) -> Iterator[tuple[object, str, object]]:
        def reserve(dispatcher: OutboxDispatcher, chat: object) -> bool:
            governor, dispatcher._governor = dispatcher._governor, _Unlimited()  # type: ignore[assignment]  # as far as it is asked
            try:
                return kept(dispatcher, chat)  # type: ignore[arg-type]  # handed on as it is
            finally:
                dispatcher._governor = governor

        kept = OutboxDispatcher.reserve
        yield OutboxDispatcher, "reserve", reserve


class _Unlimited:
    limits = False
