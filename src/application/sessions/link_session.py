"""Link a session: its QR, a new batch of QRs, a pairing code."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from application.events.feed import wait_or_poll
from application.idempotency.once import Form, Once
from application.idempotency.request_key import RequestKey
from application.ports.clock import Clock
from application.ports.event_bus import EventBus
from application.ports.id_generator import IdGenerator
from application.ports.link_code_cache import LinkCodeCache
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.workers import SessionWorkers, session_topic
from domain.errors import ConflictError, GoneError, PomboError, UnavailableError
from domain.event import NewEvent, PairingCodeIssued
from domain.ids import SessionId, parse_session_id
from domain.jid import parse_phone
from domain.session import PairingCode, QrCode, Session, SessionStatus, StatusReason, Wanted

_POLL_SECONDS = 1.0


async def _read_code(answer: Mapping[str, Any]) -> PairingCode:
    return PairingCode(code=answer["code"], expires_at=datetime.fromisoformat(answer["expires_at"]))


_PAIRING_CODE: Final[Form[PairingCode]] = Form(
    write=lambda code: {"code": code.code, "expires_at": code.expires_at.isoformat()}, read=_read_code
)
"""Kept with the answer: it is of no use once it has expired, minutes later."""


class GetQr:
    """Gives the QR that a session shows at present."""

    def __init__(self, uow: UnitOfWorkFactory, codes: LinkCodeCache, bus: EventBus) -> None:
        self._uow = uow
        self._codes = codes
        self._bus = bus

    async def execute(self, session_id: str, *, wait: timedelta = timedelta(0)) -> QrCode:
        """Reads the QR; waits for one up to a limit while the session starts.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``ALREADY_LINKED``, ``SESSION_NOT_RUNNING``, ``PASSKEY_REQUIRED``.
            GoneError: ``QR_EXPIRED``: the batch has ended; ask for a new one.
            UnavailableError: ``QR_NOT_READY``: the page is still loading.
        """
        slug = parse_session_id(session_id)
        async with self._bus.subscribe(session_topic(slug)) as signals:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait.total_seconds() or None):
                    while (qr := await self._look(slug)) is None and wait:
                        await wait_or_poll(signals, _POLL_SECONDS)
                    if qr is not None:
                        return qr
        raise UnavailableError(
            "QR_NOT_READY", "The page is still loading; ask again in a moment.", retry_after=timedelta(seconds=1)
        )

    async def _look(self, session_id: SessionId) -> QrCode | None:
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(session_id)
        _check_linkable(session)
        if session.status is not SessionStatus.SCAN_QR_CODE:
            return None  # what the cache may still hold is of a page that is gone
        if session.status_reason is StatusReason.QR_BATCH_ENDED:
            raise GoneError("QR_EXPIRED", "The QR has expired. Ask for a new one with POST on the same address.")
        return await self._codes.get(session_id)


class RefreshQr:
    """Asks the page for a new batch of QRs."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers, get_qr: GetQr) -> None:
        self._uow = uow
        self._workers = workers
        self._get_qr = get_qr
        self._once = Once(uow, clock)

    async def execute(self, session_id: str, *, wait: timedelta, request: RequestKey | None = None) -> QrCode:
        """Asks, and gives the first QR.

        Raises:
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``ALREADY_LINKED``, ``SESSION_NOT_RUNNING``.
            UnavailableError: ``QR_NOT_READY``, ``PAGE_UNAVAILABLE``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug = parse_session_id(session_id)
        keyed = None if request is None else request.of("sessions.refresh_qr", {"session_id": slug})

        async def read(_: Mapping[str, Any]) -> QrCode:
            # The QR is a credential and changes all the time: the answer is the one that is shown now.
            return await self._get_qr.execute(slug, wait=wait)

        return await self._once.run(keyed, lambda: self._refresh(slug, wait), Form(write=lambda _: {}, read=read))

    async def _refresh(self, slug: SessionId, wait: timedelta) -> QrCode:
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(slug)
        _check_linkable(session)
        if session.status_reason is StatusReason.QR_BATCH_ENDED:
            await (await self._workers.page(slug)).refresh_qr()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                while True:
                    try:
                        return await self._get_qr.execute(slug, wait=wait)
                    except GoneError:
                        # The old batch's end is still on record until the page shows the new one.
                        await asyncio.sleep(0.05)
        raise UnavailableError(
            "QR_NOT_READY", "The page shows no QR yet; ask again in a moment.", retry_after=timedelta(seconds=1)
        )


class RequestPairingCode:
    """Gets a code that links by typing it on the phone instead of scanning."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, ids: IdGenerator, workers: SessionWorkers) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._workers = workers
        self._once = Once(uow, clock)

    async def execute(self, session_id: str, *, phone: str, request: RequestKey | None = None) -> PairingCode:
        """Asks the page for a code for this phone number.

        Raises:
            InvalidArgumentError: ``INVALID_PHONE``.
            NotFoundError: ``SESSION_NOT_FOUND``.
            ConflictError: ``ALREADY_LINKED``, ``SESSION_NOT_RUNNING``.
            UnprocessableError: ``NUMBER_NOT_ON_WHATSAPP``.
            RateLimitedError: ``PAIRING_CODE_RATE_LIMITED``.
            CapabilityUnavailableError: this page has no pairing by code.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        slug, digits = parse_session_id(session_id), parse_phone(phone)
        asked = {"session_id": slug, "phone": digits}
        keyed = None if request is None else request.of("sessions.pairing_code", asked)
        return await self._once.run(keyed, lambda: self._request(slug, digits), _PAIRING_CODE)

    async def _request(self, slug: SessionId, digits: str) -> PairingCode:
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(slug)
        _check_linkable(session)
        if session.status is not SessionStatus.SCAN_QR_CODE:
            raise UnavailableError(
                "PAGE_NOT_READY", "The page is still loading; ask again in a moment.", retry_after=timedelta(seconds=1)
            )
        code = await (await self._workers.page(slug)).request_pairing_code(digits)
        event = NewEvent(
            id=self._ids.event_id(),
            session_id=slug,
            time=self._clock.now(),
            payload=PairingCodeIssued(expires_at=code.expires_at),
        )
        async with self._uow.begin() as uow:
            await uow.events.append([event])
        return code


def _check_linkable(session: Session) -> None:
    match session.status:
        case SessionStatus.STARTING | SessionStatus.SCAN_QR_CODE:
            if session.me is not None:
                raise _already_linked()
        case SessionStatus.DEGRADED if session.me is None:
            return  # the page, not linked yet, is out of WhatsApp's reach
        case SessionStatus.WORKING | SessionStatus.DEGRADED:
            raise _already_linked()
        case SessionStatus.PASSKEY_REQUIRED:
            raise ConflictError(
                "PASSKEY_REQUIRED",
                "WhatsApp asks this account for a passkey, which a linked browser can't give; link another account.",
            )
        case SessionStatus.STOPPED | SessionStatus.LOGGED_OUT if session.wanted is Wanted.RUNNING:
            return  # just started; the page comes up
        case SessionStatus.STOPPED | SessionStatus.FAILED | SessionStatus.LOGGED_OUT:
            raise not_running(session)


def _already_linked() -> PomboError:
    return ConflictError("ALREADY_LINKED", "This session is linked to an account; log it out first.")


def not_running(session: Session) -> ConflictError:
    """The error of a call that needs a running session."""
    return ConflictError(
        "SESSION_NOT_RUNNING",
        f"The session is {session.status} ({session.status_reason}); start it first.",
        metadata={"status": session.status, "status_reason": session.status_reason},
    )
