"""Who is let in how often, and what they are told."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import override

import pytest

from adapters.memory.rate_limiter import MemoryRateLimiter
from adapters.system.system_clock import SystemClock
from application.limits.call_limits import CallLimits, TooManyCallsError
from application.limits.call_rates import CallRates, Policy
from application.limits.stream_slots import StreamSlots
from application.ports.rate_limiter import Rate
from domain.errors import RateLimitedError, UnauthenticatedError

MINUTE = timedelta(minutes=1)
RATES = CallRates(
    calls=Rate(quota=5, window=MINUTE),
    sends=Rate(quota=3, window=MINUTE),
    open_calls=Rate(quota=2, window=MINUTE),
    refused_keys=Rate(quota=3, window=MINUTE),
)
HOME, AWAY = "192.0.2.1", "192.0.2.2"


class Clock(SystemClock):
    def __init__(self) -> None:
        self.at = timedelta(days=3)

    @override
    def elapsed(self) -> timedelta:
        return self.at


@dataclass(frozen=True)
class Someone:
    scope: str


class Door:
    """What a transport does."""

    def __init__(self, rates: CallRates = RATES) -> None:
        self.clock = Clock()
        self.limits = CallLimits(MemoryRateLimiter(self.clock), rates, self.clock)
        self.looked_at = 0

    async def call(self, key: str = "ana", *, sends: int = 0, address: str = HOME) -> dict[Policy, int]:
        """How many remain, by policy."""

        async def authenticate() -> Someone:
            self.looked_at += 1
            if key == "wrong":
                raise UnauthenticatedError("API_KEY_INVALID", "This API key isn't known here.")
            return Someone(key)

        admission = await self.limits.admit(authenticate, address=address, sends=sends)
        assert admission.caller == Someone(key)
        return {each.policy: each.allowance.remaining for each in admission.standings}

    async def refused(self, key: str = "ana", *, sends: int = 0, address: str = HOME) -> TooManyCallsError:
        with pytest.raises(TooManyCallsError) as caught:
            await self.call(key, sends=sends, address=address)
        assert caught.value.reason == "RATE_LIMITED"
        return caught.value


@pytest.fixture
def door() -> Door:
    return Door()


async def test_the_calls_of_a_key_are_counted_wherever_they_come_from(door: Door) -> None:
    assert await door.call() == {Policy.CALLS: 4}
    assert await door.call(address=AWAY) == {Policy.CALLS: 3}
    assert await door.call("ben") == {Policy.CALLS: 4}


async def test_a_send_is_counted_twice_over(door: Door) -> None:
    assert await door.call(sends=1) == {Policy.CALLS: 4, Policy.SENDS: 2}
    assert await door.call() == {Policy.CALLS: 3}


async def test_a_refused_send_costs_nothing_and_says_when_to_come_back(door: Door) -> None:
    for _ in range(3):
        await door.call(sends=1)
    error = await door.refused(sends=1)
    assert error.metadata == {"policy": "sends", "quota": "3", "window_seconds": "60"}
    assert error.retry_after == timedelta(seconds=20)
    assert [each.policy for each in error.standings] == [Policy.SENDS]
    # The call itself wasn't counted either: two of five are left for others.
    assert await door.call() == {Policy.CALLS: 1}
    door.clock.at += timedelta(seconds=20)
    assert (await door.call(sends=1))[Policy.SENDS] == 0


async def test_the_longest_wait_is_told(door: Door) -> None:
    for _ in range(3):
        await door.call(sends=1)
    for _ in range(2):
        await door.call()
    # There is a call again after 12 seconds, and a send after 20.
    error = await door.refused(sends=1)
    assert (error.metadata["policy"], error.retry_after) == ("sends", timedelta(seconds=20))


async def test_the_messages_of_a_bulk_send_count_each(door: Door) -> None:
    assert await door.call(sends=1) == {Policy.CALLS: 4, Policy.SENDS: 2}
    await door.limits.charge_sends("ana", 2)
    with pytest.raises(TooManyCallsError):
        await door.limits.charge_sends("ana", 1)
    await door.limits.charge_sends("ana", 0)
    await door.limits.charge_sends("ana", -1)
    await door.limits.charge_sends("ben", 3)


async def test_one_larger_than_the_quota_goes_when_all_is_there(door: Door) -> None:
    await door.limits.charge_sends("ana", 10)
    with pytest.raises(TooManyCallsError) as caught:
        await door.limits.charge_sends("ana", 1)
    assert caught.value.retry_after == timedelta(seconds=160)


async def test_an_address_that_guesses_is_refused_whatever_its_key(door: Door) -> None:
    for _ in range(3):
        with pytest.raises(UnauthenticatedError):
            await door.call("wrong")
    for key in ("wrong", "ana", "wrong"):
        error = await door.refused(key)
        assert error.metadata["policy"] == "refused-keys"
        assert error.retry_after == timedelta(seconds=20)
    # The first looked once more; since then the address is known, and no key of it is looked at.
    assert door.looked_at == 4
    assert await door.call(address=AWAY) == {Policy.CALLS: 4}
    door.clock.at += timedelta(seconds=20)
    assert await door.call() == {Policy.CALLS: 4}
    with pytest.raises(UnauthenticatedError):
        await door.call("wrong")
    await door.refused("wrong")


async def test_a_right_key_is_told_from_a_wrong_one_by_nothing(door: Door) -> None:
    other = Door()
    for each in (door, other):
        for _ in range(3):
            with pytest.raises(UnauthenticatedError):
                await each.call("wrong")
    right, wrong = await door.refused("ana"), await other.refused("wrong")
    assert (right.message, right.metadata, right.retry_after) == (wrong.message, wrong.metadata, wrong.retry_after)


async def test_what_is_open_is_counted_by_address(door: Door) -> None:
    for _ in range(2):
        await door.limits.admit_open(HOME)
    with pytest.raises(TooManyCallsError) as caught:
        await door.limits.admit_open(HOME)
    assert caught.value.metadata["policy"] == "open-calls"
    await door.limits.admit_open(AWAY)
    assert await door.call() == {Policy.CALLS: 4}


async def test_a_rate_that_is_off_limits_nothing() -> None:
    door = Door(replace(RATES, calls=None, refused_keys=None, open_calls=None))
    for _ in range(20):
        assert await door.call() == {}
        await door.limits.admit_open(HOME)
        with pytest.raises(UnauthenticatedError):
            await door.call("wrong")
    assert await door.call(sends=1) == {Policy.SENDS: 2}


async def test_remembered_addresses_make_room(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("application.limits.call_limits._BARRED", 3)
    for place in range(6):
        for _ in range(3):
            with pytest.raises(UnauthenticatedError):
                await door.call("wrong", address=f"192.0.2.{place}")
        await door.refused("wrong", address=f"192.0.2.{place}")
        assert len(door.limits._barred) <= 3
    # One that is forgotten is still refused, by the limiter.
    await door.refused("ana", address="192.0.2.0")


def test_streams_are_counted_while_they_are_open() -> None:
    slots = StreamSlots(2)
    with slots.hold("ana"), slots.hold("ana"), slots.hold("ben"):
        with pytest.raises(RateLimitedError) as caught, slots.hold("ana"):
            pytest.fail("a third was let in")
        assert (caught.value.reason, caught.value.metadata) == ("TOO_MANY_STREAMS", {"limit": "2"})
    with slots.hold("ana"):
        assert (slots.open("ana"), slots.open("ben")) == (1, 0)
    with pytest.raises(ZeroDivisionError), slots.hold("ana"):
        raise ZeroDivisionError
    assert slots.open("ana") == 0


def test_no_limit_of_streams() -> None:
    slots = StreamSlots(0)
    with slots.hold("ana"), slots.hold("ana"), slots.hold("ana"):
        assert slots.open("ana") == 3
