"""Where a session's pace stands."""

from datetime import datetime

from application.ports.unit_of_work import UnitOfWork
from domain.pacing import PaceState, standing_for
from domain.session import Session


async def standing_of(uow: UnitOfWork, session: Session, now: datetime) -> PaceState:
    """What holds for the account that a session is linked to; what holds for none where it isn't."""
    stored = await uow.paces.load(session.id)
    return standing_for(stored, () if session.me is None else session.me.addresses, now)
