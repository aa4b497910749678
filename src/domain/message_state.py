"""What has become of a message since it was sent: what people have done to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from domain.changes import AnyChange, Change, Deleted, Edited, Pinned, Reacted, Revoked, Starred, Voted
from domain.content import Content
from domain.event_content import EventInvitation
from domain.jid import Jid
from domain.media_content import Document, Image, Video
from domain.text_content import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionResult:
    """What a poll's option has got so far."""

    option: str
    voters: tuple[Jid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageState:
    """The newest change of each kind; of reactions and votes that of each person, those taken back included.

    It depends on the changes alone, not on how often or in which order they are told.
    """

    edited: Edited | None = None
    revoked: Revoked | None = None
    pinned: Pinned | None = None
    starred: Starred | None = None
    deleted: Deleted | None = None
    reactions: tuple[Reacted, ...] = ()
    votes: tuple[Voted, ...] = ()

    def apply(self, change: AnyChange) -> "MessageState":
        """The state after a change; this same object when that is no news.

        A change that is newer and says the same is no news either, but is remembered: what is older than it comes late.
        ``says_more`` tells the two apart.
        """
        match change:
            case Reacted():
                reactions = _among(self.reactions, change)
                return self if reactions is self.reactions else replace(self, reactions=reactions)
            case Voted():
                votes = _among(self.votes, change)
                return self if votes is self.votes else replace(self, votes=votes)
            case Edited():
                return replace(self, edited=change) if _is_newer(change, self.edited) else self
            case Pinned():
                return replace(self, pinned=change) if _is_newer(change, self.pinned) else self
            case Starred():
                return replace(self, starred=change) if _is_newer(change, self.starred) else self
            case Revoked():
                return self if self.revoked is not None else replace(self, revoked=change)
            case Deleted():
                return self if self.deleted is not None else replace(self, deleted=change)
            case _:
                assert_never(change)

    def says_more(self, before: "MessageState", change: AnyChange) -> bool:
        """Whether this state, which came of a change, says anything that the one before it didn't."""
        match change:
            case Reacted():
                return _of(self.reactions, change) is change and _emoji(_of(before.reactions, change)) != change.emoji
            case Voted():
                mine = _of(before.votes, change)
                return _of(self.votes, change) is change and (() if mine is None else mine.options) != change.options
            case Edited():
                return self.edited is change and (
                    before.edited is None
                    or (before.edited.body, before.edited.mentions, before.edited.event)
                    != (change.body, change.mentions, change.event)
                )
            case Pinned():
                is_pinned = before.pinned is not None and before.pinned.until is not None
                return self.pinned is change and is_pinned != (change.until is not None)
            case Starred():
                was = before.starred is not None and before.starred.starred
                return self.starred is change and was != change.starred
            case Revoked():
                return self.revoked is change
            case Deleted():
                return self.deleted is change
            case _:
                assert_never(change)

    @property
    def present_reactions(self) -> tuple[Reacted, ...]:
        """Those that weren't taken back, oldest first."""
        return tuple(sorted((each for each in self.reactions if each.emoji), key=lambda each: (each.at, str(each.by))))

    @property
    def present_votes(self) -> tuple[Voted, ...]:
        """Those that weren't taken back, oldest first."""
        return tuple(sorted((each for each in self.votes if each.options), key=lambda each: (each.at, str(each.by))))

    def results(self, options: Iterable[str]) -> tuple[OptionResult, ...]:
        """What a poll with these options has got."""
        votes = self.present_votes
        return tuple(
            OptionResult(
                option=option, voters=tuple(sorted((vote.by for vote in votes if option in vote.options), key=str))
            )
            for option in options
        )

    def content(self, first: Content) -> Content:
        """What a message holds now that held this at first."""
        edit = self.edited
        if edit is None:
            return first
        match first:
            case Text():
                return replace(first, body=edit.body, mentions=edit.mentions)
            case Image() | Video() | Document():
                return replace(first, caption=edit.body)
            case EventInvitation():
                return edit.event or first
            case _:
                return first


NOTHING_DONE: Final = MessageState()


def same_person(one: Change, other: Change) -> bool:
    """Whether the same person did both, as far as their addresses tell."""
    if one.from_me or other.from_me:
        return one.from_me and other.from_me
    forms = {one.by, one.alternate} - {None}
    return bool(forms & {other.by, other.alternate})


def _of[T: Change](changes: Sequence[T], change: Change) -> T | None:
    return next((each for each in changes if same_person(each, change)), None)


def _emoji(reaction: Reacted | None) -> str:
    return "" if reaction is None else reaction.emoji


def _is_newer(change: Change, known: Change | None) -> bool:
    return known is None or change.at > known.at


def _among[T: Change](known: tuple[T, ...], change: T) -> tuple[T, ...]:
    """The newest of each person; the same object when this one isn't news."""
    mine = _of(known, change)
    if not _is_newer(change, mine):
        return known
    return (*(each for each in known if each is not mine), change)
