"""What settings name is looked at before anything is started, so that all that is wrong is told at once."""

from contextlib import suppress

from domain.errors import UnavailableError
from entrypoints.runtime.access import describe_secret
from entrypoints.runtime.browser import find_bridge
from entrypoints.runtime.snapshots import describe_keys
from entrypoints.runtime.tls import open_tls
from entrypoints.settings import Settings, SettingsError


def check_settings(settings: Settings) -> None:
    """Looks at the files that the settings name.

    Raises:
        SettingsError: what is wrong with each.
    """
    problems: list[str] = []
    for look in (find_bridge, describe_keys, describe_secret, open_tls):
        try:
            with suppress(UnavailableError):  # no setting's fault; whoever needs it tells of it
                look(settings)
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(tuple(problems))
