"""Presence: the account's own, and that of others."""

from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.representation.people import presence_from_dict, presence_to_dict
from application.sessions.asking import NOTHING, PageAsker, form_of
from application.sessions.workers import SessionPage
from domain.ids import parse_session_id
from domain.jid import Jid
from domain.presence import Activity, Presence

_PRESENCE = form_of(presence_to_dict, presence_from_dict)


class SetPresence:
    """Shows the account as online or not."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(self, session_id: str, *, online: bool, request: RequestKey | None = None) -> None:
        """Shows it, as far as the account's privacy settings do.

        Raises:
            PomboError: as ``PageAsker.command`` and ``PresencePage.be``.
        """
        await self._asker.command(
            session_id,
            "presence.set",
            {"online": online},
            request,
            lambda page: page.presence.be(online=online),
            NOTHING,
        )


class SetActivity:
    """Shows in a chat that the account types, records, or has stopped."""

    def __init__(self, asker: PageAsker) -> None:
        self._asker = asker

    async def execute(
        self, session_id: str, chat_id: str, activity: Activity, *, request: RequestKey | None = None
    ) -> None:
        """Shows it; typing and recording end by themselves after 25 seconds.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``.
            NotFoundError: ``CHAT_NOT_FOUND``.
        """
        jid = Jid.parse_recipient(chat_id, field="chat_id")
        asked = {"chat": str(jid), "activity": activity.value}
        await self._asker.command(
            session_id, "presence.act", asked, request, lambda page: page.presence.act(jid, activity), NOTHING
        )


class SubscribePresence:
    """Has a person's or group's presence told as events from now on."""

    def __init__(self, uow: UnitOfWorkFactory, asker: PageAsker) -> None:
        self._uow = uow
        self._asker = asker

    async def execute(self, session_id: str, chat_id: str, *, request: RequestKey | None = None) -> Presence:
        """Subscribes, and gives what is known by now. It lasts until it is ended, whatever restarts.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``.
        """
        slug, jid = parse_session_id(session_id), Jid.parse_recipient(chat_id, field="chat_id")

        async def subscribe(page: SessionPage) -> Presence:
            presence = await page.presence.subscribe(jid)
            async with self._uow.begin() as uow:
                await uow.people.watch(slug, jid)
            return presence

        return await self._asker.command(slug, "presence.subscribe", {"chat": str(jid)}, request, subscribe, _PRESENCE)


class UnsubscribePresence:
    """Ends a subscription; the page may tell on until it is loaded anew."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self, session_id: str, chat_id: str, *, request: RequestKey | None = None) -> None:
        """Ends it; one that isn't there is ended already.

        Raises:
            InvalidArgumentError: ``INVALID_JID``, ``INVALID_PHONE``.
            NotFoundError: ``SESSION_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug, jid = parse_session_id(session_id), Jid.parse_recipient(chat_id, field="chat_id")
        asked = {"session_id": slug, "chat": str(jid)}
        keyed = None if request is None else request.of("presence.unsubscribe", asked)
        async with self._uow.begin() as uow:
            if await answered(uow, keyed, self._clock.now()) is None:
                await uow.sessions.get(slug)
                await uow.people.unwatch(slug, jid)
                await note_answer(uow, keyed, {})
