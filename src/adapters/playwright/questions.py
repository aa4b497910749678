"""Questions to the bridge in a page, and its answers or the port's errors."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from adapters.playwright.commands import Commands, PageGoneError, RefusedByBridgeError
from adapters.playwright.refusals import page_unavailable, translate
from domain.errors import CapabilityUnavailableError, PomboError
from domain.session import Capability


class Questions:
    """What each topic of a page asks its bridge with."""

    def __init__(
        self,
        commands: Callable[[], Commands | None],
        capabilities: Callable[[], tuple[Capability, ...]],
        ordinary: timedelta,
    ) -> None:
        """Takes the page as it is when it is asked.

        Args:
            commands: the way to the bridge; None while there is none.
            capabilities: what the bridge's last self-test found.
            ordinary: how long an answer may take that nothing else is said of.
        """
        self._commands = commands
        self._capabilities = capabilities
        self._ordinary = ordinary

    def require(self, *names: str) -> None:
        """Refuses what the page can't do.

        Raises:
            CapabilityUnavailableError: one of these abilities is lacking.
        """
        lacking = {capability.name for capability in self._capabilities() if not capability.available}
        for name in names:
            if name in lacking:
                raise CapabilityUnavailableError(name)

    async def ask(
        self,
        name: str,
        args: Mapping[str, Any],
        *,
        within: timedelta | None = None,
        late: PomboError | None = None,
    ) -> Any:
        """Has the bridge do something, and gives its answer.

        Args:
            name: the bridge's own name of it.
            args: JSON values.
            within: how long it may take; None: an ordinary while.
            late: what is raised when it takes longer; None: ``PAGE_UNAVAILABLE``.

        Raises:
            PomboError: what the bridge refuses for, ``late``, or ``PAGE_UNAVAILABLE``.
        """
        commands = self._commands()
        if commands is None:
            raise page_unavailable("it is closed")
        try:
            async with asyncio.timeout((within or self._ordinary).total_seconds()):
                return await commands.call(name, args)
        except PageGoneError as error:
            raise page_unavailable(str(error)) from error
        except RefusedByBridgeError as error:
            raise translate(error) from error
        except TimeoutError:
            raise late or page_unavailable("no answer in time") from None
