"""As whom a server runs that refuses to run as root."""

import os
import pwd
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from domain.errors import UnavailableError

_PREFERRED: Final = ("postgres", "nobody")


class Mode(StrEnum):
    """How ``launch.py`` takes the identity."""

    SAME = "same"
    NAMESPACE = "namespace"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Identity:
    """A user and how to become it."""

    mode: Mode
    uid: int
    gid: int

    @classmethod
    def own(cls) -> Self:
        """The gateway's own."""
        return cls(Mode.SAME, os.geteuid(), os.getegid())

    @property
    def owner(self) -> int:
        """To whom the server's files belong, seen from the gateway."""
        return self.uid if self.mode is Mode.DROP else os.geteuid()


def postgres_identities(user: int | None = None) -> tuple[Identity, ...]:
    """The identities that PostgreSQL may run under, the best first.

    PostgreSQL refuses root, and its initdb a uid without a passwd entry.

    Args:
        user: the gateway's uid, where it isn't this process's.

    Raises:
        UnavailableError: ``EMBEDDED_POSTGRES_UID``.
    """
    user = os.geteuid() if user is None else user
    if user != 0:
        try:
            pwd.getpwuid(user)
        except KeyError:
            raise _no_account(f"The user id {user} has no passwd entry") from None
        return (Identity.own(),)
    accounts = {account.pw_name: account for account in pwd.getpwall() if account.pw_uid != 0}
    account = next((accounts[name] for name in _PREFERRED if name in accounts), None)
    account = account or next(iter(accounts.values()), None)
    if account is None:
        raise _no_account("There is no passwd entry but root's")
    return tuple(Identity(mode, account.pw_uid, account.pw_gid) for mode in (Mode.NAMESPACE, Mode.DROP))


def _no_account(what: str) -> UnavailableError:
    return UnavailableError(
        "EMBEDDED_POSTGRES_UID",
        f"{what}, and the embedded PostgreSQL can't run without one. Run as a user that has an entry in "
        "/etc/passwd, or set DATABASE_URL to a PostgreSQL of your own.",
    )
