"""What a planted fault is made of."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager

from adapters.memory.transaction import Transaction
from application.ports.whatsapp_driver import WhatsAppPage
from domain.ids import SessionId
from tests.simulation.browser import SimulatedPage
from tests.simulation.gate import DATABASE, Gate

type Commit = Callable[[], Awaitable[bool]]


class Plant:
    """Nothing is spoilt. The others override what they spoil, and say in their docstring what a user would suffer."""

    def page(self, gate: Gate, session_id: SessionId, page: WhatsAppPage) -> SimulatedPage:
        """A page as the gateway gets it."""
        return SimulatedPage(gate, session_id, page)

    async def commit(self, gate: Gate, transaction: Transaction, commit: Commit) -> bool:  # noqa: ARG002 - for plants
        """A commit as the gateway gets it. Tells whether events were in it."""
        return await gate.call("commit", commit, DATABASE, unknown=True)

    def patches(self) -> Iterator[tuple[object, str, object]]:
        """Attributes of code to replace for the time of the run: owner, name, value."""
        yield from ()

    @contextmanager
    def applied(self) -> Iterator[None]:
        with ExitStack() as stack:
            for owner, name, value in self.patches():
                stack.callback(setattr, owner, name, getattr(owner, name))
                setattr(owner, name, value)
            yield
