"""Sessions."""

from typing import Final

from application.sessions.own_proxy import GivenProxy
from domain.bridge import Bridge, BridgeSource
from domain.proxy import Proxy
from domain.session import (
    Capability,
    Me,
    PairingCode,
    QrCode,
    Session,
    SessionStatus,
    StatusChange,
    StatusReason,
    Wanted,
)
from entrypoints.grpc.converters.pacing import pacing_to_proto
from entrypoints.grpc.converters.times import time_to_proto
from entrypoints.grpc.gen.pombo.v1 import session_pb2 as pb

# A member without a value of its own in the proto fails the import: none can be forgotten.
STATUSES: Final = {status: pb.SessionStatus.Value(f"SESSION_STATUS_{status.name}") for status in SessionStatus}
REASONS: Final = {reason: pb.StatusReason.Value(f"STATUS_REASON_{reason.name}") for reason in StatusReason}
WANTED: Final = {wanted: pb.WantedState.Value(f"WANTED_STATE_{wanted.name}") for wanted in Wanted}

BRIDGE_SOURCES: Final = {source: pb.BridgeSource.Value(f"BRIDGE_SOURCE_{source.name}") for source in BridgeSource}


def session_to_proto(session: Session) -> pb.Session:
    """A session."""
    return pb.Session(
        id=session.id,
        name=session.name,
        status=STATUSES[session.status],
        status_reason=REASONS[session.status_reason],
        status_detail=session.status_detail,
        status_time=time_to_proto(session.status_at),
        wanted=WANTED[session.wanted],
        me=me_to_proto(session.me),
        metadata=session.metadata,
        create_time=time_to_proto(session.created_at),
        update_time=time_to_proto(session.updated_at),
        pacing=pacing_to_proto(session.pacing),
        stop_words=session.stop_words,
        proxy=proxy_to_proto(session.proxy),
    )


def proxy_to_proto(proxy: Proxy | None) -> pb.Proxy | None:
    """A proxy without its password, or an absent field."""
    if proxy is None:
        return None
    return pb.Proxy(url=proxy.url, username=proxy.username, has_password=proxy.password is not None)


def proxy_from_proto(proxy: pb.Proxy) -> GivenProxy:
    """A proxy as a caller gives it."""
    return GivenProxy(
        url=proxy.url,
        username=proxy.username if proxy.HasField("username") else None,
        password=proxy.password if proxy.HasField("password") else None,
    )


def me_to_proto(me: Me | None) -> pb.Me | None:
    """The linked account, or an absent field."""
    if me is None:
        return None
    return pb.Me(jid=str(me.jid), phone=me.phone, lid=None if me.lid is None else str(me.lid), name=me.name)


def status_change_to_proto(change: StatusChange) -> pb.StatusChange:
    """An entry of a session's history."""
    return pb.StatusChange(
        status=STATUSES[change.status],
        reason=REASONS[change.reason],
        detail=change.detail,
        change_time=time_to_proto(change.at),
    )


def capability_to_proto(capability: Capability) -> pb.Capability:
    """One ability of a session."""
    return pb.Capability(name=capability.name, available=capability.available, detail=capability.detail)


def bridge_to_proto(bridge: Bridge | None) -> pb.Bridge | None:
    """The build of the bridge that runs in a session's page, or an absent field."""
    if bridge is None:
        return None
    replaced = bridge.rolled_back_from
    return pb.Bridge(
        version=bridge.version,
        sha256=bridge.sha256,
        source=BRIDGE_SOURCES[bridge.source],
        rolled_back_from=None
        if replaced is None
        else pb.ReplacedBridge(version=replaced.version, sha256=replaced.sha256, detail=replaced.detail),
    )


def qr_to_proto(qr: QrCode) -> pb.QrCode:
    """A QR."""
    return pb.QrCode(qr=qr.text, expire_time=time_to_proto(qr.expires_at))


def pairing_code_to_proto(code: PairingCode) -> pb.PairingCode:
    """A pairing code."""
    return pb.PairingCode(code=code.code, expire_time=time_to_proto(code.expires_at))
