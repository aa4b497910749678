"""The servers of a data directory, as commands reach them beside a gateway or without one."""

from contextlib import AsyncExitStack
from typing import Final

from pydantic import SecretStr

from adapters.embedded.data_directory import DataDirectory
from adapters.embedded.supervised_server import SupervisedServer
from domain.errors import ConflictError
from entrypoints.settings import Settings

_IN_USE: Final = "DATA_DIR_IN_USE"


def take_directory(stack: AsyncExitStack, settings: Settings, *, alone: bool) -> bool:
    """Takes the data directory; tells whether it is ours, and the servers in it are ours to start.

    Args:
        stack: gives it back.
        settings: name it.
        alone: whether no gateway may use it meanwhile.

    Raises:
        ConflictError: ``DATA_DIR_IN_USE``, ``DATA_DIR_FOREIGN``, ``DATA_DIR_OWNER``, ``DATA_DIR_NEWER``.
        UnavailableError: ``DATA_DIR_UNUSABLE``.
    """
    try:
        stack.enter_context(DataDirectory.open(settings.data_dir))
    except ConflictError as error:
        if alone or error.reason != _IN_USE:
            raise
        return False
    return True


async def server_url(
    stack: AsyncExitStack, configured: SecretStr | None, embedded: SupervisedServer, *, starts: bool
) -> str:
    """The configured server's address; else the embedded one's: a running gateway's, or our own, started.

    Raises:
        PomboError: what keeps it from being reached.
    """
    if configured is not None:
        return configured.get_secret_value()
    if not starts:
        return embedded.running_url()
    stack.push_async_callback(embedded.stop)
    return await embedded.start()
