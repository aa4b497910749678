from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidArgumentError
from domain.pacing import (
    DAY,
    LONGEST_PAUSE,
    MAX_BURST,
    Pace,
    PaceState,
    Pacing,
    Restriction,
    RestrictionReason,
    Standing,
    eased,
    resumed,
)
from domain.quiet_hours import QuietHours

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOCK, CAP = RestrictionReason.REACHOUT_TIMELOCK, RestrictionReason.NEW_CHAT_CAP


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def restriction(state: PaceState) -> Restriction:
    assert state.restriction is not None
    return state.restriction


def spend(pace: Pace, state: PaceState, moment: datetime, count: int, draw: float = 0) -> PaceState:
    return pace.spend(state, moment, (draw,) * count)


def test_without_limits_everything_may_leave() -> None:
    pace, state = Pace(), PaceState()
    assert not pace.limits(state)
    assert pace.allowance(state, NOON, 32) == 32
    assert spend(pace, state, NOON, 32) is state
    assert pace.opens_at(state, NOON, ahead=1000) == NOON


def test_a_burst_leaves_at_once_and_then_one_after_another() -> None:
    pace = Pace(messages_per_minute=60, burst=3, jitter=0)
    state = PaceState()
    assert pace.allowance(state, NOON, 32) == 3
    assert pace.allowance(state, NOON, 2) == 2
    state = spend(pace, state, NOON, 3)
    assert pace.allowance(state, NOON, 32) == 0
    assert pace.opens_at(state, NOON) == at(1)
    assert pace.opens_at(state, NOON, ahead=4) == at(5)
    assert pace.allowance(state, at(0.999), 32) == 0
    assert pace.allowance(state, at(1), 32) == 1
    assert pace.allowance(state, at(60), 32) == 3


def test_jitter_only_lengthens() -> None:
    pace = Pace(messages_per_minute=60, burst=1, jitter=0.5)
    assert pace.opens_at(spend(pace, PaceState(), NOON, 1, draw=1), NOON) == at(1.5)
    assert pace.opens_at(spend(pace, PaceState(), NOON, 1, draw=0), NOON) == at(1)


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    pace = Pace(messages_per_minute=60, burst=2, jitter=0)
    state = spend(pace, PaceState(), at(3600), 2)
    assert pace.opens_at(state, NOON) <= at(2)
    state = pace.within(state, NOON)
    assert pace.within(state, at(0.5)) is state
    assert pace.allowance(state, NOON, 2) == 0
    assert pace.allowance(state, at(2), 2) > 0


@settings(max_examples=300)
@given(
    per_minute=st.integers(1, 6_000),
    burst=st.integers(1, 20),
    jitter=st.floats(0, 1),
    steps=st.lists(
        st.tuples(st.floats(0, 90), st.integers(1, 40), st.floats(0, 1), st.booleans()), min_size=1, max_size=60
    ),
)
def test_over_any_window_the_rate_is_never_exceeded(
    per_minute: int, burst: int, jitter: float, steps: list[tuple[float, int, float, bool]]
) -> None:
    pace = Pace(messages_per_minute=per_minute, burst=burst, jitter=jitter)
    state, now, left = PaceState(), NOON, list[datetime]()
    for pause, most, draw, refused in steps:
        now += timedelta(seconds=pause)
        state = pace.within(state, now)
        count = pace.allowance(state, now, most)
        state = resumed(spend(pace, state, now, count, draw), now)
        left += [now] * count
        if refused:
            # What a restriction slows mustn't be made up for behind it.
            state = pace.restricted(state, LOCK, now)
    gap = 60 / per_minute
    for first, begin in enumerate(left):
        for last in range(first, len(left)):
            window = (left[last] - begin).total_seconds()
            assert last - first + 1 <= burst + window / gap + 1e-3


@given(burst=st.integers(1, 20), count=st.integers(1, 60))
def test_what_is_said_to_be_the_time_is_the_time(burst: int, count: int) -> None:
    pace = Pace(messages_per_minute=30, burst=burst, jitter=0)
    state, now = PaceState(), NOON
    said = [pace.opens_at(state, NOON, ahead=ahead) for ahead in range(count)]
    for expected in said:
        now = max(now, pace.opens_at(state, now))
        assert now == expected
        assert pace.allowance(state, now, 1) == 1
        state = spend(pace, state, now, 1)


class TestRestrictions:
    PACE = Pace(restriction_minutes=10)

    def test_the_pause_doubles_up_to_a_day(self) -> None:
        state, now, pauses = PaceState(), NOON, list[timedelta]()
        for _ in range(12):
            state = resumed(self.PACE.restricted(state, LOCK, now), now)
            pauses.append(restriction(state).resumes_at - now)
            now = restriction(state).resumes_at
            state = resumed(state, now)
        minutes = [pause / timedelta(minutes=1) for pause in pauses]
        assert minutes[:5] == [10, 20, 40, 80, 160]
        assert max(pauses) == pauses[-1] == LONGEST_PAUSE

    def test_those_that_follow_while_it_pauses_are_the_same_one(self) -> None:
        state = self.PACE.restricted(PaceState(), CAP, NOON)
        assert self.PACE.restricted(state, LOCK, at(599)) is state
        assert restriction(self.PACE.restricted(state, LOCK, at(600))).strikes == 2

    def test_after_a_day_it_is_forgotten(self) -> None:
        state = resumed(self.PACE.restricted(PaceState(), CAP, NOON), at(600))
        assert restriction(state).is_over
        assert resumed(state, at(600) + DAY - timedelta(seconds=1)) is state
        assert resumed(state, at(600) + DAY).restriction is None
        assert restriction(self.PACE.restricted(state, CAP, at(600) + DAY)).strikes == 1

    def test_each_good_beginning_undoes_one(self) -> None:
        state = self.PACE.restricted(PaceState(), LOCK, NOON)
        state = self.PACE.restricted(state, LOCK, at(600))
        assert eased(state, at(700)) is state  # it pauses: nothing can show that it is over
        state = eased(state, restriction(state).resumes_at)
        assert restriction(state).strikes == 1
        assert eased(state, restriction(state).resumes_at).restriction is None

    def test_it_slows_down_what_it_does_not_hold(self) -> None:
        pace = Pace(restriction_minutes=10, messages_per_minute=600, burst=10)
        once = pace.restricted(PaceState(), LOCK, NOON)
        assert pace.gap(once, NOON) == timedelta(seconds=2)
        assert pace.allowance(once, NOON, 32) == 1
        twice = pace.restricted(once, LOCK, at(600))
        assert pace.gap(twice, at(600)) == timedelta(seconds=4)
        assert pace.gap(twice, restriction(twice).resumes_at) == timedelta(seconds=0.1)

    def test_it_is_let_pass_where_the_settings_say_so(self) -> None:
        state = PaceState()
        assert Pace(restriction_minutes=0).restricted(state, LOCK, NOON) is state

    def test_what_it_holds(self) -> None:
        lock = restriction(self.PACE.restricted(PaceState(), LOCK, NOON))
        cap = restriction(self.PACE.restricted(PaceState(), CAP, NOON))
        assert [lock.holds(each) for each in (Standing.KNOWN, Standing.WRITTEN_TO, Standing.NEW)] == [False, True, True]
        assert [cap.holds(each) for each in (Standing.KNOWN, Standing.WRITTEN_TO, Standing.NEW)] == [False, False, True]


class TestQuietHours:
    NIGHT = QuietHours.parse("21:30", "08:00", "Europe/Lisbon")
    LUNCH = QuietHours.parse("12:00", "13:30", "America/New_York")

    @staticmethod
    def local(text: str, zone: str = "Europe/Lisbon", fold: int = 0) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)

    @pytest.mark.parametrize(
        ("moment", "end"),
        [
            ("2026-11-22T21:29:59", None),
            ("2026-11-22T21:30:00", "2026-11-23T08:00"),
            ("2026-11-23T07:59:59", "2026-11-23T08:00"),
            ("2026-11-23T08:00:00", None),
            # The night in which the clocks go forward is an hour shorter, and the one in which they go back longer.
            ("2026-03-28T23:00:00", "2026-03-29T08:00"),
            ("2026-10-24T23:00:00", "2026-10-25T08:00"),
        ],
    )
    def test_the_night(self, moment: str, end: str | None) -> None:
        assert self.NIGHT.until(self.local(moment)) == (None if end is None else self.local(end))

    def test_an_hour_that_comes_twice_is_quiet_twice(self) -> None:
        hours = QuietHours.parse("00:30", "01:30", "Europe/Lisbon")
        end = self.local("2026-10-25T01:30", fold=1)
        for moment, fold in (("2026-10-25T00:30", 0), ("2026-10-25T01:29", 0), ("2026-10-25T01:15", 1)):
            assert hours.until(self.local(moment, fold=fold)) == end
        assert hours.until(end) is None

    def test_within_a_day(self) -> None:
        noon = self.local("2026-07-01T12:00", "America/New_York")
        assert self.LUNCH.until(noon - timedelta(seconds=1)) is None
        assert self.LUNCH.until(noon) == noon + timedelta(minutes=90)
        assert self.LUNCH.until(noon + timedelta(minutes=90)) is None

    def test_none(self) -> None:
        none = QuietHours.parse("00:00", "00:00", "UTC")
        assert none.until(NOON) is None
        assert not Pace(quiet_hours=none).limits(PaceState())

    @given(moment=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis wants naive limits
    def test_their_end_lies_ahead_and_is_none_of_them(self, moment: datetime) -> None:
        for hours in (self.NIGHT, self.LUNCH):
            end = hours.until(moment)
            if end is not None:
                assert moment < end <= moment + timedelta(hours=12)
                assert hours.until(end) is None

    def test_nothing_leaves_in_them(self) -> None:
        pace = Pace(quiet_hours=self.NIGHT, messages_per_minute=60, burst=1, jitter=0)
        late = self.local("2026-11-22T23:00")
        assert pace.limits(PaceState())
        assert pace.allowance(PaceState(), late, 32) == 0
        morning = self.local("2026-11-23T08:00")
        assert pace.opens_at(PaceState(), late) == morning
        assert pace.opens_at(PaceState(), late, ahead=10) == morning + timedelta(seconds=10)

    @pytest.mark.parametrize(
        ("start", "end", "zone"),
        [("24:00", "08:00", "UTC"), ("8:00", "09:00", "UTC"), ("08:00", "", "UTC"), ("08:00", "09:00", "Mars/Base")],
    )
    def test_bad_ones_are_refused(self, start: str, end: str, zone: str) -> None:
        with pytest.raises(InvalidArgumentError) as caught:
            QuietHours.parse(start, end, zone)
        assert caught.value.reason == "INVALID_PACING"

    @pytest.mark.parametrize("zone", ["/etc/passwd", "../UTC", "", "localtime", "Europe/Lisbon\n"])
    def test_a_zone_is_a_name_and_no_file(self, zone: str) -> None:
        with pytest.raises(InvalidArgumentError):
            QuietHours.parse("08:00", "09:00", zone)


class TestSettings:
    def test_a_session_s_own_are_over_the_gateway_s(self) -> None:
        night = QuietHours.parse("21:30", "08:00", "UTC")
        gateway = Pace(messages_per_minute=20, new_chats_per_day=50, quiet_hours=night)
        assert gateway.of(None) is gateway
        own = gateway.of(Pacing(messages_per_minute=0, burst=2))
        assert own == Pace(messages_per_minute=0, burst=2, new_chats_per_day=50, quiet_hours=night)

    @pytest.mark.parametrize(
        "given_",
        [
            {"messages_per_minute": -1},
            {"messages_per_minute": 6_001},
            {"burst": 0},
            {"burst": MAX_BURST + 1},
            {"jitter": -0.1},
            {"jitter": 1.1},
            {"jitter": float("nan")},
            {"new_chats_per_day": -1},
            {"restriction_minutes": 1_441},
        ],
    )
    def test_bad_ones_are_refused(self, given_: dict[str, float]) -> None:
        with pytest.raises(InvalidArgumentError) as caught:
            Pacing(**given_).check()  # type: ignore[arg-type]  # of all the names
        assert (caught.value.reason, caught.value.field) == ("INVALID_PACING", f"pacing.{next(iter(given_))}")
