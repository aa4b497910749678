"""Change a session's name, metadata, pace, stop words and proxy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.ports.clock import Clock
from application.ports.proxy_connector import ProxyConnector
from application.ports.unit_of_work import UnitOfWorkFactory
from application.representation.sessions import session_from_dict, session_to_dict
from application.sessions.own_pace import asked_pace, own_pacing
from application.sessions.own_proxy import ProxyChange, asked_proxy, own_proxy
from application.sessions.workers import SessionWorkers
from domain.ids import parse_session_id
from domain.pacing import Pacing
from domain.session import Session, check_metadata, check_name
from domain.suppression import check_stop_words


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSessionCommand:
    """None leaves a field as it is; ``metadata``, ``pacing`` and ``stop_words`` replace the whole.

    An empty ``pacing`` has the session go by the gateway's settings again. A browser that runs is opened again with
    another ``proxy``.
    """

    session_id: str
    name: str | None = None
    metadata: Mapping[str, str] | None = None
    pacing: Pacing | None = None
    stop_words: Sequence[str] | None = None
    proxy: ProxyChange | None = None
    request: RequestKey | None = None


class UpdateSession:
    """Changes what is the caller's own of a session."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock, workers: SessionWorkers, proxies: ProxyConnector) -> None:
        self._uow = uow
        self._clock = clock
        self._workers = workers
        self._proxies = proxies

    async def execute(self, command: UpdateSessionCommand) -> Session:
        """Changes.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``INVALID_NAME``, ``INVALID_METADATA``,
                ``INVALID_PACING``, ``INVALID_STOP_WORDS``, ``INVALID_PROXY``, ``PROXY_TARGET_REFUSED``.
            NotFoundError: ``SESSION_NOT_FOUND``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        asked = {
            "session_id": command.session_id,
            "name": command.name,
            "metadata": None if command.metadata is None else dict(command.metadata),
            **asked_pace(command.pacing, command.stop_words),
            **asked_proxy(command.proxy),
        }
        keyed = None if command.request is None else command.request.of("sessions.update", asked)
        session_id = parse_session_id(command.session_id)
        now = self._clock.now()
        reopens = False
        try:
            async with self._uow.begin() as uow:
                if (answer := await answered(uow, keyed, now)) is not None:
                    reopens = command.proxy is not None
                    return session_from_dict(answer["session"])
                session = await uow.sessions.get(session_id, lock=True)
                changed = self._changed(session, command, now)
                reopens = changed.proxy != session.proxy
                await uow.sessions.save(changed)
                await note_answer(uow, keyed, {"session": session_to_dict(changed)})
        finally:
            # Also where the commit got no answer: it may have been made, and the browser go on by the proxy of before.
            if reopens:
                self._workers.nudge(session_id)
        if changed.pacing != session.pacing:
            self._workers.reconsider_pace(session.id)
        return changed

    def _changed(self, session: Session, command: UpdateSessionCommand, now: datetime) -> Session:
        return replace(
            session,
            name=session.name if command.name is None else check_name(command.name),
            metadata=session.metadata if command.metadata is None else check_metadata(command.metadata),
            pacing=session.pacing if command.pacing is None else own_pacing(command.pacing),
            stop_words=session.stop_words if command.stop_words is None else check_stop_words(command.stop_words),
            proxy=session.proxy if command.proxy is None else own_proxy(command.proxy.to, self._proxies),
            updated_at=now,
        )
