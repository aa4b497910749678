"""Sessions as the answers to requests with a key."""

from collections.abc import Mapping
from typing import Any, Final

from application.idempotency.once import Form
from application.representation.sessions import session_from_dict, session_to_dict
from domain.session import Session


def _write(session: Session) -> Mapping[str, Any]:
    return {"session": session_to_dict(session)}


async def _read(answer: Mapping[str, Any]) -> Session:
    return session_from_dict(answer["session"])


SESSION: Final = Form(write=_write, read=_read)
"""The session as it was when the request had been done."""
