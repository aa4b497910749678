"""Create a session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from application.audit.notes import note_session
from application.idempotency.request_key import RequestKey
from application.idempotency.within import answered, note_answer
from application.ports.clock import Clock
from application.ports.id_generator import IdGenerator
from application.ports.proxy_connector import ProxyConnector
from application.ports.unit_of_work import UnitOfWorkFactory
from application.representation.sessions import session_from_dict, session_to_dict
from application.sessions.own_pace import asked_pace, own_pacing
from application.sessions.own_proxy import GivenProxy, ProxyChange, asked_proxy, own_proxy
from application.sessions.workers import SessionWorkers
from domain.event import NewEvent, SessionStatusChanged
from domain.ids import parse_session_id
from domain.pacing import Pacing
from domain.session import Session
from domain.suppression import check_stop_words


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSessionCommand:
    """``id`` None lets the gateway choose one; ``name`` None takes the id."""

    id: str | None = None
    name: str | None = None
    start: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict)
    pacing: Pacing | None = None
    stop_words: Sequence[str] = ()
    proxy: GivenProxy | None = None
    request: RequestKey | None = None


class CreateSession:
    """Makes a session and, unless told otherwise, starts it."""

    def __init__(
        self,
        uow: UnitOfWorkFactory,
        clock: Clock,
        ids: IdGenerator,
        workers: SessionWorkers,
        proxies: ProxyConnector,
    ) -> None:
        self._uow = uow
        self._clock = clock
        self._ids = ids
        self._workers = workers
        self._proxies = proxies

    async def execute(self, command: CreateSessionCommand) -> Session:
        """Creates.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``INVALID_NAME``, ``INVALID_METADATA``,
                ``INVALID_PACING``, ``INVALID_STOP_WORDS``, ``INVALID_PROXY``, ``PROXY_TARGET_REFUSED``.
            AlreadyExistsError: ``SESSION_EXISTS``.
            UnprocessableError: ``IDEMPOTENCY_KEY_REUSED``.
        """
        asked = {
            "id": command.id,
            "name": command.name,
            "start": command.start,
            "metadata": dict(command.metadata),
            **asked_pace(command.pacing, command.stop_words or None),
            **asked_proxy(None if command.proxy is None else ProxyChange(command.proxy)),
        }
        keyed = None if command.request is None else command.request.of("sessions.create", asked)
        session_id = self._ids.session_id() if command.id is None else parse_session_id(command.id)
        note_session(session_id)
        now = self._clock.now()
        created = Session.create(
            id=session_id,
            name=session_id if command.name is None else command.name,
            start=command.start,
            metadata=command.metadata,
            now=now,
        )
        session = replace(
            created,
            pacing=own_pacing(command.pacing),
            stop_words=check_stop_words(command.stop_words),
            proxy=own_proxy(command.proxy, self._proxies),
        )
        made = False
        try:
            async with self._uow.begin() as uow:
                if (answer := await answered(uow, keyed, now)) is not None:
                    return session_from_dict(answer["session"])
                await note_answer(uow, keyed, {"session": session_to_dict(session)})
                await uow.sessions.add(session)
                await uow.events.append(
                    [
                        NewEvent(
                            id=self._ids.event_id(),
                            session_id=session_id,
                            time=now,
                            payload=SessionStatusChanged(
                                status=session.status, reason=session.status_reason, detail=None, me=None
                            ),
                        )
                    ]
                )
                made = True
        finally:
            # Also where the commit got no answer: it may have been made, and nobody else would run it.
            if made:
                self._workers.nudge(session_id)
        return session
