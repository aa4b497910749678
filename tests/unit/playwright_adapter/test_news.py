from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.playwright.fields import MalformedError
from adapters.playwright.news import NewsReader
from application.ports.page_events import (
    BridgeReady,
    ConflictDetected,
    Connected,
    ConnectionLost,
    LoggedOut,
    PageEvent,
    PasskeyDemanded,
    QrBatchEnded,
    QrShown,
    Syncing,
)
from application.ports.whatsapp_driver import PageHealth
from domain.jid import Jid

ME = {"jid": "15550100100@c.us", "lid": "9000000001@lid", "name": "Ana"}


def phase(name: str, **more: Any) -> dict[str, Any]:
    return {"t": "phase", "phase": name, "socket": "OPENING", **more}


def read(reader: NewsReader, *items: dict[str, Any]) -> list[PageEvent]:
    return [event for item in items for event in reader.read(item)]


def test_a_stored_login_connects() -> None:
    reader = NewsReader("s", linked=True)
    events = read(reader, phase("starting"), phase("syncing"), phase("connected", me=ME))
    assert [type(event) for event in events] == [Syncing, Connected]
    connected = events[1]
    assert isinstance(connected, Connected)
    assert (connected.me.jid, connected.me.name) == (Jid.parse("15550100100@c.us"), "Ana")
    assert not reader.fresh_link


def test_a_fresh_link_is_connected_once_it_is_settled() -> None:
    reader = NewsReader("s", linked=False)
    qr = {"t": "qr", "text": "2@secret", "ttlMs": 60_000}
    events = read(reader, phase("unlinked"), qr, phase("syncing"), phase("connected", me=ME))
    assert [type(event) for event in events] == [QrShown, Syncing]
    assert reader.fresh_link
    assert reader.connected
    reader.settled()
    assert [type(event) for event in read(reader, phase("syncing"), phase("connected", me=ME))] == [Connected]


def test_a_lock_of_the_account_is_told_as_one() -> None:
    for reason, locked in (("account_locked", True), ("unknown_companion", False), ("", False), (None, False)):
        events = read(NewsReader("s", linked=True), {"t": "logout", "reason": reason})
        assert events == [LoggedOut(locked=locked)]


def test_a_new_document_begins_without_a_past() -> None:
    reader = NewsReader("s", linked=True)
    assert [type(event) for event in read(reader, phase("syncing"), phase("syncing"))] == [Syncing]
    read(reader, phase("connected", me=ME))
    assert read(reader, {"t": "document"}) == []
    assert not reader.connected
    assert [type(event) for event in read(reader, phase("syncing"))] == [Syncing]


def test_a_probe_says_how_the_page_is() -> None:
    reader = NewsReader("s", linked=True)
    sound = reader.probe({"health": "sound", "socket": "CONNECTED", "me": ME})
    assert (sound.health, sound.state, sound.me and sound.me.name) == (PageHealth.SOUND, "CONNECTED", "Ana")
    lost = reader.probe({"health": "disconnected", "socket": "TIMEOUT"})
    assert (lost.health, lost.state, lost.me) == (PageHealth.DISCONNECTED, "TIMEOUT", None)
    for malformed in (None, [], {}, {"health": "fine", "socket": "x"}, {"health": "sound", "socket": "CONNECTED"}):
        with pytest.raises(MalformedError):
            reader.probe(malformed)


def test_a_fresh_link_isnt_sound_before_it_is_on_disk() -> None:
    reader = NewsReader("s", linked=False)
    read(reader, phase("unlinked"), phase("connected", me=ME))
    found = {"health": "sound", "socket": "CONNECTED", "me": ME}
    assert reader.probe(found).health is PageHealth.SYNCING
    reader.settled()
    assert reader.probe(found).health is PageHealth.SOUND


def test_the_end_of_the_link_is_told_once() -> None:
    reader = NewsReader("s", linked=True)
    logout = {"t": "logout", "reason": "CONNECTED"}
    events = read(reader, phase("connected", me=ME), logout, phase("unlinked"), phase("idle"))
    assert [type(event) for event in events] == [Connected, LoggedOut, QrBatchEnded]
    assert reader.fresh_link


def test_a_link_that_ended_unseen_is_told_at_the_next_start() -> None:
    reader = NewsReader("s", linked=True)
    assert [type(event) for event in read(reader, phase("unlinked"))] == [LoggedOut]


def test_trouble() -> None:
    reader = NewsReader("s", linked=True)
    events = read(reader, phase("lost"), phase("conflict"), phase("passkey"))
    assert events == [ConnectionLost(state="OPENING"), ConflictDetected(), PasskeyDemanded()]


def test_a_qr_has_its_end() -> None:
    reader = NewsReader("s", linked=False)
    (shown,) = read(reader, {"t": "qr", "text": "2@secret", "ttlMs": 20_000})
    assert isinstance(shown, QrShown)
    assert timedelta(seconds=18) < shown.qr.expires_at - datetime.now(UTC) <= timedelta(seconds=20)
    assert read(reader, {"t": "qr", "text": "", "ttlMs": 20_000}, {"t": "qr", "text": "x", "ttlMs": -1}) == []


def test_the_self_test_is_kept() -> None:
    reader = NewsReader("s", linked=False)
    capability = {"name": "LOGOUT", "available": False, "detail": "conn.logout"}
    (ready,) = read(reader, {"t": "ready", "capabilities": [capability], "page": "2.3000.1", "wajs": "4.6.0"})
    assert isinstance(ready, BridgeReady)
    assert (ready.page_version, ready.bridge_version) == ("2.3000.1", "wa-js 4.6.0")
    assert reader.capabilities == ready.capabilities
    assert not reader.capabilities[0].available


@given(
    st.dictionaries(
        st.sampled_from(["t", "phase", "me", "items", "text", "ttlMs", "capabilities"]),
        st.none()
        | st.integers()
        | st.sampled_from(["phase", "qr", "ready", "messages", "receipts", "connected", "idle"]),
    )
)
def test_nothing_crashes_the_reader(item: dict[str, Any]) -> None:
    NewsReader("s", linked=True).read(item)


def test_a_qr_that_would_hold_for_ever_is_bounded() -> None:
    (shown,) = read(NewsReader("s", linked=False), {"t": "qr", "text": "2@x", "ttlMs": 1e300})
    assert isinstance(shown, QrShown)
    assert shown.qr.expires_at - datetime.now(UTC) < timedelta(hours=1)


def test_a_login_that_is_missing_is_told_from_a_link_that_has_ended() -> None:
    """A profile with a login shows it as the first document begins, whatever comes of it."""
    held, none = {"t": "login", "held": True}, {"t": "login", "held": False}
    for before, told in (([], False), ([none, phase("starting")], False), ([held], True), ([held, none], True)):
        for last in ("unlinked", "idle"):
            events = read(NewsReader("s", linked=True), *before, phase(last))
            assert [event for event in events if isinstance(event, LoggedOut)] == [LoggedOut(told=told)]
