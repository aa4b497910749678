"""How a session's messages are paced, and what follows when WhatsApp restricts its account."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.errors import InvalidArgumentError
from domain.jid import Jid
from domain.quiet_hours import QuietHours

DAY: Final = timedelta(days=1)
"""The window in which begun chats are counted; it moves on with the time."""
MAX_PER_MINUTE: Final = 6_000
MAX_BURST: Final = 1_000
MAX_NEW_CHATS: Final = 100_000
MAX_RESTRICTION_MINUTES: Final = 1_440
LONGEST_PAUSE: Final = timedelta(days=1)
REMEMBERED: Final = timedelta(days=1)
"""For so long after a pause the next restriction counts as one more, and chats are begun one by one."""
SLOWED: Final = timedelta(seconds=2)
"""While a restriction holds, messages leave at least so far apart; twice as far with each that follows."""
SLOWEST: Final = timedelta(minutes=1)
_MINUTE: Final = timedelta(minutes=1)
_MOST_DOUBLINGS: Final = 20


class RestrictionReason(StrEnum):
    """What WhatsApp refused a message for. The names are those of the messages' errors."""

    REACHOUT_TIMELOCK = "REACHOUT_TIMELOCK"
    """463: the account may not write to those who never wrote to it."""
    NEW_CHAT_CAP = "NEW_CHAT_CAP"
    """475: the account has begun as many chats as it may."""


class Standing(StrEnum):
    """What has passed between an account and whom it writes to."""

    KNOWN = "KNOWN"
    """They have written, or it is a group."""
    WRITTEN_TO = "WRITTEN_TO"
    """The account has written, and had no answer."""
    NEW = "NEW"
    """Nothing has: the next message begins a chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """What is set of one session's pace. None: as the gateway's settings say.

    Attributes:
        messages_per_minute: 0 sets no limit.
        burst: how many may leave at once after a rest.
        jitter: by which part of itself the pause behind each message is lengthened at most, at random.
        new_chats_per_day: in any 24 hours; 0 sets no limit.
        quiet_hours: in which nothing leaves.
        restriction_minutes: the first pause after a restriction, which doubles with each that follows; 0: none.
    """

    messages_per_minute: int | None = None
    burst: int | None = None
    jitter: float | None = None
    new_chats_per_day: int | None = None
    quiet_hours: QuietHours | None = None
    restriction_minutes: float | None = None

    def check(self) -> "Pacing":
        """This, where all of it is within its limits.

        Raises:
            InvalidArgumentError: ``INVALID_PACING``.
        """
        _within(self.messages_per_minute, 0, MAX_PER_MINUTE, "messages_per_minute")
        _within(self.burst, 1, MAX_BURST, "burst")
        _within(self.jitter, 0, 1, "jitter")
        _within(self.new_chats_per_day, 0, MAX_NEW_CHATS, "new_chats_per_day")
        _within(self.restriction_minutes, 0, MAX_RESTRICTION_MINUTES, "restriction_minutes")
        return self


def _within(value: float | None, least: int, most: int, name: str) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidArgumentError(
            "INVALID_PACING", f"'{name}' is {least} to {most:,}, or left out.", field=f"pacing.{name}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """That WhatsApp has refused a message for what the account does.

    Attributes:
        strikes: how many restrictions in a row; as many good beginnings, or a day, undo it.
        is_over: whether the pause's end was told.
    """

    reason: RestrictionReason
    strikes: int
    since: datetime
    resumes_at: datetime
    is_over: bool = False

    def pauses(self, at: datetime) -> bool:
        """Whether chats aren't begun at a time."""
        return at < self.resumes_at

    def holds(self, standing: Standing) -> bool:
        """Whether its pause concerns a chat."""
        if self.reason is RestrictionReason.NEW_CHAT_CAP:
            return standing is Standing.NEW
        return standing is not Standing.KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceState:
    """Where a session's pace stands.

    Attributes:
        next_at: when the next message may leave that isn't one of a burst.
        account: whose restriction it is.
    """

    next_at: datetime | None = None
    restriction: Restriction | None = None
    account: Jid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The pace that holds for a session: its own settings over the gateway's. As ``Pacing`` has them."""

    messages_per_minute: int = 0
    burst: int = 5
    jitter: float = 0.25
    new_chats_per_day: int = 0
    quiet_hours: QuietHours | None = None
    restriction_minutes: float = 15

    def of(self, own: Pacing | None) -> "Pace":
        """With what is a session's own."""
        if own is None:
            return self
        given = {name: value for name in Pacing.__slots__ if (value := getattr(own, name)) is not None}
        return replace(self, **given)

    def limits(self, state: PaceState) -> bool:
        """Whether anything has to be thought of before a message leaves."""
        quiet = self.quiet_hours
        has_quiet_hours = quiet is not None and quiet.start != quiet.end
        return bool(self.messages_per_minute or self.new_chats_per_day or has_quiet_hours or state.restriction)

    def gap(self, state: PaceState, at: datetime) -> timedelta:
        """How far apart messages leave; zero where nothing sets it."""
        usual = _MINUTE / self.messages_per_minute if self.messages_per_minute else timedelta(0)
        restriction = state.restriction
        if restriction is None or not restriction.pauses(at):
            return usual
        return max(usual, min(SLOWED * _doubled(restriction.strikes), SLOWEST))

    def allowance(self, state: PaceState, at: datetime, most: int) -> int:
        """How many messages may leave at a time, ``most`` at most."""
        if self.quiet_hours is not None and self.quiet_hours.until(at) is not None:
            return 0
        gap = self.gap(state, at)
        if not gap:
            return most
        room = at + gap * (self._burst(state, at) - 1) - self._next(state, at, gap)
        return 0 if room < timedelta(0) else min(most, room // gap + 1)

    def spend(self, state: PaceState, at: datetime, draws: tuple[float, ...]) -> PaceState:
        """After messages left, as many as there are draws: numbers from 0 to 1, by chance."""
        gap = self.gap(state, at)
        if not gap or not draws:
            return state
        spent = sum((gap * (1 + self.jitter * draw) for draw in draws), timedelta(0))
        return replace(state, next_at=self._next(state, at, gap) + spent)

    def opens_at(self, state: PaceState, at: datetime, *, ahead: int = 0) -> datetime:
        """When a message may leave that has so many before it, as things stand; at the earliest."""
        quiet = None if self.quiet_hours is None else self.quiet_hours.until(at)
        begins = at if quiet is None else quiet
        gap = self.gap(state, begins)
        if gap:
            room = gap * (self._burst(state, begins) - 1)
            begins = max(begins, self._next(state, begins, gap) + gap * ahead - room)
        night = None if self.quiet_hours is None else self.quiet_hours.until(begins)
        return begins if night is None else night

    def within(self, state: PaceState, at: datetime) -> PaceState:
        """With what a clock that was set back, or a pace that is another one by now, has left too far ahead cut off.

        To be kept: cut off anew each time, it would move ahead with the time.
        """
        gap = self.gap(state, at)
        if not gap or state.next_at is None or state.next_at <= at:
            return state
        cut = self._next(state, at, gap)
        return state if cut == state.next_at else replace(state, next_at=cut)

    def restricted(self, state: PaceState, reason: RestrictionReason, at: datetime) -> PaceState:
        """After WhatsApp refused a message. The same object: nothing follows, or what follows holds already."""
        before = state.restriction
        if not self.restriction_minutes or (before is not None and before.pauses(at)):
            return state
        remembers = before is not None and at < before.resumes_at + REMEMBERED
        strikes = before.strikes + 1 if before is not None and remembers else 1
        pause = min(timedelta(minutes=self.restriction_minutes) * _doubled(strikes), LONGEST_PAUSE)
        now = Restriction(reason=reason, strikes=strikes, since=at, resumes_at=at + pause)
        return replace(state, restriction=now)

    def _burst(self, state: PaceState, at: datetime) -> int:
        paused = state.restriction is not None and state.restriction.pauses(at)
        return 1 if paused else self.burst

    def _next(self, state: PaceState, at: datetime, gap: timedelta) -> datetime:
        """Not further ahead than a whole burst brings it: a clock was set back, or the pace is another one by now."""
        if state.next_at is None:
            return at
        return min(max(state.next_at, at), at + gap * self.burst * (1 + self.jitter))


def eased(state: PaceState, at: datetime) -> PaceState:
    """After a chat was begun without a refusal: a strike less, and with the last the restriction is past."""
    before = state.restriction
    if before is None or before.pauses(at):
        return state
    strikes = before.strikes - 1
    return replace(state, restriction=replace(before, strikes=strikes) if strikes else None)


def resumed(state: PaceState, at: datetime) -> PaceState:
    """With what time does to a restriction: its pause is over, and a day later it is forgotten."""
    before = state.restriction
    if before is None or before.pauses(at):
        return state
    if before.is_over and at >= before.resumes_at + REMEMBERED:
        return replace(state, restriction=None)
    return state if before.is_over else replace(state, restriction=replace(before, is_over=True))


def of_account(state: PaceState, accounts: Collection[Jid | None]) -> PaceState:
    """What is stored, for whom a session is linked to now, by any of its addresses.

    The restrictions of another account don't concern this one, nor does what it has sent.
    """
    return state if state.account is None or state.account in accounts else PaceState()


def standing_for(state: PaceState, accounts: Collection[Jid | None], at: datetime) -> PaceState:
    """What is stored, as it stands at a time: nobody has looked after it while the session was stopped."""
    return resumed(resumed(of_account(state, accounts), at), at)


def pausing(state: PaceState, accounts: Collection[Jid | None], at: datetime) -> RestrictionReason | None:
    """What pauses a session at a time that is linked to an account with these addresses."""
    restriction = standing_for(state, accounts, at).restriction
    return restriction.reason if restriction is not None and restriction.pauses(at) else None


def _doubled(times: int) -> int:
    """1, 2, 4 and so on."""
    return 1 << min(times - 1, _MOST_DOUBLINGS)
