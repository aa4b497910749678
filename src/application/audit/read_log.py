"""Read the audit log."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.page_tokens import no_page_token
from application.ports.audit_log import AuditFilter
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit import AuditEntry, Mark
from domain.audit_check import Broken, ChainCheck
from domain.errors import InvalidArgumentError
from domain.ids import parse_api_key_id, parse_session_id, parse_user_id

MAX_PAGE: Final = 500
_AT_ONCE: Final = 1_000
_HIGHEST: Final = 2**63 - 1
_WORD: Final = re.compile(r"[A-Za-z_]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAuditLogQuery:
    """Which entries; None: whichever. ``page_token`` is the last page's ``next_page_token``."""

    since: datetime | None = None
    until: datetime | None = None
    user_id: str | None = None
    key_id: str | None = None
    operation: str | None = None
    session_id: str | None = None
    result: str | None = None
    page_token: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Entries, newest first; ``next_page_token`` None when there are no more."""

    items: Sequence[AuditEntry]
    next_page_token: str | None


class ListAuditLog:
    """Lists entries."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, query: ListAuditLogQuery) -> AuditPage:
        """Reads a page.

        Raises:
            InvalidArgumentError: ``INVALID_PAGE_SIZE``, ``INVALID_PAGE_TOKEN``, ``INVALID_USER_ID``,
                ``INVALID_API_KEY_ID``, ``INVALID_SESSION_ID``, ``INVALID_REQUEST``.
        """
        if not 1 <= query.limit <= MAX_PAGE:
            raise InvalidArgumentError("INVALID_PAGE_SIZE", f"A page has 1 to {MAX_PAGE} items.", field="page_size")
        criteria = AuditFilter(
            since=query.since,
            until=query.until,
            user_id=None if query.user_id is None else parse_user_id(query.user_id),
            key_id=None if query.key_id is None else parse_api_key_id(query.key_id),
            operation=_word(query.operation, "operation"),
            session_id=None if query.session_id is None else parse_session_id(query.session_id),
            result=_word(query.result, "result"),
        )
        before = _before(query.page_token)
        async with self._uow.begin() as uow:
            found = await uow.audit.list(criteria, before=before, limit=query.limit + 1)
        more = len(found) > query.limit
        token = str(found[query.limit - 1].sequence) if more else None
        return AuditPage(items=found[: query.limit], next_page_token=token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found: ``broken`` None where all is as it was written; ``head`` the last entry that is good.

    ``removed`` is what comes before the first entry: of what was up to there nothing is proved.
    """

    removed: Mark
    head: Mark
    checked: int
    broken: Broken | None


class VerifyAuditLog:
    """Goes through the whole chain, while it is written to and pruned."""

    def __init__(self, uow: UnitOfWorkFactory) -> None:
        self._uow = uow

    async def execute(self, expected: Mark | None = None) -> Verified:
        """Verifies. ``expected``: a place that was noted elsewhere.

        Raises:
            UnavailableError: ``DATABASE_UNAVAILABLE``.
        """
        while True:
            async with self._uow.begin() as uow:
                ends = await uow.audit.ends()
            marks = (ends.head,) if expected is None else (ends.head, expected)
            check, checked, broken = ChainCheck(ends.removed, *marks), 0, None
            async for entry in scan(self._uow):
                if (broken := check.take(entry)) is not None:
                    break
                checked += 1
            async with self._uow.begin() as uow:
                later = await uow.audit.ends()
            broken = broken or check.end_of_all()
            if broken is None and check.at.sequence > later.head.sequence:
                broken = Broken(later.head.sequence + 1, "it stands behind the newest entry that was written")
            # Else retention was at work beside us: from its new beginning on once more.
            if broken is None or later.removed == ends.removed:
                return Verified(removed=ends.removed, head=check.at, checked=checked, broken=broken)


async def scan(uow: UnitOfWorkFactory, after: int = -_HIGHEST) -> AsyncIterator[AuditEntry]:
    """The entries in their order, those behind a sequence; also what somebody has put before the first.

    Raises:
        UnavailableError: ``DATABASE_UNAVAILABLE``.
    """
    while True:
        async with uow.begin() as unit:
            entries = await unit.audit.scan(after=after, limit=_AT_ONCE)
        for entry in entries:
            yield entry
        if len(entries) < _AT_ONCE:
            return
        after = entries[-1].sequence


def _before(page_token: str | None) -> int | None:
    if not page_token:
        return None
    if not (page_token.isascii() and page_token.isdecimal() and len(page_token) <= len(str(_HIGHEST))):
        raise no_page_token()
    return min(int(page_token), _HIGHEST)


def _word(text: str | None, field: str) -> str | None:
    if text is not None and not _WORD.fullmatch(text):
        raise InvalidArgumentError("INVALID_REQUEST", "Give a name as the entries have it.", field=field)
    return text
