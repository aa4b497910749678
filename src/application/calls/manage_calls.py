"""Incoming calls."""

from collections.abc import Sequence
from typing import Final

from application.idempotency.request_key import RequestKey
from application.representation.people import call_from_dict, call_to_dict
from application.sessions.asking import PageAsker, form_of
from domain.call import Call
from domain.errors import InvalidArgumentError
from domain.ids import parse_session_id

_MAX_ID: Final = 128
_CALL: Final = form_of(call_to_dict, call_from_dict)


class ListCalls:
    """Lists the calls that ring."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str) -> Sequence[Call]:
        """Asks the page."""
        return await (await self._asker.page(parse_session_id(session_id))).calls.ringing()


class RejectCall:
    """Rejects a call that rings."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, call_id: str, *, request: RequestKey | None = None) -> Call:
        """Rejects it; what was rejected already stays so.

        Raises:
            InvalidArgumentError: ``INVALID_CALL_ID``.
            NotFoundError: ``CALL_NOT_FOUND``: it doesn't ring, or not any more.
        """
        if not 1 <= len(call_id) <= _MAX_ID or not call_id.isascii() or not call_id.isprintable():
            raise InvalidArgumentError("INVALID_CALL_ID", "Give a call's id as its event has it.", field="call_id")
        asked = {"call": call_id}
        return await self._asker.command(
            session_id, "calls.reject", asked, request, lambda page: page.calls.reject(call_id), _CALL
        )
