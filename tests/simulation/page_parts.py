"""The parts of a page that do what is no message, as one simulated process reaches them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from application.ports.group_page import Creation
from domain.errors import DeadlineExceededError, PomboError
from domain.group import CreatedGroup
from domain.ids import WhatsAppMessageId
from domain.message_state import NOTHING_DONE
from tests.simulation.gate import PAGE, Gate, Gated

if TYPE_CHECKING:
    from tests.simulation.browser import SimulatedPage

_CHANGING: Final[Mapping[str, frozenset[str]]] = {
    "groups": frozenset(
        {"change", "change_participants", "set_picture", "leave", "revoke_invite_code", "join", "decide"}
    ),
    "chats": frozenset({"change", "clear", "delete"}),
    "contacts": frozenset({"save", "remove"}),
    "blocklist": frozenset({"block", "unblock"}),
    "messages": frozenset({"star", "delete_for_me", "mark_played"}),
}
"""What of each part can have its effect and fail all the same."""

_RARE: Final = 4
"""There are few foundings in a run, and many sends."""


class SimulatedParts:
    """One page's."""

    def __init__(self, gate: Gate, page: "SimulatedPage") -> None:
        self._gate = gate
        self._page = page
        self._made: dict[str, _Part] = {}

    def get(self, name: str) -> Any:
        """A part through the gate."""
        if name not in self._made:
            self._made[name] = _PARTS.get(name, _Part)(self._gate, name, self._page)
        return self._made[name]


class _Part(Gated):
    """A part whose changes have the troubles that sends have, but for one: none is done when its caller has long gone.

    A page hands WhatsApp what it is told to at once, and in its order.
    """

    def __init__(self, gate: Gate, name: str, page: "SimulatedPage") -> None:
        super().__init__(gate, getattr(page.page, name), f"page[{page.session_id}].{name}", PAGE)
        self._page = page
        self._changing = _CHANGING[name]

    def __getattr__(self, name: str) -> Any:
        if name not in self._changing:
            return super().__getattr__(name)
        act = getattr(self._inner, name)

        async def change(*args: Any, **options: Any) -> Any:
            return await self._change(name, lambda: act(*args, **options))

        self.__dict__[name] = change
        return change

    async def _change(self, name: str, act: Callable[[], Awaitable[Any]]) -> Any:
        title = f"{self._name}.{name}"
        trouble = self._page.trouble(title, late=False)
        if trouble is None:
            return await self._gate.call(title, act, PAGE, unknown=True)
        await self._page.let(trouble, act, "CHANGE_REFUSED")
        raise _unknown()


class _Messages(_Part):
    """Marks on messages. What the page is to delete and doesn't have, though the phone does, is noted."""

    async def delete_for_me(self, message: WhatsAppMessageId) -> datetime:
        async def act() -> datetime:
            self._note(message)
            return await self._inner.delete_for_me(message)  # type: ignore[attr-defined,no-any-return]

        return await self._change("delete_for_me", act)  # type: ignore[no-any-return]

    def _note(self, message: WhatsAppMessageId) -> None:
        world, session_id = self._gate.world, self._page.session_id
        account, held = world.accounts[session_id], world.whatsapp.profile(session_id).messages
        gone = account.states.get(message, NOTHING_DONE).deleted is not None
        if message in account.phone_messages and message not in held and not gone:
            world.lacked.add((session_id, message))


class _Groups(_Part):
    """Groups, with troubles of founding one: it is what must not be done again."""

    def __init__(self, gate: Gate, name: str, page: "SimulatedPage") -> None:
        super().__init__(gate, name, page)
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def create(self, creation: Creation) -> CreatedGroup:
        found: Callable[[], Awaitable[CreatedGroup]] = lambda: self._inner.create(creation)  # type: ignore[attr-defined] # noqa: E731
        if (under_way := self._under_way.get(creation.token)) is not None:
            # The page knows by the token what it is at.
            await asyncio.wait({under_way})
        name = f"{self._name}.create"
        trouble = self._page.trouble(f"{name} {creation.subject}", times=_RARE)
        if trouble is None:
            return await self._gate.call(name, found, PAGE, unknown=True, detail=creation.subject)
        late = await self._page.let(trouble, found, "GROUP_REFUSED")
        if late is not None:
            self._under_way[creation.token] = late
        raise _unknown()


_PARTS: Final[Mapping[str, type[_Part]]] = {"groups": _Groups, "messages": _Messages}


def _unknown() -> PomboError:
    return DeadlineExceededError("PAGE_UNAVAILABLE", "Simulated: the page didn't say in time what came of it.")
