"""Found a group, once per request key whatever dies meanwhile."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.idempotency.request_key import RequestKey
from application.ports.group_page import Creation
from application.ports.id_generator import IdGenerator
from application.ports.idempotency_repository import KeyedRequest
from application.representation.groups import created_from_dict, created_to_dict
from application.sessions.asking import PageAsker, form_of
from application.sessions.workers import SessionPage
from domain.group import CreatedGroup, check_subject, parse_people

_CREATED: Final = form_of(created_to_dict, created_from_dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGroupCommand:
    """``participants``: addresses or phone numbers, the account itself not among them."""

    session_id: str
    subject: str
    participants: tuple[str, ...]


class CreateGroup:
    """Founds a group. One that may have been founded by an earlier try is looked for before it is founded again."""

    def __init__(self, asker: PageAsker, ids: IdGenerator) -> None:
        self._asker = asker
        self._ids = ids

    async def execute(self, command: CreateGroupCommand, *, request: RequestKey | None = None) -> CreatedGroup:
        """Founds it, or gives what the same request has founded.

        Raises:
            InvalidArgumentError: ``INVALID_GROUP``, ``INVALID_JID``, ``INVALID_PHONE``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``, ``GROUP_FULL``, ``GROUP_REFUSED``,
                ``IDEMPOTENCY_KEY_REUSED``.
            UnavailableError: ``PAGE_UNAVAILABLE``: whether it was founded is unknown; the same key finds out.
        """
        check_subject(command.subject)
        people = parse_people(command.participants)
        asked = {"subject": command.subject, "participants": [str(each) for each in people]}
        # Without a key nobody can ask again for this very creation; then the name only has to be a new one.
        keyed = None if request is None else request.of("groups.create", {"session": command.session_id, **asked})
        token = self._ids.event_id() if keyed is None else _token_of(keyed)

        async def found(page: SessionPage, begun_at: datetime | None = None) -> CreatedGroup:
            return await page.groups.create(
                Creation(token=token, subject=command.subject, participants=people, begun_at=begun_at)
            )

        return await self._asker.command(
            command.session_id, "groups.create", asked, request, found, _CREATED, resume=found
        )


def _token_of(request: KeyedRequest) -> str:
    """A name for what a request does, the same for whoever does it: it tells nothing of the key."""
    named = "\n".join((request.scope, request.key)).encode()
    return hashlib.sha256(named + request.fingerprint).hexdigest()[:32]
