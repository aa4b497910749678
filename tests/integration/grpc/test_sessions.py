import grpc
import grpc.aio
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.rpc.error_details_pb2 import RetryInfo

from adapters.memory.driver import Hang, Operation
from domain.session import SessionStatus, StatusReason
from entrypoints.grpc.gen.pombo.v1 import session_pb2
from entrypoints.grpc.gen.pombo.v1 import session_service_pb2 as pb
from tests.unit.application.world import ANA, BEN, SESSION, World, until

from .gateway import Gateway, details, fields, info

STATUS = session_pb2.SessionStatus
SOON = Duration(seconds=5)


async def test_an_account_is_linked_by_qr_while_somebody_watches(gateway: Gateway, world: World) -> None:
    created = (await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id="ana", name="Ana"))).session
    assert (created.id, created.name, created.wanted) == ("ana", "Ana", session_pb2.WANTED_STATE_RUNNING)
    assert created.status_reason == session_pb2.STATUS_REASON_CREATED
    assert not created.HasField("me")

    seen: list[int] = []
    watch = gateway.sessions.WatchSession(pb.WatchSessionRequest(session_id="ana"), timeout=10)
    async for view in watch:
        seen.append(view.session.status)
        if view.HasField("qr_code") and not seen.count(STATUS.SESSION_STATUS_WORKING):
            shown = (await gateway.sessions.GetQr(pb.GetQrRequest(session_id="ana", wait=SOON))).qr_code
            assert shown == view.qr_code
            assert shown.expire_time.ToSeconds() > view.session.status_time.ToSeconds()
            world.whatsapp.scan(ANA, shown.qr)
        if view.session.status == STATUS.SESSION_STATUS_WORKING:
            assert view.session.me.phone == ANA
            assert view.session.me.jid == f"{ANA}@c.us"
            break
    watch.cancel()
    assert STATUS.SESSION_STATUS_SCAN_QR_CODE in seen

    assert (await gateway.sessions.GetMe(pb.GetMeRequest(session_id="ana"))).me.phone == ANA
    report = await gateway.sessions.GetSessionStatus(pb.GetSessionStatusRequest(session_id="ana"))
    assert report.session.status == STATUS.SESSION_STATUS_WORKING
    assert report.history[0].status == STATUS.SESSION_STATUS_WORKING
    assert [change.change_time.ToNanoseconds() for change in report.history] == sorted(
        (change.change_time.ToNanoseconds() for change in report.history), reverse=True
    )
    assert {ability.name for ability in report.capabilities if ability.available} >= {"SEND_TEXT", "LOGOUT"}


async def test_an_account_is_linked_by_a_pairing_code(gateway: Gateway, world: World) -> None:
    await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id=SESSION))
    await world.status(SessionStatus.SCAN_QR_CODE)
    request = pb.RequestPairingCodeRequest(session_id=SESSION, phone="+1 555 010 0100")
    code = (await gateway.sessions.RequestPairingCode(request)).pairing_code
    assert len(code.code) == 8
    world.whatsapp.enter_code(ANA, code.code)
    await world.status(SessionStatus.WORKING)


async def test_stop_keeps_the_link_and_logout_ends_it(gateway: Gateway, world: World) -> None:
    await world.linked()
    stopped = (await gateway.sessions.StopSession(pb.StopSessionRequest(session_id=SESSION))).session
    assert stopped.status == STATUS.SESSION_STATUS_STOPPED
    assert stopped.me.phone == ANA
    started = (await gateway.sessions.StartSession(pb.StartSessionRequest(session_id=SESSION))).session
    assert started.wanted == session_pb2.WANTED_STATE_RUNNING
    await world.status(SessionStatus.WORKING)
    await gateway.sessions.RestartSession(pb.RestartSessionRequest(session_id=SESSION))
    await world.status(SessionStatus.WORKING)
    ended = (await gateway.sessions.LogoutSession(pb.LogoutSessionRequest(session_id=SESSION))).session
    assert ended.status == STATUS.SESSION_STATUS_LOGGED_OUT
    assert not ended.HasField("me")
    assert world.whatsapp.account(ANA).devices == {}


async def test_a_session_is_taken_over_and_its_history_tells(gateway: Gateway, world: World) -> None:
    await world.linked()
    world.whatsapp.conflict(SESSION)
    await world.status(SessionStatus.DEGRADED)
    await gateway.sessions.TakeOverSession(pb.TakeOverSessionRequest(session_id=SESSION))
    await world.status(SessionStatus.WORKING)
    listed = await gateway.sessions.ListStatusChanges(pb.ListStatusChangesRequest(session_id=SESSION, page_size=2))
    reasons = [change.reason for change in listed.changes]
    assert reasons == [session_pb2.STATUS_REASON_CONNECTED, session_pb2.STATUS_REASON_CONFLICT]


async def test_sessions_are_listed_page_by_page(gateway: Gateway) -> None:
    for name in ("c", "a", "b"):
        await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id=name, start=False))
    first = await gateway.sessions.ListSessions(pb.ListSessionsRequest(page_size=2))
    assert [session.id for session in first.sessions] == ["a", "b"]
    second = await gateway.sessions.ListSessions(pb.ListSessionsRequest(page_token=first.next_page_token))
    assert [session.id for session in second.sessions] == ["c"]
    assert second.next_page_token == ""


async def test_a_proxy_is_set_replaced_and_taken_away(gateway: Gateway) -> None:
    proxy = session_pb2.Proxy(url="HTTP://Proxy.example:3128", username="ana", password="secret-4711")
    create = pb.CreateSessionRequest(session_id="one", start=False, proxy=proxy)
    shown = session_pb2.Proxy(url="http://proxy.example:3128", username="ana", has_password=True)
    assert (await gateway.sessions.CreateSession(create)).session.proxy == shown

    async def update(session: session_pb2.Session, *paths: str) -> session_pb2.Session:
        request = pb.UpdateSessionRequest(session=session, update_mask=FieldMask(paths=paths))
        await gateway.sessions.UpdateSession(request)
        return (await gateway.sessions.GetSession(pb.GetSessionRequest(session_id="one"))).session

    # Without a mask what isn't there isn't meant; with one, it is taken away.
    assert (await update(session_pb2.Session(id="one", name="New"))).proxy == shown
    other = session_pb2.Proxy(url="socks5://[2001:db8::1]:1080")
    assert (await update(session_pb2.Session(id="one", proxy=other))).proxy == other
    assert not (await update(session_pb2.Session(id="one"), "proxy")).HasField("proxy")


@pytest.mark.parametrize(
    ("paths", "name", "metadata"),
    [
        (["name"], "New", {"team": "a"}),
        (["metadata"], "Old", {"team": "b"}),
        (["*"], "New", {"team": "b"}),
        ([], "New", {"team": "b"}),
    ],
)
async def test_an_update_changes_what_its_mask_names(
    gateway: Gateway, paths: list[str], name: str, metadata: dict[str, str]
) -> None:
    create = pb.CreateSessionRequest(session_id="one", name="Old", metadata={"team": "a"}, start=False)
    await gateway.sessions.CreateSession(create)
    change = pb.UpdateSessionRequest(
        session=session_pb2.Session(id="one", name="New", metadata={"team": "b"}), update_mask=FieldMask(paths=paths)
    )
    updated = (await gateway.sessions.UpdateSession(change)).session
    assert (updated.name, dict(updated.metadata)) == (name, metadata)
    assert (await gateway.sessions.GetSession(pb.GetSessionRequest(session_id="one"))).session == updated


async def test_an_update_without_a_mask_leaves_what_isnt_given(gateway: Gateway) -> None:
    create = pb.CreateSessionRequest(session_id="one", name="Old", metadata={"team": "a"}, start=False)
    await gateway.sessions.CreateSession(create)
    change = pb.UpdateSessionRequest(session=session_pb2.Session(id="one", name="New"))
    updated = (await gateway.sessions.UpdateSession(change)).session
    assert (updated.name, dict(updated.metadata)) == ("New", {"team": "a"})
    cleared = pb.UpdateSessionRequest(session=session_pb2.Session(id="one"), update_mask=FieldMask(paths=["metadata"]))
    assert dict((await gateway.sessions.UpdateSession(cleared)).session.metadata) == {}


@pytest.mark.parametrize(
    ("session", "paths", "reason", "field"),
    [
        (session_pb2.Session(id="one"), ["status"], "INVALID_REQUEST", "update_mask"),
        (session_pb2.Session(id="one"), ["name"], "INVALID_NAME", "session.name"),
        (session_pb2.Session(id="one", metadata={"": "x"}), [], "INVALID_METADATA", "session.metadata"),
        (session_pb2.Session(id="Not a slug", name="x"), [], "INVALID_SESSION_ID", "session.id"),
    ],
)
async def test_a_bad_update_names_its_field(
    gateway: Gateway, session: session_pb2.Session, paths: list[str], reason: str, field: str
) -> None:
    await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id="one", start=False))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.sessions.UpdateSession(
            pb.UpdateSessionRequest(session=session, update_mask=FieldMask(paths=paths))
        )
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info(caught.value).reason == reason
    assert fields(caught.value) == [field]


async def test_a_watch_ends_well_when_the_session_is_deleted(gateway: Gateway, world: World) -> None:
    await world.linked()
    watch = gateway.sessions.WatchSession(pb.WatchSessionRequest(session_id=SESSION), timeout=10)
    assert (await anext(aiter(watch))).session.status == STATUS.SESSION_STATUS_WORKING
    await gateway.sessions.DeleteSession(pb.DeleteSessionRequest(session_id=SESSION))
    async for _ in watch:
        pass
    assert await watch.code() is grpc.StatusCode.OK
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.sessions.GetSession(pb.GetSessionRequest(session_id=SESSION))
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")


async def test_a_stream_that_cant_begin_ends_with_its_own_status(gateway: Gateway) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await anext(aiter(gateway.sessions.WatchSession(pb.WatchSessionRequest(session_id="nobody"), timeout=5)))
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")


async def test_the_qr_of_a_batch_that_ended_is_told_and_refreshed(gateway: Gateway, world: World) -> None:
    await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id=SESSION))
    await gateway.sessions.GetQr(pb.GetQrRequest(session_id=SESSION, wait=SOON))
    while world.whatsapp.rotate_qr(SESSION) is not None:
        pass

    async def ended() -> bool | None:
        return True if (await world.session()).status_reason is StatusReason.QR_BATCH_ENDED else None

    await until(ended)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.sessions.GetQr(pb.GetQrRequest(session_id=SESSION))
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.FAILED_PRECONDITION, "QR_EXPIRED")
    fresh = (await gateway.sessions.RefreshQr(pb.RefreshQrRequest(session_id=SESSION, wait=SOON))).qr_code
    world.whatsapp.scan(ANA, fresh.qr)
    await world.status(SessionStatus.WORKING)


async def test_a_wait_for_a_qr_ends_before_the_calls_own_deadline(gateway: Gateway, world: World) -> None:
    world.whatsapp.script(SESSION, Operation.OPEN, Hang())
    await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id=SESSION))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.sessions.GetQr(pb.GetQrRequest(session_id=SESSION, wait=SOON), timeout=1)
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.UNAVAILABLE, "QR_NOT_READY")
    assert len(details(caught.value, RetryInfo)) == 1


@pytest.mark.parametrize("wait", [Duration(seconds=-1), Duration(seconds=61), Duration(seconds=10**11)])
async def test_a_wait_has_bounds(gateway: Gateway, wait: Duration) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.sessions.GetQr(pb.GetQrRequest(session_id="any", wait=wait))
    assert (info(caught.value).reason, fields(caught.value)) == ("INVALID_REQUEST", ["wait"])


async def test_whatsapps_own_limit_says_when_to_try_again(gateway: Gateway, world: World) -> None:
    await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id=SESSION))
    await world.status(SessionStatus.SCAN_QR_CODE)
    request = pb.RequestPairingCodeRequest(session_id=SESSION, phone=BEN)
    for _ in range(3):
        await gateway.sessions.RequestPairingCode(request)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.sessions.RequestPairingCode(request)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    (retry,) = details(caught.value, RetryInfo)
    assert 0 < retry.retry_delay.ToTimedelta().total_seconds() <= 60


async def test_the_same_slug_twice_is_told(gateway: Gateway) -> None:
    await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id="one", start=False))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await gateway.sessions.CreateSession(pb.CreateSessionRequest(session_id="one", start=False))
    assert (caught.value.code(), info(caught.value).reason) == (grpc.StatusCode.ALREADY_EXISTS, "SESSION_EXISTS")
