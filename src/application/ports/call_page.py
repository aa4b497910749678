"""A page's part in calls."""

from abc import abstractmethod
from typing import Protocol

from domain.call import Call


class CallPage(Protocol):
    """Incoming calls.

    Everything raises UnavailableError ``PAGE_UNAVAILABLE``, and CapabilityUnavailableError where the page lacks the
    function.
    """

    @abstractmethod
    async def ringing(self) -> tuple[Call, ...]:
        """The calls that ring now."""

    @abstractmethod
    async def reject(self, call_id: str) -> Call:
        """Rejects a call that rings; one that this page has rejected before is rejected already.

        Raises:
            NotFoundError: ``CALL_NOT_FOUND``: it doesn't ring here, or not any more.
        """
