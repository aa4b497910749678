"""Identifiers rise, whatever the clock does."""

from datetime import UTC, datetime, timedelta
from typing import override

import pytest

from adapters.system.system_clock import SystemClock
from adapters.system.ulid_generator import UlidGenerator
from domain.jid import Jid
from tests.contracts.id_generator import IdGeneratorContract

ANA = Jid.parse("15550100002@c.us")


class SteppedClock(SystemClock):
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, tzinfo=UTC)

    @override
    def now(self) -> datetime:
        return self.time


@pytest.fixture
def ids() -> UlidGenerator:
    return UlidGenerator(SystemClock())


class TestUlidGenerator(IdGeneratorContract):
    pass


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
