"""What must be true of pages."""

from typing import override

from tests.simulation.invariants.base import Invariant


class OnePagePerSession(Invariant):
    """Only the running gateway has pages open."""

    @override
    def step(self) -> None:
        process = self.world.process
        for session_id, profile in self.world.whatsapp._profiles.items():
            page = profile.page
            if page is not None and (process is None or process.pages.get(session_id) is not page):
                self.violated(f"a page of {session_id} is open that belongs to no running gateway")
