"""Change a session's name and metadata."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.ids import parse_session_id
from domain.session import Session, check_metadata, check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSessionCommand:
    """None leaves a field as it is; ``metadata`` replaces the whole."""

    session_id: str
    name: str | None = None
    metadata: Mapping[str, str] | None = None


class UpdateSession:
    """Changes what is the caller's own of a session."""

    def __init__(self, uow: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow
        self._clock = clock

    async def execute(self, command: UpdateSessionCommand) -> Session:
        """Changes.

        Raises:
            InvalidArgumentError: ``INVALID_SESSION_ID``, ``INVALID_NAME``, ``INVALID_METADATA``.
            NotFoundError: ``SESSION_NOT_FOUND``.
        """
        async with self._uow.begin() as uow:
            session = await uow.sessions.get(parse_session_id(command.session_id), lock=True)
            changed = replace(
                session,
                name=session.name if command.name is None else check_name(command.name),
                metadata=session.metadata if command.metadata is None else check_metadata(command.metadata),
                updated_at=self._clock.now(),
            )
            await uow.sessions.save(changed)
        return changed
