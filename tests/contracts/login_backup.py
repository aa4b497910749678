"""What every copy of sealed logins does. Fixture: ``logins``, empty."""

from application.ports.login_backup import LoginBackup
from tests.contracts.samples import SALES, SUPPORT

BINARY = bytes(range(256))


class LoginBackupContract:
    async def test_what_is_written_is_read(self, logins: LoginBackup) -> None:
        assert await logins.sessions() == ()
        await logins.write(SUPPORT, {"h:1": b"header", "b:1": BINARY * 10_000})
        await logins.write(SALES, {"epoch": b"7"})
        assert await logins.sessions() == (SALES, SUPPORT)
        assert await logins.read(SUPPORT) == {"h:1": b"header", "b:1": BINARY * 10_000}

    async def test_nothing_of_what_was_there_stays(self, logins: LoginBackup) -> None:
        await logins.write(SALES, {"epoch": b"7", "h:1": b"old"})
        await logins.write(SALES, {"epoch": b"8"})
        assert await logins.read(SALES) == {"epoch": b"8"}

    async def test_nothing(self, logins: LoginBackup) -> None:
        assert await logins.read(SALES) == {}
        await logins.write(SALES, {})
        assert await logins.sessions() == ()

    async def test_what_is_removed_is_gone(self, logins: LoginBackup) -> None:
        await logins.write(SALES, {"epoch": b"7"})
        await logins.write(SUPPORT, {"epoch": b"8"})
        await logins.remove(SALES)
        await logins.remove(SALES)
        assert await logins.sessions() == (SUPPORT,)
