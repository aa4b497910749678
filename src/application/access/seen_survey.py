"""The look at everything, of what a caller sees."""

from collections.abc import Sequence
from datetime import datetime
from typing import override

from application.ports.survey import SessionState, Survey, WebhookState
from domain.ids import SessionId


class SeenSurvey(Survey):
    """Some of the sessions."""

    def __init__(self, survey: Survey, session_ids: frozenset[SessionId]) -> None:
        self._survey = survey
        self._session_ids = session_ids

    @override
    async def sessions(self, *, now: datetime) -> Sequence[SessionState]:
        return [state for state in await self._survey.sessions(now=now) if state.session_id in self._session_ids]

    @override
    async def webhooks(self) -> WebhookState:
        # Sums, for the measurements, which are the whole gateway's.
        return await self._survey.webhooks()
