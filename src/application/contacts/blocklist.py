"""Who is blocked."""

from collections.abc import Sequence

from application.contacts.manage_contacts import CONTACT
from application.idempotency.request_key import RequestKey
from application.sessions.asking import PageAsker
from domain.contact import Contact, parse_person
from domain.ids import parse_session_id


class ListBlocked:
    """Lists whom an account has blocked."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str) -> Sequence[Contact]:
        """Asks the page."""
        return await (await self._asker.page(parse_session_id(session_id))).blocklist.list()


class SetBlocked:
    """Blocks or unblocks a person."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(
        self, session_id: str, contact_id: str, *, blocked: bool, request: RequestKey | None = None
    ) -> Contact:
        """Does it; who is so already stays so.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``, ``NOT_A_PERSON``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``, ``CHANGE_REFUSED``, ``IDEMPOTENCY_KEY_REUSED``.
        """
        jid = parse_person(contact_id)
        operation = "blocklist.block" if blocked else "blocklist.unblock"
        return await self._asker.command(
            session_id,
            operation,
            {"contact": str(jid)},
            request,
            lambda page: page.blocklist.block(jid) if blocked else page.blocklist.unblock(jid),
            CONTACT,
        )
