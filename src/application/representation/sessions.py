"""Sessions."""

from collections.abc import Mapping
from typing import Any

from application.representation.pacing import pacing_from_dict, pacing_to_dict
from application.representation.proxies import proxy_from_dict, proxy_to_dict
from application.representation.values import Json, optional_jid, read_jid, read_time, time_to_text
from domain.bridge import Bridge
from domain.ids import SessionId
from domain.jid import Jid
from domain.session import Capability, Me, Session, SessionStatus, StatusChange, StatusReason, Wanted


def me_to_dict(me: Me | None) -> Json | None:
    """The linked account, or None."""
    if me is None:
        return None
    return {"jid": str(me.jid), "phone": me.phone, "lid": optional_jid(me.lid), "name": me.name}


def me_from_dict(data: Mapping[str, Any] | None) -> Me | None:
    """Reads what ``me_to_dict`` wrote."""
    if data is None:
        return None
    return Me(jid=Jid.parse(data["jid"]), lid=read_jid(data.get("lid")), name=data.get("name"))


def session_to_dict(session: Session) -> Json:
    """A session as the API shows it."""
    return {
        "id": session.id,
        "name": session.name,
        "status": session.status.value,
        "status_reason": session.status_reason.value,
        "status_detail": session.status_detail,
        "status_at": time_to_text(session.status_at),
        "wanted": session.wanted.value,
        "me": me_to_dict(session.me),
        "metadata": dict(session.metadata),
        "pacing": pacing_to_dict(session.pacing),
        "stop_words": list(session.stop_words),
        "proxy": proxy_to_dict(session.proxy),
        "created_at": time_to_text(session.created_at),
        "updated_at": time_to_text(session.updated_at),
    }


def session_from_dict(data: Mapping[str, Any]) -> Session:
    """Reads what ``session_to_dict`` wrote."""
    return Session(
        id=SessionId(data["id"]),
        name=data["name"],
        wanted=Wanted(data["wanted"]),
        status=SessionStatus(data["status"]),
        status_reason=StatusReason(data["status_reason"]),
        status_detail=data["status_detail"],
        status_at=read_time(data["status_at"]),
        created_at=read_time(data["created_at"]),
        updated_at=read_time(data["updated_at"]),
        me=me_from_dict(data["me"]),
        metadata=data["metadata"],
        # Of before there was a pace.
        pacing=pacing_from_dict(data.get("pacing")),
        stop_words=tuple(data.get("stop_words", ())),
        proxy=proxy_from_dict(data.get("proxy")),
    )


def status_change_to_dict(change: StatusChange) -> Json:
    """An entry of a session's history."""
    return {
        "status": change.status.value,
        "reason": change.reason.value,
        "detail": change.detail,
        "at": time_to_text(change.at),
    }


def capability_to_dict(capability: Capability) -> Json:
    """One ability of a session."""
    return {"name": capability.name, "available": capability.available, "detail": capability.detail}


def bridge_to_dict(bridge: Bridge | None) -> Json | None:
    """The build of the bridge that runs in a session's page."""
    if bridge is None:
        return None
    replaced = bridge.rolled_back_from
    return {
        "version": bridge.version,
        "sha256": bridge.sha256,
        "source": bridge.source.value,
        "rolled_back_from": None
        if replaced is None
        else {"version": replaced.version, "sha256": replaced.sha256, "detail": replaced.detail},
    }
