"""Identifiers rise, whatever the clock does."""

import re
from datetime import UTC, datetime, timedelta
from typing import override

from adapters.system.system_clock import SystemClock
from adapters.system.ulid_generator import UlidGenerator
from domain.ids import parse_session_id
from domain.jid import Jid

ANA = Jid.parse("15550100002@c.us")


class SteppedClock(SystemClock):
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, tzinfo=UTC)

    @override
    def now(self) -> datetime:
        return self.time


def test_forms() -> None:
    ids = UlidGenerator(SystemClock())
    assert re.fullmatch(r"msg_[0-7][0-9A-HJKMNP-TV-Z]{25}", ids.message_id())
    assert re.fullmatch(r"evt_[0-7][0-9A-HJKMNP-TV-Z]{25}", ids.event_id())
    assert re.fullmatch(r"true_15550100002@c\.us_3EB0[0-9A-F]{18}", ids.outbound_whatsapp_id(ANA))
    session_id = ids.session_id()
    assert parse_session_id(session_id) == session_id


def test_the_time_is_in_it() -> None:
    clock = SteppedClock()
    clock.time = datetime.fromtimestamp(1469918176.385, UTC)
    # The example of the ULID specification's reference implementation.
    assert UlidGenerator(clock).message_id().startswith("msg_01ARYZ6S41")


def test_ids_rise_within_a_millisecond_and_when_the_clock_is_set_back() -> None:
    clock = SteppedClock()
    ids = UlidGenerator(clock)
    made = [ids.event_id() for _ in range(100)]
    clock.time -= timedelta(hours=1)
    made += [ids.event_id() for _ in range(100)]
    clock.time += timedelta(hours=1, milliseconds=1)
    made += [ids.event_id() for _ in range(100)]
    assert made == sorted(set(made))


def test_generators_do_not_make_the_same_ids() -> None:
    clock = SteppedClock()
    assert len({UlidGenerator(clock).event_id() for _ in range(100)}) == 100
    ids = UlidGenerator(clock)
    assert len({ids.outbound_whatsapp_id(ANA) for _ in range(100)}) == 100
